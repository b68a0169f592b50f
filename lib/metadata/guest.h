#pragma once
/*
 * Whoever asks: an instance, known by the address that it asks from, and its rows. Those that only
 * some answers need are read when one does, all in the transaction of the request.
 */
#include <stdbool.h>

#include "core/region.h"
#include "metadata/secrets.h"
#include "store/queries.h"

struct guest {
    struct tx *tx;
    struct arena *arena;
    const struct secrets *secrets;
    const struct region *region;
    const struct instance *instance;
    const struct network_interface *interface; /* that it asks through */
    bool has_interfaces;                       /* read */
    struct network_interface_list interfaces;
};

/* False: nobody who runs has that address in the VPC. */
bool guest_find(struct tx *tx, struct arena *a, const char *vpc_id, const char *address,
                struct guest *ret_guest);

/* All of its interfaces, by device index. */
struct network_interface_list guest_interfaces(struct guest *g);
/* The one with device index 0: what the instance itself shows. */
const struct network_interface *guest_primary(struct guest *g);
/* The one with that MAC, or NULL. */
const struct network_interface *guest_interface(struct guest *g, const char *mac);

/* ip-172-31-0-10.ec2.internal */
const char *guest_private_name(const struct guest *g, const char *private_ip);
/* ec2-198-51-100-7.compute-1.amazonaws.com */
const char *guest_public_name(const struct guest *g, const char *public_ip);

/* Addresses of an interface beside its first, in the order in which they came. */
struct interface_address_list guest_further(const struct guest *g,
                                            const struct network_interface *n);

/* A private address of an interface and the public one that stands before it (NULL: none). */
struct guest_address {
    const char *private_ip;
    const char *public_ip;
};
struct guest_addresses {
    struct guest_address *v;
    size_t n;
};
/* The IPv4 addresses of an interface, its first one first. */
struct guest_addresses guest_addresses(const struct guest *g, const struct network_interface *n);
/* Its groups in the order in which they were named. */
struct text_list guest_groups(const struct guest *g, const struct network_interface *n, bool names);
