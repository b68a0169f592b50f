#include "jobs/interface_rows.h"

#include <stdlib.h>

void address_let_go(struct tx *tx, struct address *a)
{
    a->association_id = NULL;
    a->interface_id = NULL;
    a->private_ip = NULL;
    store_update_address(tx, a);
}

void interface_let_go(struct tx *tx, struct network_interface *n)
{
    n->instance_id = NULL;
    n->attachment_id = NULL;
    n->device_index = 0;
    n->public_ip = NULL;
    n->attached_at = 0;
    n->attachment_state = ATTACHMENT_DETACHED;
    n->detach_forced = false;
    store_update_network_interface(tx, n);
}

void interface_remove(struct tx *tx, struct arena *a, const char *interface_id)
{
    struct address_list elastic = store_addresses(tx, a, "interface_id", interface_id);
    for (size_t i = 0; i < elastic.n; i++)
        address_let_go(tx, &elastic.v[i]);
    store_delete_interface_addresses(tx, "interface_id", interface_id);
    store_delete_interface_groups(tx, "interface_id", interface_id);
    store_delete_tags(tx, "resource_id", interface_id);
    store_delete_network_interfaces(tx, "id", interface_id);
}

void interface_address_remove(struct tx *tx, struct arena *a, const struct interface_address *row)
{
    struct address_list elastic =
        store_addresses(tx, a, "interface_id", row->interface_id, "private_ip", row->address);
    for (size_t i = 0; i < elastic.n; i++)
        address_let_go(tx, &elastic.v[i]);
    store_delete_interface_addresses(tx, "interface_id", row->interface_id, "address",
                                     row->address);
}

static int by_position(const void *left, const void *right)
{
    const struct interface_address *a = left;
    const struct interface_address *b = right;
    return (a->position > b->position) - (a->position < b->position);
}

struct interface_address_list interface_addresses_in_order(struct tx *tx, struct arena *a,
                                                           const char *interface_id)
{
    struct interface_address_list l =
        store_interface_addresses(tx, a, "interface_id", interface_id);
    if (l.n > 1)
        qsort(l.v, l.n, sizeof(l.v[0]), by_position);
    return l;
}
