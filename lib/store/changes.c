#include "store/changes.h"

#include <string.h>

#include "base/text.h"
#include "store/connection.h"
#include "store/watch.h"

/* Hashes of rows that were read, with open addressing; 0 is a free place. */
struct hashes {
    uint64_t *v;
    size_t n, capacity;
};

struct watch {
    struct arena *arena;
    struct changes seen;
    struct hashes read;
    bool paused; /* while it reads for itself */
};

static const void *copy_row(struct arena *a, const struct table *t, const void *row)
{
    char *copy = arena_memdup(a, row, t->row_size);
    for (size_t i = 0; i < t->n_columns; i++) {
        const char *text = NULL;
        if (t->columns[i].kind != COLUMN_TEXT)
            continue;
        memcpy(&text, copy + t->columns[i].offset, sizeof(text));
        text = arena_strdup(a, text);
        memcpy(copy + t->columns[i].offset, &text, sizeof(text));
    }
    return copy;
}

const char *column_text(const struct column *c, struct arena *a, const void *row)
{
    const char *at = (const char *)row + c->offset;
    switch (c->kind) {
    case COLUMN_TEXT: {
        const char *text = NULL;
        memcpy(&text, at, sizeof(text));
        return text;
    }
    case COLUMN_INT: {
        int64_t v = 0;
        memcpy(&v, at, sizeof(v));
        return arena_printf(a, "%lld", (long long)v);
    }
    case COLUMN_BOOL: {
        bool v = false;
        memcpy(&v, at, sizeof(v));
        return v ? "true" : "false";
    }
    case COLUMN_STATE: {
        int v = 0;
        memcpy(&v, at, sizeof(v));
        return state_name(c->states, v);
    }
    }
    return NULL;
}

const char *row_text(const struct table *t, struct arena *a, const void *row, const char *column)
{
    for (size_t i = 0; i < t->n_columns; i++)
        if (streq(t->columns[i].name, column))
            return column_text(&t->columns[i], a, row);
    return NULL;
}

static bool same_columns(const struct table *t, struct arena *a, size_t n, const void *left,
                         const void *right)
{
    for (size_t i = 0; i < n; i++)
        if (!streq(column_text(&t->columns[i], a, left), column_text(&t->columns[i], a, right)))
            return false;
    return true;
}

enum change_kind change_kind(const struct change *c)
{
    return c->before == NULL ? CHANGE_INSERT : c->after == NULL ? CHANGE_DELETE : CHANGE_UPDATE;
}

/* --- what table.c and queries.c report */

void tx_watch(struct tx *tx, struct arena *a)
{
    tx->watch = arena_new_of(a, struct watch);
    tx->watch->arena = a;
}

const void *watch_before(struct tx *tx, const struct table *t, const void *row)
{
    struct watch *w = tx->watch;
    if (w == NULL || w->paused)
        return NULL;
    const char *key[FIND_MAX];
    for (size_t i = 0; i < t->n_key; i++)
        key[i] = column_text(&t->columns[i], w->arena, row);
    w->paused = true;
    const void *before = table_get(tx, t, w->arena, key);
    w->paused = false;
    return before;
}

static struct change *find_change(struct watch *w, const struct table *t, const void *row)
{
    for (size_t i = 0; i < w->seen.rows.n; i++) {
        struct change *c = &w->seen.rows.v[i];
        if (c->table == t &&
            same_columns(t, w->arena, t->n_key, c->after != NULL ? c->after : c->before, row))
            return c;
    }
    return NULL;
}

void watch_change(struct tx *tx, const struct table *t, const void *before, const void *after)
{
    struct watch *w = tx->watch;
    if (w == NULL || w->paused || tx->failed)
        return;
    const void *copy = after == NULL ? NULL : copy_row(w->arena, t, after);
    struct change *c = find_change(w, t, after != NULL ? after : before);
    if (c != NULL) {
        /* Inserted and deleted again: the row is kept as a change from nothing to nothing. */
        c->after = copy;
        if (copy == NULL && c->before == NULL)
            c->table = NULL;
        return;
    }
    if (w->seen.rows.n == CHANGES_MAX) {
        w->seen.left_off++;
        return;
    }
    *arena_append(w->arena, &w->seen.rows) = (struct change){t, before, copy};
}

void watch_delete(struct tx *tx, const struct table *t, const char *const *conditions)
{
    struct watch *w = tx->watch;
    if (w == NULL || w->paused)
        return;
    void *rows = NULL;
    size_t n = 0;
    w->paused = true;
    table_find(tx, t, w->arena, &rows, &n, conditions);
    w->paused = false;
    for (size_t i = 0; i < n; i++)
        watch_change(tx, t, (const char *)rows + i * t->row_size, NULL);
}

static uint64_t hash_text(uint64_t h, const char *s)
{
    for (; s != NULL && *s != '\0'; s++)
        h = (h ^ (unsigned char)*s) * 1099511628211U; /* FNV-1a */
    return (h ^ 0xff) * 1099511628211U;
}

static bool put_hash(struct hashes *set, uint64_t h)
{
    size_t at = h % set->capacity;
    while (set->v[at] != 0 && set->v[at] != h)
        at = (at + 1) % set->capacity;
    bool is_new = set->v[at] == 0;
    set->v[at] = h;
    set->n += is_new;
    return is_new;
}

/* True for a row that was not there yet. */
static bool note_hash(struct watch *w, uint64_t h)
{
    struct hashes *set = &w->read;
    if (set->n * 2 >= set->capacity) {
        struct hashes larger = {.capacity = set->capacity == 0 ? 64 : set->capacity * 2};
        larger.v = arena_array(w->arena, larger.capacity, uint64_t);
        for (size_t i = 0; i < set->capacity; i++)
            if (set->v[i] != 0)
                (void)put_hash(&larger, set->v[i]);
        *set = larger;
    }
    return put_hash(set, h == 0 ? 1 : h);
}

void watch_read(struct tx *tx, const struct table *t, const void *rows, size_t n)
{
    struct watch *w = tx->watch;
    size_t fresh = 0;
    if (w == NULL || w->paused)
        return;
    for (size_t i = 0; i < n; i++) {
        uint64_t h = hash_text(14695981039346656037U, t->name);
        for (size_t c = 0; c < t->n_key; c++)
            h = hash_text(
                h, column_text(&t->columns[c], w->arena, (const char *)rows + i * t->row_size));
        fresh += note_hash(w, h);
    }
    for (size_t i = 0; i < w->seen.reads.n; i++)
        if (w->seen.reads.v[i].table == t) {
            w->seen.reads.v[i].n += fresh;
            return;
        }
    if (fresh > 0)
        *arena_append(w->arena, &w->seen.reads) = (struct rows_read){t, fresh};
}

void watch_job(struct tx *tx, const char *kind, const char *object_id)
{
    struct watch *w = tx->watch;
    if (w == NULL || w->paused)
        return;
    for (size_t i = 0; i < w->seen.jobs.n; i++)
        if (streq(w->seen.jobs.v[i].object_id, object_id))
            return;
    *arena_append(w->arena, &w->seen.jobs) =
        (struct enqueued){arena_strdup(w->arena, kind), arena_strdup(w->arena, object_id)};
}

const struct changes *tx_watched(struct tx *tx)
{
    struct watch *w = tx->watch;
    if (w == NULL)
        return NULL;
    tx->watch = NULL;
    struct change_list *rows = &w->seen.rows;
    size_t kept = 0;
    for (size_t i = 0; i < rows->n; i++) {
        const struct change c = rows->v[i];
        bool none = c.table == NULL ||
                    (c.before != NULL && c.after != NULL &&
                     same_columns(c.table, w->arena, c.table->n_columns, c.before, c.after));
        if (!none)
            rows->v[kept++] = c;
    }
    rows->n = kept;
    return &w->seen;
}
