#include "jobs/flow_plan.h"

#include "base/text.h"
#include "core/cidr.h"
#include "core/flow_log.h"
#include "core/region.h"
#include "store/queries.h"

struct targets {
    struct flow_target *v;
    size_t n;
};

struct words {
    const char **v;
    size_t n;
};

/* An address of a block, counted from its first. */
static void add_address(struct arena *a, struct words *words, const char *block, uint32_t number)
{
    struct cidr cidr;
    char text[IPV4_TEXT_SIZE];
    if (cidr_parse(block, &cidr) < 0)
        return;
    ipv4_format(cidr.address + number, text);
    *arena_append(a, words) = arena_strdup(a, text);
}

/* The router of each subnet, and the name server of each block. */
static struct words routers_of(struct tx *tx, struct arena *a, const struct vpc *vpc)
{
    struct words words = {0};
    struct subnet_list subnets = store_subnets(tx, a, "vpc_id", vpc->id);
    for (size_t i = 0; i < subnets.n; i++)
        add_address(a, &words, subnets.v[i].cidr_block, 1);
    add_address(a, &words, vpc->cidr_block, 2);
    return words;
}

static struct words addresses_of(struct tx *tx, struct arena *a, const struct network_interface *n)
{
    struct words words = {0};
    *arena_append(a, &words) = n->private_ip;
    struct interface_address_list more = store_interface_addresses(tx, a, "interface_id", n->id);
    for (size_t i = 0; i < more.n; i++)
        *arena_append(a, &words) = more.v[i].address;
    return words;
}

static void add_target(struct tx *tx, struct arena *a, const struct flow_log *log,
                       const struct network_interface *n, struct targets *targets)
{
    const struct vpc *vpc = store_vpc(tx, a, n->vpc_id);
    const struct region *region = region_find(n->region);
    if (vpc == NULL || region == NULL)
        return;
    struct words addresses = addresses_of(tx, a, n);
    struct words routers = routers_of(tx, a, vpc);
    *arena_append(a, targets) = (struct flow_target){
        .vpc_id = n->vpc_id,
        .interface_id = n->id,
        .account_id = n->account_id,
        .region = n->region,
        .zone_id = region_zone_id(region, n->zone),
        .subnet_id = n->subnet_id,
        .instance_id = n->instance_id,
        .addresses = addresses.v,
        .n_addresses = addresses.n,
        .routers = routers.v,
        .n_routers = routers.n,
        .accept = !streq(log->traffic_type, "REJECT"),
        .reject = !streq(log->traffic_type, "ACCEPT"),
        .interval = (int)log->max_aggregation_interval,
        .format = log->log_format,
        .file = flow_log_file(a, log, n->id),
    };
}

int flow_plan_read(void *ctx, struct arena *a, uint64_t *version, struct flow_plan *ret_plan,
                   struct err *e)
{
    struct store *store = ctx;
    uint64_t now = store_network_version(store);
    if (now == *version)
        return 0;
    struct targets targets = {0};
    struct tx *tx = store_read(store);
    struct flow_log_list logs = store_flow_logs(tx, a);
    for (size_t i = 0; i < logs.n; i++) {
        const struct flow_log *log = &logs.v[i];
        const char *column = has_prefix(log->resource_id, "vpc-")      ? "vpc_id"
                             : has_prefix(log->resource_id, "subnet-") ? "subnet_id"
                                                                       : "id";
        struct network_interface_list interfaces =
            store_network_interfaces(tx, a, column, log->resource_id);
        for (size_t k = 0; k < interfaces.n; k++)
            add_target(tx, a, log, &interfaces.v[k], &targets);
    }
    int r = tx_commit(tx, e);
    if (r < 0)
        return r;
    *version = now;
    *ret_plan = (struct flow_plan){targets.v, targets.n};
    return 1;
}
