/*
 * Sets of DHCP options: made, given to VPCs, shown, deleted. Only what a guest is really told may
 * be in one (AWS: "DHCP option sets in Amazon VPC").
 */
#include "api/filter.h"
#include "api/lookup.h"
#include "api/page.h"
#include "api/tagging.h"
#include "api/vpc.h"
#include "base/buf.h"
#include "base/id.h"
#include "base/text.h"
#include "core/cidr.h"
#include "core/quota.h"

#define VALUES_MAX     4   /* servers of a kind */
#define VALUE_MAX      253 /* characters: a domain name */
#define LEASE_TIME_MIN 140 /* seconds, as AWS */
#define AMAZON_DNS     "AmazonProvidedDNS"

static const char *const taggable[] = {"dhcp-options", NULL};

static bool is_address(const char *text)
{
    uint32_t v4;
    struct ipv6 v6;
    return ipv4_parse(text, &v4) == 0 || ipv6_parse(text, &v6) == 0;
}

static bool is_ipv4(const char *text)
{
    uint32_t v4;
    return ipv4_parse(text, &v4) == 0;
}

static bool is_name_server(const char *text)
{
    return streq(text, AMAZON_DNS) || is_address(text);
}

/* Letters, digits, dashes and dots: what a resolver takes, and a configuration file cannot misread.
 * AWS takes several domains with blanks between, which some guests do, too. */
static bool is_domain(const char *text)
{
    size_t len = strlen(text);
    return len > 0 && len <= VALUE_MAX &&
           strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-. ") ==
               len &&
           text[0] != ' ' && text[0] != '-' && text[0] != '.' && text[len - 1] != ' ';
}

static bool is_node_type(const char *text)
{
    static const char *const types[] = {"1", "2", "4", "8", NULL};
    return text_is_among(text, types);
}

static bool is_lease_time(const char *text)
{
    int64_t seconds = 0;
    return parse_int64(text, &seconds) == 0 && seconds >= LEASE_TIME_MIN && seconds <= INT32_MAX;
}

static const struct {
    const char *name;
    bool (*is_value)(const char *text);
    size_t max;
} options[] = {
    {"domain-name", is_domain, 1},
    {"domain-name-servers", is_name_server, VALUES_MAX},
    {"ipv6-address-preferred-lease-time", is_lease_time, 1},
    {"netbios-name-servers", is_ipv4, VALUES_MAX},
    {"netbios-node-type", is_node_type, 1},
    {"ntp-servers", is_address, VALUES_MAX},
};

static int bad_value(const char *value, const char *name, const char *why, struct fault *f)
{
    return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                 "Value (%.64s) for parameter %.64s is invalid. %s", value, name, why);
}

/* The option's row, but for the set that it is in. */
static int read_option(struct call *c, const struct ec2_NewDhcpConfiguration *in,
                       struct dhcp_option *ret_option, struct fault *f)
{
    size_t o = 0;
    while (o < ARRAY_SIZE(options) && !streq(options[o].name, in->key))
        o++;
    if (in->key == NULL)
        return fault(f, FAULT_MISSING_PARAMETER, "A DHCP configuration has no Key");
    if (o == ARRAY_SIZE(options))
        return bad_value(in->key, "name", "Unknown DHCP option", f);
    if (in->values.n == 0)
        return fault(f, FAULT_MISSING_PARAMETER, "The DHCP option %s has no Value", in->key);
    if (in->values.n > options[o].max)
        return bad_value(
            in->values.v[options[o].max], in->key,
            options[o].max == 1 ? "It takes one value" : "It takes up to four addresses", f);
    _cleanup_buf_ struct buf text = BUF_INIT((size_t)VALUES_MAX * (VALUE_MAX + 1));
    for (size_t i = 0; i < in->values.n; i++) {
        if (!options[o].is_value(in->values.v[i]))
            return bad_value(in->values.v[i], in->key, "This is not a value of the option", f);
        buf_printf(&text, "%s%s", i == 0 ? "" : ",", in->values.v[i]);
    }
    *ret_option =
        (struct dhcp_option){.name = in->key, .value = arena_strdup(c->arena, buf_str(&text))};
    return 0;
}

static int read_options(struct call *c, const ec2_CreateDhcpOptions_in *in,
                        struct dhcp_option_list *ret_options, struct fault *f)
{
    for (size_t i = 0; i < in->dhcp_configurations.n; i++) {
        struct dhcp_option option = {0};
        if (read_option(c, &in->dhcp_configurations.v[i], &option, f) < 0)
            return -1;
        for (size_t k = 0; k < ret_options->n; k++)
            if (streq(ret_options->v[k].name, option.name))
                return bad_value(option.name, "name", "The option is there twice", f);
        *arena_append(c->arena, ret_options) = option;
    }
    return 0;
}

static void view(struct call *c, const struct dhcp_options *row, struct ec2_DhcpOptions *out)
{
    struct dhcp_option_list values =
        store_dhcp_option_values(c->tx, c->arena, "dhcp_options_id", row->id);
    *out = (struct ec2_DhcpOptions){.owner_id = row->account_id, .dhcp_options_id = row->id};
    for (size_t i = 0; i < values.n; i++) {
        struct ec2_DhcpConfiguration *option = arena_append(c->arena, &out->dhcp_configurations);
        char *rest = NULL;
        option->key = values.v[i].name;
        for (char *v = strtok_r(arena_strdup(c->arena, values.v[i].value), ",", &rest); v != NULL;
             v = strtok_r(NULL, ",", &rest))
            arena_append(c->arena, &option->values)->value = v;
    }
    tags_of(c, row->id, &out->tags);
    wire_list_empty(&out->tags);
}

int act_ec2_CreateDhcpOptions(struct call *c, const ec2_CreateDhcpOptions_in *in,
                              ec2_CreateDhcpOptions_out *out, struct fault *f)
{
    struct dhcp_option_list values = {0};
    struct dhcp_options row = {
        .id = id_make(c->arena, "dopt"),
        .account_id = c->principal->account_id,
        .region = c->region->name,
    };
    if (read_options(c, in, &values, f) < 0 ||
        tags_from_specifications(c, &in->tag_specifications, taggable, f) < 0)
        return -1;
    if (store_count_dhcp_options_sets(c->tx, "account_id", row.account_id, "region", row.region) >=
        DHCP_OPTIONS_MAX)
        return fault(f, FAULT_DHCP_OPTIONS_LIMIT_EXCEEDED,
                     "The maximum number of DHCP options sets has been reached: %d in a region",
                     DHCP_OPTIONS_MAX);
    store_insert_dhcp_options(c->tx, &row);
    for (size_t i = 0; i < values.n; i++) {
        values.v[i].dhcp_options_id = row.id;
        store_insert_dhcp_option(c->tx, &values.v[i]);
    }
    tags_put(c, &in->tag_specifications, taggable[0], row.id);
    out->dhcp_options = arena_new_of(c->arena, struct ec2_DhcpOptions);
    view(c, &row, out->dhcp_options);
    return 0;
}

int act_ec2_DeleteDhcpOptions(struct call *c, const ec2_DeleteDhcpOptions_in *in,
                              ec2_DeleteDhcpOptions_out *out, struct fault *f)
{
    (void)out;
    const struct dhcp_options *row = lookup_dhcp_options(c, in->dhcp_options_id, f);
    if (row == NULL)
        return -1;
    if (store_count_vpcs(c->tx, "dhcp_options_id", row->id) > 0)
        return fault(f, FAULT_DEPENDENCY_VIOLATION,
                     "The dhcpOptions '%s' has dependencies and cannot be deleted.", row->id);
    tags_drop(c, row->id);
    store_delete_dhcp_option_values(c->tx, "dhcp_options_id", row->id);
    store_delete_dhcp_options_sets(c->tx, "id", row->id);
    return 0;
}

int act_ec2_AssociateDhcpOptions(struct call *c, const ec2_AssociateDhcpOptions_in *in,
                                 ec2_AssociateDhcpOptions_out *out, struct fault *f)
{
    (void)out;
    bool none = streq(in->dhcp_options_id, DHCP_OPTIONS_NONE);
    if (!none && !id_is_wellformed(in->dhcp_options_id, "dopt"))
        return fault(f, FAULT_INVALID_DHCP_OPTIONS_ID_MALFORMED, "Invalid id: \"%.64s\"",
                     in->dhcp_options_id);
    struct vpc *vpc = lookup_vpc(c, in->vpc_id, f);
    if (vpc == NULL || (!none && lookup_dhcp_options(c, in->dhcp_options_id, f) == NULL))
        return -1;
    vpc->dhcp_options_id = in->dhcp_options_id;
    store_update_vpc(c->tx, vpc);
    vpc_changed(c, vpc->id);
    return 0;
}

/* AWS: DescribeDhcpOptions, "Filters". */
static const struct filter_path dhcp_filters[] = {
    {"dhcp-options-id", "DhcpOptionsId"},
    {"key", "DhcpConfigurations.Key"},
    {"owner-id", "OwnerId"},
    {"value", "DhcpConfigurations.Values.Value"},
};

int act_ec2_DescribeDhcpOptions(struct call *c, const ec2_DescribeDhcpOptions_in *in,
                                ec2_DescribeDhcpOptions_out *out, struct fault *f)
{
    struct filters filters = FILTERS(in, dhcp_filters, DhcpOptions);
    struct dhcp_options_list rows;
    struct page page;
    if (filters_check(&filters, f) < 0 ||
        page_begin(c, in->max_results, in->next_token, in->dhcp_options_ids.n > 0, &page, f) < 0 ||
        lookup_dhcp_options_sets(c, &in->dhcp_options_ids, &rows, f) < 0)
        return -1;
    for (size_t i = 0; i < rows.n && !page.more; i++) {
        struct ec2_DhcpOptions set;
        view(c, &rows.v[i], &set);
        if (filters_match(&filters, &set, NULL) && page_admit(&page, rows.v[i].id))
            *arena_append(c->arena, &out->dhcp_options) = set;
    }
    out->next_token = page_end(c, &page);
    return 0;
}
