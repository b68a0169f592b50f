#pragma once
/*
 * The policies that count for a principal, read and kept.
 *
 *     struct permissions_held *h = permissions_hold(p, generation, tx, principal);
 *     policy_decide(&question, h->sources, h->n);
 *     permissions_release(h);
 *
 * Those of a user are its own and its groups', and its boundary; of a role, its own, its boundary
 * and what the session was narrowed with; of a federated user, those of who let it in and its own,
 * without which it may nothing. They are parsed once and kept for the next call, as long
 * as nothing of IAM is committed: permissions_changed() moves the generation, and what is of an
 * older one is read anew. A call takes the generation before it begins its transaction, so that
 * what it reads is never taken for newer than it is.
 *
 * From any thread; what is held stays as it is until it is released.
 */
#include "auth/policy_decide.h"
#include "auth/principal.h"
#include "store/identity.h"

#define PERMISSIONS_KEPT     128                /* principals */
#define PERMISSIONS_KEPT_MAX ((size_t)16 << 20) /* bytes of documents, all together */

struct permissions;

struct permissions_held {
    const struct policy_source *sources;
    size_t n;
};

struct permissions *permissions_new(void);
void permissions_free(struct permissions *p);
/* Something of IAM has been committed. */
void permissions_changed(struct permissions *p);
uint64_t permissions_generation(struct permissions *p);

struct permissions_held *permissions_hold(struct permissions *p, uint64_t generation, struct tx *tx,
                                          const struct principal *who);
void permissions_release(struct permissions *p, struct permissions_held *h);

/* A list of policies that grows. */
struct policy_sources {
    struct policy_source *v;
    size_t n;
};
/* The same, in the arena and not kept. Returns the bytes of the documents. */
size_t permissions_read(struct tx *tx, struct arena *a, const struct principal *who,
                        struct policy_sources *ret_sources);
/* Adds the policies of a user, group or role itself: the attached and the inline ones. */
size_t permissions_of_owner(struct tx *tx, struct arena *a, const char *account_id,
                            const char *owner_id, struct policy_sources *to);
