#pragma once
/*
 * qemu-img, run on files that strangers have sent: always with the format that we recognised, and
 * with limits on time and address space, because a crafted header can ask for any amount of both.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "storage/format.h"
#include "storage/storage.h"

struct image_info {
    int64_t virtual_size; /* bytes */
};

/* -EINVAL when the image cannot be read as `format`, is encrypted, or points to other files. */
int qemu_img_info(const char *path, enum format format, struct image_info *ret, struct err *e);
/* Is the qcow2 file free of errors and leaks? Reads its tables only. */
bool qemu_img_is_sound(const char *path);
/* Can it read this file by io_uring? */
bool qemu_img_has_io_uring(const char *path);
/* Bytes that the image takes as qcow2. */
int qemu_img_measure(const char *path, enum format format, int64_t *ret_bytes, struct err *e);
/* watch: told how far it is; NULL: nobody. */
int qemu_img_convert(const char *from, enum format format, const char *to,
                     const struct storage_watch *watch, struct err *e);
/* The same into a layer that stands on nothing and is encrypted with the key. */
int qemu_img_encrypt(const char *from, enum format format, int64_t virtual_size, const char *to,
                     const char *key, const struct storage_watch *watch, struct err *e);
/*
 * Writes the disk at the end of a chain of ours into a file of one of the formats that others read.
 * -EBUSY: somebody works on a layer.
 */
int qemu_img_export(const char *from, enum format format, const char *to,
                    const struct storage_watch *watch, struct err *e);

/*
 * Layers. One that is encrypted is opened with a key: `key` is its text, which goes through a pipe,
 * and `path` is then what files_layer_spec() says of it, which names the key of each file of its
 * chain. NULL: none of them is encrypted.
 */
#define QEMU_IMG_KEY "key" /* what such a description calls the key */

/* The command that qemu_img_create() runs: argv, NULL-terminated, in the arena. */
const char *const *qemu_img_create_argv(struct arena *a, const char *path, const char *backing,
                                        int64_t bytes);
/* backing: relative to the new file, or NULL. It is not opened: a guest may be writing it. With a
 * key the header of LUKS comes into the file afterwards: see luks.h. */
int qemu_img_create(const char *path, const char *backing, int64_t bytes, const char *key,
                    struct err *e);
/* Of a qcow2 file that nobody has open: QEMU locks its own. Growing only. */
int qemu_img_resize(const char *path, int64_t bytes, const char *key, struct err *e);
/* Copies what is in the file into the one that it names as its backing file, and keeps it. */
int qemu_img_commit(const char *path, const char *key, struct err *e);
/* Another backing file, relative to the file, or NULL. `copy`: first what differs is copied, and
 * the name must be absolute where there is a key. */
int qemu_img_rebase(const char *path, const char *backing, bool copy, const char *key,
                    struct err *e);
