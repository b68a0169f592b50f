#include "api/permissions.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/log.h"
#include "base/text.h"

#define ADMINISTRATOR "arn:aws:iam::aws:policy/AdministratorAccess" /* what an account may */

/*
 * Entries are in one list, the last used first. An entry that is held while it is dropped from the
 * list goes when it is released. Whoever misses reads outside of the lock, so that nobody waits for
 * another's rows; two may read the same, and the second one's goes after its use.
 */
struct entry {
    struct permissions_held held; /* the first member: what callers have */
    struct arena *arena;
    const char *key; /* id of the row, or of the access key of a session that is narrowed */
    uint64_t generation;
    size_t bytes;
    size_t users;
    bool kept;
    struct entry *next;
};

struct permissions {
    pthread_mutex_t lock;
    _Atomic uint64_t generation;
    struct entry *first;
};

struct permissions *permissions_new(void)
{
    struct permissions *p = calloc(1, sizeof(*p));
    CHECK(p != NULL && pthread_mutex_init(&p->lock, NULL) == 0);
    return p;
}

static void entry_free(struct entry *e)
{
    arena_free(e->arena);
    free(e);
}

void permissions_free(struct permissions *p)
{
    if (p == NULL)
        return;
    while (p->first != NULL) {
        struct entry *e = p->first;
        CHECK(e->users == 0);
        p->first = e->next;
        entry_free(e);
    }
    (void)pthread_mutex_destroy(&p->lock);
    free(p);
}

void permissions_changed(struct permissions *p)
{
    p->generation++;
}

uint64_t permissions_generation(struct permissions *p)
{
    return p->generation;
}

/* --- reading */

/* Everything was checked when it was written. What cannot be read all the same allows nothing, and
 * as nobody knows what it denied it denies all. */
static const struct policy *parse(struct arena *a, const char *name, const char *document)
{
    static const char nothing[] =
        "{\"Statement\":{\"Effect\":\"Deny\",\"Action\":\"*\",\"Resource\":\"*\"}}";
    struct err e = {0};
    const struct policy *p = policy_parse(a, document, strlen(document), POLICY_OF_IDENTITY, &e);
    if (p != NULL)
        return p;
    log_error("policy-unreadable policy=%s reason=\"%s\"", name, e.message);
    p = policy_parse(a, nothing, strlen(nothing), POLICY_OF_IDENTITY, &e);
    CHECK(p != NULL);
    return p;
}

/* `document` NULL: it is gone. */
static size_t add(struct arena *a, enum policy_layer layer, const char *name, const char *document,
                  struct policy_sources *to)
{
    *arena_append(a, to) = (struct policy_source){
        .layer = layer,
        .name = arena_strdup(a, name),
        .policy = document == NULL ? NULL : parse(a, name, document),
    };
    return document == NULL ? 0 : strlen(document);
}

size_t permissions_of_owner(struct tx *tx, struct arena *a, const char *account_id,
                            const char *owner_id, struct policy_sources *to)
{
    size_t bytes = 0;
    struct iam_attachment_list attached = store_iam_attachments(tx, a, "owner_id", owner_id);
    for (size_t i = 0; i < attached.n; i++) {
        const char *arn = attached.v[i].policy_arn;
        bytes +=
            add(a, POLICY_LAYER_IDENTITY, arn, store_managed_document(tx, a, account_id, arn), to);
    }
    struct iam_inline_policy_list own = store_iam_inline_policies(tx, a, "owner_id", owner_id);
    for (size_t i = 0; i < own.n; i++)
        bytes += add(a, POLICY_LAYER_IDENTITY, own.v[i].name, own.v[i].document, to);
    return bytes;
}

static size_t read_user(struct tx *tx, struct arena *a, const struct principal *who,
                        struct policy_sources *to)
{
    const struct iam_user *user = store_iam_user(tx, a, who->id);
    if (user == NULL)
        return 0;
    size_t bytes = permissions_of_owner(tx, a, who->account_id, user->id, to);
    struct iam_group_member_list groups = store_iam_group_members(tx, a, "user_id", user->id);
    for (size_t i = 0; i < groups.n; i++)
        bytes += permissions_of_owner(tx, a, who->account_id, groups.v[i].group_id, to);
    if (user->permissions_boundary != NULL)
        bytes +=
            add(a, POLICY_LAYER_BOUNDARY, user->permissions_boundary,
                store_managed_document(tx, a, who->account_id, user->permissions_boundary), to);
    return bytes;
}

static size_t read_role(struct tx *tx, struct arena *a, const struct principal *who,
                        struct policy_sources *to)
{
    const struct iam_role *role = store_iam_role(tx, a, who->id);
    if (role == NULL)
        return 0;
    size_t bytes = permissions_of_owner(tx, a, who->account_id, role->id, to);
    if (role->permissions_boundary != NULL)
        bytes +=
            add(a, POLICY_LAYER_BOUNDARY, role->permissions_boundary,
                store_managed_document(tx, a, who->account_id, role->permissions_boundary), to);
    return bytes;
}

static bool has_own_policies(const struct principal *who)
{
    return who->session != NULL && who->session->n_policies + who->session->n_policy_arns > 0;
}

static bool is_narrowed(const struct principal *who)
{
    return who->kind == PRINCIPAL_FEDERATED || has_own_policies(who);
}

/* Those of who lets it in, and of them what the session names: nothing, if it names nothing (AWS:
 * "GetFederationToken", permissions). */
static size_t read_federated(struct tx *tx, struct arena *a, const struct principal *who,
                             struct policy_sources *to)
{
    size_t bytes = who->id != NULL
                       ? read_user(tx, a, who, to)
                       : add(a, POLICY_LAYER_IDENTITY, ADMINISTRATOR,
                             store_managed_document(tx, a, who->account_id, ADMINISTRATOR), to);
    if (!has_own_policies(who))
        bytes += add(a, POLICY_LAYER_SESSION, "session", NULL, to);
    return bytes;
}

size_t permissions_read(struct tx *tx, struct arena *a, const struct principal *who,
                        struct policy_sources *ret_sources)
{
    struct policy_sources to = {0};
    size_t bytes = 0;
    if (who->kind == PRINCIPAL_USER)
        bytes = read_user(tx, a, who, &to);
    else if (who->kind == PRINCIPAL_ROLE)
        bytes = read_role(tx, a, who, &to);
    else if (who->kind == PRINCIPAL_FEDERATED)
        bytes = read_federated(tx, a, who, &to);
    for (size_t i = 0; is_narrowed(who) && i < who->session->n_policies; i++)
        bytes += add(a, POLICY_LAYER_SESSION, "session", who->session->policies[i], &to);
    for (size_t i = 0; is_narrowed(who) && i < who->session->n_policy_arns; i++) {
        const char *arn = who->session->policy_arns[i];
        bytes += add(a, POLICY_LAYER_SESSION, arn,
                     store_managed_document(tx, a, who->account_id, arn), &to);
    }
    *ret_sources = to;
    return bytes;
}

/* --- keeping */

static struct entry *find(struct permissions *p, uint64_t generation, const char *key)
{
    for (struct entry **at = &p->first; *at != NULL; at = &(*at)->next) {
        struct entry *e = *at;
        if (e->generation != generation || !streq(e->key, key))
            continue;
        *at = e->next;
        e->next = p->first;
        p->first = e;
        return e;
    }
    return NULL;
}

/* Drops what is of another generation, and the longest unused ones beyond the bounds. */
static void trim(struct permissions *p)
{
    size_t n = 0;
    size_t bytes = 0;
    uint64_t generation = p->generation;
    for (struct entry **at = &p->first; *at != NULL;) {
        struct entry *e = *at;
        n++;
        bytes += e->bytes;
        if (e->generation >= generation && n <= PERMISSIONS_KEPT && bytes <= PERMISSIONS_KEPT_MAX) {
            at = &e->next;
            continue;
        }
        n--;
        bytes -= e->bytes;
        *at = e->next;
        e->kept = false;
        if (e->users == 0)
            entry_free(e);
    }
}

static struct entry *read_entry(uint64_t generation, struct tx *tx, const struct principal *who,
                                const char *key)
{
    struct entry *e = calloc(1, sizeof(*e));
    CHECK_MEMORY(e != NULL);
    e->arena = arena_new();
    struct policy_sources sources;
    e->bytes = permissions_read(tx, e->arena, who, &sources);
    e->held = (struct permissions_held){sources.v, sources.n};
    e->key = arena_strdup(e->arena, key);
    e->generation = generation;
    e->users = 1;
    return e;
}

struct permissions_held *permissions_hold(struct permissions *p, uint64_t generation, struct tx *tx,
                                          const struct principal *who)
{
    const char *key = is_narrowed(who) ? who->access_key_id : who->id;
    CHECK(key != NULL); /* the account itself has no policies */
    CHECK(pthread_mutex_lock(&p->lock) == 0);
    struct entry *e = find(p, generation, key);
    if (e != NULL)
        e->users++;
    (void)pthread_mutex_unlock(&p->lock);
    if (e != NULL)
        return &e->held;

    e = read_entry(generation, tx, who, key);
    if (tx_failed(tx)) /* what could not be read is not what there is */
        return &e->held;
    CHECK(pthread_mutex_lock(&p->lock) == 0);
    if (find(p, generation, key) == NULL) {
        e->kept = true;
        e->next = p->first;
        p->first = e;
        trim(p);
    }
    (void)pthread_mutex_unlock(&p->lock);
    return &e->held;
}

void permissions_release(struct permissions *p, struct permissions_held *h)
{
    struct entry *e = (struct entry *)h;
    CHECK(pthread_mutex_lock(&p->lock) == 0);
    bool last = --e->users == 0 && !e->kept;
    (void)pthread_mutex_unlock(&p->lock);
    if (last)
        entry_free(e);
}
