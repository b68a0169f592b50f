#include "api/launch_authorize.h"

#include "api/authorize.h"
#include "base/text.h"

#define KEYS_MAX 16

/* What is asked about all of it: whether the template says it, and which. */
struct asking {
    struct call *c;
    const struct launch_question *q;
    const char *template_arn; /* NULL: none */
};

static int ask(const struct asking *a, const struct authorize_resource *r,
               const struct authorize_key *own, size_t n, bool in_template, struct fault *f)
{
    struct authorize_key keys[KEYS_MAX + 2];
    struct authorize_resource one = *r;
    for (size_t i = 0; i < n; i++)
        keys[i] = own[i];
    keys[n++] = (struct authorize_key){"ec2:LaunchTemplate", a->template_arn};
    keys[n++] =
        (struct authorize_key){"ec2:IsLaunchTemplateResource", a->template_arn == NULL ? NULL
                                                               : in_template           ? "true"
                                                                                       : "false"};
    one.keys = keys;
    one.n_keys = n;
    return authorize_one(a->c, "ec2:RunInstances", &one, f);
}

/* One that is there. */
static int ask_row(const struct asking *a, enum resource_kind kind, const void *row, const char *id,
                   const char *name, bool in_template, struct fault *f)
{
    const struct resource *k = resource_get(kind);
    struct authorize_resource r = {
        .arn = authorize_arn(a->c, k->type, name),
        .type = k->type,
        .id = id,
        .kind = k,
        .row = row,
    };
    return ask(a, &r, NULL, 0, in_template, f);
}

static const struct ec2_TagList *tags_for(const struct launch_question *q, const char *type)
{
    const struct ec2_TagSpecificationList *all = &q->whole->tag_specifications;
    for (size_t i = 0; i < all->n; i++)
        if (streq(all->v[i].resource_type, type))
            return &all->v[i].tags;
    return NULL;
}

/* One that is made, with its tags. */
static int ask_made(const struct asking *a, const char *type, const struct authorize_key *keys,
                    size_t n, struct fault *f)
{
    struct authorize_resource r = {
        .arn = authorize_arn(a->c, type, "*"),
        .type = type,
        .new_tags = tags_for(a->q, type),
    };
    if (ask(a, &r, keys, n, a->template_arn != NULL, f) < 0)
        return -1;
    return authorize_new_tags(a->c, type, r.new_tags, f);
}

static const char *number(const struct asking *a, int64_t value)
{
    return arena_printf(a->c->arena, "%lld", (long long)value);
}

static const char *truth(bool value)
{
    return value ? "true" : "false";
}

static int ask_instance(const struct asking *a, struct fault *f)
{
    const struct launch_question *q = a->q;
    const struct launch_options *o = q->options;
    const struct placement_group *group = q->placement->group;
    const struct authorize_key keys[] = {
        {"ec2:AvailabilityZone", q->network->subnet->zone},
        {"ec2:EbsOptimized", truth(wire_true(q->whole->ebs_optimized))},
        {"ec2:InstanceAutoRecovery", o->auto_recovery},
        {"ec2:InstanceMarketType", q->is_spot ? "spot" : "on-demand"},
        {"ec2:InstanceMetadataTags", o->instance_metadata_tags},
        {"ec2:InstanceProfile",
         q->profile == NULL ? NULL : iam_instance_profile_arn(a->c->arena, q->profile)},
        {"ec2:InstanceType", q->type->name},
        {"ec2:MetadataHttpEndpoint", o->http_endpoint},
        {"ec2:MetadataHttpPutResponseHopLimit", number(a, o->http_put_response_hop_limit)},
        {"ec2:MetadataHttpTokens", o->http_tokens},
        {"ec2:PlacementGroup",
         group == NULL ? NULL : authorize_arn(a->c, "placement-group", group->name)},
        {"ec2:RootDeviceType", "ebs"},
        {"ec2:Tenancy", "default"},
    };
    return ask_made(a, "instance", keys, ARRAY_SIZE(keys), f);
}

static int ask_volume(const struct asking *a, const struct block_device *v, struct fault *f)
{
    const struct authorize_key keys[] = {
        {"ec2:AvailabilityZone", a->q->network->subnet->zone},
        {"ec2:Encrypted", truth(v->encrypted)},
        {"ec2:ParentSnapshot",
         v->origin == NULL ? NULL : authorize_arn(a->c, "snapshot", v->origin->id)},
        {"ec2:VolumeIops", v->iops == 0 ? NULL : number(a, v->iops)},
        {"ec2:VolumeSize", number(a, v->size_gib)},
        {"ec2:VolumeThroughput", v->throughput == 0 ? NULL : number(a, v->throughput)},
        {"ec2:VolumeType", v->volume_type},
    };
    return ask_made(a, "volume", keys, ARRAY_SIZE(keys), f);
}

static int ask_interface(const struct asking *a, const struct launch_interface *i, struct fault *f)
{
    struct call *c = a->c;
    bool in_template = a->template_arn != NULL && a->q->asked->subnet_id == NULL &&
                       a->q->asked->network_interfaces.n == 0;
    if (i->existing != NULL)
        return ask_row(a, RESOURCE_NETWORK_INTERFACE, i->existing, i->existing->id, i->existing->id,
                       in_template, f);
    const struct authorize_key keys[] = {
        {"ec2:AssociatePublicIpAddress", truth(i->wants_public_ip)},
        {"ec2:AvailabilityZone", i->subnet->zone},
        {"ec2:Subnet", authorize_arn(c, "subnet", i->subnet->id)},
        {"ec2:Vpc", authorize_arn(c, "vpc", i->subnet->vpc_id)},
    };
    if (ask_made(a, "network-interface", keys, ARRAY_SIZE(keys), f) < 0 ||
        ask_row(a, RESOURCE_SUBNET, i->subnet, i->subnet->id, i->subnet->id, in_template, f) < 0)
        return -1;
    for (size_t k = 0; k < i->groups.n; k++)
        if (ask_row(a, RESOURCE_SECURITY_GROUP, &i->groups.v[k], i->groups.v[k].id,
                    i->groups.v[k].id, in_template, f) < 0)
            return -1;
    return 0;
}

/* The snapshots that the request names, beside those of the image. */
static int ask_snapshots(const struct asking *a, struct fault *f)
{
    const struct ec2_BlockDeviceMappingList *mappings = &a->q->whole->block_device_mappings;
    for (size_t i = 0; i < mappings->n; i++) {
        const struct ec2_EbsBlockDevice *ebs = mappings->v[i].ebs;
        const char *id = ebs == NULL ? NULL : ebs->snapshot_id;
        if (id != NULL && ask_row(a, RESOURCE_SNAPSHOT, store_snapshot(a->c->tx, a->c->arena, id),
                                  id, id, a->q->asked->block_device_mappings.n == 0, f) < 0)
            return -1;
    }
    return 0;
}

static int ask_template(const struct asking *a, struct fault *f)
{
    const char *id = a->q->source->template_id;
    return id == NULL ? 0
                      : ask_row(a, RESOURCE_LAUNCH_TEMPLATE,
                                store_launch_template(a->c->tx, a->c->arena, id), id, id, true, f);
}

int launch_authorize(struct call *c, const struct launch_question *q, struct fault *f)
{
    if (c->principal->kind == PRINCIPAL_ROOT)
        return 0;
    struct asking a = {.c = c, .q = q};
    if (q->source->template_id != NULL)
        a.template_arn = authorize_arn(c, "launch-template", q->source->template_id);
    const struct placement_group *group = q->placement->group;
    const char *target = q->placement->capacity_target;
    if (ask_template(&a, f) < 0 ||
        ask_row(&a, RESOURCE_IMAGE, q->image, q->image->id, q->image->id,
                q->asked->image_id == NULL, f) < 0 ||
        ask_instance(&a, f) < 0 || ask_snapshots(&a, f) < 0)
        return -1;
    for (size_t i = 0; i < q->volumes->n; i++)
        if (ask_volume(&a, &q->volumes->v[i], f) < 0)
            return -1;
    for (size_t i = 0; i < q->network->n; i++)
        if (ask_interface(&a, &q->network->v[i], f) < 0)
            return -1;
    if (q->key != NULL && ask_row(&a, RESOURCE_KEY_PAIR, q->key, q->key->id, q->key->name,
                                  q->asked->key_name == NULL, f) < 0)
        return -1;
    if (group != NULL && ask_row(&a, RESOURCE_PLACEMENT_GROUP, group, group->id, group->name,
                                 q->asked->placement == NULL, f) < 0)
        return -1;
    if (target != NULL &&
        ask_row(&a, RESOURCE_CAPACITY_RESERVATION,
                store_capacity_reservation(c->tx, c->arena, target), target, target,
                q->asked->capacity_reservation_specification == NULL, f) < 0)
        return -1;
    return q->is_spot ? ask_made(&a, "spot-instances-request", NULL, 0, f) : 0;
}
