#include "api/instance_run.h"

#include <errno.h>
#include <string.h>

#include "api/capacity.h"
#include "api/disk.h"
#include "api/instance_profile.h"
#include "api/instance_view.h"
#include "api/launch_authorize.h"
#include "api/launch_network.h"
#include "api/launch_options.h"
#include "api/launch_placement.h"
#include "api/launch_template.h"
#include "api/launch_volumes.h"
#include "api/lookup.h"
#include "api/quota.h"
#include "api/tagging.h"
#include "api/user_data.h"
#include "base/check.h"
#include "base/id.h"
#include "base/text.h"
#include "jobs/market.h"

/* On an image: always or never. */
#define SEED_TAG "croft:seed"

/*
 * RunInstances: everything is checked and every row is made in one transaction; the workers do the
 * rest. What is common to all instances of the call is settled first (struct launch), then one set
 * of rows is written for each.
 */

#define DEFAULT_INSTANCE_TYPE "t3.micro"
#define PRICE_FOLLOWS_MS      1000 /* launches of a second move the spot price together */

const char *const launch_taggable[] = {"instance", "volume", "network-interface", NULL};

/* The same, of a launch as spot. */
static const char *const spot_taggable[] = {"instance", "volume", "network-interface",
                                            "spot-instances-request", NULL};

struct launch {
    const ec2_RunInstances_in *in;
    const struct image *image;
    const struct instance_type *type;
    const struct key_pair *key; /* NULL: none */
    struct launch_options options;
    struct launch_network network;
    struct launch_placement placement;
    struct block_devices volumes;
    const struct iam_instance_profile *profile; /* NULL: none */
    const struct spot_launch *spot;             /* NULL: on demand */
    const ec2_RunInstances_in *asked; /* as it came; NULL: nobody is to be asked (any more) */
    const struct launch_source *source;
    const char *reservation_id;
    struct capacity_grant grant;
};

static int resolve_image(struct call *c, const ec2_RunInstances_in *in, struct launch *l,
                         struct fault *f)
{
    if (in->image_id == NULL)
        return fault(f, FAULT_MISSING_PARAMETER, "The request must contain the parameter ImageId");
    l->image = lookup_image(c, in->image_id, f);
    if (l->image == NULL)
        return -1;
    if (l->image->state != IMAGE_AVAILABLE)
        return fault(f, FAULT_INVALID_AMI_ID_UNAVAILABLE,
                     "The image ID '%s' is not available: it is %s", l->image->id,
                     state_name(&image_states, l->image->state));
    return 0;
}

static int resolve_type(struct call *c, const ec2_RunInstances_in *in, struct launch *l,
                        struct fault *f)
{
    CHECK(l->image != NULL);
    const char *name = in->instance_type == NULL ? DEFAULT_INSTANCE_TYPE : in->instance_type;
    l->type = instance_type_find(&c->config->instance_types, name);
    if (l->type == NULL)
        return fault(f, FAULT_INVALID_PARAMETER_VALUE, "Invalid value '%s' for InstanceType.",
                     name);
    if (!streq(l->type->architecture, l->image->architecture))
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "The architecture '%s' of the specified instance type does not match the "
                     "architecture '%s' of the specified AMI. Specify an instance type and an AMI "
                     "that have matching architectures, and try again.",
                     l->type->architecture, l->image->architecture);
    struct host_info host;
    c->config->host(c->config->ctx, &host);
    if (streq(l->type->architecture, "arm64") && !host.emulates_arm64)
        return fault(f, FAULT_UNSUPPORTED,
                     "This server cannot run instances of type %s: it has no emulator for arm64",
                     name);
    return 0;
}

static int resolve_key(struct call *c, const ec2_RunInstances_in *in, struct launch *l,
                       struct fault *f)
{
    if (in->key_name == NULL)
        return 0;
    l->key = store_key_pair_named(c->tx, c->arena, c->principal->account_id, c->region->name,
                                  in->key_name);
    if (l->key == NULL)
        return fault(f, FAULT_INVALID_KEY_PAIR_NOT_FOUND, "The key pair '%s' does not exist",
                     in->key_name);
    return 0;
}

static int resolve_profile(struct call *c, const ec2_RunInstances_in *in, struct launch *l,
                           struct fault *f)
{
    if (in->iam_instance_profile == NULL)
        return 0;
    l->profile = instance_profile_find(c, in->iam_instance_profile, f);
    return l->profile == NULL ? -1 : 0;
}

/* Everything but room and addresses. */
static int settle(struct call *c, const ec2_RunInstances_in *in, struct launch *l, struct fault *f)
{
    if (in->min_count.v > in->max_count.v)
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "Value (%lld) for parameter maxCount is invalid. It must not be less than "
                     "minCount (%lld)",
                     (long long)in->max_count.v, (long long)in->min_count.v);
    if (tags_from_specifications(c, &in->tag_specifications,
                                 l->spot == NULL ? launch_taggable : spot_taggable, f) < 0 ||
        user_data_check(c, in->user_data, f) < 0 || resolve_image(c, in, l, f) < 0 ||
        resolve_type(c, in, l, f) < 0 || resolve_key(c, in, l, f) < 0 ||
        resolve_profile(c, in, l, f) < 0 ||
        launch_options_settle(c, in, l->type, &l->options, f) < 0 ||
        launch_volumes_settle(c, in, l->image, &l->volumes, f) < 0 ||
        launch_network_settle(c, in, l->type, &l->network, f) < 0)
        return -1;
    return launch_placement_settle(c, in, l->type, l->network.subnet->zone, &l->placement, f);
}

/* Room and addresses. */
static int reserve(struct call *c, const ec2_RunInstances_in *in, struct launch *l, struct fault *f)
{
    CHECK(l->network.subnet != NULL); /* settle() has found it */
    if (disk_admit_guest(c, f) < 0)
        return -1;
    int64_t need = in->min_count.v;
    int64_t want = in->max_count.v;
    if (l->spot != NULL) {
        /* AWS: spot instances do not run in capacity reservations. */
        l->placement.slots = (struct capacity_slots){0};
        if (spot_check_price(c, l->spot, l->type, f) < 0 ||
            capacity_admit_spot(c, l->type, need, want, &l->grant, f) < 0)
            return -1;
    } else if (capacity_admit(c, l->type, &l->placement.slots, need, want, &l->grant, f) < 0) {
        return -1;
    }
    if (launch_placement_reserve(c, &l->placement, l->network.subnet->zone, need, &l->grant.count,
                                 f) < 0)
        return -1;
    return launch_network_reserve(c, &l->network, need, &l->grant.count, f);
}

/*
 * Whether it gets a seed for cloud-init beside the metadata service: what its image's tag says,
 * else what the server's configuration does. It is decided once, so that a guest which is started
 * again finds its data where it has found it before.
 */
static bool gets_seed(struct call *c, const struct image *image)
{
    struct tag_list tags = store_tags(c->tx, c->arena, "resource_id", image->id, "key", SEED_TAG);
    if (tags.n > 0 && streq(tags.v[0].value, "never"))
        return false;
    if (tags.n > 0 && streq(tags.v[0].value, "always"))
        return true;
    return !c->config->no_seed;
}

static struct instance *make_instance(struct call *c, const struct launch *l, int64_t index)
{
    const ec2_RunInstances_in *in = l->in;
    struct instance *i = arena_new_of(c->arena, struct instance);
    char *uuid = arena_alloc(c->arena, UUID_SIZE);
    uuid_new(uuid);
    /* How cloud-init and others know EC2 (AWS: "Detect whether a host is an EC2 instance"). */
    uuid[0] = 'e';
    uuid[1] = 'c';
    uuid[2] = '2';
    *i = (struct instance){
        .id = id_make(c->arena, "i"),
        .account_id = c->principal->account_id,
        .region = c->region->name,
        .host_id = c->config->host_id,
        .state = INSTANCE_PENDING, /* where the life of every instance begins */
        .state_reason_code = "pending",
        .state_reason_message = "pending",
        .transition_reason = "",
        .reservation_id = l->reservation_id,
        .launch_index = index,
        .client_token = in->client_token,
        .launch_time = c->now,
        .created_at = c->now,
        .image_id = l->image->id,
        .instance_type = l->type->name,
        .architecture = l->type->architecture,
        .memory_mib = l->type->memory_mib,
        .store_disks = l->type->store_disks,
        .store_disk_gb = l->type->store_disk_gb,
        .key_name = l->key == NULL ? NULL : l->key->name,
        .public_key = l->key == NULL ? NULL : l->key->public_key,
        .user_data = in->user_data,
        .root_device_name = l->image->root_device_name,
        .vpc_id = l->network.subnet->vpc_id,
        .subnet_id = l->network.subnet->id,
        .zone = l->network.subnet->zone,
        .tenancy = "default",
        .disable_api_termination = wire_true(in->disable_api_termination),
        .disable_api_stop = wire_true(in->disable_api_stop),
        .terminate_on_shutdown = streq(in->instance_initiated_shutdown_behavior, "terminate"),
        .monitoring = in->monitoring != NULL && wire_true(in->monitoring->enabled),
        .ebs_optimized = wire_true(in->ebs_optimized),
        .no_seed = !gets_seed(c, l->image),
        .uuid = uuid,
    };
    launch_options_write(&l->options, l->network.subnet, i);
    return i;
}

static int by_launch_index(const void *a, const void *b)
{
    int64_t x = ((const struct instance *)a)->launch_index;
    int64_t y = ((const struct instance *)b)->launch_index;
    return x < y ? -1 : x > y;
}

/* What the same client token has brought about, as it is now, in the order of the first answer. */
static int replay(struct call *c, ec2_RunInstances_out *out)
{
    struct instance_list rows = store_instances(c->tx, c->arena, "reservation_id", c->replay);
    if (rows.n > 1)
        qsort(rows.v, rows.n, sizeof(*rows.v), by_launch_index);
    out->reservation_id = c->replay;
    out->owner_id = c->principal->account_id;
    for (size_t i = 0; i < rows.n; i++)
        instance_view(c, &rows.v[i], arena_append(c->arena, &out->instances));
    return 0;
}

/* Its request is the one that it fulfils, or is made for it. */
static struct spot_request *request_of(struct call *c, const struct launch *l)
{
    if (l->spot == NULL || l->spot->request != NULL)
        return l->spot == NULL ? NULL : l->spot->request;
    struct spot_request *r = spot_request_write(c, l->in, &l->spot->terms, l->type, NULL);
    tags_put(c, &l->in->tag_specifications, "spot-instances-request", r->id);
    return r;
}

static void write_instance(struct call *c, struct launch *l, struct instance *i)
{
    const ec2_RunInstances_in *in = l->in;
    struct spot_request *request = request_of(c, l);
    launch_placement_write(&l->placement, i);
    if (l->grant.waits && i->capacity_reservation_id == NULL)
        capacity_let_wait(c, i);
    if (request != NULL) {
        i->spot_request_id = request->id;
        i->spot_persistent = request->persistent;
        /* Of a one-time request, it cannot be stopped. */
        i->terminate_on_shutdown = i->terminate_on_shutdown || !request->persistent;
    }
    store_insert_instance(c->tx, i);
    if (l->profile != NULL)
        (void)instance_profile_give(c, l->profile, i);
    if (request != NULL)
        market_note_started(c->tx, request, i, c->now);
    launch_volumes_write(c, in, &l->volumes, i);
    launch_network_write(c, in, &l->network, i);
    tags_put(c, &in->tag_specifications, "instance", i->id);
    store_enqueue(c->tx, "instance", i->id, c->now);
}

static int authorize_launch(struct call *c, const struct launch *l, struct fault *f)
{
    struct launch_question q = {
        .asked = l->asked,
        .whole = l->in,
        .source = l->source,
        .image = l->image,
        .type = l->type,
        .key = l->key,
        .profile = l->profile,
        .options = &l->options,
        .network = &l->network,
        .placement = &l->placement,
        .volumes = &l->volumes,
        .is_spot = l->spot != NULL,
    };
    return l->asked == NULL ? 0 : launch_authorize(c, &q, f);
}

static int launch(struct call *c, struct launch *l, ec2_RunInstances_out *out, struct fault *f)
{
    if (settle(c, l->in, l, f) < 0 || authorize_launch(c, l, f) < 0 || reserve(c, l->in, l, f) < 0)
        return -1;
    l->reservation_id = id_make(c->arena, "r");
    out->reservation_id = l->reservation_id;
    out->owner_id = c->principal->account_id;
    for (int64_t index = 0; index < l->grant.count; index++) {
        struct instance *i = make_instance(c, l, index);
        write_instance(c, l, i);
        instance_view(c, i, arena_append(c->arena, &out->instances));
    }
    if (quota_admit(c, QUOTA_DISK, 0, f) < 0)
        return -1;
    struct image launched = *l->image;
    launched.last_launched_at = c->now;
    store_update_image(c->tx, &launched);
    if (l->grant.waits)
        capacity_make_room(c);
    else
        market_stir(c->tx, c->now + PRICE_FOLLOWS_MS);
    return 0;
}

int instance_launch(struct call *c, const ec2_RunInstances_in *in, const struct spot_launch *spot,
                    ec2_RunInstances_out *out, struct fault *f)
{
    struct launch l = {.in = in, .spot = spot};
    return launch(c, &l, out, f);
}

int instance_launch_check(struct call *c, const ec2_RunInstances_in *in,
                          const struct instance_type **ret_type, struct fault *f)
{
    struct launch l = {.in = in};
    if (settle(c, in, &l, f) < 0)
        return -1;
    *ret_type = l.type;
    return 0;
}

int act_ec2_RunInstances(struct call *c, const ec2_RunInstances_in *in, ec2_RunInstances_out *out,
                         struct fault *f)
{
    if (c->replay != NULL)
        return replay(c, out);
    struct launch_source source = {0};
    const ec2_RunInstances_in *whole = NULL;
    struct spot_launch *spot = NULL;
    if (launch_template_apply(c, in, &whole, &source, f) < 0 ||
        spot_of_market_options(c, whole, &spot, f) < 0)
        return -1;
    struct launch l = {.in = whole, .spot = spot, .asked = in, .source = &source};
    if (launch(c, &l, out, f) < 0)
        return -1;
    launch_template_mark(c, &source, out);
    c->result = out->reservation_id;
    return 0;
}
