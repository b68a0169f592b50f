/* What a row of a shape cannot say: how the parts of a request belong together. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "network/netd_internal.h"

#define TAP_ID 12 /* characters of an interface's id that its tap is named by */

int netd_check_tap(const char *interface_id, const char *tap, struct err *e)
{
    const char *digits = tap + strlen("eni");
    const char *id = interface_id + strlen("eni-");
    size_t n = strlen(id) < TAP_ID ? strlen(id) : TAP_ID;
    if (strlen(digits) != n || memcmp(digits, id, n) != 0)
        return err_set(e, EINVAL, "%s is not the tap of %s", tap, interface_id);
    return 0;
}

static int by_text(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static int check_ports(struct arena *a, const struct net_vpc *vpc, struct err *e)
{
    const char **ids = arena_array(a, vpc->n_ports, const char *);
    int r = 0;
    for (size_t i = 0; i < vpc->n_ports && r == 0; i++) {
        const struct net_port *port = &vpc->ports[i];
        ids[i] = port->interface_id;
        r = netd_check_tap(port->interface_id, port->tap, e);
        if (r == 0 && port->n_addresses == 0)
            r = err_set(e, EINVAL, "%s has no address", port->interface_id);
    }
    if (r == 0 && vpc->n_ports > 1)
        qsort(ids, vpc->n_ports, sizeof(ids[0]), by_text);
    for (size_t i = 1; i < vpc->n_ports && r == 0; i++)
        if (strcmp(ids[i - 1], ids[i]) == 0)
            r = err_set(e, EINVAL, "%s is there twice", ids[i]);
    return r;
}

static int check_route(const struct net_route *route, struct err *e)
{
    const char *prefix = route->kind == NET_ROUTE_PORT      ? "eni-"
                         : route->kind == NET_ROUTE_PEERING ? "pcx-"
                                                            : NULL;
    if (prefix != NULL &&
        (route->target_id == NULL || strncmp(route->target_id, prefix, strlen(prefix)) != 0))
        return err_set(e, EINVAL, "the route to %s has no target of its kind", route->destination);
    return 0;
}

int netd_check_vpc(struct arena *a, const struct net_vpc *vpc, struct err *e)
{
    if (vpc->n_cidrs == 0)
        return err_set(e, EINVAL, "%s has no block", vpc->vpc_id);
    int r = check_ports(a, vpc, e);
    for (size_t i = 0; i < vpc->n_tables && r == 0; i++)
        for (size_t k = 0; k < vpc->tables[i].n_routes && r == 0; k++)
            r = check_route(&vpc->tables[i].routes[k], e);
    return r;
}

int netd_check_part(const struct net_part *part, struct err *e)
{
    for (size_t i = 1; i < part->n; i++)
        if (strcmp(part->interface_ids[i - 1], part->interface_ids[i]) >= 0)
            return err_set(e, EINVAL, "the interfaces of a part are not in order");
    return 0;
}
