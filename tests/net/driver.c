/*
 * Drives the network from a test: one JSON request per line on stdin, one JSON answer per line on
 * stdout, with the microseconds that the call took.
 *
 *     driver RUNTIME_DIR PUBLIC_POOL [UPLINK RESOLVER IPV6_PREFIX]
 *     {"op": "apply", "intent": {…}}    {"us": 812}  or  {"us": 812, "error": "…", "code": 22}
 *     the same with "part", a list of ids: of interfaces, the intent has these alone
 *     reach (computes), reach-all (many questions about several VPCs), probe (sends and follows a
 * packet), rules (answers the transaction that makes the rules), explain (what leads from another
 * intent, "from", to this one, to be typed), plug, remove, list, taps, connect, nat-connections,
 * metadata (serves it to the guests of the intent)
 */
#include <jansson.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/memory.h"
#include "guests.h"
#include "network/explain.h"
#include "network/intent.h"
#include "network/linux.h"
#include "network/reach.h"
#include "network/rules.h"
#include "network/stands.h"

static const char *text(const json_t *o, const char *key)
{
    return json_string_value(json_object_get(o, key));
}

static int64_t number(const json_t *o, const char *key, int64_t otherwise)
{
    const json_t *v = json_object_get(o, key);
    return json_is_integer(v) ? json_integer_value(v) : otherwise;
}

static bool flag(const json_t *o, const char *key, bool otherwise)
{
    const json_t *v = json_object_get(o, key);
    return json_is_boolean(v) ? json_is_true(v) : otherwise;
}

typedef void read_fn(struct arena *a, const json_t *o, void *to);

/* Reads the list `key` of `o`, each element by `read`. */
static void *read_list(struct arena *a, const json_t *o, const char *key, size_t size,
                       read_fn *read, size_t *ret_n)
{
    const json_t *list = json_object_get(o, key);
    char *out = arena_array_of(a, json_array_size(list), size);
    for (size_t i = 0; i < json_array_size(list); i++)
        read(a, json_array_get(list, i), out + i * size);
    *ret_n = json_array_size(list);
    return out;
}

#define READ_LIST(a, o, key, type, read, ret_n)                                                    \
    ((const type *)read_list(a, o, key, sizeof(type), read, ret_n))

static void read_word(struct arena *a, const json_t *o, void *to)
{
    (void)a;
    *(const char **)to = json_string_value(o);
}

static const char *const *words(struct arena *a, const json_t *o, const char *key, size_t *ret_n)
{
    return read_list(a, o, key, sizeof(char *), read_word, ret_n);
}

static void read_subnet(struct arena *a, const json_t *o, void *to)
{
    (void)a;
    *(struct net_subnet *)to = (struct net_subnet){
        .subnet_id = text(o, "id"),
        .cidr = text(o, "cidr"),
        .ipv6_cidr = text(o, "cidr6"),
        .bridge = text(o, "bridge"),
        .table = number(o, "table", 0),
        .acl_id = text(o, "acl"),
    };
}

static void read_address(struct arena *a, const json_t *o, void *to)
{
    (void)a;
    *(struct net_address *)to =
        (struct net_address){text(o, "ip"), text(o, "public"), flag(o, "drains", false)};
}

/* The first address stands beside the others: "ip" and "public". */
static const struct net_address *read_addresses(struct arena *a, const json_t *o, size_t *ret_n)
{
    size_t n = 0;
    const struct net_address *more = READ_LIST(a, o, "more", struct net_address, read_address, &n);
    struct net_address *all = arena_array(a, n + 1, struct net_address);
    read_address(a, o, &all[0]);
    if (n > 0)
        memcpy(&all[1], more, n * sizeof(*more));
    *ret_n = n + 1;
    return all;
}

static void read_reverse_name(struct arena *a, const json_t *o, void *to)
{
    (void)a;
    *(struct net_reverse_name *)to = (struct net_reverse_name){text(o, "ip"), text(o, "name")};
}

static void read_port(struct arena *a, const json_t *o, void *to)
{
    struct net_port *p = to;
    *p = (struct net_port){
        .interface_id = text(o, "id"),
        .instance_id = "i-00000000",
        .nat_gateway_id = text(o, "nat"),
        .tap = text(o, "tap"),
        .mac = text(o, "mac"),
        .subnet_id = text(o, "subnet"),
        .hostname = text(o, "hostname"),
        .resource_a = text(o, "resource_a"),
        .resource_aaaa = text(o, "resource_aaaa"),
        .source_dest_check = flag(o, "source_dest_check", true),
    };
    p->addresses = read_addresses(a, o, &p->n_addresses);
    p->ipv6 = words(a, o, "ipv6", &p->n_ipv6);
    p->group_ids = words(a, o, "groups", &p->n_group_ids);
}

static void read_rule(struct arena *a, const json_t *o, void *to)
{
    (void)a;
    *(struct security_group_rule *)to = (struct security_group_rule){
        .id = text(o, "id"),
        .is_egress = flag(o, "egress", false),
        .protocol = text(o, "protocol"),
        .from_port = number(o, "from", -1),
        .to_port = number(o, "to", -1),
        .cidr_ipv4 = text(o, "cidr"),
        .cidr_ipv6 = text(o, "cidr6"),
        .prefix_list_id = text(o, "prefix_list"),
        .referenced_group_id = text(o, "group"),
    };
}

static void read_group(struct arena *a, const json_t *o, void *to)
{
    struct net_group *g = to;
    g->group_id = text(o, "id");
    g->rules = READ_LIST(a, o, "rules", struct security_group_rule, read_rule, &g->n_rules);
}

static void read_peer_group(struct arena *a, const json_t *o, void *to)
{
    struct net_peer_group *g = to;
    g->group_id = text(o, "id");
    g->addresses = words(a, o, "addresses", &g->n_addresses);
}

static void read_prefix_list(struct arena *a, const json_t *o, void *to)
{
    struct net_prefix_list *l = to;
    l->prefix_list_id = text(o, "id");
    l->is_ipv6 = flag(o, "is_ipv6", false);
    l->blocks = words(a, o, "blocks", &l->n_blocks);
}

static void read_route(struct arena *a, const json_t *o, void *to)
{
    static const char *const kinds[] = {
        [NET_ROUTE_BLACKHOLE] = "blackhole",     [NET_ROUTE_INTERNET] = "internet",
        [NET_ROUTE_EGRESS_ONLY] = "egress-only", [NET_ROUTE_PORT] = "port",
        [NET_ROUTE_PEERING] = "peering",
    };
    struct net_route *r = to;
    (void)a;
    *r = (struct net_route){.destination = text(o, "to"), .target_id = text(o, "target")};
    size_t kind = 0;
    while (strcmp(kinds[kind], text(o, "kind")) != 0)
        CHECK(++kind < sizeof(kinds) / sizeof(kinds[0]));
    r->kind = (enum net_route_kind)kind;
}

static void read_table(struct arena *a, const json_t *o, void *to)
{
    struct net_route_table *t = to;
    t->route_table_id = text(o, "id");
    t->number = number(o, "number", 0);
    t->routes = READ_LIST(a, o, "routes", struct net_route, read_route, &t->n_routes);
}

static void read_entry(struct arena *a, const json_t *o, void *to)
{
    (void)a;
    *(struct network_acl_entry *)to = (struct network_acl_entry){
        .is_egress = flag(o, "egress", false),
        .rule_number = number(o, "number", 0),
        .protocol = number(o, "protocol", ACL_PROTOCOL_ALL),
        .is_allow = flag(o, "allow", true),
        .cidr_ipv4 = text(o, "cidr"),
        .cidr_ipv6 = text(o, "cidr6"),
        .from_port = number(o, "from", -1),
        .to_port = number(o, "to", -1),
        .icmp_type = number(o, "type", -1),
        .icmp_code = number(o, "code", -1),
    };
}

static void read_acl(struct arena *a, const json_t *o, void *to)
{
    struct net_acl *acl = to;
    acl->acl_id = text(o, "id");
    acl->entries =
        READ_LIST(a, o, "entries", struct network_acl_entry, read_entry, &acl->n_entries);
}

static void read_peering(struct arena *a, const json_t *o, void *to)
{
    struct net_peering *p = to;
    *p = (struct net_peering){
        .peering_id = text(o, "id"),
        .number = number(o, "number", 0),
        .is_requester = flag(o, "requester", false),
        .peer_vpc_id = text(o, "vpc"),
    };
    p->peer_blocks = words(a, o, "blocks", &p->n_peer_blocks);
}

static const struct net_vpc *read_intent(struct arena *a, const json_t *o)
{
    const json_t *dhcp = json_object_get(o, "dhcp");
    struct net_vpc *v = arena_new_of(a, struct net_vpc);
    *v = (struct net_vpc){
        .vpc_id = text(o, "id"),
        .region = "us-east-1",
        .index = number(o, "index", 0),
        .domain = "ec2.internal",
        .dns_support = flag(o, "dns_support", true),
        .has_internet_gateway = flag(o, "internet_gateway", true),
        .edge_table = number(o, "edge_table", -1),
        .dhcp.domain_name = text(dhcp, "domain_name"),
        .dhcp.netbios_node_type = text(dhcp, "netbios_node_type"),
    };
    v->dhcp.name_servers = words(a, dhcp, "name_servers", &v->dhcp.n_name_servers);
    v->dhcp.ntp_servers = words(a, dhcp, "ntp_servers", &v->dhcp.n_ntp_servers);
    v->dhcp.netbios_name_servers =
        words(a, dhcp, "netbios_name_servers", &v->dhcp.n_netbios_name_servers);
    v->cidrs = words(a, o, "cidrs", &v->n_cidrs);
    v->ipv6_cidrs = words(a, o, "cidrs6", &v->n_ipv6_cidrs);
    v->reverse_names = READ_LIST(a, o, "reverse_names", struct net_reverse_name, read_reverse_name,
                                 &v->n_reverse_names);
    v->subnets = READ_LIST(a, o, "subnets", struct net_subnet, read_subnet, &v->n_subnets);
    v->ports = READ_LIST(a, o, "ports", struct net_port, read_port, &v->n_ports);
    v->groups = READ_LIST(a, o, "groups", struct net_group, read_group, &v->n_groups);
    v->peer_groups =
        READ_LIST(a, o, "peer_groups", struct net_peer_group, read_peer_group, &v->n_peer_groups);
    v->prefix_lists = READ_LIST(a, o, "prefix_lists", struct net_prefix_list, read_prefix_list,
                                &v->n_prefix_lists);
    v->tables = READ_LIST(a, o, "tables", struct net_route_table, read_table, &v->n_tables);
    v->acls = READ_LIST(a, o, "acls", struct net_acl, read_acl, &v->n_acls);
    v->peerings = READ_LIST(a, o, "peerings", struct net_peering, read_peering, &v->n_peerings);
    return v;
}

static json_t *names(const struct net_names *n)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n->n; i++)
        CHECK(json_array_append_new(list, json_string(n->v[i])) == 0);
    return list;
}

/* Reads what the guest's server says first. */
static int greet(struct network *n, const json_t *q, json_t *answer, struct err *e)
{
    int fd = -1;
    int r = n->ops->connect(n, text(q, "vpc"), text(q, "ip"), (int)number(q, "port", 0),
                            (int)number(q, "timeout", 1000), &fd, e);
    if (r < 0)
        return r;
    struct sockaddr_storage self;
    socklen_t len = sizeof(self);
    CHECK(getsockname(fd, (struct sockaddr *)&self, &len) == 0);
    (void)close(fd);
    return json_object_set_new(answer, "connected", json_true());
}

/* NULL: the intent is whole. */
static const struct net_part *read_part(struct arena *a, const json_t *q)
{
    if (json_object_get(q, "part") == NULL)
        return NULL;
    struct net_part *part = arena_new_of(a, struct net_part);
    part->interface_ids = words(a, q, "part", &part->n);
    return part;
}

static const char *runtime_dir;

static int explain(struct network *n, struct arena *a, const json_t *q, const struct net_vpc *to,
                   json_t *answer, struct err *e)
{
    struct net_explained told = {0};
    struct net_names plug = {0};
    const json_t *from = json_object_get(q, "from");
    const char *stands = text(q, "stands");
    const struct net_explain_options options = {runtime_dir, n, (size_t)1 << 20};
    int r = stands != NULL
                ? network_stands(a, &options, to, stands, &told, e)
                : network_explain(a, &options, from == NULL ? NULL : read_intent(a, from), to,
                                  &told, e);
    if (r < 0)
        return r;
    json_t *files = json_array();
    for (size_t i = 0; i < told.files.n; i++)
        CHECK(json_array_append_new(
                  files, json_pack("[s,s?]", told.files.v[i].path, told.files.v[i].content)) == 0);
    json_t *gateways = json_array();
    for (size_t i = 0; i < told.gateways.n; i++) {
        const struct net_explained_gateway *g = &told.gateways.v[i];
        CHECK(json_array_append_new(gateways,
                                    json_pack("{s:s,s:s?,s:o}", "id", g->nat_gateway_id, "rules",
                                              g->rules, "commands", names(&g->commands))) == 0);
    }
    if (text(q, "port") != NULL)
        plug = network_explain_plug(a, to, text(q, "port"));
    return json_object_update_new(
        answer, json_pack("{s:s?,s:o,s:o,s:o,s:o,s:o}", "rules", told.rules, "files", files,
                          "reload", names(&told.reload), "routes", names(&told.routes), "plug",
                          names(&plug), "gateways", gateways));
}

/* {"source": {"vpc": intent, "port": id} or {"address": …}, "destination": the same, "protocol",
 * "number"} */
static struct reach_end read_end(struct arena *a, const json_t *o)
{
    const json_t *vpc = json_object_get(o, "vpc");
    return (struct reach_end){
        .vpc = vpc == NULL ? NULL : read_intent(a, vpc),
        .interface_id = text(o, "port"),
        .address = text(o, "address"),
    };
}

static int reach(struct arena *a, const json_t *q, json_t *answer)
{
    const struct reach_question question = {
        .source = read_end(a, json_object_get(q, "source")),
        .destination = read_end(a, json_object_get(q, "destination")),
        .protocol = (int)number(q, "protocol", IPPROTO_TCP),
        .port = number(q, "number", 0),
        .source_port = number(q, "source_port", 0),
    };
    struct reach_answer found = reach_walk(a, &question);
    json_t *hops = json_array();
    for (size_t i = 0; i < found.hops.n; i++) {
        const struct reach_hop *h = &found.hops.v[i];
        CHECK(json_array_append_new(hops, json_pack("{s:s?,s:b,s:b,s:s?}", "id", h->id, "reply",
                                                    h->is_reply, "passes", h->passes, "text",
                                                    h->text)) == 0);
    }
    return json_object_update_new(answer, json_pack("{s:b,s:s?,s:s?,s:o}", "reachable",
                                                    found.reachable, "code", found.code, "remedy",
                                                    found.remedy, "hops", hops));
}

static int probe(struct network *n, struct arena *a, const json_t *q, json_t *answer, struct err *e)
{
    static const char *const outcomes[] = {
        [NET_PROBE_LOST] = "lost",         [NET_PROBE_DROPPED] = "dropped",
        [NET_PROBE_SILENT] = "silent",     [NET_PROBE_REFUSED] = "refused",
        [NET_PROBE_ANSWERED] = "answered", [NET_PROBE_ANSWER_DROPPED] = "answer dropped",
    };
    const struct net_probe probe = {
        .vpc_id = text(q, "vpc"),
        .peer_vpc_id = text(q, "peer"),
        .index = number(q, "index", 0),
        .tap = text(q, "tap"),
        .mac = text(q, "mac"),
        .bridge = text(q, "bridge"),
        .source = text(q, "source"),
        .destination = text(q, "destination"),
        .protocol = (int)number(q, "protocol", IPPROTO_TCP),
        .port = (int)number(q, "number", 0),
        .timeout_ms = (int)number(q, "timeout", 2000),
    };
    struct net_probed found = {0};
    int r = n->ops->probe(n, a, &probe, &found, e);
    if (r < 0)
        return r;
    return json_object_update_new(answer, json_pack("{s:s,s:s?,s:s?,s:s?,s:o}", "outcome",
                                                    outcomes[found.outcome], "in", found.vpc_id,
                                                    "chain", found.chain, "rule", found.rule,
                                                    "trace", names(&found.trace)));
}

static struct reach_end read_numbered_end(const struct net_vpc *const *vpcs, size_t n,
                                          const json_t *o)
{
    int64_t at = number(o, "vpc", -1);
    CHECK(at < (int64_t)n);
    return (struct reach_end){.vpc = at < 0 ? NULL : vpcs[at],
                              .interface_id = text(o, "id"),
                              .address = text(o, "address")};
}

/* Many at once, for a matrix of flows: the VPCs are read once. */
static int reach_all(struct arena *a, const json_t *q, json_t *answer)
{
    const json_t *list = json_object_get(q, "vpcs");
    const json_t *questions = json_object_get(q, "questions");
    size_t n = json_array_size(list);
    const struct net_vpc **vpcs = arena_array(a, n, const struct net_vpc *);
    for (size_t i = 0; i < n; i++)
        vpcs[i] = read_intent(a, json_array_get(list, i));
    json_t *answers = json_array();
    for (size_t i = 0; i < json_array_size(questions); i++) {
        const json_t *o = json_array_get(questions, i);
        const char *protocol = text(o, "protocol");
        const struct reach_question question = {
            .source = read_numbered_end(vpcs, n, json_object_get(o, "from")),
            .destination = read_numbered_end(vpcs, n, json_object_get(o, "to")),
            .protocol = strcmp(protocol, "tcp") == 0   ? IPPROTO_TCP
                        : strcmp(protocol, "udp") == 0 ? IPPROTO_UDP
                                                       : IPPROTO_ICMP,
            .port = number(o, "port", 0),
            .source_port = number(o, "source_port", 0),
        };
        const struct reach_answer found = reach_walk(a, &question);
        const char *last = found.hops.n == 0 ? "" : found.hops.v[found.hops.n - 1].text;
        CHECK(json_array_append_new(answers,
                                    json_pack("{s:b,s:s?,s:s?}", "reachable", found.reachable,
                                              "code", found.code, "text", last)) == 0);
    }
    return json_object_set_new(answer, "answers", answers);
}

static int serve(struct network *n, struct arena *a, const json_t *q, json_t *answer, struct err *e)
{
    const char *op = text(q, "op");
    const struct net_vpc *intent = read_intent(a, json_object_get(q, "intent"));
    struct net_names list = {0};
    struct timespec from;
    struct timespec to;
    int r = 0;
    (void)clock_gettime(CLOCK_MONOTONIC, &from);
    if (strcmp(op, "apply") == 0) {
        r = n->ops->apply(n, intent, read_part(a, q), e);
    } else if (strcmp(op, "plug") == 0) {
        r = n->ops->plug(n, intent, text(q, "port"), e);
    } else if (strcmp(op, "remove") == 0) {
        r = n->ops->remove(n, text(q, "vpc"), number(q, "index", 0), e);
        guests_forget(text(q, "vpc"));
    } else if (strcmp(op, "metadata") == 0) {
        const struct guests_options options = {.http_tokens = text(q, "tokens"),
                                               .hop_limit = number(q, "hops", 1)};
        r = guests_know(n, runtime_dir, intent, &options, e);
    } else if (strcmp(op, "list") == 0) {
        r = n->ops->list(n, a, &list, e);
    } else if (strcmp(op, "taps") == 0) {
        r = n->ops->taps(n, a, text(q, "vpc"), &list, e);
    } else if (strcmp(op, "nat-connections") == 0) {
        size_t count = 0;
        r = n->ops->nat_connections(n, text(q, "nat"), text(q, "address"), &count, e);
        CHECK(json_object_set_new(answer, "count", json_integer((json_int_t)count)) == 0);
    } else if (strcmp(op, "connect") == 0) {
        r = greet(n, q, answer, e);
    } else if (strcmp(op, "probe") == 0) {
        r = probe(n, a, q, answer, e);
    } else if (strcmp(op, "explain") == 0) {
        r = explain(n, a, q, intent, answer, e);
    } else if (strcmp(op, "reach-all") == 0) {
        r = reach_all(a, q, answer);
    } else if (strcmp(op, "reach") == 0) {
        r = reach(a, q, answer);
    } else if (strcmp(op, "rules") == 0) {
        struct ruleset *rules = NULL;
        struct buf out = BUF_INIT((size_t)64 << 20);
        r = rules_build(a, intent, &(struct rules_options){0}, &rules, e);
        if (r == 0)
            ruleset_write_replace(rules, &out);
        CHECK(json_object_set_new(answer, "rules", json_string(buf_str(&out))) == 0);
        buf_done(&out);
    } else {
        r = err_set(e, EINVAL, "no such operation: %s", op);
    }
    (void)clock_gettime(CLOCK_MONOTONIC, &to);
    int64_t us = (to.tv_sec - from.tv_sec) * 1000000 + (to.tv_nsec - from.tv_nsec) / 1000;
    CHECK(json_object_set_new(answer, "us", json_integer(us)) == 0);
    CHECK(json_object_set_new(answer, "names", names(&list)) == 0);
    return r;
}

int main(int argc, char **argv)
{
    struct network *n = NULL;
    struct err e = {0};
    if (argc < 3)
        return 2;
    memory_keep_free(); /* as croftd does */
    runtime_dir = argv[1];
    struct linux_network_config config = {
        .runtime_dir = runtime_dir,
        .uplink = argc > 3 ? argv[3] : NULL,
        .resolver = argc > 4 ? argv[4] : NULL,
        .ipv6_prefix = argc > 5 ? argv[5] : NULL,
    };
    if (address_ranges_parse(argv[2], &config.public_addresses, &e) < 0 ||
        linux_network_new(&config, &n, &e) < 0) {
        (void)fprintf(stderr, "%s\n", e.message);
        return 1;
    }
    char *line = NULL;
    size_t size = 0;
    while (getline(&line, &size, stdin) > 0) {
        struct arena *a = arena_new();
        json_t *q = json_loads(line, 0, NULL);
        json_t *answer = json_object();
        err_clear(&e);
        int r = serve(n, a, q, answer, &e);
        if (r < 0) {
            CHECK(json_object_set_new(answer, "code", json_integer(-r)) == 0);
            CHECK(json_object_set_new(answer, "error", json_string(e.message)) == 0);
        }
        CHECK(json_dumpf(answer, stdout, JSON_COMPACT) == 0);
        (void)putchar('\n');
        (void)fflush(stdout);
        json_decref(answer);
        json_decref(q);
        arena_free(a);
    }
    free(line);
    guests_end();
    n->ops->free(n);
    return 0;
}
