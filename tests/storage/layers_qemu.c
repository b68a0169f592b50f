/* The files that Croft has, by its own driver, read and written as a guest would. */
#include <stdio.h>
#include <string.h>

#include "base/child.h"
#include "base/text.h"
#include "layers.h"
#include "storage/files.h"
#include "storage/format.h"

#define ARGS_MAX   400
#define OUTPUT_MAX (1 << 20)

static struct storage_ops real, dying;

#define STEP(call)                                                                                 \
    ({                                                                                             \
        step();                                                                                    \
        int r_ = (call);                                                                           \
        step();                                                                                    \
        r_;                                                                                        \
    })

static int d_make(struct storage *s, const char *id, const char *on, int64_t size, struct err *e)
{
    return STEP(real.layer_make(s, id, on, size, e));
}

static int d_grow(struct storage *s, const char *id, int64_t size, struct err *e)
{
    return STEP(real.layer_grow(s, id, size, e));
}

static int d_remove(struct storage *s, const char *id, struct err *e)
{
    return STEP(real.layer_remove(s, id, e));
}

static int d_seal(struct storage *s, const char *id, bool sealed, struct err *e)
{
    return STEP(real.layer_seal(s, id, sealed, e));
}

static int d_rebase(struct storage *s, const char *id, const char *on, struct err *e)
{
    return STEP(real.layer_rebase(s, id, on, e));
}

static int d_merge(struct storage *s, const char *id, const char *into, struct err *e)
{
    count_copy(true);
    return STEP(real.layer_merge(s, id, into, e));
}

static int d_flatten(struct storage *s, const char *id, const char *on, struct err *e)
{
    count_copy(false);
    return STEP(real.layer_flatten(s, id, on, e));
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
    return s;
}

static long long offset_of(int region, int unit)
{
    return (long long)region * REGION_STEP + (long long)unit * UNIT;
}

static void qemu_io(const char **argv, size_t n, const char *path)
{
    _cleanup_buf_ struct buf output = BUF_INIT(OUTPUT_MAX);
    struct err e = {0};
    argv[n++] = path;
    argv[n] = NULL;
    int r = child_run(&(struct child){.argv = argv, .output = &output}, &e);
    if (r < 0 || strstr(buf_str(&output), "failed") != NULL)
        wrong("%s: %s %s", path, r < 0 ? e.message : "", buf_str(&output));
}

static void write_units(const char *path, const struct write *writes, int n_writes)
{
    _cleanup_arena_ struct arena *a = arena_new();
    const char *argv[ARGS_MAX] = {"qemu-io", "-f", "qcow2"};
    size_t n = 3;
    for (const struct write *w = writes; w < writes + n_writes; w++) {
        const char *how = w->value < 0 ? "-z" : arena_printf(a, "-P %d", w->value);
        argv[n++] = "-c";
        argv[n++] = arena_printf(a, "write %s %lld %d", how, offset_of(w->region, w->from),
                                 w->units * UNIT);
    }
    qemu_io(argv, n, path);
}

static void check(const char *path, const struct content *is, int size_gib)
{
    _cleanup_arena_ struct arena *a = arena_new();
    const char *argv[ARGS_MAX] = {"qemu-io", "-r", "-f", "qcow2"};
    size_t n = 4;
    (void)size_gib;
    for (int r = 0; r < REGIONS; r++)
        for (int from = 0, to = 0; from < UNITS; from = to) {
            while (to < UNITS && is->unit[r][to] == is->unit[r][from])
                to++;
            argv[n++] = "-c";
            argv[n++] = arena_printf(a, "read -P %d %lld %d", is->unit[r][from], offset_of(r, from),
                                     (to - from) * UNIT);
        }
    qemu_io(argv, n, path);
}

static const char *above(struct arena *a, const char *top, const char *path)
{
    const char *name = strrchr(path, '/') + 1;
    const char *directory = arena_strndup(a, path, (size_t)(name - path));
    for (const char *at = top; at != NULL;) {
        struct format_layer header = {0};
        char head[FORMAT_HEAD];
        FILE *f = fopen(at, "re");
        size_t len = f == NULL ? 0 : fread(head, 1, sizeof(head), f);
        if (f == NULL || fclose(f) != 0 || format_qcow2_layer(a, head, len, &header, NULL) < 0)
            wrong("the guest cannot read %s", at);
        if (streq(header.backing, name))
            return at;
        at = header.backing == NULL ? NULL : arena_printf(a, "%s%s", directory, header.backing);
    }
    return NULL;
}

static int commit(const char *path, struct err *e)
{
    return CHILD(e, "qemu-img", "commit", "-q", "-d", "-f", "qcow2", path);
}

static int rebase(const char *path, const char *on, struct err *e)
{
    return CHILD(e, "qemu-img", "rebase", "-q", "-u", "-f", "qcow2", "-F", "qcow2", "-b",
                 strrchr(on, '/') + 1, path);
}

static int flatten(const char *path, struct err *e)
{
    return CHILD(e, "qemu-img", "rebase", "-q", "-f", "qcow2", "-b", "", path);
}

static int resize(const char *path, int64_t bytes, struct err *e)
{
    _cleanup_arena_ struct arena *a = arena_new();
    return CHILD(e, "qemu-img", "resize", "-q", "-f", "qcow2", path,
                 arena_printf(a, "%lld", (long long)bytes));
}

const struct layer_files files_of_qemu = {
    .name = "qemu",
    .operations = 40,
    .begin = begin,
    .write = write_units,
    .check = check,
    .above = above,
    .commit = commit,
    .rebase = rebase,
    .flatten = flatten,
    .resize = resize,
};
