#include "network/applied.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"
#include "network/dnsmasq.h"
#include "network/edge.h"
#include "network/frame.h"
#include "network/held.h"
#include "network/hosts.h"
#include "network/intent.h"
#include "network/nat.h"
#include "network/netns.h"
#include "network/nft.h"
#include "network/peer.h"
#include "network/rtnl.h"
#include "network/rules.h"
#include "network/ruleset.h"
#include "network/ways.h"

/*
 * Theory of operation: of every VPC the driver remembers the intent that it applied last. As long
 * as it does, apply() trusts the kernel to be as it was left, but for what others may end or
 * change: the namespace, its links and rules, NAT gateways, dnsmasq, the server's table. It knows
 * nothing after a start of the daemon and forgets after any error; the next apply() then goes over
 * everything, each step of which accepts what is there. So a crash in the middle is mended by the
 * next call.
 *
 * What is changed is the difference between what follows from two small intents, that have the
 * ports that differ (held.h): among a thousand of them one that comes costs what it does among ten.
 *
 * Rules stand before links lead anywhere, and public addresses are routed last.
 */

#define TRANSACTION_MAX ((size_t)64 << 20)
#define CONFIG_MAX      (1 << 20)

struct applied {
    char *vpc_id;
    int namespace_fd;
    int dnsmasq;       /* pidfd */
    size_t hosts_gone; /* that this dnsmasq has seen go, or one before it */
    struct held *held; /* knows nothing when what is applied is not known; so the next */
    struct nats *nats;
    int lost_fd; /* the namespace whose name was taken away: guests are still in it; or -1 */
    uint32_t generation; /* of its rules, as our last transaction left them; 0: not known */
    uint64_t inside;     /* rtnl_digest() of the namespace, as we left it; 0: not known */
    uint64_t at_home;    /* and of the link's other end */
};

/* What follows from an intent, and is changed by difference. */
struct applied_parts {
    const struct net_vpc *intent; /* NULL: not known; so are the others */
    const struct ruleset *rules;
    const struct ways *ways;
};

struct applied *applied_new(const char *vpc_id)
{
    struct applied *vpc = calloc(1, sizeof(*vpc));
    CHECK_MEMORY(vpc != NULL);
    vpc->vpc_id = strdup(vpc_id);
    CHECK_MEMORY(vpc->vpc_id != NULL);
    vpc->namespace_fd = vpc->dnsmasq = vpc->lost_fd = -1;
    vpc->held = held_new();
    vpc->nats = nats_new();
    return vpc;
}

const char *applied_vpc_id(const struct applied *vpc)
{
    return vpc->vpc_id;
}

void applied_free(struct applied *vpc)
{
    if (vpc == NULL)
        return;
    held_free(vpc->held);
    nats_free(vpc->nats);
    cleanup_close(&vpc->namespace_fd);
    cleanup_close(&vpc->dnsmasq);
    cleanup_close(&vpc->lost_fd);
    free(vpc->vpc_id);
    free(vpc);
}

static void forget(struct applied *vpc)
{
    held_forget(vpc->held);
    nats_forget(vpc->nats);
}

/* --- apply: inside the namespace */

static int put_rules(struct applied *vpc, const struct ruleset *from, const struct ruleset *to,
                     struct err *e)
{
    _cleanup_buf_ struct buf transaction = BUF_INIT(TRANSACTION_MAX);
    bool differs = true;
    if (from == NULL) {
        vpc->generation = 0;
        ruleset_write_replace(to, &transaction);
    } else {
        differs = ruleset_write_change(from, to, &transaction);
    }
    if (transaction.failed)
        return err_set(e, EFBIG, "the rules are longer than %zu bytes", TRANSACTION_MAX);
    return differs ? nft_run_known(buf_str(&transaction), &vpc->generation, e) : 0;
}

/* Guests that run are in the namespace whose name was taken away: their taps come along. */
static int bring_taps(struct arena *a, struct applied *vpc, const struct net_vpc *intent,
                      struct err *e)
{
    struct rtnl_links links = {0};
    if (vpc->lost_fd < 0)
        return 0;
    int r = 0;
    {
        _cleanup_netns_ struct netns_visit visit = NETNS_AT_HOME;
        _cleanup_rtnl_ struct rtnl rtnl = RTNL_CLOSED;
        r = netns_enter(&visit, vpc->lost_fd, e);
        if (r == 0)
            r = rtnl_open(&rtnl, e);
        if (r == 0)
            r = rtnl_links(&rtnl, a, &links, e);
        for (size_t i = 0; i < links.n && r == 0; i++)
            for (size_t k = 0; k < intent->n_ports && r == 0; k++)
                if (intent->ports[k].nat_gateway_id == NULL &&
                    streq(links.v[i].name, intent->ports[k].tap))
                    r = rtnl_link_move(&rtnl, links.v[i].index, vpc->namespace_fd, e);
    }
    if (r < 0)
        return r;
    cleanup_close(&vpc->lost_fd);
    vpc->lost_fd = -1;
    return 0;
}

static int put_inside(struct arena *a, struct applied *vpc, const struct applied_parts *old,
                      const struct applied_parts *parts, struct err *e)
{
    const struct net_vpc *intent = parts->intent;
    _cleanup_netns_ struct netns_visit visit = NETNS_AT_HOME;
    int r = netns_enter(&visit, vpc->namespace_fd, e);
    if (r == 0)
        r = put_rules(vpc, old->rules, parts->rules, e);
    if (r == 0 && (old->intent == NULL || !intent_equal(old->intent, intent, INTENT_FRAME)))
        r = frame_put(a, intent, e);
    if (r == 0 && old->intent == NULL)
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
                     const struct net_vpc *old, const struct net_vpc *intent, struct err *e)
{
    bool same =
        old != NULL && intent_equal(old, intent, INTENT_NAMES) && !dnsmasq_has_ended(vpc->dnsmasq);
    const struct hosts_place place = {o->directory, vpc->namespace_fd, &vpc->dnsmasq,
                                      &vpc->hosts_gone};
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
    return r < 0 ? r : hosts_put(a, &place, old, intent, e);
}

static int apply_all(const struct applied_options *o, struct arena *scratch, struct applied *vpc,
                     const struct applied_parts *old, const struct applied_parts *parts,
                     struct err *e)
{
    const struct net_vpc *intent = parts->intent;
    int r = 0;
    bool frame = old->intent == NULL || !intent_equal(old->intent, intent, INTENT_FRAME);
    if (vpc->namespace_fd < 0)
        r = netns_make(intent->vpc_id, &vpc->namespace_fd, e);
    if (r == 0)
        r = bring_taps(scratch, vpc, intent, e);
    if (r == 0)
        r = put_inside(scratch, vpc, old, parts, e);
    if (r == 0)
        r = put_names(o, scratch, vpc, old->intent, intent, e);
    if (r == 0 && frame)
        r = edge_link_put(intent->index, intent->n_ipv6_cidrs > 0, vpc->namespace_fd, e);
    if (r == 0)
        r = nat_put(scratch, vpc->nats, old->intent, intent, vpc->namespace_fd, e);
    if (r == 0 && (frame || !intent_equal(old->intent, intent, INTENT_WAYS)))
        r = peer_links_put(scratch, intent, vpc->namespace_fd, e);
    if (r == 0)
        r = put_ways(scratch, vpc, old->ways, parts->ways, e);
    if (r == 0)
        r = edge_routes_change(old->intent, intent, e);
    return r;
}

/* Those that its guests share. */
static bool links_stand(const struct net_vpc *frame, struct rtnl *rtnl)
{
    return rtnl_is_up(rtnl, "edge0") && frame_stands(frame, rtnl) && peer_links_stand(frame, rtnl);
}

/* What somebody has changed there; NULL: nothing. */
static const char *changed_inside(const struct applied *vpc, const struct net_vpc *frame)
{
    _cleanup_netns_ struct netns_visit visit = NETNS_AT_HOME;
    _cleanup_rtnl_ struct rtnl rtnl = RTNL_CLOSED;
    if (netns_enter(&visit, vpc->namespace_fd, NULL) < 0 || rtnl_open(&rtnl, NULL) < 0 ||
        !links_stand(frame, &rtnl))
        return "links";
    uint64_t now = rtnl_digest(&rtnl, 0);
    return now != 0 && now == vpc->inside ? NULL : "addresses or routes";
}

static bool rules_stand(const struct applied *vpc)
{
    _cleanup_netns_ struct netns_visit visit = NETNS_AT_HOME;
    if (netns_enter(&visit, vpc->namespace_fd, NULL) < 0)
        return false;
    return nft_is_at(vpc->generation);
}

/* A public address that goes to another VPC takes its route along: that changes it, too. */
static bool way_stands(const struct applied *vpc, const struct net_vpc *frame)
{
    return vpc->at_home != 0 && edge_link_digest(frame->index) == vpc->at_home;
}

/* So that what others change is seen. */
static void remember_ways(struct applied *vpc, const struct net_vpc *intent)
{
    _cleanup_netns_ struct netns_visit visit = NETNS_AT_HOME;
    _cleanup_rtnl_ struct rtnl rtnl = RTNL_CLOSED;
    vpc->at_home = edge_link_digest(intent->index);
    vpc->inside = netns_enter(&visit, vpc->namespace_fd, NULL) < 0 || rtnl_open(&rtnl, NULL) < 0
                      ? 0
                      : rtnl_digest(&rtnl, 0);
}

/* What others have taken away or changed is not known to be in force any more. */
static void look(struct applied *vpc)
{
    const struct net_vpc *frame = held_frame(vpc->held);
    const char *what = NULL;
    if (vpc->namespace_fd >= 0 && !netns_is(vpc->namespace_fd, vpc->vpc_id)) {
        log_warning("network-mended vpc=%s: the name of its namespace was taken away", vpc->vpc_id);
        cleanup_close(&vpc->lost_fd);
        vpc->lost_fd = TAKE_FD(vpc->namespace_fd);
        forget(vpc);
    } else if (frame == NULL) {
        return;
    } else if ((what = nats_changed(vpc->nats)) != NULL) {
        log_warning("network-mended vpc=%s: %s is not as it was left", vpc->vpc_id, what);
        forget(vpc);
    } else if ((what = changed_inside(vpc, frame)) != NULL) {
        log_warning("network-mended vpc=%s: %s of its namespace are not as they were left",
                    vpc->vpc_id, what);
        forget(vpc);
    } else if (!rules_stand(vpc)) {
        log_info("network-made-anew vpc=%s: rules of its namespace are not as they were left",
                 vpc->vpc_id);
        forget(vpc);
    } else if (!way_stands(vpc, frame)) {
        log_info("network-made-anew vpc=%s: the way to it is not as it was left", vpc->vpc_id);
        forget(vpc);
    }
    if (vpc->dnsmasq >= 0 && dnsmasq_has_ended(vpc->dnsmasq))
        log_warning("network-mended vpc=%s: its dnsmasq had ended", vpc->vpc_id);
}

static int make_parts(struct arena *a, const struct applied_options *o,
                      const struct net_vpc *intent, const struct held_ports *others,
                      struct applied_parts *ret_parts, struct err *e)
{
    const struct rules_options options = {
        .asks_upstream = o->upstream != NULL, .others = others->v, .n_others = others->n};
    struct ruleset *rules = NULL;
    struct ways *ways = arena_new_of(a, struct ways);
    int r = rules_build(a, intent, &options, &rules, e);
    if (r < 0)
        return err_wrap(e, r, "cannot make rules for %s", intent->vpc_id);
    r = ways_build(a, intent, ways, e);
    if (r < 0)
        return err_wrap(e, r, "cannot make routes for %s", intent->vpc_id);
    *ret_parts = (struct applied_parts){intent, rules, ways};
    return 0;
}

int applied_change(struct applied *vpc, const struct applied_options *o,
                   const struct net_vpc *intent, const struct net_part *part, struct err *e)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct applied_parts old = {0};
    look(vpc);
    const struct held_change change = held_change(a, vpc->held, intent, part);
    if (change.to == NULL)
        return err_set(e, ESTALE, "a part of %s is not enough", intent->vpc_id);
    struct applied_parts parts = {.intent = change.to};
    if (!change.differs && !dnsmasq_has_ended(vpc->dnsmasq))
        return 0;
    int r = make_parts(a, o, change.to, &change.others, &parts, e);
    if (r == 0 && change.from != NULL)
        r = make_parts(a, o, change.from, &change.others, &old, e);
    if (r < 0)
        return r;
    r = apply_all(o, a, vpc, &old, &parts, e);
    if (r < 0) {
        forget(vpc);
        return err_wrap(e, r, "cannot set up the network of %s", intent->vpc_id);
    }
    held_keep(a, vpc->held, &change);
    remember_ways(vpc, change.to);
    return 0;
}

size_t applied_differing(const struct applied *vpc, const struct net_vpc *intent)
{
    _cleanup_arena_ struct arena *a = arena_new();
    return held_differing(a, vpc->held, intent);
}
