#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "storage/files_internal.h"

/* How many bytes may come in between two looks at the room that is left. */
#define LOOK_EVERY ((int64_t)16 << 20)
/* No disk image that fits a volume is larger, whatever its format. */
#define UPLOAD_MAX DISK_SIZE_MAX

struct storage_upload {
    struct files_storage *storage;
    struct arena *arena;
    char id[UUID_SIZE];
    const char *temporary;
    int fd;
    int64_t size;
    int64_t next_look;
};

static void upload_free(struct storage_upload *u)
{
    cleanup_close(&u->fd);
    arena_free(u->arena);
    free(u);
}

int files_upload_begin(struct storage *s, struct storage_upload **ret_upload, struct err *e)
{
    struct files_storage *f = files_of(s);
    int r = files_need(f, 0, "an upload", e);
    if (r < 0)
        return r;
    struct storage_upload *u = calloc(1, sizeof(*u));
    if (u == NULL)
        return err_errno(e, ENOMEM, "cannot begin an upload");
    u->storage = f;
    u->arena = arena_new();
    uuid_new(u->id);
    u->temporary = files_temporary(f, u->arena, DIR_UPLOADS, u->id, "part");
    u->next_look = LOOK_EVERY;
    u->fd = open(u->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (u->fd < 0) {
        r = err_errno(e, errno, "cannot create %s", u->temporary);
        upload_free(u);
        return r;
    }
    *ret_upload = u;
    return 0;
}

int files_upload_write(struct storage_upload *u, const void *data, size_t len, struct err *e)
{
    const char *p = data;
    if (u->size > UPLOAD_MAX - (int64_t)len)
        return err_set(e, EFBIG, "the upload is larger than 64 TiB");
    if (u->size + (int64_t)len >= u->next_look) {
        int r = files_need(u->storage, LOOK_EVERY, "the upload", e);
        if (r < 0)
            return r;
        u->next_look = u->size + LOOK_EVERY;
    }
    u->size += (int64_t)len;
    while (len > 0) {
        ssize_t n = write(u->fd, p, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_errno(e, errno, "cannot write the upload");
        p += n;
        len -= (size_t)n;
    }
    return 0;
}

int files_upload_finish(struct storage_upload *u, char ret_id[static 37], struct err *e)
{
    int r = file_commit(u->temporary, files_path(u->storage, u->arena, DIR_UPLOADS, u->id, ""), e);
    if (r == 0)
        memcpy(ret_id, u->id, UUID_SIZE);
    upload_free(u);
    return r;
}

void files_upload_abort(struct storage_upload *u)
{
    if (u == NULL)
        return;
    (void)unlink(u->temporary);
    upload_free(u);
}

int files_upload_remove(struct storage *s, const char *upload_id, struct err *e)
{
    _cleanup_arena_ struct arena *a = arena_new();
    int r = files_check_upload_id(upload_id, e);
    return r < 0 ? r : file_remove(files_path(files_of(s), a, DIR_UPLOADS, upload_id, ""), e);
}
