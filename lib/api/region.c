/* DescribeRegions, DescribeAvailabilityZones. */
#include "api/filter.h"
#include "api/lookup.h"
#include "base/text.h"

static const struct filter_path region_filters[] = {
    {"endpoint", "Endpoint"},
    {"opt-in-status", "OptInStatus"},
    {"region-name", "RegionName"},
};

static bool is_served(struct call *c, const struct region *region)
{
    for (size_t i = 0; i < c->config->regions.n; i++)
        if (streq(c->config->regions.v[i].name, region->name))
            return true;
    return false;
}

static int check_names(const struct wire_strings *names, struct fault *f)
{
    for (size_t i = 0; i < names->n; i++)
        if (region_find(names->v[i]) == NULL)
            return fault(f, FAULT_INVALID_PARAMETER_VALUE, "Invalid region names: [%.64s]",
                         names->v[i]);
    return 0;
}

/*
 * The served ones; with AllRegions all that are known, those that are not served as not opted in.
 * A region asked for by name is shown like one of the account's own.
 */
int act_ec2_DescribeRegions(struct call *c, const ec2_DescribeRegions_in *in,
                            ec2_DescribeRegions_out *out, struct fault *f)
{
    struct filters filters = FILTERS(in, region_filters, Region);
    struct region_list all = region_all();
    if (filters_check(&filters, f) < 0 || check_names(&in->region_names, f) < 0)
        return -1;
    for (size_t i = 0; i < all.n; i++) {
        const struct region *r = &all.v[i];
        bool served = is_served(c, r);
        bool named = strings_contain(&in->region_names, r->name);
        if (in->region_names.n > 0 ? !named : !served && !wire_true(in->all_regions))
            continue;
        struct ec2_Region region = {
            .opt_in_status = !served                                          ? "not-opted-in"
                             : streq(r->opt_in_status, "opt-in-not-required") ? r->opt_in_status
                                                                              : "opted-in",
            .region_name = r->name,
            .endpoint = arena_printf(c->arena, "ec2.%s.amazonaws.com", r->name),
        };
        if (filters_match(&filters, &region, NULL))
            *arena_append(c->arena, &out->regions) = region;
    }
    return 0;
}

static const struct filter_path zone_filters[] = {
    {"group-long-name", "GroupLongName"},
    {"group-name", "GroupName"},
    {"message", "Messages.Message"},
    {"opt-in-status", "OptInStatus"},
    {"parent-zone-id", "ParentZoneId"},
    {"parent-zone-name", "ParentZoneName"},
    {"region-name", "RegionName"},
    {"state", "State"},
    {"zone-id", "ZoneId"},
    {"zone-name", "ZoneName"},
    {"zone-type", "ZoneType"},
};

static bool has_text(const char *const *list, const char *text)
{
    for (size_t i = 0; i < ZONES_PER_REGION; i++)
        if (streq(list[i], text))
            return true;
    return false;
}

static int check_zones(struct call *c, const ec2_DescribeAvailabilityZones_in *in, struct fault *f)
{
    for (size_t i = 0; i < in->zone_names.n; i++)
        if (!has_text(c->region->zones, in->zone_names.v[i]))
            return fault(f, FAULT_INVALID_PARAMETER_VALUE, "Invalid availability zone: [%.64s]",
                         in->zone_names.v[i]);
    for (size_t i = 0; i < in->zone_ids.n; i++)
        if (!has_text(c->region->zone_ids, in->zone_ids.v[i]))
            return fault(f, FAULT_INVALID_PARAMETER_VALUE, "Invalid availability zone-id: [%.64s]",
                         in->zone_ids.v[i]);
    return 0;
}

int act_ec2_DescribeAvailabilityZones(struct call *c, const ec2_DescribeAvailabilityZones_in *in,
                                      ec2_DescribeAvailabilityZones_out *out, struct fault *f)
{
    struct filters filters = FILTERS(in, zone_filters, AvailabilityZone);
    if (filters_check(&filters, f) < 0 || check_zones(c, in, f) < 0)
        return -1;
    for (size_t i = 0; i < ZONES_PER_REGION; i++) {
        struct ec2_AvailabilityZone zone = {
            .opt_in_status = "opt-in-not-required",
            .region_name = c->region->name,
            .zone_name = c->region->zones[i],
            .zone_id = c->region->zone_ids[i],
            .group_name = arena_printf(c->arena, "%s-zg-1", c->region->name),
            .network_border_group = c->region->name,
            .zone_type = "availability-zone",
            .state = "available",
        };
        wire_list_empty(&zone.messages);
        bool asked = (in->zone_names.n == 0 && in->zone_ids.n == 0) ||
                     strings_contain(&in->zone_names, zone.zone_name) ||
                     strings_contain(&in->zone_ids, zone.zone_id);
        if (asked && filters_match(&filters, &zone, NULL))
            *arena_append(c->arena, &out->availability_zones) = zone;
    }
    return 0;
}
