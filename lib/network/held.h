#pragma once
/*
 * What is in force of one VPC, as its driver remembers it: the intent without its ports, and the
 * ports by their ids. And what of a new intent differs from it, as two small intents: whatever
 * follows from them and is kept by difference (rules, routes, names) differs as it would between
 * the whole ones. So a change costs what changes, however many ports stay as they are. Pure.
 */
#include "base/arena.h"
#include "network/network.h"

struct held;

struct held_ports {
    const struct net_port **v;
    size_t n;
};

struct held_change {
    bool differs;
    const struct net_vpc *from; /* NULL: nothing is known */
    const struct net_vpc *to;   /* NULL: a part is not enough to know what differs */
    /* One for each combination of groups that ports on neither side are in. Only what they are in
     * counts: the chains of the combination stand on both sides. */
    struct held_ports others;
    /* For held_keep(). */
    struct held_ports gone;
    struct held_ports come;
    bool same_frame;
};

/* Nothing is known. */
struct held *held_new(void);
void held_free(struct held *h);
void held_forget(struct held *h);
/* All but the ports; NULL: nothing is known. */
const struct net_vpc *held_frame(const struct held *h);

/* `part` as in network_ops.apply(). The change is good as long as what is held and the intent.
 * Ports of both sides are sorted by interface id. */
struct held_change held_change(struct arena *a, const struct held *h, const struct net_vpc *intent,
                               const struct net_part *part);
/* How many ports of the whole intent are others than those held, or are not held at all, and the
 * other way round; 0 when nothing is known. */
size_t held_differing(struct arena *a, const struct held *h, const struct net_vpc *intent);
/* The change has been made: remembers copies. `a` is for the moment. */
void held_keep(struct arena *a, struct held *h, const struct held_change *change);
