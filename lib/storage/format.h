#pragma once
/*
 * What kind of disk image a file is, from its first bytes and its last. Pure.
 *
 * Nothing here trusts a name, and qemu-img is never left to guess: a raw disk whose guest wrote a
 * qcow2 header into its first sector would otherwise open any file of the server as its backing
 * file. What could lead to another file (backing files, data files, descriptors, differencing
 * disks) is refused here, before any program opens the image.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

#define FORMAT_HEAD                                                                                \
    4096                /* bytes from the start that format_recognise wants (fewer: a short file) */
#define FORMAT_TAIL 512 /* bytes from the end */

/* The largest disk: EBS's largest volume (AWS: "Amazon EBS volume types"). */
#define DISK_SIZE_MAX ((int64_t)64 << 40)

enum format {
    FORMAT_QCOW2,
    FORMAT_RAW,
    FORMAT_VMDK,
    FORMAT_VHD,
    FORMAT_VHDX,
    FORMAT_XZ,
    FORMAT_GZIP,
    _FORMAT_MAX
};

struct format_seen {
    enum format format;
    int64_t virtual_size; /* of qcow2 and raw; else 0: qemu-img knows */
    bool plain;           /* qcow2 without snapshots, encryption, or marks of damage */
};

/* What the header of a qcow2 file of ours says, which may stand on another. */
struct format_layer {
    int64_t virtual_size;
    const char *backing; /* as it is written there; NULL: none */
    bool encrypted;      /* by LUKS */
};
int format_qcow2_layer(struct arena *a, const void *head, size_t len, struct format_layer *ret,
                       struct err *e);

/* "qcow2", "raw", "vmdk", "vpc", "vhdx" as qemu-img calls it; "xz", "gzip" */
const char *format_name(enum format f);
bool format_is_compressed(enum format f);
/*
 * A raw disk is one whose first sector ends with the boot signature 55 AA (MBR, the protective MBR
 * of GPT, a boot sector): without it nothing could start from the disk, and text, archives and
 * bare filesystems are not taken for one. 0, or -EINVAL with a sentence for the user.
 */
int format_recognise(const void *head, size_t head_len, const void *tail, size_t tail_len,
                     int64_t file_size, struct format_seen *ret, struct err *e);
/* The same of a disk that is said to be raw: whatever is nothing else is one. */
int format_recognise_raw(const void *head, size_t head_len, const void *tail, size_t tail_len,
                         int64_t file_size, struct format_seen *ret, struct err *e);
