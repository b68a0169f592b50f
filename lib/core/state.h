#pragma once
/*
 * States, and the moves between them that are legal.
 *
 * A kind of object has one table of states (name, EC2's code, the states that may follow). The only
 * way to change a state anywhere in Croft is the object's x_enter_state(), which asks state_move()
 * here.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct state {
    const char *name; /* AWS's word, also what the store keeps */
    int code;         /* EC2's number where it has one, else 0 */
    uint32_t next;    /* bit set of the states that may follow */
};

struct state_table {
    const char *what; /* "instance" */
    const struct state *states;
    size_t n;
};

#define STATE_BIT(s) (UINT32_C(1) << (s))

/* 0, or -EPERM with a sentence. Entering the state that an object is in already is legal and
 * nothing. */
int state_move(const struct state_table *t, int *state, int to, struct err *e);
const char *state_name(const struct state_table *t, int state);
/* -1 when there is no such state. */
int state_from_name(const struct state_table *t, const char *name);
