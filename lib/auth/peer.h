#pragma once
/*
 * The caller behind a unix socket. The kernel says who connected (SO_PEERCRED, SO_PEERGROUPS);
 * root, the daemon's own user and members of one group (`croft`) are the account's root, everybody
 * else is refused with a sentence that says how to get in. Membership counts from /etc/group (NSS),
 * too, so that a user who was just added need not log in again.
 *
 * A struct peer_gate is shared by all threads; it remembers NSS's answers for PEER_REMEMBER_MS.
 */
#include <stddef.h>
#include <sys/types.h>

#include "auth/principal.h"
#include "base/arena.h"
#include "base/cleanup.h"
#include "core/fault.h"

#define PEER_REMEMBER_MS 10000
#define PEER_REMEMBER    32 /* users */

struct peer {
    uid_t uid;
    gid_t gid;
    const gid_t *groups; /* supplementary groups of the process at the time it connected */
    size_t n_groups;
};

struct peer_gate;

struct peer_gate *peer_gate_new(const char *group, const char *account_id);
void peer_gate_free(struct peer_gate *g);
/* 0 with *ret_principal (strings in the arena), or -1 with AuthFailure, or InternalError when NSS
 * cannot say. */
int peer_gate_check(struct peer_gate *g, const struct peer *peer, struct arena *a,
                    struct principal *ret_principal, struct fault *f);
