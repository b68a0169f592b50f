#include "support/rows.h"

#include <stdlib.h>

#include "base/check.h"
#include "core/group_association.h"
#include "store/tables.h"

#define OF_ACCOUNT .account_id = TEST_ACCOUNT, .region = "us-east-1"
#define SLOTS      6

static int throw_of(struct rows *w, int sides)
{
    return rand_r(&w->dice) % sides;
}

static const char *numbered(struct rows *w, const char *kind, int slot)
{
    return arena_printf(w->a, "%s-0000000000000000%d", kind, slot);
}

static const char *interface_id(struct rows *w, int slot)
{
    return numbered(w, "eni", slot);
}

static void change_interface(struct rows *w, int slot)
{
    const char *id = interface_id(w, slot);
    struct network_interface *n = store_network_interface(w->tx, w->a, id);
    if (n == NULL) {
        store_insert_network_interface(
            w->tx, &(struct network_interface){
                       .id = id,
                       OF_ACCOUNT,
                       .vpc_id = TEST_VPC,
                       .subnet_id = TEST_SUBNET,
                       .zone = "us-east-1a",
                       .private_ip = arena_printf(w->a, "172.31.0.1%d", slot),
                       .mac = arena_printf(w->a, "0a:00:00:00:01:%02x", (unsigned)slot),
                       .description = "",
                       .source_dest_check = true,
                       .instance_id = throw_of(w, 2) == 0 ? NULL : numbered(w, "i", slot),
                       .tap = arena_printf(w->a, "tap-%d", slot),
                       .interface_type = "interface",
                       .attachment_state = ATTACHMENT_ATTACHED,
                   });
    } else if (throw_of(w, 3) > 0) {
        switch (throw_of(w, 4)) {
        case 0:
            n->source_dest_check = !n->source_dest_check;
            break;
        case 1:
            n->public_ip = n->public_ip == NULL ? arena_printf(w->a, "198.51.100.1%d", slot) : NULL;
            break;
        case 2:
            n->instance_id = n->instance_id == NULL ? numbered(w, "i", slot) : NULL;
            break;
        default:
            n->device_index = !n->device_index;
        }
        store_update_network_interface(w->tx, n);
    } else if (store_count_interface_addresses(w->tx, "interface_id", id) == 0 &&
               store_count_addresses(w->tx, "interface_id", id) == 0) {
        store_delete_network_interfaces(w->tx, "id", id); /* its memberships go with it */
    }
}

static bool has_interface(struct rows *w, int slot)
{
    return store_network_interface(w->tx, w->a, interface_id(w, slot)) != NULL;
}

static void change_membership(struct rows *w, int slot)
{
    const char *id = interface_id(w, slot);
    const char *group_id = throw_of(w, 2) == 0 ? TEST_GROUP : ROWS_FAR_GROUP;
    if (!has_interface(w, slot))
        return;
    if (store_count_interface_groups(w->tx, "interface_id", id, "group_id", group_id) > 0)
        store_delete_interface_groups(w->tx, "interface_id", id, "group_id", group_id);
    else
        store_insert_interface_group(w->tx, &(struct interface_group){id, group_id, 0});
}

static void change_further_address(struct rows *w, int slot)
{
    const char *id = interface_id(w, slot);
    if (!has_interface(w, slot))
        return;
    int which = throw_of(w, 2);
    const char *ip = which == 0 ? arena_printf(w->a, "172.31.0.10%d", slot)
                                : arena_printf(w->a, "fd00::%d", slot);
    struct interface_address_list rows =
        store_interface_addresses(w->tx, w->a, "interface_id", id, "address", ip);
    struct interface_address *row = rows.v;
    if (rows.n == 0) {
        store_insert_interface_address(w->tx, &(struct interface_address){.interface_id = id,
                                                                          .address = ip,
                                                                          .vpc_id = TEST_VPC,
                                                                          .subnet_id = TEST_SUBNET,
                                                                          .is_ipv6 = which == 1});
    } else if (throw_of(w, 2) == 0) {
        row->drain_until = row->drain_until == 0 ? 1 : 0;
        store_update_interface_address(w->tx, row);
    } else {
        store_delete_interface_addresses(w->tx, "interface_id", id, "address", ip);
    }
}

static void stand_before(struct rows *w, struct address *row, int slot)
{
    /* Only one stands before a private address. */
    bool stands = has_interface(w, slot) &&
                  store_count_addresses(w->tx, "interface_id", interface_id(w, slot)) == 0;
    row->interface_id = stands ? interface_id(w, slot) : NULL;
    row->private_ip = stands ? arena_printf(w->a, "172.31.0.1%d", slot) : NULL;
}

static void change_elastic_address(struct rows *w, int slot)
{
    const char *id = numbered(w, "eipalloc", slot);
    struct address *row = store_address(w->tx, w->a, id);
    if (row == NULL) {
        struct address made = {
            .id = id, OF_ACCOUNT, .public_ip = arena_printf(w->a, "198.51.100.%d", slot)};
        stand_before(w, &made, slot);
        store_insert_address(w->tx, &made);
    } else if (throw_of(w, 3) > 0) {
        stand_before(w, row, throw_of(w, SLOTS));
        store_update_address(w->tx, row);
    } else {
        store_delete_addresses(w->tx, "id", id);
    }
}

static void change_name(struct rows *w, int slot)
{
    const char *id = numbered(w, "i", slot);
    struct instance *i = store_instance(w->tx, w->a, id);
    if (i == NULL) {
        struct instance made = *store_instance(w->tx, w->a, TEST_INSTANCE);
        made.id = made.uuid = id;
        made.hostname_type = throw_of(w, 2) == 0 ? "ip-name" : "resource-name";
        made.resource_name_a = throw_of(w, 2) == 0;
        store_insert_instance(w->tx, &made);
    } else if (throw_of(w, 3) > 0) {
        i->resource_name_a = !i->resource_name_a;
        store_update_instance(w->tx, i);
    } else {
        store_delete_instances(w->tx, "id", id);
    }
}

static void change_nat_gateway(struct rows *w, int slot)
{
    const char *id = numbered(w, "nat", slot);
    struct nat_gateway *row = store_nat_gateway(w->tx, w->a, id);
    if (row == NULL) {
        store_insert_nat_gateway(w->tx, &(struct nat_gateway){.id = id,
                                                              OF_ACCOUNT,
                                                              .vpc_id = TEST_VPC,
                                                              .subnet_id = TEST_SUBNET,
                                                              .interface_id = interface_id(w, slot),
                                                              .state = NAT_GATEWAY_AVAILABLE});
    } else if (throw_of(w, 2) == 0) {
        row->state =
            row->state == NAT_GATEWAY_AVAILABLE ? NAT_GATEWAY_DELETED : NAT_GATEWAY_AVAILABLE;
        store_update_nat_gateway(w->tx, row);
    } else {
        store_delete_nat_gateways(w->tx, "id", id);
    }
}

static void change_association(struct rows *w, int slot)
{
    (void)slot;
    struct security_group_vpc_list rows =
        store_security_group_vpcs(w->tx, w->a, "group_id", ROWS_FAR_GROUP);
    struct security_group_vpc *row = rows.v;
    if (rows.n == 0) {
        store_insert_security_group_vpc(w->tx,
                                        &(struct security_group_vpc){.group_id = ROWS_FAR_GROUP,
                                                                     .vpc_id = TEST_VPC,
                                                                     OF_ACCOUNT,
                                                                     .state = GROUP_ASSOCIATED});
    } else if (throw_of(w, 2) == 0) {
        /* Jobs of the VPC end what is on its way: a failure stays. */
        row->state = row->state == GROUP_ASSOCIATED ? GROUP_DISASSOCIATING : GROUP_ASSOCIATED;
        store_update_security_group_vpc(w->tx, row);
    } else {
        store_delete_security_group_vpcs(w->tx, "group_id", ROWS_FAR_GROUP);
    }
}

static void (*const changes[])(struct rows *, int) = {
    change_interface, change_membership,  change_further_address, change_elastic_address,
    change_name,      change_nat_gateway, change_association,
};

void rows_begin(struct rows *w)
{
    calls_put_instance(w->k, INSTANCE_RUNNING);
    calls_put_gateway(w->k);
    struct tx *tx = store_write(w->k->store);
    store_insert_security_group(tx, &(struct security_group){.id = ROWS_FAR_GROUP,
                                                             OF_ACCOUNT,
                                                             .vpc_id = TEST_OTHER_VPC,
                                                             .name = "far",
                                                             .description = ""});
    int r = tx_commit(tx, NULL);
    CHECK(r == 0);
}

void rows_change(struct rows *w)
{
    w->a = arena_new();
    w->tx = store_write(w->k->store);
    int which = throw_of(w, ARRAY_SIZE(changes));
    changes[which](w, throw_of(w, SLOTS));
    int r = tx_commit(w->tx, NULL);
    CHECK(r == 0);
    arena_free(w->a);
}
