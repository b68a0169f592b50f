#pragma once
/*
 * Public addresses of the owner's LAN: those of the pools that are part of a network of the uplink.
 * Nothing is bridged. The server answers ARP for each that it routes to a VPC (`ip neigh show
 * proxy`), and so gets the packets for it; they pass to the VPC with the client's own address, and
 * its answers leave with the public one.
 *
 * The uplink may get its address after the daemon has started, and another one later: each call
 * looks anew.
 */
#include "base/arena.h"
#include "base/err.h"
#include "network/edge.h"

#define EDGE_LAN_ADDRESSES_MAX 4096 /* of one range */

/* What the server has, besides its links to VPCs. */
struct edge_lan_address {
    const char *link;
    uint32_t address;
    int length;
};

struct edge_lan_facts {
    const char *uplink;   /* NULL: none */
    const char *resolver; /* NULL: none */
    struct {
        struct edge_lan_address *v;
        size_t n;
    } addresses;
    struct net_blocks gateways; /* next hops of the uplink's routes */
};

/*
 * Is the range one of the uplink's LAN? -EINVAL for a range that would take from somebody what is
 * his: an address of the server, of its router or name server, the LAN's own address or its
 * broadcast address; that is of the LAN in part; of the network of another interface; that has more
 * than EDGE_LAN_ADDRESSES_MAX addresses. Pure.
 */
int edge_lan_check(const struct edge_lan_facts *facts, const struct address_range *range,
                   bool *ret_is_of_lan, struct err *e);
/* Says it of each pool. */
int edge_lan_look(const struct edge_config *config, bool ret_of_lan[static ADDRESS_RANGES_MAX],
                  struct err *e);
/* Is it one address, and of such a pool? One thread at a time. */
bool edge_lan_has(const struct edge_config *config, const struct net_block *block);
/*
 * Answers on the uplink for the addresses of these pools that lead to a VPC, and for no others of
 * them: by the server's routes, so that nothing need be remembered. One thread at a time.
 */
int edge_lan_answer(const struct edge_config *config, struct err *e);
