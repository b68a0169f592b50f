/* DescribeInstanceImageMetadata: instances, each with the image that it was made of. */
#include "api/filter.h"
#include "api/lookup.h"
#include "api/page.h"
#include "api/tagging.h"
#include "base/clock.h"

/* AWS: DescribeInstanceImageMetadata, "Filters". */
static const struct filter_path image_metadata_filters[] = {
    {"availability-zone", "AvailabilityZone"},
    {"image-allowed", "ImageMetadata.ImageAllowed"},
    {"instance-id", "InstanceId"},
    {"instance-state-name", "State.Name"},
    {"instance-type", "InstanceType"},
    {"launch-time", "LaunchTime"},
    {"owner-alias", "ImageMetadata.ImageOwnerAlias"},
    {"owner-id", "OwnerId"},
    {"zone-id", "ZoneId"},
};

/* An image stays a row for as long as an instance is of it, deregistered or not. */
static struct ec2_ImageMetadata *metadata_of(struct call *c, const char *image_id)
{
    const struct image *i = store_image(c->tx, c->arena, image_id);
    if (i == NULL)
        return NULL;
    char created[CLOCK_ISO8601_SIZE];
    clock_format_iso8601(i->created_at, created);
    struct ec2_ImageMetadata *m = arena_new_of(c->arena, struct ec2_ImageMetadata);
    *m = (struct ec2_ImageMetadata){
        .image_id = i->id,
        .name = i->name,
        .owner_id = i->account_id,
        .state = state_name(&image_states, i->state),
        .image_owner_alias = i->owner_alias,
        .creation_date = arena_strdup(c->arena, created),
        .image_allowed = wire_bool(true), /* there is no list of allowed images */
        .is_public = wire_bool(i->is_public),
    };
    return m;
}

static void view(struct call *c, const struct instance *i, struct ec2_InstanceImageMetadata *out)
{
    struct ec2_InstanceState *state = arena_new_of(c->arena, struct ec2_InstanceState);
    state->code = wire_int(instance_states.states[i->state].code);
    state->name = state_name(&instance_states, i->state);
    *out = (struct ec2_InstanceImageMetadata){
        .instance_id = i->id,
        .instance_type = i->instance_type,
        .launch_time = wire_time(i->launch_time),
        .availability_zone = i->zone,
        .zone_id = region_zone_id(c->region, i->zone),
        .state = state,
        .owner_id = i->account_id,
        .image_metadata = metadata_of(c, i->image_id),
    };
    tags_of(c, i->id, &out->tags);
}

int act_ec2_DescribeInstanceImageMetadata(struct call *c,
                                          const ec2_DescribeInstanceImageMetadata_in *in,
                                          ec2_DescribeInstanceImageMetadata_out *out,
                                          struct fault *f)
{
    struct filters filters = FILTERS(in, image_metadata_filters, InstanceImageMetadata);
    struct instance_list rows;
    struct page page;
    if (filters_check(&filters, f) < 0 ||
        page_begin(c, in->max_results, in->next_token, in->instance_ids.n > 0, &page, f) < 0 ||
        lookup_instances(c, &in->instance_ids, &rows, f) < 0)
        return -1;
    for (size_t i = 0; i < rows.n && !page.more; i++) {
        struct ec2_InstanceImageMetadata item;
        view(c, &rows.v[i], &item);
        if (filters_match(&filters, &item, NULL) && page_admit(&page, rows.v[i].id))
            *arena_append(c->arena, &out->instance_image_metadata) = item;
    }
    out->next_token = page_end(c, &page);
    return 0;
}
