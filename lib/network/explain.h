#pragma once
/*
 * What apply() and plug() of the linux driver come to between two intents of a VPC, in words that
 * a person can type: pure, from the builders that the driver itself uses. The namespace, its
 * bridges and its link are taken to be there.
 */
#include "base/arena.h"
#include "base/err.h"
#include "network/network.h"

struct net_file {
    const char *path;
    const char *content; /* NULL: it is removed */
};

/* A NAT gateway that comes, changes or goes. */
struct net_explained_gateway {
    const char *nat_gateway_id;
    const char *rules; /* which one of the commands reads from nat-….nft; NULL: none differ */
    struct net_names commands;
};

struct net_explained {
    const char *rules; /* for nft -f; NULL: none differ */
    struct {
        struct net_file *v;
        size_t n;
    } files; /* of dnsmasq */
    struct {
        struct net_explained_gateway *v;
        size_t n;
    } gateways;
    struct net_names reload; /* how dnsmasq learns of files that are gone */
    struct net_names routes; /* of public addresses, on the server; and of route tables, inside */
};

struct net_explain_options {
    const char *runtime_dir; /* the one of linux_network_config */
    struct network
        *network; /* the driver that acts; NULL: public addresses are the server's alone */
    size_t rules_max;
};

/*
 * `from` NULL: nothing of it is there yet. -EINVAL as rules_build(); -EFBIG when the rules that
 * differ are longer than `rules_max` bytes. The intents must live as long as the result.
 */
int network_explain(struct arena *a, const struct net_explain_options *o,
                    const struct net_vpc *from, const struct net_vpc *to, struct net_explained *ret,
                    struct err *e);
/* The commands that put the tap of an interface on its bridge; that of a NAT gateway is made where
 * the bridge is. */
struct net_names network_explain_plug(struct arena *a, const struct net_vpc *intent,
                                      const char *interface_id);
