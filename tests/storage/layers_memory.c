/*
 * Layers as plain arrays of bytes, in memory that outlives the workers. A copy may be cut short
 * after each unit, a guest's too; and what no real file would tell is looked at: nobody writes what
 * is sealed, removes what another stands on, or merges behind a guest's back.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "base/text.h"
#include "layers.h"
#include "storage/fake.h"

#define FILES_MAX 500
#define NAME_SIZE 64
#define DIRECTORY "/layers/"

static struct file {
    char name[NAME_SIZE];    /* "": there is none */
    char on[NAME_SIZE];      /* "": nothing */
    char key[NAME_SIZE + 8]; /* "": it is not encrypted */
    int64_t bytes;
    bool sealed;
    bool has[REGIONS][UNITS];
    struct content is;
} * files;

static struct storage_ops ops;

static struct file *find(const char *name)
{
    for (int i = 0; i < FILES_MAX; i++)
        if (streq(files[i].name, name))
            return &files[i];
    return NULL;
}

static struct file *must_find(const char *name)
{
    struct file *f = find(name);
    if (f == NULL)
        wrong("there is no file %s", name);
    return f;
}

static struct file *of_path(const char *path)
{
    return must_find(path + strlen(DIRECTORY));
}

static struct file *below(const struct file *f)
{
    return f->on[0] == '\0' ? NULL : must_find(f->on);
}

static void set_name(char to[NAME_SIZE], const char *name)
{
    (void)snprintf(to, NAME_SIZE, "%s", name == NULL ? "" : name);
}

static unsigned char read_unit(const struct file *f, int region, int unit)
{
    for (; f != NULL; f = below(f))
        if (f->has[region][unit])
            return f->is.unit[region][unit];
    return 0;
}

static void put_unit(struct file *f, int region, int unit, unsigned char value)
{
    f->has[region][unit] = true;
    f->is.unit[region][unit] = value;
}

static void must_open(const struct file *f, const char *key)
{
    if (f->key[0] != '\0' && !streq(f->key, key))
        wrong("%s is encrypted, and is opened with %s", f->name,
              key == NULL ? "no key" : "another");
}

static void commit_into(const struct file *f, struct file *to)
{
    if (!streq(f->key, to->key))
        wrong("%s is merged into %s, and their keys differ", f->name, to->name);
    step();
    if (to->bytes < f->bytes)
        to->bytes = f->bytes;
    for (int r = 0; r < REGIONS; r++)
        for (int u = 0; u < UNITS; u++)
            if (f->has[r][u]) {
                put_unit(to, r, u, f->is.unit[r][u]);
                step();
            }
}

/* All that is below comes into it; then it stands on nothing. */
static void flatten_file(struct file *f)
{
    step();
    for (int r = 0; r < REGIONS; r++)
        for (int u = 0; u < UNITS; u++)
            if (!f->has[r][u]) {
                put_unit(f, r, u, read_unit(below(f), r, u));
                step();
            }
    f->on[0] = '\0';
    step();
}

/* --- the driver */

static int m_make(struct storage *s, const char *id, const char *on, int64_t size, const char *key,
                  struct err *e)
{
    (void)s, (void)e;
    step();
    struct file *f = find(id);
    if (f != NULL)
        return 0;
    if (on != NULL && must_find(on)->bytes > size << 30)
        wrong("the layer %s is smaller than %s", id, on);
    if (on != NULL)
        must_open(must_find(on), key);
    f = must_find("");
    *f = (struct file){.bytes = size << 30};
    set_name(f->on, on);
    (void)snprintf(f->key, sizeof(f->key), "%s", key == NULL ? "" : key);
    set_name(f->name, id);
    step();
    return 0;
}

static int m_grow(struct storage *s, const char *id, int64_t size, const char *key, struct err *e)
{
    (void)s, (void)e;
    struct file *f = must_find(id);
    must_open(f, key);
    step();
    if (f->bytes < size << 30)
        f->bytes = size << 30;
    step();
    return 0;
}

static int m_remove(struct storage *s, const char *id, struct err *e)
{
    (void)s, (void)e;
    step();
    struct file *f = find(id);
    for (int i = 0; f != NULL && i < FILES_MAX; i++)
        if (files[i].name[0] != '\0' && streq(files[i].on, id))
            wrong("%s is removed, and %s stands on it", id, files[i].name);
    if (f != NULL)
        f->name[0] = '\0';
    step();
    return 0;
}

static int m_seal(struct storage *s, const char *id, bool sealed, struct err *e)
{
    (void)s, (void)e;
    step();
    must_find(id)->sealed = sealed;
    step();
    return 0;
}

static int m_rebase(struct storage *s, const char *id, const char *on, const char *key,
                    struct err *e)
{
    (void)s;
    step();
    struct file *f = find(id);
    if (f == NULL)
        return err_set(e, ENOENT, "there is no layer %s", id);
    must_open(f, key);
    set_name(f->on, on);
    step();
    return 0;
}

static int m_exists(struct storage *s, const char *id, bool *ret_there, struct err *e)
{
    (void)s, (void)e;
    *ret_there = find(id) != NULL;
    return 0;
}

static int m_in_use(struct storage *s, const char *id, bool *ret_used, struct err *e)
{
    _cleanup_arena_ struct arena *a = arena_new();
    (void)e;
    *ret_used = guest_writes(s->ops->layer_path(s, a, id));
    return 0;
}

static void must_be_free(struct storage *s, const char *id)
{
    _cleanup_arena_ struct arena *a = arena_new();
    if (guest_writes(s->ops->layer_path(s, a, id)))
        wrong("%s is copied without the guest that writes it", id);
}

static int m_merge(struct storage *s, const char *id, const char *into, const char *key,
                   struct err *e)
{
    (void)e;
    must_be_free(s, id);
    must_be_free(s, into);
    count_copy(true);
    struct file *f = must_find(id);
    if (must_find(into)->sealed)
        wrong("%s is merged into %s, which is sealed", id, into);
    must_open(f, key);
    set_name(f->on, into);
    commit_into(f, must_find(into));
    return 0;
}

static int m_flatten(struct storage *s, const char *id, const char *on, const char *key,
                     struct err *e)
{
    (void)e;
    must_be_free(s, id);
    count_copy(false);
    if (on != NULL)
        wrong("there is no image %s in the model", on);
    must_open(must_find(id), key);
    flatten_file(must_find(id));
    return 0;
}

static const char *m_path(struct storage *s, struct arena *a, const char *id)
{
    (void)s;
    return arena_printf(a, DIRECTORY "%s", id);
}

static int m_list(struct storage *s, struct arena *a, struct storage_names *ret, struct err *e)
{
    (void)s, (void)e;
    *ret = (struct storage_names){0};
    for (int i = 0; i < FILES_MAX; i++)
        if (files[i].name[0] != '\0')
            *arena_append(a, ret) = arena_strdup(a, files[i].name);
    return 0;
}

static struct storage *begin(const char *directory)
{
    struct storage *s = NULL;
    (void)directory;
    files = mmap(NULL, FILES_MAX * sizeof(*files), PROT_READ | PROT_WRITE,
                 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (files == MAP_FAILED || fake_storage_new(&s) < 0)
        wrong("there is no memory");
    ops = *s->ops;
    ops.layer_make = m_make;
    ops.layer_grow = m_grow;
    ops.layer_remove = m_remove;
    ops.layer_seal = m_seal;
    ops.layer_rebase = m_rebase;
    ops.layer_exists = m_exists;
    ops.layer_in_use = m_in_use;
    ops.layer_merge = m_merge;
    ops.layer_flatten = m_flatten;
    ops.layer_path = m_path;
    ops.list_layers = m_list;
    s->ops = &ops;
    return s;
}

/* --- what a guest does */

static void write_units(const char *path, const struct write *writes, int n)
{
    struct file *f = of_path(path);
    if (f->sealed)
        wrong("%s is written, and it is sealed", path);
    for (const struct write *w = writes; w < writes + n; w++)
        for (int u = w->from; u < w->from + w->units; u++)
            put_unit(f, w->region, u, (unsigned char)(w->value < 0 ? 0 : w->value));
}

static void check(const char *path, const struct content *is, int size_gib)
{
    const struct file *f = of_path(path);
    if (f->bytes != (int64_t)size_gib << 30)
        wrong("%s has %lld bytes, not %d GiB", path, (long long)f->bytes, size_gib);
    for (int r = 0; r < REGIONS; r++)
        for (int u = 0; u < UNITS; u++)
            if (read_unit(f, r, u) != is->unit[r][u])
                wrong("%s has %d in unit %d of region %d, not %d", path, read_unit(f, r, u), u, r,
                      is->unit[r][u]);
}

static bool is_encrypted(const char *path)
{
    return of_path(path)->key[0] != '\0';
}

static const char *above(struct arena *a, const char *top, const char *path)
{
    const char *name = path + strlen(DIRECTORY);
    for (const struct file *f = of_path(top); f != NULL; f = below(f))
        if (streq(f->on, name))
            return arena_printf(a, DIRECTORY "%s", f->name);
    return NULL;
}

static int commit(const char *path, struct err *e)
{
    const struct file *f = of_path(path);
    (void)e;
    if (below(f) == NULL || below(f)->sealed)
        wrong("the guest merges %s into what it may not write", path);
    commit_into(f, below(f));
    return 0;
}

static int rebase(const char *path, const char *on, struct err *e)
{
    (void)e;
    if (of_path(path)->sealed)
        wrong("the guest names what is below %s in it, and may not write it", path);
    set_name(of_path(path)->on, on + strlen(DIRECTORY));
    return 0;
}

static int flatten(const char *path, struct err *e)
{
    (void)e;
    flatten_file(of_path(path));
    return 0;
}

static int resize(const char *path, int64_t bytes, struct err *e)
{
    (void)e;
    of_path(path)->bytes = bytes;
    return 0;
}

const struct layer_files files_in_memory = {
    .name = "memory",
    .operations = 2000,
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
