#pragma once
/*
 * Workers that run one job at a time, when a test says so, over a network that remembers what it
 * was asked for last and can be made to fail.
 *
 *     struct machine *m = machine_new(k);
 *     m->broken = "no room for rules";
 *     ck_assert_int_eq(machine_run(m, TEST_VPC), -EIO);
 */
#include "jobs/worker.h"
#include "support/calls.h"

struct machine {
    struct network network;
    struct jobs *jobs;
    size_t connections;    /* of each address of a NAT gateway */
    const char *broken;    /* why apply() fails; NULL: it works */
    struct arena *arena;   /* of `wanted` */
    struct net_vpc wanted; /* what apply() was asked for last, whole, whether it worked or not */
    bool is_known;         /* it worked, so that a part is enough to change it */
    size_t n_parts;        /* times that a part was enough */
    size_t n_applied;      /* times that it worked */
    struct err e;          /* of the last job */
};

struct machine *machine_new(struct calls *k);
void machine_free(struct machine *m);
/* TEST_INSTANCE, running: its row, and its domain at a hypervisor that jobs have. */
void machine_put_guest(struct machine *m, struct calls *k);
/* The job of a VPC: 0, or what it fails with. */
int machine_run(struct machine *m, const char *vpc_id);
/* Is the group among what was asked for last? */
bool machine_has_group(const struct machine *m, const char *group_id);
