/*
 * A VPC that is planned in part after each change: the same as one that is planned whole, whatever
 * rows change, because the store notes which ports they are of.
 */
#include <pthread.h>
#include <stdlib.h>

#include "base/text.h"
#include "core/group_association.h"
#include "jobs/plan.h"
#include "network/intent.h"
#include "store/connection.h"
#include "store/port_changes.h"
#include "support/calls.h"
#include "support/machine.h"
#include "unit.h"

#define OF_ACCOUNT .account_id = TEST_ACCOUNT, .region = "us-east-1"
#define FAR_GROUP  "sg-0b0b0b0b0b0b0b0b0" /* of the other VPC */
#define SLOTS      6
#define STEPS      400
#define SEEDS      8

struct world {
    struct calls *k;
    struct machine *m;
    unsigned int dice;
    struct arena *a; /* of a step */
    struct tx *tx;
};

static int throw_of(struct world *w, int sides)
{
    return rand_r(&w->dice) % sides;
}

static const char *numbered(struct world *w, const char *kind, int slot)
{
    return arena_printf(w->a, "%s-0000000000000000%d", kind, slot);
}

static const char *interface_id(struct world *w, int slot)
{
    return numbered(w, "eni", slot);
}

/* --- changes of rows, one table at a time: no trigger is to hide another's absence */

static void change_interface(struct world *w, int slot)
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

static bool has_interface(struct world *w, int slot)
{
    return store_network_interface(w->tx, w->a, interface_id(w, slot)) != NULL;
}

static void change_membership(struct world *w, int slot)
{
    const char *id = interface_id(w, slot);
    const char *group_id = throw_of(w, 2) == 0 ? TEST_GROUP : FAR_GROUP;
    if (!has_interface(w, slot))
        return;
    if (store_count_interface_groups(w->tx, "interface_id", id, "group_id", group_id) > 0)
        store_delete_interface_groups(w->tx, "interface_id", id, "group_id", group_id);
    else
        store_insert_interface_group(w->tx, &(struct interface_group){id, group_id, 0});
}

static void change_further_address(struct world *w, int slot)
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

static void stand_before(struct world *w, struct address *row, int slot)
{
    /* Only one stands before a private address. */
    bool stands = has_interface(w, slot) &&
                  store_count_addresses(w->tx, "interface_id", interface_id(w, slot)) == 0;
    row->interface_id = stands ? interface_id(w, slot) : NULL;
    row->private_ip = stands ? arena_printf(w->a, "172.31.0.1%d", slot) : NULL;
}

static void change_elastic_address(struct world *w, int slot)
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

static void change_name(struct world *w, int slot)
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

static void change_nat_gateway(struct world *w, int slot)
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

static void change_association(struct world *w, int slot)
{
    (void)slot;
    struct security_group_vpc_list rows =
        store_security_group_vpcs(w->tx, w->a, "group_id", FAR_GROUP);
    struct security_group_vpc *row = rows.v;
    if (rows.n == 0) {
        store_insert_security_group_vpc(
            w->tx,
            &(struct security_group_vpc){
                .group_id = FAR_GROUP, .vpc_id = TEST_VPC, OF_ACCOUNT, .state = GROUP_ASSOCIATED});
    } else if (throw_of(w, 2) == 0) {
        /* Jobs of the VPC end what is on its way: a failure stays. */
        row->state = row->state == GROUP_ASSOCIATED ? GROUP_DISASSOCIATING : GROUP_ASSOCIATED;
        store_update_security_group_vpc(w->tx, row);
    } else {
        store_delete_security_group_vpcs(w->tx, "group_id", FAR_GROUP);
    }
}

static void (*const changes[])(struct world *, int) = {
    change_interface, change_membership,  change_further_address, change_elastic_address,
    change_name,      change_nat_gateway, change_association,
};

/* --- */

static struct world begin(unsigned int seed)
{
    struct world w = {.k = calls_new(), .dice = seed};
    w.m = machine_new(w.k);
    calls_put_instance(w.k, INSTANCE_RUNNING);
    struct tx *tx = store_write(w.k->store);
    store_insert_security_group(tx, &(struct security_group){.id = FAR_GROUP,
                                                             OF_ACCOUNT,
                                                             .vpc_id = TEST_OTHER_VPC,
                                                             .name = "far",
                                                             .description = ""});
    ck_assert_int_eq(tx_commit(tx, NULL), 0);
    ck_assert_int_eq(machine_run(w.m, TEST_VPC), 0);
    return w;
}

static void end(struct world *w)
{
    machine_free(w->m);
    calls_free(w->k);
}

static void change_something(struct world *w)
{
    w->a = arena_new();
    w->tx = store_write(w->k->store);
    changes[throw_of(w, ARRAY_SIZE(changes))](w, throw_of(w, SLOTS));
    struct err e = {0};
    ck_assert_msg(tx_commit(w->tx, &e) == 0, "%s", e.message);
    arena_free(w->a);
}

/* Is what the machine was told, in parts, what the rows say now? */
static bool is_as_planned_whole(struct world *w)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct net_vpc whole = {0};
    struct tx *tx = store_read(w->k->store);
    bool found = plan_vpc(tx, a, TEST_VPC, &whole);
    ck_assert_int_eq(tx_commit(tx, NULL), 0);
    ck_assert(found);
    return intent_equal(&w->m->wanted, intent_copy(a, &whole), INTENT_ALL);
}

/* Steps until a part was not enough; STEPS: it always was. */
static int steps_until_stale(struct world *w)
{
    for (int i = 0; i < STEPS; i++) {
        change_something(w);
        ck_assert_int_eq(machine_run(w->m, TEST_VPC), 0);
        if (!is_as_planned_whole(w))
            return i;
    }
    return STEPS;
}

START_TEST(parts_come_to_the_same_as_the_whole)
{
    for (unsigned int seed = 1; seed <= SEEDS; seed++) {
        struct world w = begin(seed);
        ck_assert_msg(steps_until_stale(&w) == STEPS, "seed %u", seed);
        ck_assert_uint_eq(w.m->n_parts, STEPS);
        w.m->jobs->audits++;
        ck_assert_int_eq(machine_run(w.m, TEST_VPC), 0);
        ck_assert_uint_eq(w.m->jobs->stale_ports, 0);
        end(&w);
    }
}
END_TEST

static void drop_trigger(struct calls *k, const char *name)
{
    char sql[128];
    struct err e = {0};
    (void)snprintf(sql, sizeof(sql), "DROP TRIGGER temp.%s", name);
    struct tx *tx = store_write(k->store);
    ck_assert_msg(connection_exec(tx->connection, sql, &e) == 0, "%s", e.message);
    ck_assert_int_eq(tx_commit(tx, NULL), 0);
}

static struct text_list triggers(struct arena *a)
{
    struct calls *k = calls_new();
    struct text_list l = {0};
    struct tx *tx = store_write(k->store);
    sqlite3_stmt *stmt =
        tx_statement(tx, "SELECT name FROM sqlite_temp_schema WHERE type = 'trigger'");
    while (tx_step(tx, stmt))
        *arena_append(a, &l) = tx_column_text(stmt, 0, a);
    ck_assert_int_eq(tx_commit(tx, NULL), 0);
    calls_free(k);
    return l;
}

START_TEST(each_trigger_is_needed)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct text_list all = triggers(a);
    ck_assert_uint_gt(all.n, 15);
    for (size_t i = 0; i < all.n; i++) {
        bool missed = false;
        for (unsigned int seed = 1; seed <= SEEDS && !missed; seed++) {
            struct world w = begin(seed);
            drop_trigger(w.k, all.v[i]);
            missed = steps_until_stale(&w) < STEPS;
            end(&w);
        }
        ck_assert_msg(missed, "nothing depends on %s", all.v[i]);
    }
}
END_TEST

static void touch(struct tx *tx, struct arena *a)
{
    struct network_interface *n = store_network_interface(tx, a, TEST_INTERFACE);
    n->source_dest_check = !n->source_dest_check;
    store_update_network_interface(tx, n);
}

START_TEST(what_was_not_noted_is_found_and_mended_by_the_next_audit)
{
    struct world w = begin(1);
    drop_trigger(w.k, "interface_changes");
    _cleanup_arena_ struct arena *a = arena_new();
    struct tx *tx = store_write(w.k->store);
    touch(tx, a);
    ck_assert_int_eq(tx_commit(tx, NULL), 0);
    ck_assert_int_eq(machine_run(w.m, TEST_VPC), 0);
    ck_assert(!is_as_planned_whole(&w));
    w.m->jobs->audits++;
    ck_assert_int_eq(machine_run(w.m, TEST_VPC), 0);
    ck_assert(is_as_planned_whole(&w));
    ck_assert_uint_eq(w.m->jobs->stale_ports, 1);
    end(&w);
}
END_TEST

START_TEST(after_a_failure_and_a_start_all_is_planned_whole)
{
    struct world w = begin(1);
    size_t parts = w.m->n_parts;
    w.m->broken = "no room for rules";
    change_something(&w);
    ck_assert_int_eq(machine_run(w.m, TEST_VPC), -EIO);
    w.m->broken = NULL;
    ck_assert_int_eq(machine_run(w.m, TEST_VPC), 0);
    ck_assert_uint_eq(w.m->n_parts, parts);
    ck_assert(is_as_planned_whole(&w));
    ck_assert_int_eq(machine_run(w.m, TEST_VPC), 0);
    ck_assert_uint_eq(w.m->n_parts, parts + 1);

    /* A daemon that died between a commit and its job. */
    change_something(&w);
    machine_free(w.m);
    w.m = machine_new(w.k);
    ck_assert_int_eq(machine_run(w.m, TEST_VPC), 0);
    ck_assert_uint_eq(w.m->n_parts, 0);
    ck_assert(is_as_planned_whole(&w));
    end(&w);
}
END_TEST

/* --- the notes themselves */

static bool look(struct calls *k, uint64_t since, struct text_list *ids, uint64_t *now)
{
    struct tx *tx = store_read(k->store);
    bool known = store_changed_ports(tx, k->arena, TEST_VPC, since, ids, now);
    ck_assert_int_eq(tx_commit(tx, NULL), 0);
    return known;
}

START_TEST(notes_are_of_commits)
{
    struct calls *k = calls_new();
    struct text_list ids = {0};
    uint64_t now = 0;
    uint64_t later = 0;
    ck_assert(!look(k, 0, &ids, &now)); /* nobody knows what was before */
    ck_assert(look(k, now, &ids, &later));
    ck_assert_uint_eq(ids.n, 0);
    ck_assert_uint_eq(later, now);

    struct tx *tx = store_write(k->store);
    touch(tx, k->arena);
    ck_assert(look(k, now, &ids, &later)); /* it cannot be seen yet */
    ck_assert_uint_eq(ids.n, 0);
    tx_end(tx);
    ck_assert(look(k, now, &ids, &later)); /* and never will be */
    ck_assert_uint_eq(ids.n, 0);

    for (int i = 0; i < 2; i++) {
        tx = store_write(k->store);
        touch(tx, k->arena);
        ck_assert_int_eq(tx_commit(tx, NULL), 0);
    }
    ck_assert(look(k, now, &ids, &later));
    ck_assert_uint_eq(ids.n, 1);
    ck_assert_str_eq(ids.v[0], TEST_INTERFACE);
    ck_assert(look(k, later, &ids, &later));
    ck_assert_uint_eq(ids.n, 0);

    /* More than are kept: then all of them may have changed. */
    tx = store_write(k->store);
    for (int i = 0; i < 5000; i++) {
        (void)connection_exec(tx->connection, "SELECT note_port('" TEST_VPC "', 'eni-1')", NULL);
        (void)connection_exec(tx->connection, "SELECT note_port('" TEST_VPC "', 'eni-2')", NULL);
    }
    ck_assert_int_eq(tx_commit(tx, NULL), 0);
    ck_assert(!look(k, later, &ids, &now));
    ck_assert(look(k, now, &ids, &later));
    calls_free(k);
}
END_TEST

struct writer {
    struct calls *k;
    _Atomic bool over;
};

static void *write_on(void *ctx)
{
    struct writer *w = ctx;
    _cleanup_arena_ struct arena *a = arena_new();
    for (int i = 0; i < 2000; i++) {
        struct tx *tx = store_write(w->k->store);
        touch(tx, a);
        ck_assert_int_eq(tx_commit(tx, NULL), 0);
        arena_reset(a);
    }
    w->over = true;
    return NULL;
}

START_TEST(a_snapshot_has_no_change_that_is_not_noted)
{
    struct writer w = {.k = calls_new()};
    pthread_t thread;
    uint64_t since = 0;
    bool seen = false; /* as it was when it was read last */
    bool over = false;
    ck_assert_int_eq(pthread_create(&thread, NULL, write_on, &w), 0);
    while (!over) {
        _cleanup_arena_ struct arena *a = arena_new();
        struct text_list ids = {0};
        uint64_t now = 0;
        over = w.over;
        struct tx *tx = store_read(w.k->store);
        bool known = store_changed_ports(tx, a, TEST_VPC, since, &ids, &now);
        bool is = store_network_interface(tx, a, TEST_INTERFACE)->source_dest_check;
        ck_assert_int_eq(tx_commit(tx, NULL), 0);
        if (!known || ids.n > 0)
            seen = is;
        ck_assert(seen == is);
        since = now;
    }
    (void)pthread_join(thread, NULL);
    calls_free(w.k);
}
END_TEST

UNIT_SUITE(parts_come_to_the_same_as_the_whole, each_trigger_is_needed,
           what_was_not_noted_is_found_and_mended_by_the_next_audit,
           after_a_failure_and_a_start_all_is_planned_whole, notes_are_of_commits,
           a_snapshot_has_no_change_that_is_not_noted)
