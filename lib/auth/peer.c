#include "auth/peer.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"

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
    CHECK_MEMORY(g != NULL);
    g->group = strdup(group);
    g->account_id = strdup(account_id);
    CHECK_MEMORY(g->group != NULL && g->account_id != NULL);
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

/*
 * 0 when the answer of NSS is one: found, or not there. Of several sources the last one is
 * believed, so "not there" may come from one behind a file that could not be opened: that is tried
 * again.
 */
static int nss_error(int r, bool found, const char *path)
{
    if (r != 0 || found)
        return r;
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
    return fd >= 0 || errno == ENOENT || errno == EACCES ? 0 : errno;
}

/* (gid_t)-1: there is no such group. 0, or an errno when NSS cannot say, be it for want of a
 * descriptor. */
static int lookup_group(const char *name, gid_t *ret_gid)
{
    _cleanup_free_ char *buf = malloc(NSS_BUF_SIZE);
    CHECK_MEMORY(buf != NULL);
    struct group group;
    struct group *found = NULL;
    int r = getgrnam_r(name, &group, buf, NSS_BUF_SIZE, &found);
    r = nss_error(r, found != NULL, "/etc/group");
    if (r != 0)
        return r;
    *ret_gid = found != NULL ? group.gr_gid : (gid_t)-1;
    return 0;
}

/* Is the user a member by NSS, whatever the groups of the process are? */
static int lookup_member(uid_t uid, gid_t gid, bool *ret_member)
{
    _cleanup_free_ char *buf = malloc(NSS_BUF_SIZE);
    _cleanup_free_ gid_t *groups = calloc(GROUPS_MAX, sizeof(*groups));
    CHECK_MEMORY(buf != NULL && groups != NULL);
    struct passwd user;
    struct passwd *found = NULL;
    bool member = false;
    int r = getpwuid_r(uid, &user, buf, NSS_BUF_SIZE, &found);
    r = nss_error(r, found != NULL, "/etc/passwd");
    if (r != 0)
        return r;
    if (found != NULL) {
        int n = GROUPS_MAX;
        /* With more groups than that it fills the array, says how many there are and returns -1. */
        if (getgrouplist(user.pw_name, user.pw_gid, groups, &n) < 0) {
            if (n <= GROUPS_MAX)
                return ENOMEM;
            n = GROUPS_MAX;
        }
        for (int i = 0; i < n && !member; i++)
            member = groups[i] == gid;
    }
    *ret_member = member;
    return 0;
}

/* What NSS could not say is not remembered. */
static int group_id(struct peer_gate *g, gid_t *ret_gid)
{
    int64_t now = clock_monotonic();
    (void)pthread_mutex_lock(&g->lock);
    bool fresh = g->group_id.is_set && now - g->group_id.asked < PEER_REMEMBER_MS;
    *ret_gid = g->group_id.gid;
    (void)pthread_mutex_unlock(&g->lock);
    int r = fresh ? 0 : lookup_group(g->group, ret_gid);
    if (fresh || r != 0)
        return r;
    (void)pthread_mutex_lock(&g->lock);
    g->group_id.is_set = true;
    g->group_id.gid = *ret_gid;
    g->group_id.asked = now;
    (void)pthread_mutex_unlock(&g->lock);
    return 0;
}

static int is_member(struct peer_gate *g, uid_t uid, gid_t gid, bool *ret_member)
{
    int64_t now = clock_monotonic();
    bool fresh = false;
    (void)pthread_mutex_lock(&g->lock);
    for (size_t i = 0; i < PEER_REMEMBER && !fresh; i++) {
        const struct memory *m = &g->memory[i];
        fresh = m->is_set && m->uid == uid && now - m->asked < PEER_REMEMBER_MS;
        *ret_member = m->is_member;
    }
    (void)pthread_mutex_unlock(&g->lock);
    /* Outside the lock: NSS may ask a server. */
    int r = fresh ? 0 : lookup_member(uid, gid, ret_member);
    if (fresh || r != 0)
        return r;
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
    *to = (struct memory){true, *ret_member, uid, now};
    (void)pthread_mutex_unlock(&g->lock);
    return 0;
}

/* 0, or an errno when it cannot be told. */
static int may_enter(struct peer_gate *g, const struct peer *peer, bool *ret_may)
{
    gid_t gid = (gid_t)-1;
    *ret_may = peer->uid == 0 || peer->uid == geteuid();
    if (*ret_may)
        return 0;
    int r = group_id(g, &gid);
    if (r != 0 || gid == (gid_t)-1)
        return r;
    *ret_may = peer->gid == gid;
    for (size_t i = 0; i < peer->n_groups && !*ret_may; i++)
        *ret_may = peer->groups[i] == gid;
    return *ret_may ? 0 : is_member(g, peer->uid, gid, ret_may);
}

int peer_gate_check(struct peer_gate *g, const struct peer *peer, struct arena *a,
                    struct principal *ret_principal, struct fault *f)
{
    bool may = false;
    int r = may_enter(g, peer, &may);
    if (r != 0) {
        log_error("group-unknown group=%s uid=%u reason=\"%s\"", g->group, (unsigned)peer->uid,
                  strerrorname_np(r));
        return fault(f, FAULT_INTERNAL_ERROR,
                     "The server cannot find out who may use this socket; try again");
    }
    if (!may)
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
