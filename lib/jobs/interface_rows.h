#pragma once
/*
 * Rows of network interfaces that change together, for whoever changes them: the API, and the jobs
 * at the end of an instance or a NAT gateway. Within the caller's transaction.
 */
#include "store/tables.h"

/* The elastic address stands before nothing any more. */
void address_let_go(struct tx *tx, struct address *a);
/* The interface is attached to nothing any more; elastic addresses of its stay. */
void interface_let_go(struct tx *tx, struct network_interface *n);
/* Removes the interface with its memberships, tags and private addresses; elastic addresses of its
 * are free again. */
void interface_remove(struct tx *tx, struct arena *a, const char *interface_id);
/* Removes one of its addresses beside the first; an elastic one before it is free again. */
void interface_address_remove(struct tx *tx, struct arena *a, const struct interface_address *row);
/* Its addresses beside the first, in the order in which they came. */
struct interface_address_list interface_addresses_in_order(struct tx *tx, struct arena *a,
                                                           const char *interface_id);
