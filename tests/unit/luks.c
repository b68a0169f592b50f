/* Encrypted layers, as QEMU finds them. */
#include "storage/luks.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/child.h"
#include "base/file.h"
#include "storage/qemu_img.h"
#include "unit.h"

#define KEY "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static char dir[UNIT_DIRECTORY_SIZE];
static struct arena *a;

static void begin(void)
{
    a = arena_new();
    unit_directory(dir);
}

static void end(void)
{
    ck_assert_int_eq(dir_remove(dir, NULL), 0);
    arena_free(a);
}

static const char *path(const char *name)
{
    return arena_printf(a, "%s/%s", dir, name);
}

/* What QEMU says of doing this to the file alone: a command, and what else belongs to it. */
static int qemu(const char *key, const char *name, const char *program, const char *verb,
                const char *more)
{
    _cleanup_buf_ struct buf out = BUF_INIT(65536);
    const char *spec = arena_printf(
        a,
        "json:{\"driver\":\"qcow2\",\"file\":{\"driver\":\"file\",\"filename\":\"%s\"},"
        "\"backing\":null,\"encrypt\":{\"format\":\"luks\",\"key-secret\":\"key\"}}",
        path(name));
    const char *argv[] = {program, verb, more, "--object", "secret,id=key,file=/dev/stdin",
                          spec,    NULL};
    struct child child = {.argv = argv, .input = key, .input_len = strlen(key), .output = &out};
    int r = child_run(&child, NULL);
    return r == 0 && strstr(buf_str(&out), "failed") != NULL ? -EIO : r;
}

static int qemu_io(const char *name, const char *key, const char *command)
{
    return qemu(key, name, "qemu-io", "-c", command);
}

static bool is_sound(const char *name)
{
    return qemu(KEY, name, "qemu-img", "check", "-q") == 0;
}

static void make(const char *name, const char *backing, int64_t size)
{
    struct err e = {0};
    int r = qemu_img_create(path(name), backing, size, KEY, &e);
    ck_assert_msg(r == 0, "%s", e.message);
    ck_assert(is_sound(name));
}

START_TEST(qemu_opens_it_with_the_key_and_with_no_other)
{
    static const int64_t sizes[] = {512, (int64_t)1 << 30, (int64_t)64 << 40};
    begin();
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        make("disk", NULL, sizes[i]);
        ck_assert_int_eq(qemu_io("disk", KEY, "write -P 0x41 0 512"), 0);
        ck_assert_int_eq(qemu_io("disk", KEY, "read -P 0x41 0 512"), 0);
        ck_assert_int_ne(qemu_io("disk", "0" KEY, "read 0 512"), 0);
        ck_assert(is_sound("disk"));
        ck_assert_int_eq(file_remove(path("disk"), NULL), 0);
    }
    end();
}
END_TEST

/* The longest name that a layer may have for what it stands on. */
START_TEST(the_name_below_stays_what_it_was)
{
    begin();
    char name[1024];
    char head[4096];
    struct format_layer seen = {0};
    memset(name, 'x', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    make("disk", name, 1 << 20);
    FILE *f = fopen(path("disk"), "re");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fread(head, 1, sizeof(head), f), sizeof(head));
    ck_assert_int_eq(fclose(f), 0);
    ck_assert_int_eq(format_qcow2_layer(a, head, sizeof(head), &seen, NULL), 0);
    ck_assert_str_eq(seen.backing, name);
    ck_assert(seen.encrypted);
    ck_assert_int_eq(seen.virtual_size, 1 << 20);
    end();
}
END_TEST

START_TEST(no_two_have_anything_in_common)
{
    static unsigned char one[LUKS_HEADER_SIZE];
    static unsigned char other[LUKS_HEADER_SIZE];
    struct err e = {0};
    ck_assert_int_eq(luks_header_make(KEY, one, &e), 0);
    ck_assert_int_eq(luks_header_make(KEY, other, &e), 0);
    ck_assert_mem_eq(one, other, 112);                    /* the ciphers */
    ck_assert_mem_ne(one + 112, other + 112, 20);         /* the master key's digest, */
    ck_assert_mem_ne(one + 132, other + 132, 32);         /* its salt, */
    ck_assert_mem_ne(one + 216, other + 216, 32);         /* the slot's salt, */
    for (size_t at = 4096; at < 4096 + 256000; at += 512) /* and what is in the slot */
        ck_assert_mem_ne(one + at, other + at, 512);
}
END_TEST

START_TEST(what_is_no_new_layer_is_left_alone)
{
    static const char *const compat[] = {"compat=0.10", "refcount_bits=64"};
    begin();
    struct err e = {0};
    ck_assert_int_eq(luks_encrypt_qcow2(path("none"), KEY, &e), -ENOENT);
    ck_assert_int_eq(file_write(path("text"), "text", 4, 0600, NULL), 0);
    ck_assert_int_eq(luks_encrypt_qcow2(path("text"), KEY, &e), -EINVAL);
    for (size_t i = 0; i < ARRAY_SIZE(compat); i++) {
        ck_assert_int_eq(CHILD(NULL, "qemu-img", "create", "-q", "-f", "qcow2", "-o", compat[i],
                               path("disk"), "1M"),
                         0);
        ck_assert_int_eq(luks_encrypt_qcow2(path("disk"), KEY, &e), -EINVAL);
        ck_assert(qemu_img_is_sound(path("disk")));
    }
    make("made", NULL, 1 << 20);
    ck_assert_int_eq(luks_encrypt_qcow2(path("made"), KEY, &e), -EINVAL);
    ck_assert_int_eq(qemu_io("made", KEY, "read -P 0 0 512"), 0);
    end();
}
END_TEST

UNIT_SUITE(qemu_opens_it_with_the_key_and_with_no_other, the_name_below_stays_what_it_was,
           no_two_have_anything_in_common, what_is_no_new_layer_is_left_alone)
