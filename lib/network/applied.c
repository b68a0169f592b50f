#include "network/applied.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "network/dnsmasq.h"
#include "network/edge.h"
#include "network/frame.h"
#include "network/hosts.h"
#include "network/intent.h"
#include "network/nat.h"
#include "network/netns.h"
#include "network/nft.h"
#include "network/peer.h"
#include "network/rules.h"
#include "network/ruleset.h"
#include "network/ways.h"

/*
 * Theory of operation: of every VPC the driver remembers the intent that it applied last. As long
 * as it does, apply() trusts the kernel to be as it was left, but for what others may end: the
 * namespace, dnsmasq, the server's table. It knows nothing after a start of the daemon and forgets
 * after any error; the next apply() then goes over everything, each step of which accepts what is
 * there. So a crash in the middle is mended by the next call.
 *
 * What is changed is the difference between what follows from the two intents. Both sides are made
 * anew, without what follows from ports that are the same: of a thousand of them one that comes
 * costs little more than of ten.
 *
 * Rules stand before links lead anywhere, and public addresses are routed last.
 */

#define TRANSACTION_MAX ((size_t)64 << 20)
#define CONFIG_MAX      (1 << 20)

struct applied {
    char *vpc_id;
    int namespace_fd;
    int dnsmasq; /* pidfd */
    /* Both NULL when what is applied is not known. */
    struct arena *arena;
    const struct net_vpc *intent;
};

/* What follows from an intent, and is changed by difference. */
struct applied_parts {
    const struct net_vpc *intent;
    const struct ruleset *rules; /* NULL: not known */
    const struct ways *ways;     /* likewise */
};

struct applied *applied_new(const char *vpc_id)
{
    struct applied *vpc = calloc(1, sizeof(*vpc));
    CHECK(vpc != NULL);
    vpc->vpc_id = strdup(vpc_id);
    CHECK(vpc->vpc_id != NULL);
    vpc->namespace_fd = vpc->dnsmasq = -1;
    return vpc;
}

const char *applied_vpc_id(const struct applied *vpc)
{
    return vpc->vpc_id;
}

static void forget(struct applied *vpc)
{
    arena_free(vpc->arena);
    vpc->arena = NULL;
    vpc->intent = NULL;
}

void applied_free(struct applied *vpc)
{
    if (vpc == NULL)
        return;
    forget(vpc);
    cleanup_close(&vpc->namespace_fd);
    cleanup_close(&vpc->dnsmasq);
    free(vpc->vpc_id);
    free(vpc);
}

/* --- apply: inside the namespace */

static int put_rules(const struct ruleset *from, const struct ruleset *to, struct err *e)
{
    _cleanup_buf_ struct buf transaction = BUF_INIT(TRANSACTION_MAX);
    bool differs = true;
    if (from == NULL)
        ruleset_write_replace(to, &transaction);
    else
        differs = ruleset_write_change(from, to, &transaction);
    if (transaction.failed)
        return err_set(e, EFBIG, "the rules are longer than %zu bytes", TRANSACTION_MAX);
    return differs ? nft_run(buf_str(&transaction), e) : 0;
}

static int put_inside(struct arena *a, const struct applied *vpc, const struct applied_parts *old,
                      const struct applied_parts *parts, struct err *e)
{
    const struct net_vpc *intent = parts->intent;
    _cleanup_netns_ struct netns_visit visit = NETNS_AT_HOME;
    int r = netns_enter(&visit, vpc->namespace_fd, e);
    if (r == 0)
        r = put_rules(old->rules, parts->rules, e);
    if (r == 0 && (vpc->intent == NULL || !intent_equal(vpc->intent, intent, INTENT_FRAME)))
        r = frame_put(a, intent, e);
    if (r == 0 && vpc->intent == NULL)
        r = frame_plug_again(a, intent, e);
    return r;
}

static int put_ways(struct arena *a, const struct applied *vpc, const struct ways *from,
                    const struct ways *to, struct err *e)
{
    _cleanup_netns_ struct netns_visit visit = NETNS_AT_HOME;
    int r = netns_enter(&visit, vpc->namespace_fd, e);
    return r < 0 ? r : ways_put(a, from, to, e);
}

/* --- apply: names and leases */

static int put_names(const struct applied_options *o, struct arena *a, struct applied *vpc,
                     const struct net_vpc *intent, struct err *e)
{
    bool same = vpc->intent != NULL && intent_equal(vpc->intent, intent, INTENT_NAMES) &&
                !dnsmasq_has_ended(vpc->dnsmasq);
    const struct hosts_place place = {o->directory, vpc->namespace_fd, &vpc->dnsmasq};
    int r = 0;
    if (!same) {
        _cleanup_buf_ struct buf config = BUF_INIT(CONFIG_MAX);
        const struct dnsmasq_options options = {
            .directory = o->directory,
            .user = o->dnsmasq_user,
            .upstream = o->upstream,
        };
        r = dnsmasq_config_build(intent, &options, &config, e);
        if (r == 0)
            r = dnsmasq_ensure(o->directory, buf_str(&config), vpc->namespace_fd, &vpc->dnsmasq, e);
    }
    return r < 0 ? r : hosts_put(a, &place, vpc->intent, intent, e);
}

static int apply_all(const struct applied_options *o, struct arena *scratch, struct applied *vpc,
                     const struct applied_parts *old, const struct applied_parts *parts,
                     struct err *e)
{
    const struct net_vpc *intent = parts->intent;
    int r = 0;
    bool frame = vpc->intent == NULL || !intent_equal(vpc->intent, intent, INTENT_FRAME);
    if (vpc->namespace_fd < 0)
        r = netns_make(intent->vpc_id, &vpc->namespace_fd, e);
    if (r == 0)
        r = put_inside(scratch, vpc, old, parts, e);
    if (r == 0)
        r = put_names(o, scratch, vpc, intent, e);
    if (r == 0 && frame)
        r = edge_link_put(intent->index, intent->n_ipv6_cidrs > 0, vpc->namespace_fd, e);
    if (r == 0)
        r = nat_put(scratch, vpc->intent, intent, vpc->namespace_fd, e);
    if (r == 0 && (frame || !intent_equal(vpc->intent, intent, INTENT_WAYS)))
        r = peer_links_put(scratch, intent, vpc->namespace_fd, e);
    if (r == 0)
        r = put_ways(scratch, vpc, old->ways, parts->ways, e);
    if (r == 0)
        r = edge_routes_change(vpc->intent, intent, e);
    return r;
}

/* Links end with the namespace at their other end, which others may take away. */
static bool stands(const struct applied *vpc, const struct net_vpc *intent)
{
    return nat_stand(intent) && peer_links_stand(intent, vpc->namespace_fd);
}

static bool is_in_force(const struct applied *vpc, const struct net_vpc *intent)
{
    return vpc->intent != NULL && netns_is(vpc->namespace_fd, intent->vpc_id) &&
           !dnsmasq_has_ended(vpc->dnsmasq) && intent_equal(vpc->intent, intent, INTENT_ALL) &&
           stands(vpc, intent);
}

/* `beside` NULL: all of it. */
static int make_parts(struct arena *a, const struct applied_options *o,
                      const struct net_vpc *intent, const struct net_vpc *beside,
                      struct applied_parts *ret_parts, struct err *e)
{
    const struct rules_options options = {.asks_upstream = o->upstream != NULL, .beside = beside};
    struct ruleset *rules = NULL;
    struct ways *ways = arena_new_of(a, struct ways);
    int r = rules_build(a, intent, &options, &rules, e);
    if (r < 0)
        return err_wrap(e, r, "cannot make rules for %s", intent->vpc_id);
    r = ways_build(a, intent, beside, ways, e);
    if (r < 0)
        return err_wrap(e, r, "cannot make routes for %s", intent->vpc_id);
    *ret_parts = (struct applied_parts){intent, rules, ways};
    return 0;
}

int applied_change(struct applied *vpc, const struct applied_options *o,
                   const struct net_vpc *intent, struct err *e)
{
    /* Ports of a copy are sorted, and so must be those that it is compared with. */
    _cleanup_arena_ struct arena *a = arena_new();
    const struct net_vpc *copy = intent_copy(a, intent);
    if (is_in_force(vpc, copy))
        return 0;
    if (vpc->namespace_fd >= 0 && !netns_is(vpc->namespace_fd, intent->vpc_id)) {
        cleanup_close(&vpc->namespace_fd);
        vpc->namespace_fd = -1;
        forget(vpc);
    } else if (vpc->intent != NULL && !stands(vpc, vpc->intent)) {
        forget(vpc);
    }
    _cleanup_arena_ struct arena *scratch = arena_new();
    struct applied_parts old = {0};
    struct applied_parts parts = {.intent = copy};
    int r = make_parts(scratch, o, copy, vpc->intent, &parts, e);
    if (r == 0 && vpc->intent != NULL)
        r = make_parts(scratch, o, vpc->intent, copy, &old, e);
    if (r < 0)
        return r;
    r = apply_all(o, scratch, vpc, &old, &parts, e);
    forget(vpc);
    if (r < 0)
        return err_wrap(e, r, "cannot set up the network of %s", intent->vpc_id);
    vpc->arena = TAKE(a);
    vpc->intent = copy;
    return 0;
}
