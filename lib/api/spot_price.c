/* DescribeSpotPriceHistory, DescribeSpotDatafeedSubscription. */
#include <stdio.h>
#include <string.h>

#include "api/filter.h"
#include "api/lookup.h"
#include "api/page.h"
#include "base/text.h"
#include "store/queries.h"

/* What there is for one product is told under both names that it has had. */
static const char *const products[] = {"Linux/UNIX", "Linux/UNIX (Amazon VPC)"};

static const struct filter_path price_filters[] = {
    {"availability-zone", "AvailabilityZone"},
    {"availability-zone-id", "AvailabilityZoneId"},
    {"instance-type", "InstanceType"},
    {"product-description", "ProductDescription"},
    {"spot-price", "SpotPrice"},
    {"timestamp", "Timestamp"},
};

struct history {
    struct call *c;
    const ec2_DescribeSpotPriceHistory_in *in;
    ec2_DescribeSpotPriceHistory_out *out;
    struct filters filters;
    struct page page;
};

/* One product unless the other is asked for by name. */
static bool wants_product(const struct history *h, const char *product)
{
    if (h->in->product_descriptions.n > 0)
        return strings_contain(&h->in->product_descriptions, product);
    for (size_t i = 0; i < h->in->filters.n; i++)
        if (streq(h->in->filters.v[i].name, "product-description"))
            return true;
    return product == products[0];
}

static bool wants_zone(const struct history *h, size_t z)
{
    const struct region *r = h->c->region;
    return (h->in->availability_zone == NULL || streq(h->in->availability_zone, r->zones[z])) &&
           (h->in->availability_zone_id == NULL ||
            streq(h->in->availability_zone_id, r->zone_ids[z]));
}

static bool wants_type(const struct history *h, const struct instance_type *type)
{
    return h->in->instance_types.n == 0 || strings_contain(&h->in->instance_types, type->name);
}

static void add(struct history *h, const struct spot_load *at, const char *when,
                const struct instance_type *type, size_t z, const char *product)
{
    struct call *c = h->c;
    char price[SPOT_PRICE_TEXT_SIZE];
    spot_price_format(spot_price(spot_on_demand_price(type), at->used_percent), price);
    struct ec2_SpotPrice one = {
        .availability_zone = c->region->zones[z],
        .availability_zone_id = c->region->zone_ids[z],
        .instance_type = type->name,
        .product_description = product,
        .spot_price = price,
        .timestamp = wire_time(at->recorded_at),
    };
    if (!filters_match(&h->filters, &one, NULL))
        return;
    const char *key =
        arena_printf(c->arena, "%s %s %s %s", when, type->name, c->region->zones[z], product);
    if (!page_admit(&h->page, key))
        return;
    one.spot_price = arena_strdup(c->arena, price);
    *arena_append(c->arena, &h->out->spot_price_history) = one;
}

/* Newest first: keys of pages must ascend, so they begin with the time that is left until the end
 * of time. */
static void add_all(struct history *h, const struct spot_load *at)
{
    char when[32];
    (void)snprintf(when, sizeof(when), "%019lld", (long long)(INT64_MAX - at->recorded_at));
    if (h->page.after != NULL && strncmp(when, h->page.after, strlen(when)) < 0)
        return; /* pages before have had all of it */
    const struct instance_type_table *types = &h->c->config->instance_types;
    for (size_t t = 0; t < types->n && !h->page.more; t++)
        for (size_t z = 0; z < ZONES_PER_REGION && wants_type(h, &types->v[t]); z++)
            for (size_t p = 0; p < ARRAY_SIZE(products) && wants_zone(h, z); p++)
                if (wants_product(h, products[p]))
                    add(h, at, when, &types->v[t], z, products[p]);
}

static bool is_zone(struct call *c, const char *name, const char *const *zones)
{
    for (size_t z = 0; z < ZONES_PER_REGION; z++)
        if (streq(zones[z], name))
            return true;
    (void)c;
    return name == NULL;
}

static int check(struct call *c, const ec2_DescribeSpotPriceHistory_in *in, struct fault *f)
{
    if (in->availability_zone != NULL && in->availability_zone_id != NULL)
        return fault(
            f, FAULT_INVALID_PARAMETER_COMBINATION,
            "Either AvailabilityZone or AvailabilityZoneId can be specified, but not both");
    if (!is_zone(c, in->availability_zone, c->region->zones) ||
        !is_zone(c, in->availability_zone_id, c->region->zone_ids))
        return fault(f, FAULT_INVALID_PARAMETER_VALUE, "Invalid availability zone: [%.64s]",
                     in->availability_zone != NULL ? in->availability_zone
                                                   : in->availability_zone_id);
    for (size_t i = 0; i < in->instance_types.n; i++)
        if (instance_type_find(&c->config->instance_types, in->instance_types.v[i]) == NULL)
            return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                         "Invalid value '%.64s' for InstanceType.", in->instance_types.v[i]);
    if (in->start_time.set && in->end_time.set && in->end_time.v < in->start_time.v)
        return fault(f, FAULT_INVALID_PARAMETER_VALUE, "EndTime must not be before StartTime");
    return 0;
}

/* Every point between the times, and the one before: it is the price at the start. */
int act_ec2_DescribeSpotPriceHistory(struct call *c, const ec2_DescribeSpotPriceHistory_in *in,
                                     ec2_DescribeSpotPriceHistory_out *out, struct fault *f)
{
    struct history h = {c, in, out, FILTERS(in, price_filters, SpotPrice), {0}};
    if (filters_check(&h.filters, f) < 0 || check(c, in, f) < 0 ||
        page_begin(c, in->max_results, in->next_token, false, &h.page, f) < 0)
        return -1;
    struct spot_load_list points = store_spot_loads(c->tx, c->arena);
    for (size_t i = points.n; i > 0 && !h.page.more; i--) {
        const struct spot_load *p = &points.v[i - 1];
        if (in->end_time.set && p->recorded_at > in->end_time.v)
            continue;
        add_all(&h, p);
        if (in->start_time.set && p->recorded_at <= in->start_time.v)
            break;
    }
    out->next_token = page_end(c, &h.page);
    return 0;
}

int act_ec2_DescribeSpotDatafeedSubscription(struct call *c,
                                             const ec2_DescribeSpotDatafeedSubscription_in *in,
                                             ec2_DescribeSpotDatafeedSubscription_out *out,
                                             struct fault *f)
{
    (void)c, (void)in, (void)out;
    /* A feed is written to S3; there can be none. */
    return fault(f, FAULT_INVALID_SPOT_DATAFEED_NOT_FOUND,
                 "Spot datafeed subscription does not exist.");
}
