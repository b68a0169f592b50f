#pragma once
/* Uploads for the tests of both storage drivers. */
#include <check.h>
#include <string.h>

#include "base/id.h"
#include "storage/storage.h"

#define AMI  "ami-0123456789abcdef0"
#define VOL  "vol-0123456789abcdef0"
#define INST "i-0123456789abcdef0"

static inline void upload(struct storage *s, const void *data, size_t len, char id[UUID_SIZE])
{
    struct storage_upload *u = NULL;
    struct err e = {0};
    ck_assert_msg(s->ops->upload_begin(s, &u, &e) == 0, "%s", e.message);
    /* In two pieces, as it comes from a socket. */
    ck_assert_msg(s->ops->upload_write(u, data, len / 3, &e) == 0, "%s", e.message);
    ck_assert_msg(s->ops->upload_write(u, (const char *)data + len / 3, len - len / 3, &e) == 0,
                  "%s", e.message);
    ck_assert_msg(s->ops->upload_finish(u, id, &e) == 0, "%s", e.message);
}

/* A raw disk of 1 MiB with a boot signature and a byte to find again. */
#define RAW_SIZE (1 << 20)
static inline const unsigned char *raw_disk(void)
{
    static unsigned char disk[RAW_SIZE];
    disk[510] = 0x55;
    disk[511] = 0xaa;
    disk[RAW_SIZE - 5] = 42;
    return disk;
}
