/*
 * Drives the network from a test: one JSON request per line on stdin, one JSON answer per line on
 * stdout, with the microseconds that the call took.
 *
 *     driver RUNTIME_DIR PUBLIC_POOL [UPLINK RESOLVER]
 *     {"op": "apply", "intent": {…}}    {"us": 812}  or  {"us": 812, "error": "…", "code": 22}
 *     rules (answers the transaction that makes the rules), explain (what leads from another
 * intent, "from", to this one, to be typed), plug, remove, list, taps, connect
 */
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "base/buf.h"
#include "base/check.h"
#include "network/explain.h"
#include "network/intent.h"
#include "network/linux.h"
#include "network/rules.h"

static const char *text(const json_t *o, const char *key)
{
    return json_string_value(json_object_get(o, key));
}

static int64_t number(const json_t *o, const char *key, int64_t otherwise)
{
    const json_t *v = json_object_get(o, key);
    return json_is_integer(v) ? json_integer_value(v) : otherwise;
}

static void read_group(struct arena *a, const json_t *o, struct net_group *g)
{
    const json_t *list = json_object_get(o, "rules");
    size_t n = json_array_size(list);
    struct security_group_rule *rules = arena_array(a, n, struct security_group_rule);
    for (size_t i = 0; i < n; i++) {
        const json_t *r = json_array_get(list, i);
        rules[i] = (struct security_group_rule){
            .id = text(r, "id"),
            .is_egress = json_is_true(json_object_get(r, "egress")),
            .protocol = text(r, "protocol"),
            .from_port = number(r, "from", -1),
            .to_port = number(r, "to", -1),
            .cidr_ipv4 = text(r, "cidr"),
            .cidr_ipv6 = text(r, "cidr6"),
            .prefix_list_id = text(r, "prefix_list"),
            .referenced_group_id = text(r, "group"),
        };
    }
    *g = (struct net_group){.group_id = text(o, "id"), .rules = rules, .n_rules = n};
}

static void read_port(struct arena *a, const json_t *o, struct net_port *p)
{
    const json_t *list = json_object_get(o, "groups");
    size_t n = json_array_size(list);
    const char **group_ids = arena_array(a, n, const char *);
    for (size_t i = 0; i < n; i++)
        group_ids[i] = json_string_value(json_array_get(list, i));
    *p = (struct net_port){
        .interface_id = text(o, "id"),
        .instance_id = "i-00000000",
        .tap = text(o, "tap"),
        .mac = text(o, "mac"),
        .subnet_id = text(o, "subnet"),
        .private_ip = text(o, "ip"),
        .public_ip = text(o, "public"),
        .hostname = text(o, "hostname"),
        .source_dest_check = !json_is_false(json_object_get(o, "source_dest_check")),
        .group_ids = group_ids,
        .n_group_ids = n,
    };
}

static const struct net_vpc *read_intent(struct arena *a, const json_t *o)
{
    const json_t *subnets = json_object_get(o, "subnets");
    const json_t *ports = json_object_get(o, "ports");
    const json_t *groups = json_object_get(o, "groups");
    struct net_vpc *v = arena_new_of(a, struct net_vpc);
    struct net_subnet *s = arena_array(a, json_array_size(subnets), struct net_subnet);
    struct net_port *p = arena_array(a, json_array_size(ports), struct net_port);
    struct net_group *g = arena_array(a, json_array_size(groups), struct net_group);
    for (size_t i = 0; i < json_array_size(subnets); i++) {
        const json_t *from = json_array_get(subnets, i);
        s[i] = (struct net_subnet){.subnet_id = text(from, "id"),
                                   .cidr = text(from, "cidr"),
                                   .bridge = text(from, "bridge")};
    }
    for (size_t i = 0; i < json_array_size(ports); i++)
        read_port(a, json_array_get(ports, i), &p[i]);
    for (size_t i = 0; i < json_array_size(groups); i++)
        read_group(a, json_array_get(groups, i), &g[i]);
    *v = (struct net_vpc){
        .vpc_id = text(o, "id"),
        .region = "us-east-1",
        .index = number(o, "index", 0),
        .cidr = text(o, "cidr"),
        .domain = "ec2.internal",
        .subnets = s,
        .n_subnets = json_array_size(subnets),
        .ports = p,
        .n_ports = json_array_size(ports),
        .groups = g,
        .n_groups = json_array_size(groups),
    };
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

static const char *runtime_dir;

static int explain(struct arena *a, const json_t *q, const struct net_vpc *to, json_t *answer,
                   struct err *e)
{
    struct net_explained told = {0};
    struct net_names plug = {0};
    const json_t *from = json_object_get(q, "from");
    int r = network_explain(a, runtime_dir, from == NULL ? NULL : read_intent(a, from), to,
                            (size_t)1 << 20, &told, e);
    if (r < 0)
        return r;
    json_t *files = json_array();
    for (size_t i = 0; i < told.files.n; i++)
        CHECK(json_array_append_new(
                  files, json_pack("[s,s?]", told.files.v[i].path, told.files.v[i].content)) == 0);
    if (text(q, "port") != NULL)
        plug = network_explain_plug(a, to, text(q, "port"));
    return json_object_update_new(answer,
                                  json_pack("{s:s?,s:o,s:o,s:o,s:o}", "rules", told.rules, "files",
                                            files, "reload", names(&told.reload), "routes",
                                            names(&told.routes), "plug", names(&plug)));
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
        r = n->ops->apply(n, intent, e);
    } else if (strcmp(op, "plug") == 0) {
        r = n->ops->plug(n, intent, text(q, "port"), e);
    } else if (strcmp(op, "remove") == 0) {
        r = n->ops->remove(n, text(q, "vpc"), number(q, "index", 0), e);
    } else if (strcmp(op, "list") == 0) {
        r = n->ops->list(n, a, &list, e);
    } else if (strcmp(op, "taps") == 0) {
        r = n->ops->taps(n, a, text(q, "vpc"), &list, e);
    } else if (strcmp(op, "connect") == 0) {
        r = greet(n, q, answer, e);
    } else if (strcmp(op, "explain") == 0) {
        r = explain(a, q, intent, answer, e);
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
    runtime_dir = argv[1];
    const struct linux_network_config config = {
        .runtime_dir = runtime_dir,
        .public_pool = argv[2],
        .uplink = argc > 3 ? argv[3] : NULL,
        .resolver = argc > 4 ? argv[4] : NULL,
    };
    if (linux_network_new(&config, &n, &e) < 0) {
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
    n->ops->free(n);
    return 0;
}
