#include "network/nat.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/cleanup.h"
#include "base/id.h"
#include "base/text.h"
#include "network/edge.h"
#include "network/expr.h"
#include "network/frame.h"
#include "network/intent.h"
#include "network/netns.h"
#include "network/nft.h"
#include "network/rtnl.h"
#include "network/ways.h"

#define RULES_MAX ((size_t)1 << 16)
#define INNER     NAT_INNER_LINK

struct left {
    char id[ID_SIZE];
    uint32_t generation; /* of its rules, as we left them; 0: others were there meanwhile */
    uint64_t digest;     /* of its addresses and routes; 0: not known */
};

struct nats {
    struct left *v;
    size_t n;
};

/* --- what is known */

struct nats *nats_new(void)
{
    struct nats *known = calloc(1, sizeof(*known));
    CHECK_MEMORY(known != NULL);
    return known;
}

void nats_forget(struct nats *known)
{
    free(known->v);
    *known = (struct nats){0};
}

void nats_free(struct nats *known)
{
    if (known == NULL)
        return;
    nats_forget(known);
    free(known);
}

static void drop_known(struct nats *known, const char *id)
{
    size_t i = 0;
    while (i < known->n && !streq(known->v[i].id, id))
        i++;
    if (i < known->n)
        known->v[i] = known->v[--known->n];
}

static void keep_known(struct nats *known, const char *id, uint32_t generation, uint64_t digest)
{
    drop_known(known, id);
    known->v = reallocarray(known->v, known->n + 1, sizeof(*known->v));
    CHECK_MEMORY(known->v != NULL);
    struct left *left = &known->v[known->n++];
    (void)snprintf(left->id, sizeof(left->id), "%s", id); /* put_one() has looked at it */
    left->generation = generation;
    left->digest = digest;
}

static bool has_inner(void)
{
    _cleanup_rtnl_ struct rtnl rtnl = RTNL_CLOSED;
    return rtnl_open(&rtnl, NULL) == 0 && rtnl_index(&rtnl, INNER) != 0;
}

static bool links_stand(uint64_t digest)
{
    _cleanup_rtnl_ struct rtnl rtnl = RTNL_CLOSED;
    return digest != 0 && rtnl_open(&rtnl, NULL) == 0 && rtnl_is_up(&rtnl, INNER) &&
           rtnl_digest(&rtnl, 0) == digest;
}

static bool stands(const struct left *left)
{
    _cleanup_close_ int fd = -1;
    _cleanup_netns_ struct netns_visit visit = NETNS_AT_HOME;
    return netns_open(left->id, &fd, NULL) == 0 && netns_enter(&visit, fd, NULL) == 0 &&
           nft_is_at(left->generation) && links_stand(left->digest);
}

const char *nats_changed(const struct nats *known)
{
    for (size_t i = 0; i < known->n; i++)
        if (!stands(&known->v[i]))
            return known->v[i].id;
    return NULL;
}

/* --- rules */

struct ruleset *nat_rules_build(struct arena *a, const struct net_port *port)
{
    static const char *const known[] = {"established", "related"};
    struct ruleset *r = ruleset_new(a);
    /* It answers nobody: a connection that it does not know ends here (AWS: "NAT gateways"). */
    struct ruleset_chain *c =
        ruleset_add_chain(r, "inet", "input",
                          "\"type\":\"filter\",\"hook\":\"input\",\"prio\":0,\"policy\":\"drop\"");
    for (size_t i = 0; i < ARRAY_SIZE(known); i++)
        ruleset_add_rule(
            r, c, expr_statements(expr_state(known[i]), expr_verdict("accept"), NULL, NULL), NULL);
    c = ruleset_add_chain(
        r, "inet", "forward",
        "\"type\":\"filter\",\"hook\":\"forward\",\"prio\":0,\"policy\":\"accept\"");
    ruleset_add_rule(r, c, expr_statements(expr_state("invalid"), expr_verdict("drop"), NULL, NULL),
                     NULL);
    c = ruleset_add_chain(
        r, "inet", "postrouting",
        "\"type\":\"nat\",\"hook\":\"postrouting\",\"prio\":100,\"policy\":\"accept\"");
    const char **addresses = arena_array(a, port->n_addresses, const char *);
    size_t n = 0;
    for (size_t i = 0; i < port->n_addresses; i++)
        if (!port->addresses[i].drains)
            addresses[n++] = port->addresses[i].private_ip;
    ruleset_add_rule(
        r, c,
        expr_statements(expr_to_interface(INNER), expr_source_in_turn(addresses, n), NULL, NULL),
        NULL);
    ruleset_finish(r);
    return r;
}

/* --- one gateway */

static bool has_address(const struct net_port *port, const char *private_ip)
{
    for (size_t i = 0; i < port->n_addresses; i++)
        if (streq(port->addresses[i].private_ip, private_ip))
            return true;
    return false;
}

/* Its addresses, and none that only `old` (or NULL) has. */
static int put_addresses(struct rtnl *rtnl, int index, const struct net_port *port,
                         const struct net_port *old, struct err *e)
{
    struct net_ip address;
    int r = 0;
    for (size_t i = 0; i < port->n_addresses && r == 0; i++) {
        if (net_ip_parse(port->addresses[i].private_ip, &address) < 0)
            return err_set(e, EINVAL, "not an address: %s", port->addresses[i].private_ip);
        /* Neighbours are reached by the router, too. */
        r = rtnl_address_put(rtnl, index, &address, 32, e);
    }
    for (size_t i = 0; old != NULL && i < old->n_addresses && r == 0; i++)
        if (!has_address(port, old->addresses[i].private_ip) &&
            net_ip_parse(old->addresses[i].private_ip, &address) == 0)
            r = rtnl_address_drop(rtnl, index, &address, 32, e);
    return r;
}

static int put_rules(struct arena *a, const struct net_port *port, uint32_t *ret_generation,
                     struct err *e)
{
    _cleanup_buf_ struct buf rules = BUF_INIT(RULES_MAX);
    ruleset_write_replace(nat_rules_build(a, port), &rules);
    *ret_generation = 0;
    return nft_run_known(buf_str(&rules), ret_generation, e);
}

/* What is inside. The thread is in the gateway's namespace. */
static int put_inside(struct arena *a, struct nats *known, const struct net_port *port,
                      const struct net_port *old, const struct net_block *subnet, struct err *e)
{
    _cleanup_rtnl_ struct rtnl rtnl = RTNL_CLOSED;
    uint32_t generation = 0;
    int r = put_rules(a, port, &generation, e);
    if (r == 0)
        r = netns_sysctl("net/ipv4/ip_forward", "1", e);
    if (r == 0)
        r = netns_sysctl("net/ipv4/conf/all/send_redirects", "0", e);
    if (r == 0)
        r = netns_sysctl("net/ipv4/conf/" INNER "/send_redirects", "0", e);
    if (r == 0)
        r = rtnl_open(&rtnl, e);
    if (r < 0)
        return r;
    int index = rtnl_index(&rtnl, INNER);
    r = rtnl_link_up(&rtnl, index, EDGE_MTU, e);
    if (r == 0)
        r = put_addresses(&rtnl, index, port, old, e);
    if (r == 0)
        r = rtnl_route_put(&rtnl,
                           &(struct rtnl_route){.to = net_block_all(false),
                                                .has_via = true,
                                                .via = net_block_nth(subnet, 1),
                                                .link = index},
                           e);
    if (r == 0)
        keep_known(known, port->nat_gateway_id, generation, rtnl_digest(&rtnl, 0));
    return r;
}

static bool has_inner_at(int nat_fd)
{
    _cleanup_netns_ struct netns_visit visit = NETNS_AT_HOME;
    return netns_enter(&visit, nat_fd, NULL) == 0 && has_inner();
}

/* The port's end, in the VPC's namespace. */
static int put_port(const struct net_port *port, const char *bridge, int namespace_fd, int nat_fd,
                    struct err *e)
{
    uint8_t mac[6];
    bool inner = has_inner_at(nat_fd);
    _cleanup_netns_ struct netns_visit visit = NETNS_AT_HOME;
    _cleanup_rtnl_ struct rtnl rtnl = RTNL_CLOSED;
    int r = ways_mac_parse(port->mac, mac);
    if (r < 0)
        return err_set(e, EINVAL, "not a MAC address: %s", port->mac);
    r = netns_enter(&visit, namespace_fd, e);
    if (r == 0)
        r = rtnl_open(&rtnl, e);
    if (r < 0)
        return r;
    int index = rtnl_index(&rtnl, port->tap);
    if (index != 0 && !inner)
        r = rtnl_link_drop(&rtnl, index, e); /* of a namespace that is going */
    if (r == 0 && !(index != 0 && inner))
        r = rtnl_veth_make(&rtnl, port->tap, INNER, nat_fd, mac, e);
    return r < 0 ? r : frame_plug(&rtnl, port->tap, bridge, e);
}

static int put_one(struct arena *a, struct nats *known, const struct net_vpc *intent,
                   const struct net_port *port, const struct net_port *old, int namespace_fd,
                   struct err *e)
{
    const struct net_subnet *subnet = intent_subnet(intent, port->subnet_id);
    struct net_block block;
    _cleanup_close_ int nat_fd = -1;
    if (!id_is_wellformed(port->nat_gateway_id, "nat") || subnet == NULL ||
        net_block_parse(subnet->cidr, &block) < 0)
        return err_set(e, EINVAL, "not a NAT gateway: %s", port->nat_gateway_id);
    int r = netns_make(port->nat_gateway_id, &nat_fd, e);
    if (r == 0)
        r = put_port(port, subnet->bridge, namespace_fd, nat_fd, e);
    _cleanup_netns_ struct netns_visit visit = NETNS_AT_HOME;
    if (r == 0)
        r = netns_enter(&visit, nat_fd, e);
    return r < 0 ? r : put_inside(a, known, port, old, &block, e);
}

static int drop_one(struct nats *known, const struct net_port *port, int namespace_fd,
                    struct err *e)
{
    drop_known(known, port->nat_gateway_id);
    _cleanup_netns_ struct netns_visit visit = NETNS_AT_HOME;
    _cleanup_rtnl_ struct rtnl rtnl = RTNL_CLOSED;
    int r = netns_remove(port->nat_gateway_id, e);
    if (r == 0)
        r = netns_enter(&visit, namespace_fd, e);
    if (r == 0)
        r = rtnl_open(&rtnl, e);
    if (r < 0)
        return r;
    int index = rtnl_index(&rtnl, port->tap);
    return index == 0 ? 0 : rtnl_link_drop(&rtnl, index, e);
}

int nat_put(struct arena *a, struct nats *known, const struct net_vpc *from,
            const struct net_vpc *intent, int namespace_fd, struct err *e)
{
    int r = 0;
    for (size_t i = 0; from != NULL && i < from->n_ports && r == 0; i++) {
        const struct net_port *old = &from->ports[i];
        if (old->nat_gateway_id == NULL)
            continue;
        const struct net_port *now = intent_port(intent, old->interface_id);
        if (now == NULL || !streq(old->nat_gateway_id, now->nat_gateway_id))
            r = drop_one(known, old, namespace_fd, e);
    }
    for (size_t i = 0; i < intent->n_ports && r == 0; i++) {
        const struct net_port *port = &intent->ports[i];
        if (port->nat_gateway_id == NULL)
            continue;
        const struct net_port *old = from == NULL ? NULL : intent_port(from, port->interface_id);
        if (old != NULL && intent_port_equal(old, port))
            continue;
        r = put_one(a, known, intent, port, old, namespace_fd, e);
        if (r < 0)
            return err_wrap(e, r, "%s", port->nat_gateway_id);
    }
    return r;
}
