#include "network/held.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/text.h"
#include "network/intent.h"
#include "network/rules.h"

/*
 * Theory of operation: the two small intents have the ports that differ, and those that routes lead
 * to, for a route needs to find its target. What follows from any other port is the same before and
 * after: that is so as long as intents agree in what ports follow from beside themselves
 * (intent_ports_alike()); when they do not, every port counts as one that differs.
 *
 * Chains are what ports share: those of a combination of groups stand as long as one port is in
 * just these groups. So combinations are counted.
 */

struct port_list {
    struct net_port **v; /* by interface id */
    size_t n, room;
};

struct combination {
    char *name;
    struct net_port *one; /* what it is in; of no port in particular */
    size_t n_ports;
};

struct held {
    struct arena *arena;              /* of the frame */
    const struct net_vpc *frame;      /* NULL: nothing is known */
    struct port_list ports;           /* each a block of its own */
    struct combination *combinations; /* by name */
    size_t n_combinations, room;
};

struct held *held_new(void)
{
    struct held *h = calloc(1, sizeof(*h));
    CHECK_MEMORY(h != NULL);
    return h;
}

void held_forget(struct held *h)
{
    for (size_t i = 0; i < h->ports.n; i++)
        free(h->ports.v[i]);
    for (size_t i = 0; i < h->n_combinations; i++) {
        free(h->combinations[i].name);
        free(h->combinations[i].one);
    }
    free(h->ports.v);
    free(h->combinations);
    arena_free(h->arena);
    *h = (struct held){0};
}

void held_free(struct held *h)
{
    if (h == NULL)
        return;
    held_forget(h);
    free(h);
}

const struct net_vpc *held_frame(const struct held *h)
{
    return h->frame;
}

/* --- lists in order */

/* Room for one more at `at`. */
static void *open_gap(void *v, size_t *n, size_t *room, size_t size, size_t at)
{
    if (*n == *room) {
        *room = *room == 0 ? 8 : *room * 2;
        v = reallocarray(v, *room, size);
        CHECK_MEMORY(v != NULL);
    }
    memmove((char *)v + (at + 1) * size, (char *)v + at * size, (*n - at) * size);
    (*n)++;
    return v;
}

static size_t place_of(const struct port_list *l, const char *id, bool *ret_found)
{
    size_t low = 0;
    for (size_t high = l->n; low < high;) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(l->v[middle]->interface_id, id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *ret_found = low < l->n && streq(l->v[low]->interface_id, id);
    return low;
}

static struct net_port *find(const struct port_list *l, const char *id)
{
    bool found = false;
    size_t at = place_of(l, id, &found);
    return found ? l->v[at] : NULL;
}

static void list_add(struct port_list *l, struct net_port *port)
{
    bool found = false;
    size_t at = place_of(l, port->interface_id, &found);
    CHECK(!found);
    l->v = open_gap(l->v, &l->n, &l->room, sizeof(struct net_port *), at);
    l->v[at] = port;
}

static void list_drop(struct port_list *l, const char *id)
{
    bool found = false;
    size_t at = place_of(l, id, &found);
    if (found)
        memmove(&l->v[at], &l->v[at + 1], (--l->n - at) * sizeof(l->v[0]));
}

/* --- combinations of groups */

static size_t combination_of(const struct held *h, const char *name, bool *ret_found)
{
    size_t low = 0;
    for (size_t high = h->n_combinations; low < high;) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(h->combinations[middle].name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *ret_found = low < h->n_combinations && streq(h->combinations[low].name, name);
    return low;
}

static void count_in(struct arena *a, struct held *h, const struct net_port *port)
{
    const char *name = rules_combination(a, port);
    bool found = false;
    size_t at = combination_of(h, name, &found);
    if (!found) {
        struct net_port one = {.interface_id = name,
                               .nat_gateway_id = port->nat_gateway_id,
                               .group_ids = port->group_ids,
                               .n_group_ids = port->n_group_ids};
        h->combinations =
            open_gap(h->combinations, &h->n_combinations, &h->room, sizeof(*h->combinations), at);
        h->combinations[at] = (struct combination){strdup(name), intent_port_copy(&one), 0};
        CHECK_MEMORY(h->combinations[at].name != NULL);
    }
    h->combinations[at].n_ports++;
}

static void count_out(struct arena *a, struct held *h, const struct net_port *port)
{
    bool found = false;
    size_t at = combination_of(h, rules_combination(a, port), &found);
    CHECK(found);
    if (--h->combinations[at].n_ports > 0)
        return;
    free(h->combinations[at].name);
    free(h->combinations[at].one);
    memmove(&h->combinations[at], &h->combinations[at + 1],
            (--h->n_combinations - at) * sizeof(h->combinations[0]));
}

/* Those of ports that are not among `gone`. */
static struct held_ports others(struct arena *a, const struct held *h,
                                const struct held_ports *gone)
{
    struct held_ports list = {0};
    size_t *going = arena_array(a, h->n_combinations, size_t);
    bool found = false;
    for (size_t i = 0; i < gone->n; i++)
        going[combination_of(h, rules_combination(a, gone->v[i]), &found)]++;
    for (size_t i = 0; i < h->n_combinations; i++)
        if (h->combinations[i].n_ports > going[i])
            *arena_append(a, &list) = h->combinations[i].one;
    return list;
}

/* --- what differs */

static int compare_ports(const void *left, const void *right)
{
    const struct net_port *a = *(const struct net_port *const *)left;
    const struct net_port *b = *(const struct net_port *const *)right;
    return strcmp(a->interface_id, b->interface_id);
}

static struct held_ports ports_of(struct arena *a, const struct net_vpc *intent)
{
    struct held_ports l = {arena_array(a, intent->n_ports, const struct net_port *),
                           intent->n_ports};
    for (size_t i = 0; i < l.n; i++)
        l.v[i] = &intent->ports[i];
    if (l.n > 1)
        qsort(l.v, l.n, sizeof(l.v[0]), compare_ports);
    return l;
}

static const struct net_port *find_sorted(const struct held_ports *l, const char *id)
{
    const struct net_port key = {.interface_id = id};
    const struct net_port *at = &key;
    const struct net_port *const *found =
        l->n == 0 ? NULL : bsearch(&at, l->v, l->n, sizeof(l->v[0]), compare_ports);
    return found == NULL ? NULL : *found;
}

/* One of the two may be NULL. */
static void consider(struct arena *a, struct held_change *c, bool alike, const struct net_port *old,
                     const struct net_port *now)
{
    if (alike && old != NULL && now != NULL && intent_port_equal(old, now))
        return;
    if (old != NULL)
        *arena_append(a, &c->gone) = old;
    if (now != NULL)
        *arena_append(a, &c->come) = now;
}

static void compare_all(struct arena *a, const struct held *h, const struct held_ports *ports,
                        bool alike, struct held_change *c)
{
    for (size_t i = 0, j = 0; i < h->ports.n || j < ports->n;) {
        const struct net_port *old = i < h->ports.n ? h->ports.v[i] : NULL;
        const struct net_port *now = j < ports->n ? ports->v[j] : NULL;
        int order = old == NULL ? 1 : now == NULL ? -1 : compare_ports(&old, &now);
        consider(a, c, alike, order <= 0 ? old : NULL, order >= 0 ? now : NULL);
        i += order <= 0;
        j += order >= 0;
    }
}

/* A side of the change: the intent with these ports and those that routes of either side lead to.
 */
static const struct net_vpc *side(struct arena *a, const struct net_vpc *frame,
                                  const struct held_ports *ports, const struct held_ports *targets)
{
    struct held_ports all = {0};
    for (size_t i = 0; i < ports->n; i++)
        *arena_append(a, &all) = ports->v[i];
    for (size_t i = 0; i < targets->n; i++)
        *arena_append(a, &all) = targets->v[i];
    if (all.n > 1)
        qsort(all.v, all.n, sizeof(all.v[0]), compare_ports);
    struct net_port *copies = arena_array(a, all.n, struct net_port);
    for (size_t i = 0; i < all.n; i++)
        copies[i] = *all.v[i];
    struct net_vpc *made = arena_new_of(a, struct net_vpc);
    *made = *frame;
    made->ports = copies;
    made->n_ports = all.n;
    return made;
}

/* Ports that stay as they are and that a route leads to. */
static void add_targets(struct arena *a, const struct held *h, const struct net_vpc *intent,
                        const struct held_change *c, struct held_ports *targets)
{
    for (size_t i = 0; i < intent->n_tables; i++)
        for (size_t k = 0; k < intent->tables[i].n_routes; k++) {
            const struct net_route *route = &intent->tables[i].routes[k];
            const struct net_port *port =
                route->kind == NET_ROUTE_PORT ? find(&h->ports, route->target_id) : NULL;
            bool known = port == NULL || find_sorted(&c->gone, port->interface_id) != NULL;
            for (size_t n = 0; n < targets->n && !known; n++)
                known = targets->v[n] == port;
            if (!known)
                *arena_append(a, targets) = port;
        }
}

struct held_change held_change(struct arena *a, const struct held *h, const struct net_vpc *intent,
                               const struct net_part *part)
{
    struct held_change c = {.from = NULL};
    struct held_ports ports = ports_of(a, intent);
    struct held_ports targets = {0};
    if (h->frame == NULL) {
        c.differs = true;
        c.come = ports;
        c.to = part == NULL ? side(a, intent, &ports, &targets) : NULL;
        return c;
    }
    bool alike = intent_ports_alike(h->frame, intent);
    c.same_frame = intent_frame_equal(h->frame, intent);
    if (part == NULL)
        compare_all(a, h, &ports, alike, &c);
    else if (alike)
        for (size_t i = 0; i < part->n; i++)
            consider(a, &c, true, find(&h->ports, part->interface_ids[i]),
                     find_sorted(&ports, part->interface_ids[i]));
    else
        return c;
    c.differs = !c.same_frame || c.gone.n + c.come.n > 0;
    add_targets(a, h, h->frame, &c, &targets);
    add_targets(a, h, intent, &c, &targets);
    c.from = side(a, h->frame, &c.gone, &targets);
    c.to = side(a, intent, &c.come, &targets);
    c.others = others(a, h, &c.gone);
    return c;
}

size_t held_differing(struct arena *a, const struct held *h, const struct net_vpc *intent)
{
    struct held_change c = {.from = NULL};
    struct held_ports ports = ports_of(a, intent);
    if (h->frame == NULL)
        return 0;
    compare_all(a, h, &ports, true, &c);
    return c.gone.n > c.come.n ? c.gone.n : c.come.n;
}

/* --- remembering */

static void drop(struct arena *a, struct held *h, const char *id)
{
    struct net_port *port = find(&h->ports, id);
    CHECK(port != NULL);
    count_out(a, h, port);
    list_drop(&h->ports, id);
    free(port);
}

void held_keep(struct arena *a, struct held *h, const struct held_change *change)
{
    /* The ports of `gone` are the very ones that go now. */
    const char **gone = arena_array(a, change->gone.n, const char *);
    for (size_t i = 0; i < change->gone.n; i++)
        gone[i] = arena_strdup(a, change->gone.v[i]->interface_id);
    for (size_t i = 0; i < change->gone.n; i++)
        drop(a, h, gone[i]);
    for (size_t i = 0; i < change->come.n; i++) {
        struct net_port *port = intent_port_copy(change->come.v[i]);
        count_in(a, h, port);
        list_add(&h->ports, port);
    }
    if (h->frame != NULL && change->same_frame)
        return;
    struct net_vpc bare = *change->to;
    bare.n_ports = 0;
    struct arena *before = h->arena;
    h->arena = arena_new();
    h->frame = intent_copy(h->arena, &bare);
    arena_free(before);
}
