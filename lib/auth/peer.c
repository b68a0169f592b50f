#include "auth/peer.h"

#include <errno.h>
#include <grp.h>
#include <pthread.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"

#define GROUPS_MAX   1024
#define NSS_BUF_SIZE ((size_t)256 << 10)

struct memory {
    bool is_set;
    bool is_member;
    uid_t uid;
    int64_t asked; /* monotonic */
};

struct peer_gate {
    char *group;
    char *account_id;
    pthread_mutex_t lock; /* of what follows */
    struct memory memory[PEER_REMEMBER];
    struct {
        bool is_set;
        gid_t gid; /* (gid_t)-1: no such group */
        int64_t asked;
    } group_id;
};

struct peer_gate *peer_gate_new(const char *group, const char *account_id)
{
    struct peer_gate *g = calloc(1, sizeof(*g));
    CHECK(g != NULL);
    g->group = strdup(group);
    g->account_id = strdup(account_id);
    CHECK(g->group != NULL && g->account_id != NULL);
    (void)pthread_mutex_init(&g->lock, NULL);
    return g;
}

void peer_gate_free(struct peer_gate *g)
{
    if (g == NULL)
        return;
    (void)pthread_mutex_destroy(&g->lock);
    free(g->group);
    free(g->account_id);
    free(g);
}

static gid_t lookup_group(const char *name)
{
    char *buf = malloc(NSS_BUF_SIZE);
    CHECK(buf != NULL);
    struct group group;
    struct group *found = NULL;
    int r = getgrnam_r(name, &group, buf, NSS_BUF_SIZE, &found);
    gid_t gid = r == 0 && found != NULL ? group.gr_gid : (gid_t)-1;
    free(buf);
    return gid;
}

/* Is the user a member by NSS, whatever the groups of the process are? */
static bool lookup_member(uid_t uid, gid_t gid)
{
    char *buf = malloc(NSS_BUF_SIZE);
    gid_t *groups = calloc(GROUPS_MAX, sizeof(*groups));
    CHECK(buf != NULL && groups != NULL);
    struct passwd user;
    struct passwd *found = NULL;
    bool member = false;
    if (getpwuid_r(uid, &user, buf, NSS_BUF_SIZE, &found) == 0 && found != NULL) {
        int n = GROUPS_MAX;
        /* With more groups than that it fills the array and returns -1. */
        if (getgrouplist(user.pw_name, user.pw_gid, groups, &n) < 0)
            n = GROUPS_MAX;
        for (int i = 0; i < n && !member; i++)
            member = groups[i] == gid;
    }
    free(groups);
    free(buf);
    return member;
}

static gid_t group_id(struct peer_gate *g)
{
    int64_t now = clock_monotonic();
    (void)pthread_mutex_lock(&g->lock);
    bool fresh = g->group_id.is_set && now - g->group_id.asked < PEER_REMEMBER_MS;
    gid_t gid = g->group_id.gid;
    (void)pthread_mutex_unlock(&g->lock);
    if (fresh)
        return gid;
    gid = lookup_group(g->group);
    (void)pthread_mutex_lock(&g->lock);
    g->group_id.is_set = true;
    g->group_id.gid = gid;
    g->group_id.asked = now;
    (void)pthread_mutex_unlock(&g->lock);
    return gid;
}

static bool is_member(struct peer_gate *g, uid_t uid, gid_t gid)
{
    int64_t now = clock_monotonic();
    bool fresh = false;
    bool member = false;
    (void)pthread_mutex_lock(&g->lock);
    for (size_t i = 0; i < PEER_REMEMBER && !fresh; i++) {
        const struct memory *m = &g->memory[i];
        fresh = m->is_set && m->uid == uid && now - m->asked < PEER_REMEMBER_MS;
        member = m->is_member;
    }
    (void)pthread_mutex_unlock(&g->lock);
    if (fresh)
        return member;
    /* Outside the lock: NSS may ask a server. */
    member = lookup_member(uid, gid);
    (void)pthread_mutex_lock(&g->lock);
    struct memory *to = &g->memory[0];
    for (size_t i = 0; i < PEER_REMEMBER; i++) {
        struct memory *m = &g->memory[i];
        if (m->is_set && m->uid == uid) {
            to = m;
            break;
        }
        if (!m->is_set || m->asked < to->asked)
            to = m;
    }
    *to = (struct memory){true, member, uid, now};
    (void)pthread_mutex_unlock(&g->lock);
    return member;
}

static bool may_enter(struct peer_gate *g, const struct peer *peer)
{
    if (peer->uid == 0 || peer->uid == geteuid())
        return true;
    gid_t gid = group_id(g);
    if (gid == (gid_t)-1)
        return false;
    if (peer->gid == gid)
        return true;
    for (size_t i = 0; i < peer->n_groups; i++) {
        if (peer->groups[i] == gid)
            return true;
    }
    return is_member(g, peer->uid, gid);
}

int peer_gate_check(struct peer_gate *g, const struct peer *peer, struct arena *a,
                    struct principal *ret_principal, struct fault *f)
{
    if (!may_enter(g, peer))
        return fault(f, FAULT_AUTH_FAILURE,
                     "The user with uid %u may not use this socket: join the group '%s' "
                     "(sudo usermod -aG %s USER), or be root",
                     (unsigned)peer->uid, g->group, g->group);
    const char *account = arena_strdup(a, g->account_id);
    *ret_principal = (struct principal){
        .kind = PRINCIPAL_ROOT,
        .account_id = account,
        .arn = arena_printf(a, "arn:aws:iam::%s:root", account),
        .user_id = account,
    };
    return 0;
}
