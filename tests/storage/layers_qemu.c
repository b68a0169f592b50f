/* The files that Croft has, by its own driver, read and written as a guest would. */
#include <stdio.h>
#include <string.h>

#include "base/child.h"
#include "base/text.h"
#include "layers.h"
#include "storage/files_internal.h"
#include "storage/qemu_img.h"

#define ARGS_MAX   400
#define OUTPUT_MAX (1 << 20)

static struct storage_ops real, dying;
static struct storage *files;

#define STEP(call)                                                                                 \
    ({                                                                                             \
        step();                                                                                    \
        int r_ = (call);                                                                           \
        step();                                                                                    \
        r_;                                                                                        \
    })

static int d_make(struct storage *s, const char *id, const char *on, int64_t size, const char *key,
                  struct err *e)
{
    return STEP(real.layer_make(s, id, on, size, key, e));
}

static int d_grow(struct storage *s, const char *id, int64_t size, const char *key, struct err *e)
{
    return STEP(real.layer_grow(s, id, size, key, e));
}

static int d_remove(struct storage *s, const char *id, struct err *e)
{
    return STEP(real.layer_remove(s, id, e));
}

static int d_seal(struct storage *s, const char *id, bool sealed, struct err *e)
{
    return STEP(real.layer_seal(s, id, sealed, e));
}

static int d_rebase(struct storage *s, const char *id, const char *on, const char *key,
                    struct err *e)
{
    return STEP(real.layer_rebase(s, id, on, key, e));
}

static int d_merge(struct storage *s, const char *id, const char *into, const char *key,
                   struct err *e)
{
    count_copy(true);
    return STEP(real.layer_merge(s, id, into, key, e));
}

static int d_flatten(struct storage *s, const char *id, const char *on, const char *key,
                     struct err *e)
{
    count_copy(false);
    return STEP(real.layer_flatten(s, id, on, key, e));
}

static struct storage *begin(const char *directory)
{
    struct storage *s = NULL;
    struct err e = {0};
    if (files_storage_new(directory, &s, &e) < 0)
        wrong("%s", e.message);
    real = dying = *s->ops;
    dying.layer_make = d_make;
    dying.layer_grow = d_grow;
    dying.layer_remove = d_remove;
    dying.layer_seal = d_seal;
    dying.layer_rebase = d_rebase;
    dying.layer_merge = d_merge;
    dying.layer_flatten = d_flatten;
    s->ops = &dying;
    files = s;
    return s;
}

static long long offset_of(int region, int unit)
{
    return (long long)region * REGION_STEP + (long long)unit * UNIT;
}

#define KEY_OBJECT "secret,id=" QEMU_IMG_KEY ",file=/dev/stdin"

struct args {
    const char *v[ARGS_MAX + 1];
    size_t n;
};

static void add(struct args *args, const char *arg)
{
    if (args->n == ARGS_MAX)
        wrong("there are too many arguments");
    args->v[args->n++] = arg;
}

/* A program, told where the key comes from. */
static struct args begin_args(const char *program, const char *verb, const char *key)
{
    struct args args = {{program}, 1};
    if (verb != NULL)
        add(&args, verb);
    if (key != NULL) {
        add(&args, "--object");
        add(&args, KEY_OBJECT);
    }
    return args;
}

/* The file comes last, as a description of its chain if that has a key. */
static int run(struct arena *a, struct args *args, const char *path, const char *key,
               struct buf *output, struct err *e)
{
    const char *spec = NULL;
    int r = files_layer_spec(a, path, key, &spec, e);
    if (r < 0)
        return r;
    if (key == NULL) {
        add(args, "-f");
        add(args, "qcow2");
    }
    add(args, spec);
    return child_run(&(struct child){.argv = args->v,
                                     .input = key,
                                     .input_len = key == NULL ? 0 : strlen(key),
                                     .output = output},
                     e);
}

static void qemu_io(struct arena *a, struct args *args, const char *path, const char *key)
{
    _cleanup_buf_ struct buf output = BUF_INIT(OUTPUT_MAX);
    struct err e = {0};
    int r = run(a, args, path, key, &output, &e);
    if (r < 0 || strstr(buf_str(&output), "failed") != NULL)
        wrong("%s: %s %s", path, r < 0 ? e.message : "", buf_str(&output));
}

static void write_units(const char *path, const struct write *writes, int n_writes)
{
    _cleanup_arena_ struct arena *a = arena_new();
    const char *key = key_of_file(a, path);
    struct args args = begin_args("qemu-io", NULL, key);
    for (const struct write *w = writes; w < writes + n_writes; w++) {
        const char *how = w->value < 0 ? "-z" : arena_printf(a, "-P %d", w->value);
        add(&args, "-c");
        add(&args, arena_printf(a, "write %s %lld %d", how, offset_of(w->region, w->from),
                                w->units * UNIT));
    }
    qemu_io(a, &args, path, key);
}

static void check(const char *path, const struct content *is, int size_gib)
{
    _cleanup_arena_ struct arena *a = arena_new();
    const char *key = key_of_file(a, path);
    struct args args = begin_args("qemu-io", NULL, key);
    add(&args, "-r");
    (void)size_gib;
    for (int r = 0; r < REGIONS; r++)
        for (int from = 0, to = 0; from < UNITS; from = to) {
            while (to < UNITS && is->unit[r][to] == is->unit[r][from])
                to++;
            add(&args, "-c");
            add(&args, arena_printf(a, "read -P %d %lld %d", is->unit[r][from], offset_of(r, from),
                                    (to - from) * UNIT));
        }
    qemu_io(a, &args, path, key);
}

static struct format_layer header_of(struct arena *a, const char *path)
{
    struct format_layer header = {0};
    char head[FORMAT_HEAD];
    FILE *f = fopen(path, "re");
    size_t len = f == NULL ? 0 : fread(head, 1, sizeof(head), f);
    if (f == NULL || fclose(f) != 0 || format_qcow2_layer(a, head, len, &header, NULL) < 0)
        wrong("the guest cannot read %s", path);
    return header;
}

static bool is_encrypted(const char *path)
{
    _cleanup_arena_ struct arena *a = arena_new();
    return header_of(a, path).encrypted;
}

static const char *above(struct arena *a, const char *top, const char *path)
{
    const char *name = strrchr(path, '/') + 1;
    const char *directory = arena_strndup(a, path, (size_t)(name - path));
    for (const char *at = top; at != NULL;) {
        struct format_layer header = header_of(a, at);
        if (streq(header.backing, name))
            return at;
        at = header.backing == NULL ? NULL : arena_printf(a, "%s%s", directory, header.backing);
    }
    return NULL;
}

/* QEMU reads this one and writes the one below; qemu-img opens both for writing. */
static int commit(const char *path, struct err *e)
{
    _cleanup_own_write_ struct own_write write = OWN_WRITE_NONE;
    _cleanup_arena_ struct arena *a = arena_new();
    const char *key = key_of_file(a, path);
    struct args args = begin_args("qemu-img", "commit", key);
    add(&args, "-q");
    add(&args, "-d");
    int r = files_own_write(path, &write, e);
    return r < 0 ? r : run(a, &args, path, key, NULL, e);
}

/* As QEMU writes a name: into the file alone. */
static int rebase(const char *path, const char *on, struct err *e)
{
    _cleanup_arena_ struct arena *a = arena_new();
    const char *id = arena_strndup(a, strrchr(path, '/') + 1, strlen(strrchr(path, '/') + 1) - 6);
    const char *below = arena_strndup(a, strrchr(on, '/') + 1, strlen(strrchr(on, '/') + 1) - 6);
    return real.layer_rebase(files, id, below, key_of_file(a, path), e);
}

static int flatten(const char *path, struct err *e)
{
    _cleanup_arena_ struct arena *a = arena_new();
    const char *key = key_of_file(a, path);
    struct args args = begin_args("qemu-img", "rebase", key);
    add(&args, "-q");
    add(&args, "-b");
    add(&args, "");
    return run(a, &args, path, key, NULL, e);
}

static int resize(const char *path, int64_t bytes, struct err *e)
{
    _cleanup_arena_ struct arena *a = arena_new();
    const char *key = key_of_file(a, path);
    struct args args = begin_args("qemu-img", "resize", key);
    const char *spec = NULL;
    int r = files_layer_spec(a, path, key, &spec, e);
    if (r < 0)
        return r;
    add(&args, "-q");
    if (key == NULL) {
        add(&args, "-f");
        add(&args, "qcow2");
    }
    add(&args, spec);
    add(&args, arena_printf(a, "%lld", (long long)bytes));
    return child_run(
        &(struct child){.argv = args.v, .input = key, .input_len = key == NULL ? 0 : strlen(key)},
        e);
}

const struct layer_files files_of_qemu = {
    .name = "qemu",
    .operations = 40,
    .begin = begin,
    .write = write_units,
    .check = check,
    .is_encrypted = is_encrypted,
    .above = above,
    .commit = commit,
    .rebase = rebase,
    .flatten = flatten,
    .resize = resize,
};
