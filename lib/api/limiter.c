#include "api/limiter.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/text.h"

/* A token is a million parts, so that each microsecond brings a whole number of them. */
#define PARTS        INT64_C(1000000)
#define TELL_EVERY   (60 * INT64_C(1000000))
#define NEVER_SINCE  INT64_MIN
#define SIZE_LARGEST (INT64_MAX / PARTS)

struct bucket {
    char name[LIMITER_NAME_MAX];
    struct bucket *next;          /* of the same hash */
    struct bucket *newer, *older; /* by when they were asked for */
    size_t slot;
    int64_t parts;
    int64_t at;      /* when it had so many */
    int64_t told_at; /* NEVER_SINCE: not yet */
};

struct limiter {
    pthread_mutex_t lock; /* of all that follows */
    size_t max, n;
    struct bucket *buckets; /* `max` of them, `n` in use */
    struct bucket **slots;  /* by hash, `max` of them */
    struct bucket *newest, *oldest;
};

struct limiter *limiter_new(size_t max)
{
    struct limiter *l = calloc(1, sizeof(*l));
    CHECK(l != NULL && max > 0);
    l->max = max;
    l->buckets = calloc(max, sizeof(*l->buckets));
    l->slots = calloc(max, sizeof(struct bucket *));
    CHECK_MEMORY(l->buckets != NULL && l->slots != NULL);
    (void)pthread_mutex_init(&l->lock, NULL);
    return l;
}

void limiter_free(struct limiter *l)
{
    if (l == NULL)
        return;
    (void)pthread_mutex_destroy(&l->lock);
    free(l->buckets);
    free((void *)l->slots);
    free(l);
}

/* FNV-1a. Names are accounts, regions and actions of ours: nobody chooses them to collide. */
static size_t slot_of(const struct limiter *l, const char *name)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (; *name != '\0'; name++)
        hash = (hash ^ (unsigned char)*name) * UINT64_C(0x100000001b3);
    return hash % l->max;
}

static void unlink_age(struct limiter *l, struct bucket *b)
{
    if (b->newer != NULL)
        b->newer->older = b->older;
    else
        l->newest = b->older;
    if (b->older != NULL)
        b->older->newer = b->newer;
    else
        l->oldest = b->newer;
}

static void link_newest(struct limiter *l, struct bucket *b)
{
    b->newer = NULL;
    b->older = l->newest;
    if (l->newest != NULL)
        l->newest->newer = b;
    else
        l->oldest = b;
    l->newest = b;
}

/* One that is not in use. */
static struct bucket *make_room(struct limiter *l)
{
    if (l->n < l->max)
        return &l->buckets[l->n++];
    struct bucket *b = l->oldest;
    unlink_age(l, b);
    struct bucket **at = &l->slots[b->slot];
    while (*at != b)
        at = &(*at)->next;
    *at = b->next;
    return b;
}

static struct bucket *find(struct limiter *l, const char *name, int64_t full, int64_t now_us)
{
    size_t slot = slot_of(l, name);
    struct bucket *b = l->slots[slot];
    while (b != NULL && !streq(b->name, name))
        b = b->next;
    if (b != NULL) {
        unlink_age(l, b);
    } else {
        b = make_room(l);
        *b = (struct bucket){
            .next = l->slots[slot],
            .slot = slot,
            .parts = full,
            .at = now_us,
            .told_at = NEVER_SINCE,
        };
        size_t len = strlen(name) + 1;
        CHECK(len <= sizeof(b->name));
        (void)memcpy(b->name, name, len);
        l->slots[slot] = b;
    }
    link_newest(l, b);
    return b;
}

static void fill_up(struct bucket *b, const struct limit *of, int64_t now_us)
{
    int64_t missing = of->size * PARTS - b->parts;
    int64_t passed = now_us - b->at;
    if (of->refill > 0 && passed >= missing / of->refill)
        b->parts = of->size * PARTS;
    else
        b->parts += passed * of->refill;
    b->at = now_us;
}

static bool take(struct bucket *b, int64_t n)
{
    if (n > b->parts / PARTS)
        return false;
    b->parts -= n * PARTS;
    return true;
}

int limiter_take(struct limiter *l, const char *name, const struct limit *of, int64_t n,
                 int64_t now_us, bool *ret_tell)
{
    CHECK(of->size >= 0 && of->size <= SIZE_LARGEST && n >= 0);
    (void)pthread_mutex_lock(&l->lock);
    struct bucket *b = find(l, name, of->size * PARTS, now_us);
    fill_up(b, of, now_us);
    bool taken = take(b, n);
    bool tell = !taken && (b->told_at == NEVER_SINCE || now_us - b->told_at >= TELL_EVERY);
    if (tell)
        b->told_at = now_us;
    (void)pthread_mutex_unlock(&l->lock);
    *ret_tell = tell;
    return taken ? 0 : -EAGAIN;
}

size_t limiter_count(struct limiter *l)
{
    (void)pthread_mutex_lock(&l->lock);
    size_t n = l->n;
    (void)pthread_mutex_unlock(&l->lock);
    return n;
}
