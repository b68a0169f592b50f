#include "storage/qemu_img.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/child.h"
#include "base/text.h"
#include "storage/luks.h"

#define LOOK_MS    30000
#define CONVERT_MS 3600000
#define OUTPUT_MAX (1 << 20)
/* See layer.c. */
#define VOLUME_OPTIONS "cluster_size=128k,extended_l2=on"
#define CONVERT_LIMITS "prlimit", "--as=4294967296", "--"
#define LOOK_LIMITS    "prlimit", "--as=1073741824", "--cpu=30", "--"

static int run(const char *const *argv, int timeout_ms, struct buf *output, struct err *e)
{
    return child_run(&(struct child){.argv = argv, .timeout_ms = timeout_ms, .output = output}, e);
}

static void cleanup_json(json_t **p)
{
    json_decref(*p);
}
#define _cleanup_json_ _cleanup_(cleanup_json)

static int run_json(const char *const *argv, json_t **ret, struct err *e)
{
    _cleanup_buf_ struct buf output = BUF_INIT(OUTPUT_MAX);
    int r = run(argv, LOOK_MS, &output, e);
    if (r < 0)
        return r;
    json_t *root = output.failed ? NULL : json_loadb(buf_str(&output), output.len, 0, NULL);
    if (root == NULL)
        return err_set(e, EIO, "qemu-img answered with something that is not JSON");
    *ret = root;
    return 0;
}

/* A VMDK must be one file that holds its data itself; the two kinds that do are named here. */
static int vmdk_check(json_t *info, const char *path, struct err *e)
{
    json_t *data = json_object_get(json_object_get(info, "format-specific"), "data");
    const char *kind = json_string_value(json_object_get(data, "create-type"));
    json_t *extents = json_object_get(data, "extents");
    const char *extent = json_string_value(json_object_get(json_array_get(extents, 0), "filename"));
    if (!streq(kind, "monolithicSparse") && !streq(kind, "streamOptimized"))
        return err_set(e, EINVAL, "a VMDK must be monolithicSparse or streamOptimized");
    if (json_array_size(extents) != 1 || !streq(extent, path))
        return err_set(e, EINVAL, "the VMDK keeps its data in another file");
    return 0;
}

int qemu_img_info(const char *path, enum format format, struct image_info *ret, struct err *e)
{
    _cleanup_json_ json_t *info = NULL;
    const char *argv[] = {LOOK_LIMITS, "qemu-img",          "info", "--output=json",
                          "-f",        format_name(format), path,   NULL};
    struct err why = {0};
    int r = run_json(argv, &info, &why);
    if (r < 0) /* what QEMU thinks of it names our paths: for the log, not for the user */
        return err_set(e, r == -EIO ? EINVAL : -r, "the file cannot be read as %s",
                       format_name(format));
    json_t *data = json_object_get(json_object_get(info, "format-specific"), "data");
    if (json_object_get(info, "backing-filename") != NULL ||
        json_object_get(info, "full-backing-filename") != NULL ||
        json_object_get(data, "data-file") != NULL)
        return err_set(e, EINVAL, "the image needs another file");
    if (json_is_true(json_object_get(info, "encrypted")) ||
        json_object_get(data, "encrypt") != NULL)
        return err_set(e, EINVAL, "the image is encrypted");
    if (format == FORMAT_VMDK && (r = vmdk_check(info, path, e)) < 0)
        return r;
    int64_t size = json_integer_value(json_object_get(info, "virtual-size"));
    if (size <= 0 || size > DISK_SIZE_MAX)
        return err_set(e, EINVAL, "the image's disk is empty or larger than 64 TiB");
    *ret = (struct image_info){.virtual_size = size};
    return 0;
}

bool qemu_img_is_sound(const char *path)
{
    const char *argv[] = {LOOK_LIMITS, "qemu-img", "check", "-q", "-f", "qcow2", path, NULL};
    return run(argv, LOOK_MS, NULL, NULL) == 0;
}

bool qemu_img_has_io_uring(const char *path)
{
    const char *argv[] = {LOOK_LIMITS, "qemu-img", "bench", "-q", "-f",  "raw", "-i",
                          "io_uring",  "-c",       "1",     "-s", "512", path,  NULL};
    return run(argv, LOOK_MS, NULL, NULL) == 0;
}

/* QEMU's own words when somebody else has a file open to write, or works on it. */
static bool is_locked(const struct err *why)
{
    return why->code == EIO && strstr(why->message, "lock") != NULL;
}

static int say_locked(struct err *e)
{
    return err_set(e, EBUSY, "a layer of the image is being worked on");
}

/* Its own words name our paths; who asked hears what to do about it. */
static int say_unconverted(const struct err *why, int code, struct err *e)
{
    if (why->code != EIO)
        return err_set(e, why->code, "%s", why->message);
    if (strstr(why->message, strerrordesc_np(ENOSPC)) != NULL)
        return err_set(e, ENOSPC, "there is no room left on the server's disk");
    return err_set(e, code, "the disk cannot be read to its end: it is damaged or cut short");
}

int qemu_img_measure(const char *path, enum format format, int64_t *ret_bytes, struct err *e)
{
    _cleanup_json_ json_t *answer = NULL;
    const char *argv[] = {LOOK_LIMITS, "qemu-img", "measure", "--output=json",
                          "-O",        "qcow2",    "-f",      format_name(format),
                          path,        NULL};
    struct err why = {0};
    int r = run_json(argv, &answer, &why);
    if (is_locked(&why))
        return say_locked(e);
    if (r < 0)
        return err_set(e, why.code, "cannot tell how much room the image takes");
    json_t *required = json_object_get(answer, "required");
    if (!json_is_integer(required))
        return err_set(e, EIO, "qemu-img does not tell how much room the image takes");
    *ret_bytes = json_integer_value(required);
    return 0;
}

/* What qemu-img -p prints: "    (12.34/100%)", and a carriage return. */
struct progress {
    const struct storage_watch *watch;
    char text[32]; /* since the last opening bracket */
    size_t n;
    int percent;
};

static int see_progress(void *ctx, const char *bytes, size_t len)
{
    struct progress *p = ctx;
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] == '(')
            p->n = 0;
        else if (bytes[i] == '/' && p->n > 0)
            p->percent = (int)strtol(p->text, NULL, 10);
        else if (p->n < sizeof(p->text) - 1)
            p->text[p->n++] = bytes[i];
        p->text[p->n] = '\0';
    }
    return p->watch->tell(p->watch->ctx, STORAGE_CONVERTING, p->percent);
}

static int run_watched(const char *const *argv, const char *key, const struct storage_watch *watch,
                       struct err *e)
{
    struct progress p = {.watch = watch};
    return child_run(&(struct child){.argv = argv,
                                     .input = key,
                                     .input_len = key == NULL ? 0 : strlen(key),
                                     .timeout_ms = CONVERT_MS,
                                     .watch = watch == NULL ? NULL : see_progress,
                                     .ctx = &p},
                     e);
}

int qemu_img_convert(const char *from, enum format format, const char *to,
                     const struct storage_watch *watch, struct err *e)
{
    const char *argv[] = {CONVERT_LIMITS,
                          "qemu-img",
                          "convert",
                          watch == NULL ? "-q" : "-p",
                          "-f",
                          format_name(format),
                          "-O",
                          "qcow2",
                          from,
                          to,
                          NULL};
    struct err why = {0};
    return run_watched(argv, NULL, watch, &why) < 0 ? say_unconverted(&why, EINVAL, e) : 0;
}

int qemu_img_export(const char *from, enum format format, const char *to,
                    const struct storage_watch *watch, struct err *e)
{
    /* Others read streamOptimized VMDKs, and VHDs whose size is not rounded to a geometry. */
    const char *options = format == FORMAT_VMDK  ? "subformat=streamOptimized"
                          : format == FORMAT_VHD ? "subformat=dynamic,force_size=on"
                                                 : "preallocation=off";
    const char *argv[] = {CONVERT_LIMITS,      "qemu-img", "convert", "-p", "-f", "qcow2", "-O",
                          format_name(format), "-o",       options,   from, to,   NULL};
    struct err why = {0};
    int r = run_watched(argv, NULL, watch, &why);
    if (is_locked(&why))
        return say_locked(e);
    return r < 0 ? say_unconverted(&why, EIO, e) : 0;
}

/* --- layers */

#define ARGS_MAX   24
#define KEY_OBJECT "secret,id=" QEMU_IMG_KEY ",file=/dev/stdin"

struct args {
    const char *v[ARGS_MAX + 1];
    size_t n;
};

static void add(struct args *args, const char *arg)
{
    CHECK(args->n < ARGS_MAX);
    args->v[args->n++] = arg;
}

/* "qemu-img VERB -q", and where the key comes from. */
static struct args begin(const char *verb, bool keyed)
{
    struct args args = {{"qemu-img", verb, "-q"}, 3};
    if (keyed) {
        add(&args, "--object");
        add(&args, KEY_OBJECT);
    }
    return args;
}

/* A description says itself that it is of qcow2 files. */
static void add_layer(struct args *args, const char *path, bool keyed)
{
    if (!keyed) {
        add(args, "-f");
        add(args, "qcow2");
    }
    add(args, path);
}

static int run_keyed(const struct args *args, const char *key, int timeout_ms, struct err *e)
{
    return child_run(&(struct child){.argv = args->v,
                                     .input = key,
                                     .input_len = key == NULL ? 0 : strlen(key),
                                     .timeout_ms = timeout_ms},
                     e);
}

const char *const *qemu_img_create_argv(struct arena *a, const char *path, const char *backing,
                                        int64_t bytes)
{
    struct args args = begin("create", false);
    if (backing != NULL)
        add(&args, "-u");
    add(&args, "-f");
    add(&args, "qcow2");
    add(&args, "-o");
    add(&args, VOLUME_OPTIONS);
    if (backing != NULL) {
        add(&args, "-F");
        add(&args, "qcow2");
        add(&args, "-b");
        add(&args, backing);
    }
    add(&args, path);
    add(&args, arena_printf(a, "%lld", (long long)bytes));
    return arena_memdup(a, (void *)args.v, (args.n + 1) * sizeof(args.v[0]));
}

int qemu_img_create(const char *path, const char *backing, int64_t bytes, const char *key,
                    struct err *e)
{
    _cleanup_arena_ struct arena *a = arena_new();
    int r = run(qemu_img_create_argv(a, path, backing, bytes), 0, NULL, e);
    return r < 0 || key == NULL ? r : luks_encrypt_qcow2(path, key, e);
}

/* A comma in a value of an option is written twice. */
static const char *option_value(struct arena *a, const char *text)
{
    char *out = arena_alloc(a, 2 * strlen(text) + 1);
    char *p = out;
    for (; *text != '\0'; text++) {
        *p++ = *text;
        if (*text == ',')
            *p++ = ',';
    }
    *p = '\0';
    return out;
}

int qemu_img_encrypt(const char *from, enum format format, int64_t virtual_size, const char *to,
                     const char *key, const struct storage_watch *watch, struct err *e)
{
    _cleanup_arena_ struct arena *a = arena_new();
    const char *target = arena_printf(a,
                                      "driver=qcow2,file.driver=file,file.filename=%s,"
                                      "encrypt.format=luks,encrypt.key-secret=" QEMU_IMG_KEY,
                                      option_value(a, to));
    const char *object = KEY_OBJECT;
    const char *argv[] = {CONVERT_LIMITS,
                          "qemu-img",
                          "convert",
                          watch == NULL ? "-q" : "-p",
                          "--object",
                          object,
                          "-n",
                          "--target-image-opts",
                          "--target-is-zero",
                          "-f",
                          format_name(format),
                          from,
                          target,
                          NULL};
    struct err why = {0};
    (void)unlink(to); /* of a run that was cut short */
    int r = qemu_img_create(to, NULL, virtual_size, key, e);
    if (r < 0)
        return r;
    return run_watched(argv, key, watch, &why) < 0 ? say_unconverted(&why, EINVAL, e) : 0;
}

int qemu_img_resize(const char *path, int64_t bytes, const char *key, struct err *e)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct args args = begin("resize", key != NULL);
    add_layer(&args, path, key != NULL);
    add(&args, arena_printf(a, "%lld", (long long)bytes));
    return run_keyed(&args, key, 0, e);
}

int qemu_img_commit(const char *path, const char *key, struct err *e)
{
    struct args args = begin("commit", key != NULL);
    add(&args, "-d");
    add_layer(&args, path, key != NULL);
    return run_keyed(&args, key, CONVERT_MS, e);
}

int qemu_img_rebase(const char *path, const char *backing, bool copy, const char *key,
                    struct err *e)
{
    struct args args = begin("rebase", key != NULL);
    if (!copy)
        add(&args, "-u");
    add(&args, "-F");
    add(&args, "qcow2");
    add(&args, "-b");
    add(&args, backing == NULL ? "" : backing);
    add_layer(&args, path, key != NULL);
    return run_keyed(&args, key, copy ? CONVERT_MS : 0, e);
}
