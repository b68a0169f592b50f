#pragma once
/*
 * Disk files, as the jobs see them: image layers, volumes, and an instance's seed and console log.
 *
 *     STATE/images/ami-….qcow2      an immutable layer
 *     STATE/volumes/vol-….qcow2     what a volume has written: a layer on another, or on none
 *     STATE/volumes/vol-….2.qcow2   what it has written since it was frozen by a snapshot
 *     STATE/instances/i-…/          seed.img, console.log, ephemeral0.raw and on
 *     STATE/uploads/UUID            what a client has uploaded and no image is made of yet
 *
 * Files are made under a temporary name, synced and renamed, so a name that exists is whole. Every
 * call may be repeated: making what is there and removing what is not are successes. Two drivers:
 * files (files.h) and an in-memory one for API tests (fake.h). Calls may block, from several
 * threads. 0 or -errno with `e` filled in (-ENOSPC: the disk is full; -EINVAL: the file is no disk
 * image).
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "core/disk_room.h"

struct storage_names {
    const char **v;
    size_t n;
};

/* An upload being received; see storage_ops.upload_begin. */
struct storage_upload;

/* Told as a long piece of work goes on. */
enum storage_stage { STORAGE_READING, STORAGE_CONVERTING, STORAGE_PUTTING };
struct storage_watch {
    /* Often; percent of the stage. Not 0: nobody wants it any more, and it ends with -ECANCELED. */
    int (*tell)(void *ctx, enum storage_stage stage, int percent);
    void *ctx;
};

/* A file below a directory of the server, which an image is made from; see bucket.h. */
struct storage_source {
    const char *directory;
    const char *path;
    const char *format; /* "raw", "vmdk", "vhd", "vhdx", "qcow2", "ova"; NULL: found out */
    bool boots;         /* so even a disk that is said to be raw must have a boot signature */
};

/* A file that is to be made there. */
struct storage_target {
    const char *directory;
    const char *folder; /* its first part is there already */
    const char *name;
    const char *format; /* "raw", "vmdk" or "vhd" */
    bool may_be_there;  /* then it is what an earlier run has made */
};

struct storage;

struct storage_ops {
    const char *name; /* "files", "fake" */

    /* Uploads: received in pieces, then named by a UUID. */
    int (*upload_begin)(struct storage *s, struct storage_upload **ret_upload, struct err *e);
    int (*upload_write)(struct storage_upload *u, const void *data, size_t len, struct err *e);
    /* Ends it and writes its id; the upload is freed either way. */
    int (*upload_finish)(struct storage_upload *u, char ret_id[static 37], struct err *e);
    void (*upload_abort)(struct storage_upload *u);
    int (*upload_remove)(struct storage *s, const char *upload_id, struct err *e);

    /*
     * Makes an image's layer from an upload (qcow2, raw, vmdk, vhd; also .xz and .gz of them),
     * which is used up. Refuses (-EINVAL) what is no disk image, and images that point to other
     * files. The virtual size comes back in bytes.
     */
    int (*image_make)(struct storage *s, const char *image_id, const char *upload_id,
                      int64_t *ret_virtual_size, struct err *e);
    /*
     * The same of a file that stays as it is; also of a VHDX and an OVA. What is worked on is a
     * copy that nobody else can reach. What it makes is the file of an image or, with a key, an
     * encrypted layer: `file_id` is the id of either.
     */
    int (*image_import)(struct storage *s, const char *file_id, const struct storage_source *from,
                        const char *key, const struct storage_watch *watch,
                        int64_t *ret_virtual_size, struct err *e);
    /* Writes the disk that ends in this layer, or image, into a file. -EBUSY: try again. */
    int (*image_export)(struct storage *s, const char *layer_id, const struct storage_target *to,
                        const struct storage_watch *watch, struct err *e);
    int (*image_remove)(struct storage *s, const char *image_id, struct err *e);
    /* The layer's file, for domain_disk.layer; in the arena. */
    const char *(*image_path)(struct storage *s, struct arena *a, const char *image_id);

    /*
     * Layers, see core/layer.h. `below` is the id of a layer or of an image; NULL: none. `key`: the
     * text that opens those of the chain that are encrypted, and with which a new one is; NULL:
     * none is.
     */
    int (*layer_make)(struct storage *s, const char *layer_id, const char *below, int64_t size_gib,
                      const char *key, struct err *e);
    /* Grows a layer that no guest has open; one that is large enough already stays. */
    int (*layer_grow)(struct storage *s, const char *layer_id, int64_t size_gib, const char *key,
                      struct err *e);
    int (*layer_remove)(struct storage *s, const char *layer_id, struct err *e);
    /* Sealed: QEMU may read it, and nobody write it but the driver itself, in what follows. Not
     * sealed: QEMU's user gets it to write. */
    int (*layer_seal)(struct storage *s, const char *layer_id, bool sealed, struct err *e);
    /* Says what it stands on from now on, which must be the same to a reader. Copies nothing. */
    int (*layer_rebase)(struct storage *s, const char *layer_id, const char *below, const char *key,
                        struct err *e);
    /* Whether the file of a layer, or of an image, is there. */
    int (*layer_exists)(struct storage *s, const char *id, bool *ret_there, struct err *e);
    /* Whether a QEMU has the file open, or a program that keeps to its locks. None: not in use. */
    int (*layer_in_use)(struct storage *s, const char *layer_id, bool *ret_used, struct err *e);
    /*
     * Of layers that no guest reads (-EBUSY: one of the files is in use), and taking as long as
     * there is data to copy. A merge brings what is in a layer into the one that it stands on; a
     * flattening brings what lies between a layer and `below` into the layer, which stands on that
     * then. Either may be cut short at any time and done again: a reader of the layer sees the same
     * before, meanwhile and afterwards.
     */
    int (*layer_merge)(struct storage *s, const char *layer_id, const char *into, const char *key,
                       struct err *e);
    int (*layer_flatten)(struct storage *s, const char *layer_id, const char *below,
                         const char *key, struct err *e);
    /* The file to give to the hypervisor; in the arena. */
    const char *(*layer_path)(struct storage *s, struct arena *a, const char *layer_id);

    /* The instance's own directory. */
    int (*instance_prepare)(struct storage *s, const char *instance_id, struct err *e);
    /* The path of a file in it; in the arena. */
    const char *(*instance_path)(struct storage *s, struct arena *a, const char *instance_id,
                                 const char *file);
    /* Writes such a file; QEMU may read it. */
    int (*instance_write)(struct storage *s, const char *instance_id, const char *file,
                          const void *data, size_t len, struct err *e);
    /* Its instance store: as many disks, thin, empty at first; those that are there are kept. */
    int (*store_make)(struct storage *s, const char *instance_id, int64_t disks, int64_t size,
                      struct err *e);
    int (*store_remove)(struct storage *s, const char *instance_id, struct err *e);
    int (*instance_remove)(struct storage *s, const char *instance_id, struct err *e);
    /* The last `max` bytes of the console log, fewer when it is shorter; and when it was written.
     */
    int (*console_tail)(struct storage *s, const char *instance_id, struct buf *out,
                        int64_t *ret_when, struct err *e);

    /* What is there, for the reconciler: ids without endings. */
    int (*list_images)(struct storage *s, struct arena *a, struct storage_names *ret,
                       struct err *e);
    int (*list_layers)(struct storage *s, struct arena *a, struct storage_names *ret,
                       struct err *e);
    int (*list_instances)(struct storage *s, struct arena *a, struct storage_names *ret,
                          struct err *e);
    /* Removes temporary files of a crash, and uploads older than a day. */
    int (*sweep)(struct storage *s, struct err *e);
    /* Whether QEMU can read and write files by io_uring here, with the rights that it has. */
    bool (*has_io_uring)(struct storage *s);
    /* Of the disk that volumes lie on. */
    int (*room)(struct storage *s, struct disk_room *ret_room, struct err *e);
    void (*free)(struct storage *s);
};

/*
 * The command that makes a layer at this path, for people who want to see it: an argv,
 * NULL-terminated, in the arena. (layer_make() runs it with a temporary name, and encrypts what it
 * has made where there is a key.) Pure.
 */
const char *const *layer_make_argv(struct arena *a, const char *path, const char *below,
                                   int64_t size_gib);

/* The name of such a disk's file in the instance's directory; in the arena. */
const char *storage_store_disk(struct arena *a, int64_t number);

/* Drivers embed this as their first member. */
struct storage {
    const struct storage_ops *ops;
};
