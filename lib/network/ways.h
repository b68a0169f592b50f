#pragma once
/*
 * The kernel's routes of a VPC, from its intent. Pure.
 *
 *     ip rule    from all iif br0 lookup 101       the route table of the subnet behind br0
 *     table 10x  a route for each subnet, black holes for the rest of the VPC's blocks, the routes
 *                of EC2's table, and a black hole for all the rest: the main table is never asked
 *     table 99   the subnets alone: for what comes from edge0 and from peers
 *     main       what the router itself sends: the subnets, and the server behind edge0
 *     neighbour  who has an IPv6 address: a guest's word does not change that
 *
 * A route to a part of the VPC that covers a whole subnet is for a box in the middle (AWS: "Routing
 * for a middlebox appliance"): it stands in place of the subnet's own.
 */
#include "base/arena.h"
#include "base/err.h"
#include "network/block.h"
#include "network/network.h"

#define WAYS_TABLE_LOCAL 99

#define WAYS_PEER_LINK       "pc%d" /* in both namespaces, by the peering's number */
#define WAYS_PEER_NUMBER_MAX 8191   /* 169.254.192.0/18 has this many pairs, and one */

struct way {
    uint32_t table;
    struct net_block to;
    const char *link; /* NULL: a black hole */
    bool has_via;
    struct net_ip via;
    uint32_t metric;
};

struct way_rule {
    bool is_ipv6;
    const char *from;
    uint32_t table;
};

struct way_neighbour {
    const char *link;
    struct net_ip address;
    uint8_t mac[6];
};

/* Sorted. */
struct ways {
    struct {
        struct way *v;
        size_t n;
    } routes;
    struct {
        struct way_rule *v;
        size_t n;
    } rules;
    struct {
        struct way_neighbour *v;
        size_t n;
    } neighbours;
};

/* The kernel's table of an EC2 route table, by its number. Few, and below 100 they read well; 253
 * to 255 are the kernel's own. */
uint32_t ways_table(int64_t number);
int ways_build(struct arena *a, const struct net_vpc *intent, struct ways *ret_ways, struct err *e);

/* Orders by what a route is known by: table, block, metric. */
int way_compare(const struct way *a, const struct way *b);
bool way_equal(const struct way *a, const struct way *b);
int way_rule_compare(const struct way_rule *a, const struct way_rule *b);
int way_neighbour_compare(const struct way_neighbour *a, const struct way_neighbour *b);

/*
 * Does `each` for each element i_ of list a->list that has no equal in b->list, both sorted; `same`
 * compares it with element j_ of the other, which is not smaller.
 */
#define WAYS_FOR_LACKING(list, a, b, compare, same, each)                                          \
    for (size_t i_ = 0, j_ = 0; i_ < (a)->list.n; i_++) {                                          \
        while (j_ < (b)->list.n && compare(&(b)->list.v[j_], &(a)->list.v[i_]) < 0)                \
            j_++;                                                                                  \
        if (j_ == (b)->list.n || !(same))                                                          \
            each;                                                                                  \
    }

/* What leads from one to the other, as words for `ip -n NAMESPACE …`. */
struct net_names ways_explain(struct arena *a, const struct ways *from, const struct ways *to);

/* The ends of a peering's link. */
struct way_peer_ends {
    struct net_ip mine[2]; /* IPv4, IPv6 */
    struct net_ip theirs[2];
};
/* -ERANGE: more peerings than there are links for. */
int ways_peer_ends(int64_t number, bool is_requester, struct way_peer_ends *ret_ends,
                   struct err *e);
/* The address that a guest makes of its MAC (RFC 4291, appendix A). */
struct net_ip ways_link_local(const uint8_t mac[static 6]);
int ways_mac_parse(const char *text, uint8_t out[static 6]);

/*
 * Makes the kernel have the routes, rules and neighbours of `to` in the namespace that the thread
 * is in, whose links are there. `from` NULL: in place of whatever is there. A route over a link
 * that is missing leads nowhere.
 */
int ways_put(struct arena *a, const struct ways *from, const struct ways *to, struct err *e);
