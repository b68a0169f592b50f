/* Files of buckets: which are taken, what becomes of them, and what is left when nothing does. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/child.h"
#include "base/file.h"
#include "storage/bucket.h"
#include "storage/files.h"
#include "storage/ova.h"
#include "storage_common.h"
#include "unit.h"

static char dir[UNIT_DIRECTORY_SIZE];
static struct storage *s;
static struct arena *a;

static const char *path(const char *name)
{
    return arena_printf(a, "%s/%s", dir, name);
}

static void put(const char *name, const void *data, size_t len)
{
    struct err e = {0};
    ck_assert_msg(file_write(path(name), data, len, 0600, &e) == 0, "%s", e.message);
}

static void begin(void)
{
    struct err e = {0};
    a = arena_new();
    unit_directory(dir);
    ck_assert_msg(files_storage_new(dir, &s, &e) == 0, "%s", e.message);
    ck_assert_int_eq(dir_make(path("buckets/one/deep"), 0711, &e), 0);
    put("buckets/one/disk.raw", raw_disk(), RAW_SIZE);
}

static void end(void)
{
    s->ops->free(s);
    ck_assert_int_eq(dir_remove(dir, NULL), 0);
    arena_free(a);
}

static size_t entries(const char *name)
{
    _cleanup_buf_ struct buf out = BUF_INIT(65536);
    const char *argv[] = {"find", path(name), "-mindepth", "1", NULL};
    ck_assert_int_eq(child_run(&(struct child){.argv = argv, .output = &out}, NULL), 0);
    size_t n = 0;
    for (const char *p = buf_str(&out); *p != '\0'; p++)
        n += *p == '\n';
    return n;
}

/* --- who watches */

struct seen {
    int stops_at; /* the stage; -1: never */
    int calls[3];
    int last[3];
};

static int watch(void *ctx, enum storage_stage stage, int percent)
{
    struct seen *seen = ctx;
    seen->calls[stage]++;
    seen->last[stage] = percent;
    return (int)stage == seen->stops_at ? -1 : 0;
}

static int import(const char *object, const char *format, bool boots, struct seen *seen,
                  struct err *e)
{
    struct storage_source from = {path("buckets"), object, format, boots};
    int64_t size = 0;
    int r =
        s->ops->image_import(s, AMI, &from, NULL, &(struct storage_watch){watch, seen}, &size, e);
    if (r == 0)
        ck_assert_int_eq(size, RAW_SIZE);
    return r;
}

/* Among the first bytes of it: what follows of a disk of a GiB is a hole. */
static bool is_in(const char *name, const char *bytes)
{
    const size_t most = (size_t)16 << 20;
    _cleanup_free_ char *read = malloc(most);
    _cleanup_close_ int fd = open(path(name), O_RDONLY | O_CLOEXEC);
    ck_assert(read != NULL && fd >= 0);
    ssize_t n = pread(fd, read, most, 0);
    ck_assert_int_gt(n, 0);
    return memmem(read, (size_t)n, bytes, strlen(bytes)) != NULL;
}

START_TEST(an_encrypted_import_is_a_layer_that_its_key_opens)
{
    begin();
    static const char key[] = "0123456789abcdef0123456789abcdef";
    static const char words[] = "what nobody is to read";
    struct seen seen = {.stops_at = -1};
    struct storage_watch watcher = {watch, &seen};
    struct storage_source from = {path("buckets"), "one/words.raw", "raw", true};
    int64_t size = 0;
    struct err e = {0};
    char *disk = arena_memdup(a, raw_disk(), RAW_SIZE);
    memcpy(disk + 8192, words, sizeof(words));
    put("buckets/one/words.raw", disk, RAW_SIZE);
    int r = s->ops->image_import(s, VOL, &from, key, &watcher, &size, &e);
    ck_assert_msg(r == 0, "%s", e.message);
    ck_assert_int_eq(size, RAW_SIZE);
    ck_assert_int_gt(seen.calls[STORAGE_CONVERTING], 0);
    ck_assert_uint_eq(entries("uploads"), 0);
    ck_assert_uint_eq(entries("images"), 0);
    ck_assert_uint_eq(entries("volumes"), 1);
    ck_assert(is_in("buckets/one/words.raw", words));
    ck_assert(!is_in("volumes/" VOL ".qcow2", words));
    /* It is one that a volume may stand on, and has what was imported. */
    ck_assert_int_eq(s->ops->layer_make(s, VOL ".2", VOL, 1, key, &e), 0);
    ck_assert_int_eq(s->ops->layer_flatten(s, VOL ".2", NULL, key, &e), 0);
    const char *argv[] = {"qemu-img",
                          "convert",
                          "--object",
                          "secret,id=key,file=/dev/stdin",
                          "--image-opts",
                          "-O",
                          "raw",
                          arena_printf(a, "driver=qcow2,file.filename=%s,encrypt.key-secret=key",
                                       path("volumes/" VOL ".2.qcow2")),
                          path("read.raw"),
                          NULL};
    r = child_run(&(struct child){.argv = argv, .input = key, .input_len = strlen(key)}, &e);
    ck_assert_msg(r == 0, "%s", e.message);
    ck_assert(is_in("read.raw", words));
    /* Again, as after a crash: it is there. */
    ck_assert_int_eq(s->ops->image_import(s, VOL, &from, key, &watcher, &size, &e), 0);
    ck_assert_int_eq(size, RAW_SIZE);
    end();
}
END_TEST

START_TEST(an_import_leaves_its_source_and_is_told_of)
{
    begin();
    struct seen seen = {.stops_at = -1};
    struct err e = {0};
    ck_assert_msg(import("one/disk.raw", "raw", true, &seen, &e) == 0, "%s", e.message);
    ck_assert_int_gt(seen.calls[STORAGE_READING], 0);
    ck_assert_int_eq(seen.last[STORAGE_READING], 100);
    ck_assert_int_gt(seen.calls[STORAGE_CONVERTING], 0);
    ck_assert(file_exists(path("buckets/one/disk.raw")));
    ck_assert(file_exists(path("images/" AMI ".qcow2")));
    ck_assert_uint_eq(entries("uploads"), 0);
    /* Again, as after a crash: it is there. */
    ck_assert_int_eq(import("one/disk.raw", "raw", true, &seen, &e), 0);
    ck_assert_uint_eq(entries("uploads"), 0);
    end();
}
END_TEST

START_TEST(whoever_watches_can_stop_it_at_any_stage)
{
    begin();
    for (int stage = STORAGE_READING; stage <= STORAGE_CONVERTING; stage++) {
        struct seen seen = {.stops_at = stage};
        struct err e = {0};
        ck_assert_int_eq(import("one/disk.raw", "raw", true, &seen, &e), -ECANCELED);
        ck_assert_uint_eq(entries("uploads"), 0);
        ck_assert_uint_eq(entries("images"), 0);
    }
    end();
}
END_TEST

START_TEST(what_is_not_what_it_is_said_to_be_is_refused)
{
    begin();
    static const char text[2000] = "root:x:0:0";
    put("buckets/one/text", text, sizeof(text));
    struct seen seen = {.stops_at = -1};
    ck_assert_int_eq(import("one/disk.raw", "vmdk", true, &seen, NULL), -EINVAL);
    ck_assert_int_eq(import("one/disk.raw", "ova", true, &seen, NULL), -EINVAL);
    ck_assert_int_eq(import("one/text", "raw", true, &seen, NULL), -EINVAL);
    ck_assert_int_eq(import("one/text", NULL, false, &seen, NULL), -EINVAL);
    ck_assert_uint_eq(entries("uploads"), 0);
    ck_assert_uint_eq(entries("images"), 0);
    end();
}
END_TEST

START_TEST(a_path_stays_in_its_directory)
{
    begin();
    struct err e = {0};
    int fd = -1;
    ck_assert_int_eq(symlink("/etc/passwd", path("buckets/one/link")), 0);
    ck_assert_int_eq(symlink("disk.raw", path("buckets/one/beside")), 0);
    ck_assert_int_eq(symlink("/etc", path("buckets/away")), 0);
    ck_assert_int_eq(mkfifo(path("buckets/one/fifo"), 0600), 0);
    ck_assert_int_eq(bucket_open(path("buckets"), "one/link", &fd, &e), -ELOOP);
    ck_assert_int_eq(bucket_open(path("buckets"), "one/beside", &fd, &e), -ELOOP);
    ck_assert_int_eq(bucket_open(path("buckets"), "away/passwd", &fd, &e), -ELOOP);
    ck_assert_int_eq(bucket_open(path("buckets"), "one/fifo", &fd, &e), -EINVAL);
    ck_assert_int_eq(bucket_open(path("buckets"), "one/deep", &fd, &e), -EINVAL);
    ck_assert_int_eq(bucket_open(path("buckets"), "one/none", &fd, &e), -ENOENT);
    static const char *const bad[] = {"", "/", "/etc/passwd", "../x", "a/../x", "a//b", "a/", "."};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        ck_assert_int_eq(bucket_open(path("buckets"), bad[i], &fd, &e), -EINVAL);
    ck_assert_int_eq(fd, -1);
    ck_assert_int_eq(bucket_open(path("buckets"), "one/disk.raw", &fd, &e), 0);
    (void)close(fd);
    end();
}
END_TEST

START_TEST(nothing_in_a_bucket_is_overwritten)
{
    begin();
    struct err e = {0};
    struct stat st;
    put("new", "new", 3);
    ck_assert_int_eq(bucket_put(path("buckets"), "one", "disk.raw", path("new"), &e), -EEXIST);
    ck_assert_int_eq(stat(path("buckets/one/disk.raw"), &st), 0);
    ck_assert_int_eq(st.st_size, RAW_SIZE);
    ck_assert_int_eq(bucket_put(path("buckets"), "none", "new", path("new"), &e), -ENOENT);
    ck_assert_str_eq(e.message, "there is no such bucket");
    ck_assert_int_eq(symlink("/tmp", path("buckets/one/away")), 0);
    ck_assert_int_eq(bucket_put(path("buckets"), "one/away", "new", path("new"), &e), -ELOOP);
    ck_assert_msg(bucket_put(path("buckets"), "one/a/b", "new", path("new"), &e) == 0, "%s",
                  e.message);
    ck_assert_int_eq(stat(path("buckets/one/a/b/new"), &st), 0);
    ck_assert_int_eq(st.st_mode & 07777, 0600);
    ck_assert(!file_exists(path("new")));
    end();
}
END_TEST

static int export(const char *format, bool may_be_there, struct seen *seen, struct err *e)
{
    struct storage_target to = {path("buckets"), "one", "made", format, may_be_there};
    return s->ops->image_export(s, AMI, &to, &(struct storage_watch){watch, seen}, e);
}

START_TEST(an_export_is_whole_or_not_there)
{
    begin();
    struct seen seen = {.stops_at = -1};
    struct err e = {0};
    _cleanup_buf_ struct buf made = BUF_INIT(RAW_SIZE + 1);
    ck_assert_int_eq(export("raw", false, &seen, &e), -EIO); /* there is no such layer */
    ck_assert_int_eq(import("one/disk.raw", "raw", true, &seen, &e), 0);
    struct seen stops = {.stops_at = STORAGE_PUTTING};
    ck_assert_int_eq(export("raw", false, &stops, &e), -ECANCELED);
    ck_assert(!file_exists(path("buckets/one/made")));
    ck_assert_msg(export("raw", false, &seen, &e) == 0, "%s", e.message);
    ck_assert_int_eq(file_read(path("buckets/one/made"), &made, NULL), 0);
    ck_assert_uint_eq(made.len, RAW_SIZE);
    ck_assert_int_eq(memcmp(made.data, raw_disk(), RAW_SIZE), 0);
    ck_assert_int_eq(export("raw", false, &seen, &e), -EEXIST);
    ck_assert_int_eq(export("raw", true, &seen, &e), 0); /* of a run that was cut short */
    ck_assert_uint_eq(entries("uploads"), 0);
    end();
}
END_TEST

/* --- OVAs */

#define MEMBERS_MAX 8
static unsigned char tar[MEMBERS_MAX * 2 * OVA_BLOCK];
static size_t tar_len;

/* A member of one block of data. */
static void member(const char *name, char type, const char *size)
{
    unsigned char *p = tar + tar_len;
    unsigned sum = 0;
    memset(p, 0, (size_t)2 * OVA_BLOCK);
    (void)snprintf((char *)p, 100, "%s", name);
    (void)snprintf((char *)p + 124, 13, "%s",
                   size); /* and a NUL in the next field, which is empty */
    p[156] = (unsigned char)type;
    memcpy(p + 257, "ustar", 6);
    memset(p + 148, ' ', 8);
    for (size_t i = 0; i < OVA_BLOCK; i++)
        sum += p[i];
    (void)snprintf((char *)p + 148, 8, "%06o", sum);
    tar_len += (size_t)2 * OVA_BLOCK;
}

static int find(struct ova_disk *disk, struct err *e)
{
    put("ova", tar, tar_len);
    _cleanup_close_ int fd = open(path("ova"), O_RDONLY | O_CLOEXEC);
    int r = ova_find_disk(fd, (int64_t)tar_len, disk, e);
    tar_len = 0;
    return r;
}

START_TEST(an_ova_has_one_disk_and_a_description)
{
    begin();
    struct ova_disk disk = {0};
    struct err e = {0};
    member("it.ovf", '0', "00000001000");
    member("it.vmdk", '0', "00000000777");
    ck_assert(ova_is_one(tar, tar_len));
    ck_assert_int_eq(find(&disk, &e), 0);
    ck_assert_int_eq(disk.offset, (int64_t)3 * OVA_BLOCK);
    ck_assert_int_eq(disk.length, 0777);
    member("it.vmdk", '0', "00000001000");
    ck_assert_int_eq(find(&disk, &e), -EINVAL); /* no description */
    member("it.ovf", '0', "00000001000");
    ck_assert_int_eq(find(&disk, &e), -EINVAL); /* no disk */
    member("it.ovf", '0', "00000001000");
    member("a.vmdk", '0', "00000001000");
    member("b.vmdk", '0', "00000001000");
    ck_assert_int_eq(find(&disk, &e), -EINVAL);
    member("it.ovf", '0', "00000001000");
    member("it.vmdk", '2', "00000001000"); /* a link */
    ck_assert_int_eq(find(&disk, &e), -EINVAL);
    end();
}
END_TEST

START_TEST(a_tar_that_is_damaged_is_refused)
{
    static const char *const sizes[] = {"00000002000",
                                        "77777777777",
                                        "-0000000001",
                                        "0000000x000",
                                        "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
                                        "\x80\x7f\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"};
    begin();
    struct ova_disk disk = {0};
    struct err e = {0};
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        member("it.ovf", '0', "00000001000");
        member("it.vmdk", '0', sizes[i]);
        ck_assert_msg(find(&disk, &e) == -EINVAL, "%zu", i);
    }
    member("it.ovf", '0', "00000001000");
    tar[3] ^= 1; /* the sum is another */
    ck_assert(!ova_is_one(tar, tar_len));
    ck_assert_int_eq(find(&disk, &e), -EINVAL);
    ck_assert(!ova_is_one(tar, 100));
    end();
}
END_TEST

UNIT_SUITE(an_import_leaves_its_source_and_is_told_of,
           an_encrypted_import_is_a_layer_that_its_key_opens,
           whoever_watches_can_stop_it_at_any_stage, what_is_not_what_it_is_said_to_be_is_refused,
           a_path_stays_in_its_directory, nothing_in_a_bucket_is_overwritten,
           an_export_is_whole_or_not_there, an_ova_has_one_disk_and_a_description,
           a_tar_that_is_damaged_is_refused)
