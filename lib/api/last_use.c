#include "api/last_use.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/text.h"

#define ENTRIES_MAX  256                       /* when so many wait they are written */
#define WAIT_MAX     ((int64_t)15 * 60 * 1000) /* milliseconds that a use waits for a commit */
#define ID_MAX_SIZE  32
#define SERVICE_SIZE 40
#define REGION_SIZE  40

struct last_uses_entry {
    char id[ID_MAX_SIZE];
    int64_t first_at; /* since when it waits */
    int64_t at;
    char service[SERVICE_SIZE];
    char region[REGION_SIZE];
};

struct last_uses {
    pthread_mutex_t lock;
    size_t n;
    struct last_uses_entry entries[ENTRIES_MAX];
};

struct last_uses *last_uses_new(void)
{
    struct last_uses *l = calloc(1, sizeof(*l));
    CHECK_MEMORY(l != NULL);
    (void)pthread_mutex_init(&l->lock, NULL);
    return l;
}

void last_uses_free(struct last_uses *l)
{
    if (l == NULL)
        return;
    (void)pthread_mutex_destroy(&l->lock);
    free(l);
}

static void copy(char *to, size_t size, const char *from)
{
    size_t len = strnlen(from == NULL ? "" : from, size - 1);
    memcpy(to, from == NULL ? "" : from, len);
    to[len] = '\0';
}

/* The lock is held, here and in put(). */
static struct last_uses_entry *find(struct last_uses *l, const char *id)
{
    for (size_t i = 0; i < l->n; i++)
        if (streq(l->entries[i].id, id))
            return &l->entries[i];
    return NULL;
}

/* An older use does not take the place of a later one; one for which there is no room is forgotten.
 */
static void put(struct last_uses *l, const struct last_uses_entry *entry)
{
    struct last_uses_entry *there = find(l, entry->id);
    if (there == NULL && l->n < ENTRIES_MAX) {
        l->entries[l->n++] = *entry;
    } else if (there != NULL && there->at <= entry->at) {
        int64_t first_at = there->first_at;
        *there = *entry;
        there->first_at = first_at;
    }
}

bool last_uses_note(struct last_uses *l, const char *id, const struct last_use *use)
{
    struct last_uses_entry entry = {.first_at = use->at, .at = use->at};
    copy(entry.id, sizeof(entry.id), id);
    copy(entry.service, sizeof(entry.service), use->service);
    copy(entry.region, sizeof(entry.region), use->region);
    (void)pthread_mutex_lock(&l->lock);
    put(l, &entry);
    const struct last_uses_entry *there = find(l, entry.id);
    bool due = l->n == ENTRIES_MAX || (there != NULL && there->first_at + WAIT_MAX < use->at);
    (void)pthread_mutex_unlock(&l->lock);
    return due;
}

static void write_one(struct tx *tx, struct arena *a, const struct last_uses_entry *e)
{
    struct access_key *key = store_access_key(tx, a, e->id);
    struct iam_role *role = key == NULL ? store_iam_role(tx, a, e->id) : NULL;
    if (key != NULL && key->last_used_at < e->at) {
        key->last_used_at = e->at;
        key->last_used_service = e->service;
        key->last_used_region = e->region;
        store_update_access_key(tx, key);
    } else if (role != NULL && role->last_used_at < e->at) {
        role->last_used_at = e->at;
        role->last_used_region = e->region;
        store_update_iam_role(tx, role);
    }
}

void last_uses_write(struct last_uses *l, struct tx *tx, struct arena *a,
                     struct last_uses_taken *ret_taken)
{
    struct last_uses_taken taken = {0};
    (void)pthread_mutex_lock(&l->lock);
    if (l->n > 0)
        taken = (struct last_uses_taken){arena_memdup(a, l->entries, l->n * sizeof(l->entries[0])),
                                         l->n};
    l->n = 0;
    (void)pthread_mutex_unlock(&l->lock);
    for (size_t i = 0; i < taken.n; i++)
        write_one(tx, a, &taken.v[i]);
    *ret_taken = taken;
}

void last_uses_return(struct last_uses *l, const struct last_uses_taken *taken)
{
    (void)pthread_mutex_lock(&l->lock);
    for (size_t i = 0; i < taken->n; i++)
        put(l, &taken->v[i]);
    (void)pthread_mutex_unlock(&l->lock);
}

static struct last_use latest(struct last_uses *l, struct arena *a, const char *id,
                              struct last_use in_row)
{
    if (l == NULL)
        return in_row;
    (void)pthread_mutex_lock(&l->lock);
    const struct last_uses_entry *noted = find(l, id);
    if (noted != NULL && noted->at > in_row.at)
        in_row = (struct last_use){noted->at, arena_strdup(a, noted->service),
                                   arena_strdup(a, noted->region)};
    (void)pthread_mutex_unlock(&l->lock);
    return in_row;
}

struct last_use last_use_of_key(struct last_uses *l, struct arena *a, const struct access_key *key)
{
    return latest(
        l, a, key->id,
        (struct last_use){key->last_used_at, key->last_used_service, key->last_used_region});
}

struct last_use last_use_of_role(struct last_uses *l, struct arena *a, const struct iam_role *role)
{
    return latest(l, a, role->id,
                  (struct last_use){role->last_used_at, NULL, role->last_used_region});
}
