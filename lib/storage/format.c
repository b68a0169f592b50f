#include "storage/format.h"

#include <errno.h>
#include <string.h>

#include "base/check.h"

/* Fields of a qcow2 header: QEMU's docs/interop/qcow2.txt. All numbers are big-endian. */
enum {
    QCOW2_VERSION = 4,
    QCOW2_BACKING_OFFSET = 8,
    QCOW2_BACKING_LENGTH = 16,
    QCOW2_SIZE = 24,
    QCOW2_CRYPT = 32,
    QCOW2_SNAPSHOTS = 60,
    QCOW2_INCOMPATIBLE = 72,
    QCOW2_V2_LENGTH = 72,
    QCOW2_V3_LENGTH = 104,
};
#define QCOW2_LUKS     2
#define QCOW2_DIRTY    (UINT64_C(1) << 0)
#define QCOW2_CORRUPT  (UINT64_C(1) << 1)
#define QCOW2_DATAFILE (UINT64_C(1) << 2)

/* VMware's sparse extent header, little-endian: capacity 0 means that the sizes, and the names of
 * further files, are in an embedded text. */
enum { VMDK_CAPACITY = 12, VMDK_LENGTH = 79 };

/* The footer of a VHD, big-endian; a dynamic disk has a copy of it in front. */
enum { VHD_TYPE = 60, VHD_FIXED = 2, VHD_DYNAMIC = 3, VHD_LENGTH = 512 };

enum { SIGNATURE = 510, SECTOR = 512 };

static const char *const names[_FORMAT_MAX] = {
    [FORMAT_QCOW2] = "qcow2", [FORMAT_RAW] = "raw", [FORMAT_VMDK] = "vmdk", [FORMAT_VHD] = "vpc",
    [FORMAT_VHDX] = "vhdx",   [FORMAT_XZ] = "xz",   [FORMAT_GZIP] = "gzip",
};

const char *format_name(enum format f)
{
    CHECK(f >= 0 && f < _FORMAT_MAX);
    return names[f];
}

bool format_is_compressed(enum format f)
{
    return f == FORMAT_XZ || f == FORMAT_GZIP;
}

static uint64_t number(const unsigned char *p, int bytes)
{
    uint64_t value = 0;
    for (int i = 0; i < bytes; i++)
        value = value << 8 | p[i];
    return value;
}

static bool starts_with(const unsigned char *p, size_t len, const char *magic, size_t magic_len)
{
    return len >= magic_len && memcmp(p, magic, magic_len) == 0;
}

static int recognise_qcow2(const unsigned char *p, size_t len, struct format_seen *ret,
                           struct err *e)
{
    uint64_t version = len >= QCOW2_V2_LENGTH ? number(p + QCOW2_VERSION, 4) : 0;
    if ((version != 2 && version != 3) || (version == 3 && len < QCOW2_V3_LENGTH))
        return err_set(e, EINVAL,
                       "the file has a qcow2 header that is cut short or of an unknown "
                       "version");
    uint64_t incompatible = version == 3 ? number(p + QCOW2_INCOMPATIBLE, 8) : 0;
    uint64_t crypt = number(p + QCOW2_CRYPT, 4);
    uint64_t size = number(p + QCOW2_SIZE, 8);
    if (number(p + QCOW2_BACKING_OFFSET, 8) != 0)
        return err_set(e, EINVAL,
                       "the image needs another file (a backing file); upload one that "
                       "was flattened, with qemu-img convert");
    if ((incompatible & QCOW2_DATAFILE) != 0)
        return err_set(e, EINVAL, "the image keeps its data in another file");
    if (crypt != 0)
        return err_set(e, EINVAL, "the image is encrypted");
    if (size == 0 || size > (uint64_t)DISK_SIZE_MAX)
        return err_set(e, EINVAL, "the image's disk is empty or larger than 64 TiB");
    *ret = (struct format_seen){
        .format = FORMAT_QCOW2,
        .virtual_size = (int64_t)size,
        .plain = (incompatible & (QCOW2_DIRTY | QCOW2_CORRUPT)) == 0 &&
                 number(p + QCOW2_SNAPSHOTS, 4) == 0,
    };
    return 0;
}

int format_qcow2_layer(struct arena *a, const void *head, size_t len, struct format_layer *ret,
                       struct err *e)
{
    const unsigned char *p = head;
    if (len < QCOW2_V3_LENGTH || !starts_with(p, len, "QFI\xfb", 4))
        return err_set(e, EINVAL, "it is no qcow2 file");
    uint64_t offset = number(p + QCOW2_BACKING_OFFSET, 8);
    uint64_t name_len = number(p + QCOW2_BACKING_LENGTH, 4);
    if (offset > len || name_len > len - offset)
        return err_set(e, EINVAL, "its header is damaged");
    *ret = (struct format_layer){
        .virtual_size = (int64_t)number(p + QCOW2_SIZE, 8),
        .backing = offset == 0 ? NULL : arena_strndup(a, (const char *)p + offset, name_len),
        .encrypted = number(p + QCOW2_CRYPT, 4) == QCOW2_LUKS,
    };
    return 0;
}

static int recognise_vmdk(const unsigned char *p, size_t len, struct format_seen *ret,
                          struct err *e)
{
    bool sized = false;
    for (size_t i = 0; len >= VMDK_LENGTH && i < 8; i++)
        sized = sized || p[VMDK_CAPACITY + i] != 0;
    if (!sized)
        return err_set(e, EINVAL,
                       "the VMDK is described by, or made of, several files; upload a "
                       "monolithicSparse or streamOptimized one");
    *ret = (struct format_seen){.format = FORMAT_VMDK};
    return 0;
}

static int recognise_vhd(const unsigned char *footer, struct format_seen *ret, struct err *e)
{
    uint64_t type = number(footer + VHD_TYPE, 4);
    if (type != VHD_FIXED && type != VHD_DYNAMIC)
        return err_set(e, EINVAL, "the VHD needs another file (it is a differencing disk)");
    *ret = (struct format_seen){.format = FORMAT_VHD};
    return 0;
}

/* A disk is whole sectors; qemu-img fills up the last one with zeros. */
static int take_raw(int64_t file_size, struct format_seen *ret, struct err *e)
{
    if (file_size > DISK_SIZE_MAX)
        return err_set(e, EINVAL, "the image's disk is larger than 64 TiB");
    *ret = (struct format_seen){.format = FORMAT_RAW,
                                .virtual_size = (file_size + SECTOR - 1) / SECTOR * SECTOR};
    return 0;
}

/* 1: none of the formats that a file says itself that it is. */
static int recognise_marked(const void *head, size_t head_len, const void *tail, size_t tail_len,
                            struct format_seen *ret, struct err *e)
{
    const unsigned char *p = head;
    const unsigned char *end = tail;
    if (head_len == 0)
        return err_set(e, EINVAL, "the file is empty");
    if (starts_with(p, head_len, "QFI\xfb", 4))
        return recognise_qcow2(p, head_len, ret, e);
    if (starts_with(p, head_len, "KDMV", 4))
        return recognise_vmdk(p, head_len, ret, e);
    if (starts_with(p, head_len, "# Disk Descriptor", 17) || starts_with(p, head_len, "COWD", 4))
        return err_set(e, EINVAL,
                       "the file is the description of a VMDK, or a part of one; upload "
                       "a monolithicSparse or streamOptimized one");
    if (starts_with(p, head_len, "vhdxfile", 8)) { /* QEMU opens no parents of these */
        *ret = (struct format_seen){.format = FORMAT_VHDX};
        return 0;
    }
    if (starts_with(p, head_len, "conectix", 8) && head_len >= VHD_LENGTH)
        return recognise_vhd(p, ret, e);
    if (tail_len >= VHD_LENGTH &&
        starts_with(end + tail_len - VHD_LENGTH, VHD_LENGTH, "conectix", 8))
        return recognise_vhd(end + tail_len - VHD_LENGTH, ret, e);
    if (starts_with(p, head_len,
                    "\xfd"
                    "7zXZ\0",
                    6)) {
        *ret = (struct format_seen){.format = FORMAT_XZ};
        return 0;
    }
    if (starts_with(p, head_len, "\x1f\x8b\x08", 3)) {
        *ret = (struct format_seen){.format = FORMAT_GZIP};
        return 0;
    }
    return 1;
}

int format_recognise_raw(const void *head, size_t head_len, const void *tail, size_t tail_len,
                         int64_t file_size, struct format_seen *ret, struct err *e)
{
    int r = recognise_marked(head, head_len, tail, tail_len, ret, e);
    return r == 1 ? take_raw(file_size, ret, e) : r;
}

int format_recognise(const void *head, size_t head_len, const void *tail, size_t tail_len,
                     int64_t file_size, struct format_seen *ret, struct err *e)
{
    const unsigned char *p = head;
    int r = recognise_marked(head, head_len, tail, tail_len, ret, e);
    if (r != 1)
        return r;
    if (head_len >= SECTOR && p[SIGNATURE] == 0x55 && p[SIGNATURE + 1] == 0xaa)
        return take_raw(file_size, ret, e);
    return err_set(e, EINVAL,
                   "the file is no disk image: neither qcow2, VMDK, VHD, VHDX, nor a raw disk "
                   "with a boot sector or partition table (nor .xz or .gz of these)");
}
