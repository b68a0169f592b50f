#include "core/state.h"

#include <errno.h>
#include <string.h>

#include "base/check.h"

int state_move(const struct state_table *t, int *state, int to, struct err *e)
{
    CHECK(*state >= 0 && (size_t)*state < t->n && to >= 0 && (size_t)to < t->n);
    if (*state == to)
        return 0;
    if ((t->states[*state].next & STATE_BIT(to)) == 0)
        return err_set(e, EPERM, "no %s goes from %s to %s", t->what, t->states[*state].name,
                       t->states[to].name);
    *state = to;
    return 0;
}

const char *state_name(const struct state_table *t, int state)
{
    CHECK(state >= 0 && (size_t)state < t->n);
    return t->states[state].name;
}

int state_from_name(const struct state_table *t, const char *name)
{
    for (size_t i = 0; i < t->n; i++)
        if (strcmp(t->states[i].name, name) == 0)
            return (int)i;
    return -1;
}
