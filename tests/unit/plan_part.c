/*
 * A VPC that is planned in part after each change: the same as one that is planned whole, whatever
 * rows change, because the store notes which ports they are of.
 */
#include <pthread.h>

#include "base/text.h"
#include "jobs/plan.h"
#include "network/intent.h"
#include "store/connection.h"
#include "store/port_changes.h"
#include "support/calls.h"
#include "support/machine.h"
#include "support/rows.h"
#include "unit.h"

#define STEPS 400
#define SEEDS 8

struct world {
    struct rows rows;
    struct machine *m;
};

static struct world begin(unsigned int seed)
{
    struct world w = {.rows = {.k = calls_new(), .dice = seed}};
    w.m = machine_new(w.rows.k);
    rows_begin(&w.rows);
    ck_assert_int_eq(machine_run(w.m, TEST_VPC), 0);
    return w;
}

static void end(struct world *w)
{
    machine_free(w->m);
    calls_free(w->rows.k);
}

/* Is what the machine was told, in parts, what the rows say now? */
static bool is_as_planned_whole(struct world *w)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct net_vpc whole = {0};
    struct tx *tx = store_read(w->rows.k->store);
    bool found = plan_vpc(tx, a, TEST_VPC, &whole);
    ck_assert_int_eq(tx_commit(tx, NULL), 0);
    ck_assert(found);
    return intent_equal(&w->m->wanted, intent_copy(a, &whole), INTENT_ALL);
}

/* Steps until a part was not enough; STEPS: it always was. */
static int steps_until_stale(struct world *w)
{
    for (int i = 0; i < STEPS; i++) {
        rows_change(&w->rows);
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
            drop_trigger(w.rows.k, all.v[i]);
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
    drop_trigger(w.rows.k, "interface_changes");
    _cleanup_arena_ struct arena *a = arena_new();
    struct tx *tx = store_write(w.rows.k->store);
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
    rows_change(&w.rows);
    ck_assert_int_eq(machine_run(w.m, TEST_VPC), -EIO);
    w.m->broken = NULL;
    ck_assert_int_eq(machine_run(w.m, TEST_VPC), 0);
    ck_assert_uint_eq(w.m->n_parts, parts);
    ck_assert(is_as_planned_whole(&w));
    ck_assert_int_eq(machine_run(w.m, TEST_VPC), 0);
    ck_assert_uint_eq(w.m->n_parts, parts + 1);

    /* A daemon that died between a commit and its job. */
    rows_change(&w.rows);
    machine_free(w.m);
    w.m = machine_new(w.rows.k);
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
