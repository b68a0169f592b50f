#include "storage/files.h"

#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <utime.h>

#include "base/child.h"
#include "base/file.h"
#include "storage/files_internal.h"
#include "storage/qemu_img.h"
#include "storage_common.h"
#include "unit.h"

static char dir[UNIT_DIRECTORY_SIZE];
static struct storage *s;

static void begin(void)
{
    struct err e = {0};
    unit_directory(dir);
    ck_assert_msg(files_storage_new(dir, &s, &e) == 0, "%s", e.message);
}

static void end(void)
{
    s->ops->free(s);
    ck_assert_int_eq(dir_remove(dir, NULL), 0);
}

static const char *path(const char *name)
{
    static char text[256];
    (void)snprintf(text, sizeof(text), "%s/%s", dir, name);
    return text;
}

static mode_t mode_of(const char *name)
{
    struct stat st;
    ck_assert_msg(stat(path(name), &st) == 0, "%s", name);
    return st.st_mode & 07777;
}

/* How many entries a directory has: a failure leaves nothing behind. */
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

/* A file that a program made, as an upload. */
static void upload_file(const char *file, char id[UUID_SIZE])
{
    _cleanup_buf_ struct buf data = BUF_INIT(16 << 20);
    ck_assert_int_eq(file_read(file, &data, NULL), 0);
    upload(s, data.data, data.len, id);
}

/* A disk of the given format, made by qemu-img from raw_disk(). */
static const char *make_disk(const char *format, const char *options)
{
    static char made[256];
    static char raw[256];
    struct err e = {0};
    (void)snprintf(raw, sizeof(raw), "%s", path("disk.raw"));
    (void)snprintf(made, sizeof(made), "%s.%s", raw, format);
    ck_assert_int_eq(file_write(raw, raw_disk(), RAW_SIZE, 0600, NULL), 0);
    int r = options == NULL ? CHILD(&e, "qemu-img", "convert", "-f", "raw", "-O", format, raw, made)
                            : CHILD(&e, "qemu-img", "convert", "-f", "raw", "-O", format, "-o",
                                    options, raw, made);
    ck_assert_msg(r == 0, "%s", e.message);
    return made;
}

/* Does the layer hold the disk? */
static void check_layer(void)
{
    char raw[256];
    struct err e = {0};
    (void)snprintf(raw, sizeof(raw), "%s", path("check.raw"));
    ck_assert_int_eq(file_write(raw, raw_disk(), RAW_SIZE, 0600, NULL), 0);
    int r = CHILD(&e, "qemu-img", "compare", "-q", "-f", "raw", "-F", "qcow2", raw,
                  path("images/" AMI ".qcow2"));
    ck_assert_msg(r == 0, "%s", e.message);
    ck_assert_int_eq(unlink(raw), 0);
    ck_assert_uint_eq(entries("images"), 1);
    ck_assert_uint_eq(entries("uploads"), 0);
    ck_assert_uint_eq(mode_of("images/" AMI ".qcow2"), 0444);
}

static void import(const char *file)
{
    char id[UUID_SIZE];
    int64_t size = 0;
    struct err e = {0};
    upload_file(file, id);
    ck_assert_msg(s->ops->image_make(s, AMI, id, &size, &e) == 0, "%s", e.message);
    ck_assert_int_ge(size, RAW_SIZE); /* VHD rounds up to its geometry */
    check_layer();
    ck_assert_int_eq(s->ops->image_make(s, AMI, id, &size, &e), 0); /* repeated */
    ck_assert_int_ge(size, RAW_SIZE);
}

static void refuse(const void *data, size_t len)
{
    char id[UUID_SIZE];
    int64_t size = 7;
    struct err e = {0};
    upload(s, data, len, id);
    ck_assert_int_eq(s->ops->image_make(s, AMI, id, &size, &e), -EINVAL);
    ck_assert_int_eq(size, 7);
    ck_assert_uint_eq(entries("images"), 0);
    ck_assert_int_eq(s->ops->upload_remove(s, id, NULL), 0);
    ck_assert_uint_eq(entries("uploads"), 0);
    ck_assert_ptr_null(strstr(e.message, dir)); /* it is shown to users */
}

static void refuse_file(const char *file)
{
    _cleanup_buf_ struct buf data = BUF_INIT(16 << 20);
    ck_assert_int_eq(file_read(file, &data, NULL), 0);
    refuse(data.data, data.len);
}

START_TEST(the_directories_let_qemu_through_and_nobody_look)
{
    begin();
    ck_assert_uint_eq(mode_of("."), 0711);
    ck_assert_uint_eq(mode_of("images"), 0711);
    ck_assert_uint_eq(mode_of("volumes"), 0711);
    ck_assert_uint_eq(mode_of("instances"), 0711);
    ck_assert_uint_eq(mode_of("uploads"), 0700);
    end();
}
END_TEST

START_TEST(a_raw_disk_becomes_a_layer)
{
    begin();
    import((make_disk("raw", NULL), path("disk.raw")));
    end();
}
END_TEST

START_TEST(a_sound_qcow2_disk_is_taken_as_it_is)
{
    begin();
    const char *made = make_disk("qcow2", NULL);
    char id[UUID_SIZE];
    char upload_path[256];
    struct stat before;
    struct stat after;
    int64_t size = 0;
    upload_file(made, id);
    (void)snprintf(upload_path, sizeof(upload_path), "%s/uploads/%s", dir, id);
    ck_assert_int_eq(stat(upload_path, &before), 0);
    ck_assert_int_eq(s->ops->image_make(s, AMI, id, &size, NULL), 0);
    ck_assert_int_eq(stat(path("images/" AMI ".qcow2"), &after), 0);
    ck_assert_uint_eq(before.st_ino, after.st_ino);
    ck_assert_int_eq(size, RAW_SIZE);
    check_layer();
    end();
}
END_TEST

START_TEST(a_qcow2_disk_with_snapshots_is_converted)
{
    begin();
    const char *made = make_disk("qcow2", NULL);
    ck_assert_int_eq(CHILD(NULL, "qemu-img", "snapshot", "-c", "one", made), 0);
    import(made);
    _cleanup_buf_ struct buf out = BUF_INIT(65536);
    const char *argv[] = {"qemu-img", "snapshot", "-l", path("images/" AMI ".qcow2"), NULL};
    ck_assert_int_eq(child_run(&(struct child){.argv = argv, .output = &out}, NULL), 0);
    ck_assert_ptr_null(strstr(buf_str(&out), "one"));
    end();
}
END_TEST

START_TEST(vmdk_and_vhd_disks_are_converted)
{
    static const char *const formats[][2] = {{"vmdk", NULL},
                                             {"vmdk", "subformat=streamOptimized"},
                                             {"vpc", NULL},
                                             {"vpc", "subformat=fixed,force_size=on"}};
    begin();
    for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
        import(make_disk(formats[i][0], formats[i][1]));
        ck_assert_int_eq(s->ops->image_remove(s, AMI, NULL), 0);
        ck_assert_int_eq(s->ops->image_remove(s, AMI, NULL), 0);
    }
    end();
}
END_TEST

START_TEST(packed_disks_are_unpacked)
{
    begin();
    const char *made = make_disk("qcow2", NULL);
    char packed[300];
    ck_assert_int_eq(CHILD(NULL, "xz", "-k", "-0", made), 0);
    (void)snprintf(packed, sizeof(packed), "%s.xz", made);
    import(packed);
    ck_assert_int_eq(s->ops->image_remove(s, AMI, NULL), 0);
    ck_assert_int_eq(CHILD(NULL, "gzip", "-k", path("disk.raw")), 0);
    (void)snprintf(packed, sizeof(packed), "%s.gz", path("disk.raw"));
    import(packed);
    end();
}
END_TEST

START_TEST(what_is_no_disk_is_refused)
{
    static const char text[] = "#!/bin/sh\necho hello\n";
    begin();
    refuse(text, sizeof(text) - 1);
    refuse("", 0);
    refuse("\xfd\x37zXZ\0damaged", 13);
    refuse("\x1f\x8b\x08 damaged", 11);
    refuse("QFI\xfb", 4);
    unsigned char header[512] = {'Q', 'F', 'I', 0xfb, 0, 0, 0, 3, [27] = 2, [103] = 104};
    refuse(header, sizeof(header)); /* recognised, but there is nothing behind it */
    ck_assert_int_eq(file_write(path("text"), text, sizeof(text), 0600, NULL), 0);
    ck_assert_int_eq(CHILD(NULL, "xz", path("text")), 0);
    refuse_file(path("text.xz"));
    make_disk("raw", NULL);
    ck_assert_int_eq(CHILD(NULL, "gzip", path("disk.raw")), 0);
    ck_assert_int_eq(CHILD(NULL, "xz", path("disk.raw.gz")), 0);
    refuse_file(path("disk.raw.gz.xz")); /* packed twice */
    end();
}
END_TEST

START_TEST(disks_that_lead_to_other_files_are_refused)
{
    begin();
    char base[256];
    (void)snprintf(base, sizeof(base), "%s", make_disk("qcow2", NULL));
    ck_assert_int_eq(CHILD(NULL, "qemu-img", "create", "-q", "-f", "qcow2", "-b", base, "-F",
                           "qcow2", path("overlay")),
                     0);
    refuse_file(path("overlay"));
    char data[300];
    (void)snprintf(data, sizeof(data), "data_file=%s.data", base);
    ck_assert_int_eq(
        CHILD(NULL, "qemu-img", "create", "-q", "-f", "qcow2", "-o", data, path("split"), "1M"), 0);
    refuse_file(path("split"));
    refuse_file(make_disk("vmdk", "subformat=monolithicFlat"));
    end();
}
END_TEST

/* It stays ours, and QEMU's user may open it by the group, where there is such a user. */
static void check_lent(const char *file, mode_t lent, mode_t own)
{
    struct stat st;
    const struct group *group = getgrnam("libvirt-qemu");
    ck_assert_int_eq(stat(file, &st), 0);
    ck_assert_uint_eq(st.st_uid, geteuid());
    bool is_lent = group != NULL && st.st_gid == group->gr_gid;
    ck_assert(is_lent || group == NULL || geteuid() != 0);
    ck_assert_uint_eq(st.st_mode & 0777, is_lent ? lent : own);
}

START_TEST(a_volume_is_an_overlay_of_the_asked_size)
{
    begin();
    struct err e = {0};
    _cleanup_arena_ struct arena *a = arena_new();
    _cleanup_buf_ struct buf out = BUF_INIT(65536);
    struct storage_names names = {0};
    ck_assert_int_eq(s->ops->layer_make(s, VOL, AMI, 2, NULL, NULL), -ENOENT);
    import(make_disk("qcow2", NULL));
    ck_assert_msg(s->ops->layer_make(s, VOL, AMI, 2, NULL, &e) == 0, "%s", e.message);
    ck_assert_int_eq(s->ops->layer_make(s, VOL, AMI, 2, NULL, NULL), 0);
    check_lent(path("volumes/" VOL ".qcow2"), 0660, 0600);
    ck_assert_int_eq(s->ops->layer_seal(s, VOL, true, NULL), 0);
    check_lent(path("volumes/" VOL ".qcow2"), 0440, geteuid() == 0 ? 0444 : 0400);
    ck_assert_int_eq(s->ops->layer_seal(s, VOL, false, NULL), 0);
    check_lent(path("volumes/" VOL ".qcow2"), 0660, 0600);
    ck_assert_str_eq(s->ops->layer_path(s, a, VOL), path("volumes/" VOL ".qcow2"));
    const char *argv[] = {"qemu-img", "info", s->ops->layer_path(s, a, VOL), NULL};
    ck_assert_int_eq(child_run(&(struct child){.argv = argv, .output = &out}, NULL), 0);
    ck_assert_ptr_nonnull(strstr(buf_str(&out), "virtual size: 2 GiB"));
    ck_assert_ptr_nonnull(strstr(buf_str(&out), "backing file: ../images/" AMI ".qcow2"));
    ck_assert_int_eq(s->ops->list_layers(s, a, &names, NULL), 0);
    ck_assert_uint_eq(names.n, 1);
    ck_assert_str_eq(names.v[0], VOL);
    ck_assert_int_eq(s->ops->list_images(s, a, &names, NULL), 0);
    ck_assert_uint_eq(names.n, 1);
    ck_assert_str_eq(names.v[0], AMI);
    ck_assert_int_eq(s->ops->layer_remove(s, VOL, NULL), 0);
    ck_assert_int_eq(s->ops->layer_remove(s, VOL, NULL), 0);
    ck_assert_uint_eq(entries("volumes"), 0);
    end();
}
END_TEST

START_TEST(a_volume_smaller_than_its_layer_is_refused)
{
    begin();
    char id[UUID_SIZE];
    int64_t size = 0;
    ck_assert_int_eq(CHILD(NULL, "qemu-img", "create", "-q", "-f", "qcow2", path("large"), "3G"),
                     0);
    upload_file(path("large"), id);
    ck_assert_int_eq(s->ops->image_make(s, AMI, id, &size, NULL), 0);
    ck_assert_int_eq(size, (int64_t)3 << 30);
    ck_assert_int_eq(s->ops->layer_make(s, VOL, AMI, 2, NULL, NULL), -EINVAL);
    ck_assert_int_eq(s->ops->layer_make(s, VOL, NULL, 0, NULL, NULL), -EINVAL);
    ck_assert_uint_eq(entries("volumes"), 0);
    ck_assert_int_eq(s->ops->layer_make(s, VOL, NULL, 1, NULL, NULL), 0);
    end();
}
END_TEST

START_TEST(a_file_that_was_taken_away_is_missed)
{
    begin();
    bool there = true;
    ck_assert_int_eq(s->ops->layer_exists(s, VOL, &there, NULL), 0);
    ck_assert(!there);
    ck_assert_int_eq(s->ops->layer_exists(s, "ami-0a0a0a0a0a0a0a0a0", &there, NULL), 0);
    ck_assert(!there);
    ck_assert_int_eq(s->ops->layer_make(s, VOL, NULL, 1, NULL, NULL), 0);
    ck_assert_int_eq(s->ops->layer_exists(s, VOL, &there, NULL), 0);
    ck_assert(there);
    end();
}
END_TEST

START_TEST(layers_that_qemu_has_open_are_not_merged)
{
    begin();
    static const char *const layers[] = {VOL, VOL ".2"};
    bool used = true;
    struct err e = {0};
    ck_assert_int_eq(s->ops->layer_in_use(s, VOL, &used, NULL), 0);
    ck_assert(!used);
    for (size_t i = 0; i < ARRAY_SIZE(layers); i++)
        ck_assert_int_eq(s->ops->layer_make(s, layers[i], i == 0 ? NULL : VOL, 1, NULL, NULL), 0);
    for (size_t i = 0; i < ARRAY_SIZE(layers); i++) {
        const char *name = i == 0 ? "volumes/" VOL ".qcow2" : "volumes/" VOL ".2.qcow2";
        struct flock lock = {.l_type = F_RDLCK, .l_start = 201, .l_len = 1};
        int fd = open(path(name), O_RDONLY | O_CLOEXEC);
        ck_assert_int_eq(fcntl(fd, F_OFD_SETLK, &lock), 0);
        ck_assert_int_eq(s->ops->layer_in_use(s, layers[i], &used, NULL), 0);
        ck_assert(used);
        ck_assert_int_eq(s->ops->layer_merge(s, VOL ".2", VOL, NULL, NULL), -EBUSY);
        (void)close(fd);
        ck_assert_int_eq(s->ops->layer_in_use(s, layers[i], &used, NULL), 0);
        ck_assert(!used);
    }
    ck_assert_msg(s->ops->layer_merge(s, VOL ".2", VOL, NULL, &e) == 0, "%s", e.message);
    end();
}
END_TEST

/* Reads or writes a layer as QEMU would. */
static void qemu_io(const char *layer_id, const char *key, const char *command)
{
    _cleanup_arena_ struct arena *a = arena_new();
    _cleanup_buf_ struct buf out = BUF_INIT(65536);
    const char *spec = NULL;
    struct err e = {0};
    ck_assert_int_eq(files_layer_spec(a, s->ops->layer_path(s, a, layer_id), key, &spec, &e), 0);
    const char *object = "secret,id=" QEMU_IMG_KEY ",file=/dev/stdin";
    const char *argv[] = {"qemu-io", "--object", object, "-c", command, spec, NULL};
    int r = child_run(
        &(struct child){.argv = argv, .input = key, .input_len = strlen(key), .output = &out}, &e);
    ck_assert_msg(r == 0 && strstr(buf_str(&out), "failed") == NULL, "%s: %s %s", command,
                  e.message, buf_str(&out));
}

static bool has_text(const char *name, const char *text)
{
    const char *argv[] = {"grep", "-qaF", text, path(name), NULL};
    return child_run(&(struct child){.argv = argv}, NULL) == 0;
}

/* On a plain layer, with the word "4242" and the like where it is in clear. */
START_TEST(encrypted_layers_are_merged_and_flattened_and_never_in_clear)
{
    begin();
    struct err e = {0};
    static const char key[] = "0123456789abcdef0123456789abcdef";
    ck_assert_int_eq(s->ops->layer_make(s, VOL, NULL, 1, NULL, NULL), 0);
    ck_assert_msg(s->ops->layer_make(s, VOL ".2", VOL, 1, key, &e) == 0, "%s", e.message);
    ck_assert_msg(s->ops->layer_make(s, VOL ".3", VOL ".2", 1, key, &e) == 0, "%s", e.message);
    qemu_io(VOL, key, "write -P 0x41 0 64k");
    qemu_io(VOL ".2", key, "write -P 0x42 64k 64k");
    qemu_io(VOL ".3", key, "write -P 0x43 128k 64k");
    ck_assert(has_text("volumes/" VOL ".qcow2", "AAAAAAAAAAAAAAAA"));
    ck_assert(!has_text("volumes/" VOL ".2.qcow2", "BBBBBBBB"));
    ck_assert(!has_text("volumes/" VOL ".3.qcow2", "CCCCCCCC"));
    ck_assert_int_eq(s->ops->layer_merge(s, VOL ".2", VOL, key, &e), -EINVAL);
    ck_assert_int_eq(s->ops->layer_grow(s, VOL ".3", 2, "another key", &e), -EIO);
    ck_assert_msg(s->ops->layer_grow(s, VOL ".3", 2, key, &e) == 0, "%s", e.message);
    ck_assert_msg(s->ops->layer_merge(s, VOL ".3", VOL ".2", key, &e) == 0, "%s", e.message);
    ck_assert_msg(s->ops->layer_flatten(s, VOL ".2", NULL, key, &e) == 0, "%s", e.message);
    ck_assert_int_eq(s->ops->layer_remove(s, VOL, NULL), 0);
    ck_assert_int_eq(s->ops->layer_remove(s, VOL ".3", NULL), 0);
    qemu_io(VOL ".2", key, "read -P 0x41 0 64k");
    qemu_io(VOL ".2", key, "read -P 0x42 64k 64k");
    qemu_io(VOL ".2", key, "read -P 0x43 128k 64k");
    ck_assert(!has_text("volumes/" VOL ".2.qcow2", "AAAAAAAA"));
    end();
}
END_TEST

START_TEST(an_id_cannot_lead_out_of_its_directory)
{
    begin();
    int64_t size = 0;
    char good[UUID_SIZE];
    uuid_new(good);
    ck_assert_int_eq(s->ops->layer_make(s, "../x", NULL, 1, NULL, NULL), -EINVAL);
    ck_assert_int_eq(s->ops->layer_remove(s, "vol-1/../../x", NULL), -EINVAL);
    ck_assert_int_eq(s->ops->image_make(s, "ami-x", good, &size, NULL), -EINVAL);
    ck_assert_int_eq(s->ops->image_make(s, AMI, "../../etc/passwd", &size, NULL), -EINVAL);
    ck_assert_int_eq(s->ops->upload_remove(s, "../volumes", NULL), -EINVAL);
    ck_assert_int_eq(s->ops->instance_prepare(s, "..", NULL), -EINVAL);
    ck_assert_int_eq(s->ops->instance_remove(s, "", NULL), -EINVAL);
    ck_assert_int_eq(s->ops->image_make(s, AMI, good, &size, NULL), -ENOENT);
    end();
}
END_TEST

START_TEST(an_instance_store_is_kept_until_it_is_removed)
{
    struct stat st;
    char first[4096];
    begin();
    ck_assert_int_eq(s->ops->instance_prepare(s, INST, NULL), 0);
    ck_assert_int_eq(s->ops->store_make(s, INST, 0, 0, NULL), 0);
    ck_assert_int_eq(s->ops->store_make(s, INST, 2, INT64_C(50000000000), NULL), 0);
    (void)snprintf(first, sizeof(first), "%s", path("instances/" INST "/ephemeral0.raw"));
    ck_assert_int_eq(stat(first, &st), 0);
    ck_assert_int_eq(st.st_size, INT64_C(50000000000));
    check_lent(first, 0660, 0600);
    ck_assert_int_lt(st.st_blocks * 512, 1 << 20); /* thin */
    ck_assert_int_eq(stat(path("instances/" INST "/ephemeral1.raw"), &st), 0);
    ck_assert_int_eq(truncate(first, 42), 0); /* whatever it is, it is the guest's */
    ck_assert_int_eq(s->ops->store_make(s, INST, 2, INT64_C(50000000000), NULL), 0);
    ck_assert_int_eq(stat(first, &st), 0);
    ck_assert_int_eq(st.st_size, 42);
    ck_assert_int_eq(s->ops->store_remove(s, INST, NULL), 0);
    ck_assert_int_lt(stat(first, &st), 0);
    ck_assert_int_eq(s->ops->store_remove(s, INST, NULL), 0);
    ck_assert_int_eq(s->ops->store_make(s, INST, 1, INT64_C(1000000000), NULL), 0);
    ck_assert_int_eq(stat(first, &st), 0);
    ck_assert_int_eq(st.st_size, INT64_C(1000000000));
    ck_assert_int_eq(s->ops->store_make(s, "../x", 1, 512, NULL), -EINVAL);
    ck_assert_int_eq(s->ops->store_remove(s, "../x", NULL), -EINVAL);
    end();
}
END_TEST

struct rotation {
    char log[256];
    char old[260];
    _Atomic bool over;
};

/* As virtlogd does it: the name goes, and another file gets it. Each has more than is asked for. */
static void *rotate(void *arg)
{
    struct rotation *t = arg;
    while (!t->over) {
        ck_assert_int_eq(rename(t->log, t->old), 0);
        int fd = open(t->log, O_WRONLY | O_CREAT | O_EXCL, 0600);
        for (int i = 0; i < 20; i++)
            ck_assert_int_eq(write(fd, "text", 4), 4);
        (void)close(fd);
    }
    return NULL;
}

START_TEST(nor_is_it_shorter_while_it_is_rotated)
{
    begin();
    struct rotation t = {.over = false};
    pthread_t thread;
    int64_t when = 0;
    struct buf out = BUF_INIT(64);
    ck_assert_int_eq(s->ops->instance_prepare(s, INST, NULL), 0);
    (void)snprintf(t.log, sizeof(t.log), "%s", path("instances/" INST "/console.log"));
    (void)snprintf(t.old, sizeof(t.old), "%s.0", t.log);
    char text[80];
    memset(text, 't', sizeof(text));
    ck_assert_int_eq(file_write(t.log, text, sizeof(text), 0600, NULL), 0);
    ck_assert_int_eq(pthread_create(&thread, NULL, rotate, &t), 0);
    for (int i = 0; i < 2000; i++) {
        buf_reset(&out);
        int r = s->ops->console_tail(s, INST, &out, &when, NULL);
        ck_assert(r == 0 || r == -EAGAIN); /* rotated five times in one look */
        ck_assert(r != 0 || out.len == 64);
    }
    t.over = true;
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    buf_done(&out);
    end();
}
END_TEST

START_TEST(the_tail_of_a_console_goes_over_a_rotation)
{
    begin();
    char log[256];
    char old[256];
    int64_t when = -1;
    struct buf out = BUF_INIT(8);
    ck_assert_int_eq(s->ops->instance_prepare(s, INST, NULL), 0);
    ck_assert_int_eq(s->ops->instance_prepare(s, INST, NULL), 0);
    ck_assert_int_eq(s->ops->console_tail(s, INST, &out, &when, NULL), 0);
    ck_assert_uint_eq(out.len, 0);
    ck_assert_int_eq(when, 0);
    (void)snprintf(log, sizeof(log), "%s", path("instances/" INST "/console.log"));
    (void)snprintf(old, sizeof(old), "%s.0", log);
    ck_assert_int_eq(file_write(old, "older text", 10, 0600, NULL), 0);
    ck_assert_int_eq(file_write(log, "new", 3, 0600, NULL), 0);
    ck_assert_int_eq(s->ops->console_tail(s, INST, &out, &when, NULL), 0);
    ck_assert_str_eq(buf_str(&out), " textnew");
    ck_assert_int_gt(when, 0);
    buf_reset(&out);
    ck_assert_int_eq(file_write(log, "much newer", 10, 0600, NULL), 0);
    ck_assert_int_eq(s->ops->console_tail(s, INST, &out, &when, NULL), 0);
    ck_assert_str_eq(buf_str(&out), "ch newer");
    buf_reset(&out);
    ck_assert_int_eq(unlink(log), 0);
    ck_assert_int_eq(symlink("/etc/hostname", log), 0);
    ck_assert_int_lt(s->ops->console_tail(s, INST, &out, &when, NULL), 0);
    buf_done(&out);
    ck_assert_int_eq(s->ops->instance_remove(s, INST, NULL), 0);
    ck_assert_int_eq(s->ops->instance_remove(s, INST, NULL), 0);
    ck_assert_uint_eq(entries("instances"), 0);
    end();
}
END_TEST

START_TEST(a_sweep_takes_what_a_crash_left_and_old_uploads)
{
    begin();
    struct storage_upload *running = NULL;
    char young[UUID_SIZE];
    char old[UUID_SIZE];
    ck_assert_int_eq(s->ops->upload_begin(s, &running, NULL), 0);
    upload(s, "young", 5, young);
    upload(s, "old", 3, old);
    char name[64];
    (void)snprintf(name, sizeof(name), "uploads/%s", old);
    ck_assert_int_eq(utime(path(name), &(struct utimbuf){1000000000, 1000000000}), 0);
    ck_assert_int_eq(
        file_write(path("volumes/" VOL ".0011223344556677.new.tmp"), "x", 1, 0600, NULL), 0);
    ck_assert_int_eq(
        file_write(path("images/" AMI ".0011223344556677.unpacked.tmp.xz"), "x", 1, 0600, NULL), 0);
    ck_assert_int_eq(s->ops->layer_make(s, VOL, NULL, 1, NULL, NULL), 0);
    ck_assert_int_eq(s->ops->sweep(s, NULL), 0);
    ck_assert_uint_eq(entries("volumes"), 1);
    ck_assert_uint_eq(entries("images"), 0);
    ck_assert_uint_eq(entries("uploads"), 2); /* the young one, and the one that is running */
    s->ops->upload_abort(running);
    ck_assert_uint_eq(entries("uploads"), 1);
    end();
}
END_TEST

START_TEST(there_is_room)
{
    begin();
    struct disk_room room = {0};
    ck_assert_int_eq(s->ops->room(s, &room, NULL), 0);
    ck_assert_int_gt(room.free, 0);
    ck_assert_int_ge(room.size, room.free);
    end();
}
END_TEST

UNIT_SUITE(the_directories_let_qemu_through_and_nobody_look, a_raw_disk_becomes_a_layer,
           a_sound_qcow2_disk_is_taken_as_it_is, a_qcow2_disk_with_snapshots_is_converted,
           vmdk_and_vhd_disks_are_converted, packed_disks_are_unpacked, what_is_no_disk_is_refused,
           disks_that_lead_to_other_files_are_refused, a_volume_is_an_overlay_of_the_asked_size,
           a_volume_smaller_than_its_layer_is_refused, layers_that_qemu_has_open_are_not_merged,
           a_file_that_was_taken_away_is_missed,
           encrypted_layers_are_merged_and_flattened_and_never_in_clear,
           an_instance_store_is_kept_until_it_is_removed, an_id_cannot_lead_out_of_its_directory,
           the_tail_of_a_console_goes_over_a_rotation, nor_is_it_shorter_while_it_is_rotated,
           a_sweep_takes_what_a_crash_left_and_old_uploads, there_is_room)
