#pragma once
/*
 * NAT gateways. One is a namespace of its name (nat-…) behind a port of its subnet: a veth end with
 * the interface's addresses, the way to the subnet's router for all, and translation of each new
 * connection to the next address that is not drained. The subnet's route table and network ACL
 * count for it, and its public addresses are the 1:1 addresses of its interface, as for a guest's.
 * So what it does with a packet is what an instance would.
 */
#include "base/arena.h"
#include "base/err.h"
#include "network/network.h"
#include "network/ruleset.h"

#define NAT_INNER_LINK "eth0"

struct net_explained;

/* Those of one VPC as nat_put() left them. */
struct nats;

/* Knows of none. Freeing it changes nothing that is applied. */
struct nats *nats_new(void);
void nats_free(struct nats *known);
void nats_forget(struct nats *known);
/* The id of one whose namespace, link or rules others have taken away or changed, as long as
 * `known` is; NULL: all stand. The thread is at home. */
const char *nats_changed(const struct nats *known);

/* Makes those of the intent and removes those that only `from` has (NULL: nothing is known, `known`
 * neither). The VPC's bridges are there; the thread is at home. */
int nat_put(struct arena *a, struct nats *known, const struct net_vpc *from,
            const struct net_vpc *intent, int namespace_fd, struct err *e);
/* See network_ops. */
int nat_connections(const char *nat_gateway_id, const char *private_ip, size_t *ret_n,
                    struct err *e);
/* What nat_put() does, for a person to type; of `from` all fields may be 0. Pure. */
void nat_explain(struct arena *a, const struct net_vpc *from, const struct net_vpc *to,
                 struct net_explained *ret);
/* The rules of one. Pure. */
struct ruleset *nat_rules_build(struct arena *a, const struct net_port *port);
