#pragma once
/*
 * What is applied of one VPC, and how to change it: the memory behind network_ops.apply(). One
 * thread at a time for one of them.
 */
#include "base/err.h"
#include "network/network.h"

struct applied;

struct applied_options {
    const char *directory;    /* of this VPC's dnsmasq */
    const char *dnsmasq_user; /* NULL: its own choice */
    const char *upstream;     /* name server for other names; NULL: none */
};

/* Knows nothing yet. Freeing it changes nothing that is applied. */
struct applied *applied_new(const char *vpc_id);
void applied_free(struct applied *vpc);
const char *applied_vpc_id(const struct applied *vpc);
/* Makes it so, as network_ops.apply(); the intent has been checked. */
int applied_change(struct applied *vpc, const struct applied_options *o,
                   const struct net_vpc *intent, const struct net_part *part, struct err *e);
size_t applied_differing(const struct applied *vpc, const struct net_vpc *intent);
