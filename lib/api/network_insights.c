/* Network insights: paths to be looked at, and analyses of them, which a job makes. */
#include "api/filter.h"
#include "api/lookup.h"
#include "api/page.h"
#include "api/tagging.h"
#include "base/check.h"
#include "base/id.h"
#include "base/text.h"
#include "core/cidr.h"
#include "wire/json.h"

static const char *const path_taggable[] = {"network-insights-path", NULL};
static const char *const analysis_taggable[] = {"network-insights-analysis", NULL};

/* What a path may begin and end at; AWS has more, of which Croft has none. */
static const char *const ends[] = {"i", "eni", "igw", NULL};

static const char *arn(struct call *c, const char *id)
{
    const char *type = tag_resource_type(id);
    return type == NULL ? NULL
                        : arena_printf(c->arena, "arn:aws:ec2:%s:%s:%s/%s", c->region->name,
                                       c->principal->account_id, type, id);
}

/* --- paths */

/* Checks an end, which is an id or an ARN with it behind the slash. */
static int read_end(struct call *c, const char *parameter, const char *given, const char **ret_id,
                    struct fault *f)
{
    const char *slash = has_prefix(given, "arn:") ? strrchr(given, '/') : NULL;
    const char *id = slash != NULL ? slash + 1 : given;
    const struct resource *r = resource_of_id(id);
    if (r == NULL || !text_is_among(r->prefix, ends))
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "Value (%.128s) for parameter %s is invalid. It must be the ID of an "
                     "instance, a network interface or an internet gateway",
                     given, parameter);
    if (!lookup_exists(c, r, id))
        return lookup_fault(c, r->kind, &(struct wire_strings){&id, 1}, f);
    *ret_id = id;
    return 0;
}

static int check_ip(const char *parameter, const char *ip, struct fault *f)
{
    uint32_t ipv4 = 0;
    struct ipv6 ipv6;
    if (ip == NULL || ipv4_parse(ip, &ipv4) == 0 || ipv6_parse(ip, &ipv6) == 0)
        return 0;
    return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                 "Value (%.64s) for parameter %s is invalid. It is not an IP address", ip,
                 parameter);
}

static int check_protocol(const ec2_CreateNetworkInsightsPath_in *in, struct fault *f)
{
    static const char *const protocols[] = {"tcp", "udp", "icmp", NULL};
    bool icmp = streq(in->protocol, "icmp");
    if (!text_is_among(in->protocol, protocols))
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "Value (%.64s) for parameter Protocol is invalid. It must be tcp or udp, or "
                     "icmp for an echo request",
                     in->protocol);
    if (icmp && in->destination_port.set)
        return fault(f, FAULT_INVALID_PARAMETER_COMBINATION,
                     "DestinationPort goes with tcp and udp alone");
    if (!icmp && (!in->destination_port.set || in->destination_port.v < 1))
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "DestinationPort must be given for %s, 1 to 65535", in->protocol);
    return 0;
}

static int check_ends(const struct network_insights_path *p, struct fault *f)
{
    bool from_outside = has_prefix(p->source_id, "igw-");
    bool to_outside = p->destination_id == NULL || has_prefix(p->destination_id, "igw-");
    if (to_outside && p->destination_ip == NULL)
        return fault(f, FAULT_MISSING_PARAMETER,
                     "The request must contain Destination, or DestinationIp for an address "
                     "outside");
    if (from_outside && to_outside)
        return fault(f, FAULT_INVALID_PARAMETER_COMBINATION,
                     "Source and Destination are both outside: one must be an instance or a "
                     "network interface");
    if (streq(p->source_id, p->destination_id))
        return fault(f, FAULT_INVALID_PARAMETER_COMBINATION,
                     "Source and Destination must not be the same");
    return 0;
}

static void view_path(struct call *c, const struct network_insights_path *p,
                      struct ec2_NetworkInsightsPath *out)
{
    *out = (struct ec2_NetworkInsightsPath){
        .network_insights_path_id = p->id,
        .network_insights_path_arn = arn(c, p->id),
        .created_date = wire_time(p->created_at),
        .source = p->source_id,
        .source_arn = arn(c, p->source_id),
        .destination = p->destination_id,
        .destination_arn = p->destination_id == NULL ? NULL : arn(c, p->destination_id),
        .source_ip = p->source_ip,
        .destination_ip = p->destination_ip,
        .protocol = p->protocol,
    };
    if (p->destination_port > 0)
        out->destination_port = wire_int(p->destination_port);
    tags_of(c, p->id, &out->tags);
    wire_list_empty(&out->tags);
}

static void answer_path(struct call *c, const struct network_insights_path *p,
                        ec2_CreateNetworkInsightsPath_out *out)
{
    out->network_insights_path = arena_new_of(c->arena, struct ec2_NetworkInsightsPath);
    view_path(c, p, out->network_insights_path);
    c->result = p->id;
}

static int make_path(struct call *c, const ec2_CreateNetworkInsightsPath_in *in,
                     struct network_insights_path *p, struct fault *f)
{
    if (check_protocol(in, f) < 0 || check_ip("SourceIp", in->source_ip, f) < 0 ||
        check_ip("DestinationIp", in->destination_ip, f) < 0 ||
        read_end(c, "Source", in->source, &p->source_id, f) < 0 ||
        (in->destination != NULL &&
         read_end(c, "Destination", in->destination, &p->destination_id, f) < 0) ||
        check_ends(p, f) < 0 ||
        tags_from_specifications(c, &in->tag_specifications, path_taggable, f) < 0)
        return -1;
    if (store_count_network_insights_paths(c->tx, "account_id", p->account_id, "region",
                                           p->region) >= INSIGHTS_PATHS_MAX)
        return fault(f, FAULT_RESOURCE_LIMIT_EXCEEDED,
                     "The maximum number of network insights paths is %d", INSIGHTS_PATHS_MAX);
    return 0;
}

int act_ec2_CreateNetworkInsightsPath(struct call *c, const ec2_CreateNetworkInsightsPath_in *in,
                                      ec2_CreateNetworkInsightsPath_out *out, struct fault *f)
{
    if (c->replay != NULL) {
        const struct network_insights_path *made = lookup_network_insights_path(c, c->replay, f);
        if (made == NULL)
            return -1;
        answer_path(c, made, out);
        return 0;
    }
    struct network_insights_path p = {
        .id = id_make(c->arena, "nip"),
        .account_id = c->principal->account_id,
        .region = c->region->name,
        .source_ip = in->source_ip,
        .destination_ip = in->destination_ip,
        .protocol = in->protocol,
        .destination_port = in->destination_port.set ? in->destination_port.v : 0,
        .created_at = c->now,
    };
    if (make_path(c, in, &p, f) < 0)
        return -1;
    store_insert_network_insights_path(c->tx, &p);
    tags_put(c, &in->tag_specifications, path_taggable[0], p.id);
    answer_path(c, &p, out);
    return 0;
}

int act_ec2_DeleteNetworkInsightsPath(struct call *c, const ec2_DeleteNetworkInsightsPath_in *in,
                                      ec2_DeleteNetworkInsightsPath_out *out, struct fault *f)
{
    const struct network_insights_path *p =
        lookup_network_insights_path(c, in->network_insights_path_id, f);
    if (p == NULL)
        return -1;
    if (store_count_network_insights_analyses(c->tx, "path_id", p->id) > 0)
        return fault(f, FAULT_ANALYSIS_EXISTS_FOR_NETWORK_INSIGHTS_PATH,
                     "The network insights path '%s' has analyses; delete them first", p->id);
    store_delete_network_insights_paths(c->tx, "id", p->id);
    tags_drop(c, p->id);
    out->network_insights_path_id = p->id;
    return 0;
}

/* AWS: DescribeNetworkInsightsPaths, "Filters". */
static const struct filter_path path_filters[] = {
    {"destination", "Destination"},
    {"filter-at-source.source-address", NULL},
    {"filter-at-source.source-port-range", NULL},
    {"filter-at-source.destination-address", NULL},
    {"filter-at-source.destination-port-range", NULL},
    {"filter-at-destination.source-address", NULL},
    {"filter-at-destination.source-port-range", NULL},
    {"filter-at-destination.destination-address", NULL},
    {"filter-at-destination.destination-port-range", NULL},
    {"protocol", "Protocol"},
    {"source", "Source"},
};

int act_ec2_DescribeNetworkInsightsPaths(struct call *c,
                                         const ec2_DescribeNetworkInsightsPaths_in *in,
                                         ec2_DescribeNetworkInsightsPaths_out *out, struct fault *f)
{
    struct filters filters = FILTERS(in, path_filters, NetworkInsightsPath);
    struct network_insights_path_list rows;
    struct page page;
    if (filters_check(&filters, f) < 0 ||
        page_begin(c, in->max_results, in->next_token, in->network_insights_path_ids.n > 0, &page,
                   f) < 0 ||
        lookup_network_insights_paths(c, &in->network_insights_path_ids, &rows, f) < 0)
        return -1;
    for (size_t i = 0; i < rows.n && !page.more; i++) {
        struct ec2_NetworkInsightsPath item;
        view_path(c, &rows.v[i], &item);
        if (filters_match(&filters, &item, NULL) && page_admit(&page, rows.v[i].id))
            *arena_append(c->arena, &out->network_insights_paths) = item;
    }
    out->next_token = page_end(c, &page);
    return 0;
}

/* --- analyses */

static void view_analysis(struct call *c, const struct network_insights_analysis *n,
                          struct ec2_NetworkInsightsAnalysis *out)
{
    void *findings = NULL;
    struct fault ours = {0};
    *out = (struct ec2_NetworkInsightsAnalysis){0};
    if (n->findings != NULL) {
        CHECK(json_decode_reply(c->arena, &ec2_NetworkInsightsAnalysis_struct, n->findings,
                                strlen(n->findings), &findings, &ours) == 0);
        *out = *(const struct ec2_NetworkInsightsAnalysis *)findings;
    }
    out->network_insights_analysis_id = n->id;
    out->network_insights_analysis_arn = arn(c, n->id);
    out->network_insights_path_id = n->path_id;
    out->start_date = wire_time(n->started_at);
    out->status = state_name(&insights_states, n->state);
    out->status_message = n->status_message;
    tags_of(c, n->id, &out->tags);
    wire_list_empty(&out->tags);
}

static void answer_analysis(struct call *c, const struct network_insights_analysis *n,
                            ec2_StartNetworkInsightsAnalysis_out *out)
{
    out->network_insights_analysis = arena_new_of(c->arena, struct ec2_NetworkInsightsAnalysis);
    view_analysis(c, n, out->network_insights_analysis);
    c->result = n->id;
}

static int check_quota(struct call *c, struct fault *f)
{
    const char *account = c->principal->account_id;
    const char *region = c->region->name;
    if (store_count_network_insights_analyses(c->tx, "account_id", account, "region", region) >=
        INSIGHTS_ANALYSES_MAX)
        return fault(f, FAULT_RESOURCE_LIMIT_EXCEEDED,
                     "The maximum number of network insights analyses is %d",
                     INSIGHTS_ANALYSES_MAX);
    if (store_count_network_insights_analyses(c->tx, "account_id", account, "region", region,
                                              "state", "running") >= INSIGHTS_RUNNING_MAX)
        return fault(f, FAULT_RESOURCE_LIMIT_EXCEEDED,
                     "The maximum number of network insights analyses that run at once is %d",
                     INSIGHTS_RUNNING_MAX);
    return 0;
}

int act_ec2_StartNetworkInsightsAnalysis(struct call *c,
                                         const ec2_StartNetworkInsightsAnalysis_in *in,
                                         ec2_StartNetworkInsightsAnalysis_out *out, struct fault *f)
{
    if (c->replay != NULL) {
        const struct network_insights_analysis *made =
            lookup_network_insights_analysis(c, c->replay, f);
        if (made == NULL)
            return -1;
        answer_analysis(c, made, out);
        return 0;
    }
    const struct network_insights_path *p =
        lookup_network_insights_path(c, in->network_insights_path_id, f);
    if (p == NULL ||
        tags_from_specifications(c, &in->tag_specifications, analysis_taggable, f) < 0 ||
        check_quota(c, f) < 0)
        return -1;
    const struct network_insights_analysis n = {
        .id = id_make(c->arena, "nia"),
        .account_id = p->account_id,
        .region = p->region,
        .path_id = p->id,
        .state = INSIGHTS_RUNNING, /* where the life of every analysis begins */
        .started_at = c->now,
    };
    store_insert_network_insights_analysis(c->tx, &n);
    tags_put(c, &in->tag_specifications, analysis_taggable[0], n.id);
    store_enqueue(c->tx, "network-insights", n.id, c->now);
    answer_analysis(c, &n, out);
    return 0;
}

int act_ec2_DeleteNetworkInsightsAnalysis(struct call *c,
                                          const ec2_DeleteNetworkInsightsAnalysis_in *in,
                                          ec2_DeleteNetworkInsightsAnalysis_out *out,
                                          struct fault *f)
{
    const struct network_insights_analysis *n =
        lookup_network_insights_analysis(c, in->network_insights_analysis_id, f);
    if (n == NULL)
        return -1;
    store_delete_network_insights_analyses(c->tx, "id", n->id);
    tags_drop(c, n->id);
    out->network_insights_analysis_id = n->id;
    return 0;
}

/* AWS: DescribeNetworkInsightsAnalyses, "Filters". */
static const struct filter_path analysis_filters[] = {
    {"path-found", "NetworkPathFound"},
    {"status", "Status"},
};

static bool is_asked(const ec2_DescribeNetworkInsightsAnalyses_in *in,
                     const struct network_insights_analysis *n)
{
    return (in->network_insights_path_id == NULL ||
            streq(in->network_insights_path_id, n->path_id)) &&
           (!in->analysis_start_time.set || n->started_at >= in->analysis_start_time.v) &&
           (!in->analysis_end_time.set || n->started_at <= in->analysis_end_time.v);
}

int act_ec2_DescribeNetworkInsightsAnalyses(struct call *c,
                                            const ec2_DescribeNetworkInsightsAnalyses_in *in,
                                            ec2_DescribeNetworkInsightsAnalyses_out *out,
                                            struct fault *f)
{
    struct filters filters = FILTERS(in, analysis_filters, NetworkInsightsAnalysis);
    struct network_insights_analysis_list rows;
    struct page page;
    if (filters_check(&filters, f) < 0 ||
        page_begin(c, in->max_results, in->next_token, in->network_insights_analysis_ids.n > 0,
                   &page, f) < 0 ||
        (in->network_insights_path_id != NULL &&
         lookup_network_insights_path(c, in->network_insights_path_id, f) == NULL) ||
        lookup_network_insights_analyses(c, &in->network_insights_analysis_ids, &rows, f) < 0)
        return -1;
    for (size_t i = 0; i < rows.n && !page.more; i++) {
        struct ec2_NetworkInsightsAnalysis item;
        if (!is_asked(in, &rows.v[i]) || page_has_passed(&page, rows.v[i].id))
            continue;
        view_analysis(c, &rows.v[i], &item);
        if (filters_match(&filters, &item, NULL) && page_admit(&page, rows.v[i].id))
            *arena_append(c->arena, &out->network_insights_analyses) = item;
    }
    out->next_token = page_end(c, &page);
    return 0;
}
