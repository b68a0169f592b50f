#include "seed/iso9660.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/check.h"

/*
 * The image, in sectors of 2048 bytes (ECMA-119; the Joliet specification for the second tree):
 *
 *     0-15   not used                     21, 22  path tables of the Joliet tree
 *     16     primary volume descriptor    23      root directory, plain names
 *     17     the same for Joliet          24      root directory, Joliet names
 *     18     end of the descriptors       25-     the files, which both directories point to
 *     19, 20 path tables, one per byte order
 *
 * Plain names are the names in capitals with ".;1" behind, which Linux shows in small letters
 * without it; the hyphen in them is outside the standard's alphabet, and read everywhere.
 */
#define SECTOR ((size_t)2048)

enum {
    SECTOR_DESCRIPTORS = 16,
    SECTOR_PATHS = 19,
    SECTOR_ROOT = 23,
    SECTOR_FILES = 25,
    NAME_MAX_LENGTH = 30,
    ROOT_RECORD = 34,
    PATH_TABLE = 10,
};

static void put16_both(unsigned char *p, unsigned v)
{
    p[0] = p[3] = (unsigned char)v;
    p[1] = p[2] = (unsigned char)(v >> 8);
}

static void put32_little(unsigned char *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (unsigned char)(v >> (8 * i));
}

static void put32_big(unsigned char *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (unsigned char)(v >> (24 - 8 * i));
}

static void put32_both(unsigned char *p, uint32_t v)
{
    put32_little(p, v);
    put32_big(p + 4, v);
}

static void put_bytes(unsigned char *p, const char *s)
{
    while (*s != '\0')
        *p++ = (unsigned char)*s++;
}

/* Text in the tree's own alphabet, filled up with spaces. */
static void put_text(unsigned char *p, size_t size, const char *s, bool joliet)
{
    size_t step = joliet ? 2 : 1;
    for (size_t i = 0; i + step <= size; i += step) {
        char c = *s != '\0' ? *s++ : ' ';
        if (joliet)
            p[i] = 0;
        p[i + step - 1] = (unsigned char)c;
    }
}

/* A directory record; yields its length, which is even. `id` of one byte 0 or 1 is "." or "..". */
static size_t put_record(unsigned char *p, uint32_t sector, uint32_t len, bool directory,
                         const void *id, size_t id_len)
{
    size_t length = 33 + id_len + (id_len % 2 == 0);
    p[0] = (unsigned char)length;
    put32_both(p + 2, sector);
    put32_both(p + 10, len);
    p[18] = 80; /* 1980-01-01 00:00:00 UTC: no date, and one that every reader takes */
    p[19] = p[20] = 1;
    p[25] = directory ? 2 : 0;
    put16_both(p + 28, 1);
    p[32] = (unsigned char)id_len;
    memcpy(p + 33, id, id_len);
    return length;
}

static void put_descriptor(unsigned char *p, const char *label, uint32_t sectors, bool joliet)
{
    p[0] = joliet ? 2 : 1;
    put_bytes(p + 1, "CD001");
    p[6] = 1;
    put_text(p + 8, 32, "", joliet);
    put_text(p + 40, 32, label, joliet);
    put32_both(p + 80, sectors);
    if (joliet)
        put_bytes(p + 88, "%/E"); /* UCS-2 level 3 */
    put16_both(p + 120, 1);
    put16_both(p + 124, 1);
    put16_both(p + 128, (unsigned)SECTOR);
    put32_both(p + 132, PATH_TABLE);
    put32_little(p + 140, SECTOR_PATHS + (joliet ? 2 : 0));
    put32_big(p + 148, SECTOR_PATHS + (joliet ? 3 : 1));
    size_t length = put_record(p + 156, SECTOR_ROOT + joliet, (uint32_t)SECTOR, true, "\0", 1);
    CHECK(length == ROOT_RECORD);
    put_text(p + 190, 623, "", joliet); /* publisher, preparer and the like: none */
    for (size_t i = 0; i < 4; i++)
        memset(p + 813 + 17 * i, '0', 16); /* made, changed, expires, holds from: not said */
    p[881] = 1;
}

static void put_path_table(unsigned char *p, uint32_t root, bool big)
{
    p[0] = 1;
    if (big)
        put32_big(p + 2, root);
    else
        put32_little(p + 2, root);
    p[big ? 7 : 6] = 1; /* the root is its own parent */
}

static size_t name_of(const char *name, bool joliet, unsigned char *out)
{
    size_t len = strlen(name);
    if (joliet) {
        put_text(out, len * 2, name, true);
        return len * 2;
    }
    for (size_t i = 0; i < len; i++)
        out[i] = (unsigned char)(name[i] >= 'a' && name[i] <= 'z' ? name[i] - 'a' + 'A' : name[i]);
    put_bytes(out + len, ".;1");
    return len + 3;
}

static uint32_t sectors_of(size_t len)
{
    return (uint32_t)((len + SECTOR - 1) / SECTOR);
}

static void put_root(unsigned char *p, const struct iso9660_file *files, size_t n, bool joliet)
{
    uint32_t self = SECTOR_ROOT + joliet;
    p += put_record(p, self, (uint32_t)SECTOR, true, "\0", 1);
    p += put_record(p, self, (uint32_t)SECTOR, true, "\1", 1);
    uint32_t at = SECTOR_FILES;
    for (size_t i = 0; i < n; i++) {
        unsigned char id[2 * NAME_MAX_LENGTH + 4];
        size_t id_len = name_of(files[i].name, joliet, id);
        p += put_record(p, at, (uint32_t)files[i].len, false, id, id_len);
        at += sectors_of(files[i].len);
    }
}

int iso9660_build(const char *label, const struct iso9660_file *files, size_t n, struct buf *out)
{
    /* 16 records of at most 94 bytes fit into the one sector that a directory has here. */
    if (n > ISO9660_FILES_MAX || strlen(label) > 16)
        return -EINVAL;
    uint32_t sectors = SECTOR_FILES;
    for (size_t i = 0; i < n; i++) {
        if (strlen(files[i].name) > NAME_MAX_LENGTH || files[i].len > (size_t)1 << 30 ||
            (i > 0 && strcmp(files[i - 1].name, files[i].name) >= 0))
            return -EINVAL;
        sectors += sectors_of(files[i].len);
    }
    size_t size = (size_t)sectors * SECTOR;
    unsigned char *image = (unsigned char *)buf_reserve(out, size);
    if (image == NULL)
        return -ENOSPC;
    memset(image, 0, size);
    for (int joliet = 0; joliet < 2; joliet++) {
        put_descriptor(image + (size_t)(SECTOR_DESCRIPTORS + joliet) * SECTOR, label, sectors,
                       joliet);
        for (int big = 0; big < 2; big++)
            put_path_table(image + (size_t)(SECTOR_PATHS + 2 * joliet + big) * SECTOR,
                           SECTOR_ROOT + (uint32_t)joliet, big);
        put_root(image + (size_t)(SECTOR_ROOT + joliet) * SECTOR, files, n, joliet);
    }
    unsigned char *last = image + (SECTOR_DESCRIPTORS + 2) * SECTOR;
    last[0] = 255;
    put_bytes(last + 1, "CD001\1");
    unsigned char *at = image + SECTOR_FILES * SECTOR;
    for (size_t i = 0; i < n; i++) {
        if (files[i].len > 0)
            memcpy(at, files[i].data, files[i].len);
        at += (size_t)sectors_of(files[i].len) * SECTOR;
    }
    out->len += size;
    out->data[out->len] = '\0';
    return 0;
}
