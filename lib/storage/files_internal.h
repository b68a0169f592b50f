#pragma once
/* What the files of the files driver share. */
#include "base/cleanup.h"
#include "base/id.h"
#include "storage/files.h"
#include "storage/format.h"

/*
 * Bytes of the file system that stay free whatever is uploaded or imported: running guests write
 * into their overlays, and a full disk stops them.
 */
#define ROOM_RESERVE ((int64_t)512 << 20)

#define DIR_IMAGES    "images"
#define DIR_VOLUMES   "volumes"
#define DIR_INSTANCES FILES_INSTANCES
#define DIR_UPLOADS   "uploads"
#define DISK_SUFFIX   ".qcow2"
#define TEMP_SUFFIX   ".tmp"

struct files_storage {
    struct storage base;
    char *dir; /* absolute, without a slash at the end */
    struct files_helper helper;
    char
        tag[17]; /* of this process, in the names of its temporary files: sweep leaves them alone */
};

struct files_storage *files_of(struct storage *s);
/* DIR/room/name + suffix */
char *files_path(const struct files_storage *f, struct arena *a, const char *room, const char *name,
                 const char *suffix);
/* A temporary name in the same directory: DIR/room/name.TAG.what.tmp */
char *files_temporary(const struct files_storage *f, struct arena *a, const char *room,
                      const char *name, const char *what);
/* Ids become names of files, so nothing else may: -EINVAL. */
int files_check_id(const char *id, const char *prefix, struct err *e);
int files_check_upload_id(const char *id, struct err *e);
/* -ENOSPC with figures when `bytes` more would leave less than ROOM_RESERVE. */
int files_need(const struct files_storage *f, int64_t bytes, const char *what, struct err *e);
int files_room(const struct files_storage *f, int64_t *ret_bytes, struct err *e);

/* upload.c */
int files_upload_begin(struct storage *s, struct storage_upload **ret_upload, struct err *e);
int files_upload_write(struct storage_upload *u, const void *data, size_t len, struct err *e);
int files_upload_finish(struct storage_upload *u, char ret_id[static 37], struct err *e);
void files_upload_abort(struct storage_upload *u);
int files_upload_remove(struct storage *s, const char *upload_id, struct err *e);

/* image.c */
int files_image_make(struct storage *s, const char *image_id, const char *upload_id,
                     int64_t *ret_virtual_size, struct err *e);
/* The file of an image, or an encrypted layer, from the file at `source`, which is used up when it
 * becomes that itself. */
struct image_taking {
    const char *file_id;
    const char *key;                   /* of a layer; NULL: of an image */
    const char *format;                /* that the source must have; NULL: any */
    bool any_raw;                      /* with "raw": whatever is in it */
    const struct storage_watch *watch; /* NULL: nobody */
};
int files_image_take(struct files_storage *f, const char *source, const struct image_taking *taking,
                     int64_t *ret_virtual_size, struct err *e);
int files_image_remove(struct storage *s, const char *image_id, struct err *e);
const char *files_image_path(struct storage *s, struct arena *a, const char *image_id);

/* transfer.c */
int files_image_import(struct storage *s, const char *file_id, const struct storage_source *from,
                       const char *key, const struct storage_watch *watch,
                       int64_t *ret_virtual_size, struct err *e);
int files_image_export(struct storage *s, const char *layer_id, const struct storage_target *to,
                       const struct storage_watch *watch, struct err *e);
/* Copies what is in a part of a file, and not its holes. `f`: whose room is looked after; or NULL.
 */
int files_copy(const struct files_storage *f, int from, int64_t at, int64_t length, int to,
               const struct storage_watch *watch, struct err *e);

/* layer.c */
int files_layer_make(struct storage *s, const char *layer_id, const char *below, int64_t size_gib,
                     const char *key, struct err *e);
int files_layer_grow(struct storage *s, const char *layer_id, int64_t size_gib, const char *key,
                     struct err *e);
int files_layer_remove(struct storage *s, const char *layer_id, struct err *e);
int files_layer_exists(struct storage *s, const char *id, bool *ret_there, struct err *e);
int files_layer_in_use(struct storage *s, const char *layer_id, bool *ret_used, struct err *e);
int files_layer_seal(struct storage *s, const char *layer_id, bool sealed, struct err *e);
/* Lets QEMU's user read a file of ours, and write it or not. */
int files_lend(const char *path, bool writable, struct err *e);
/* A file that is for reading, written all the same by qemu-img, which is the same user as we: its
 * owner may while this lives. What a death in between leaves is taken back when the file is lent
 * anew. */
struct own_write {
    int fd; /* -1: its owner could write it already */
    mode_t mode;
};
#define OWN_WRITE_NONE      ((struct own_write){.fd = -1})
#define _cleanup_own_write_ _cleanup_(own_write_end)
int files_own_write(const char *path, struct own_write *ret, struct err *e);
void own_write_end(struct own_write *w);
int files_layer_rebase(struct storage *s, const char *layer_id, const char *below, const char *key,
                       struct err *e);
int files_layer_flatten(struct storage *s, const char *layer_id, const char *below, const char *key,
                        struct err *e);
int files_layer_merge(struct storage *s, const char *layer_id, const char *into, const char *key,
                      struct err *e);
const char *files_layer_path(struct storage *s, struct arena *a, const char *layer_id);
int files_layer_check_id(const char *layer_id, struct err *e);
/* What the file itself says that it is. -ENOENT: there is none. */
int files_layer_header(struct arena *a, const char *path, struct format_layer *ret, struct err *e);
/*
 * The layer for qemu-img: its path, or where there is a key (which is called QEMU_IMG_KEY) a
 * description of all files of its chain, because each that is encrypted must say so for itself.
 * Which are, the files tell.
 */
int files_layer_spec(struct arena *a, const char *path, const char *key, const char **ret,
                     struct err *e);

/* instance_dir.c */
int files_instance_prepare(struct storage *s, const char *instance_id, struct err *e);
const char *files_instance_path(struct storage *s, struct arena *a, const char *instance_id,
                                const char *file);
int files_instance_write(struct storage *s, const char *instance_id, const char *file,
                         const void *data, size_t len, struct err *e);
int files_store_make(struct storage *s, const char *instance_id, int64_t disks, int64_t size,
                     struct err *e);
int files_store_remove(struct storage *s, const char *instance_id, struct err *e);
int files_instance_remove(struct storage *s, const char *instance_id, struct err *e);
int files_console_tail(struct storage *s, const char *instance_id, struct buf *out,
                       int64_t *ret_when, struct err *e);
