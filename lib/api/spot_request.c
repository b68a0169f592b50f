/* RequestSpotInstances, DescribeSpotInstanceRequests, CancelSpotInstanceRequests. */
#include "api/filter.h"
#include "api/instance_run.h"
#include "api/lookup.h"
#include "api/page.h"
#include "api/spot.h"
#include "api/tagging.h"
#include "base/check.h"
#include "base/text.h"
#include "jobs/market.h"

#define PRODUCT "Linux/UNIX"

/* The launch specification of a request, as the request of RunInstances that it stands for. */
static const ec2_RunInstances_in *launch_of(struct call *c,
                                            const struct ec2_RequestSpotLaunchSpecification *s)
{
    ec2_RunInstances_in *in = arena_new_of(c->arena, ec2_RunInstances_in);
    *in = (ec2_RunInstances_in){
        .min_count = wire_int(1),
        .max_count = wire_int(1),
        .image_id = s->image_id,
        .instance_type = s->instance_type,
        .key_name = s->key_name,
        .user_data = s->user_data,
        .subnet_id = s->subnet_id,
        .security_group_ids = s->security_group_ids,
        .security_groups = s->security_groups,
        .block_device_mappings = s->block_device_mappings,
        .network_interfaces = s->network_interfaces,
        .monitoring = s->monitoring,
        .ebs_optimized = s->ebs_optimized,
        .iam_instance_profile = s->iam_instance_profile,
    };
    if (s->placement != NULL) {
        in->placement = arena_new_of(c->arena, struct ec2_Placement);
        in->placement->availability_zone = s->placement->availability_zone;
        in->placement->availability_zone_id = s->placement->availability_zone_id;
        in->placement->tenancy = s->placement->tenancy;
    }
    return in;
}

static void view_group(struct call *c, const struct security_group *g,
                       struct ec2_GroupIdentifierList *out)
{
    struct ec2_GroupIdentifier *id = arena_append(c->arena, out);
    id->group_id = g->id;
    id->group_name = g->name;
}

/* Groups are shown with id and name, whichever was given. */
static void view_groups(struct call *c, const ec2_RunInstances_in *in,
                        struct ec2_GroupIdentifierList *out)
{
    for (size_t k = 0; k < in->security_group_ids.n; k++) {
        struct security_group *g =
            store_security_group(c->tx, c->arena, in->security_group_ids.v[k]);
        if (g != NULL)
            view_group(c, g, out);
    }
    struct subnet *subnet = store_subnet(c->tx, c->arena, in->subnet_id);
    struct vpc *vpc = lookup_default_vpc(c);
    const char *vpc_id = subnet != NULL ? subnet->vpc_id : vpc != NULL ? vpc->id : NULL;
    for (size_t k = 0; k < in->security_groups.n && vpc_id != NULL; k++) {
        struct security_group *g = lookup_group_named(c, vpc_id, in->security_groups.v[k]);
        if (g != NULL)
            view_group(c, g, out);
    }
}

static struct ec2_LaunchSpecification *view_launch(struct call *c, const struct spot_request *r)
{
    struct fault ignored = {0};
    const ec2_RunInstances_in *in = spot_request_launch(c, r, &ignored);
    if (in == NULL)
        return NULL;
    struct ec2_LaunchSpecification *out = arena_new_of(c->arena, struct ec2_LaunchSpecification);
    *out = (struct ec2_LaunchSpecification){
        .image_id = in->image_id,
        .instance_type = r->instance_type,
        .key_name = in->key_name,
        .subnet_id = in->subnet_id,
        .block_device_mappings = in->block_device_mappings,
        .network_interfaces = in->network_interfaces,
        .iam_instance_profile = in->iam_instance_profile,
        .ebs_optimized = wire_bool(wire_true(in->ebs_optimized)),
        .monitoring = arena_new_of(c->arena, struct ec2_RunInstancesMonitoringEnabled),
    };
    out->monitoring->enabled =
        wire_bool(in->monitoring != NULL && wire_true(in->monitoring->enabled));
    if (in->placement != NULL) {
        out->placement = arena_new_of(c->arena, struct ec2_SpotPlacement);
        out->placement->availability_zone = in->placement->availability_zone;
        out->placement->availability_zone_id = in->placement->availability_zone_id;
    }
    view_groups(c, in, &out->security_groups);
    return out;
}

static void view(struct call *c, const struct spot_request *r, struct ec2_SpotInstanceRequest *out)
{
    struct arena *a = c->arena;
    char price[SPOT_PRICE_TEXT_SIZE];
    spot_price_format(r->max_price, price);
    *out = (struct ec2_SpotInstanceRequest){
        .spot_instance_request_id = r->id,
        .spot_price = arena_strdup(a, price),
        .type = r->persistent ? "persistent" : "one-time",
        .state = state_name(&spot_states, r->state),
        .status = arena_new_of(a, struct ec2_SpotInstanceStatus),
        .create_time = wire_time(r->created_at),
        .launch_specification = view_launch(c, r),
        .instance_id = r->instance_id,
        .launched_availability_zone = r->zone,
        .launched_availability_zone_id =
            r->zone == NULL ? NULL : region_zone_id(c->region, r->zone),
        .product_description = PRODUCT,
        .instance_interruption_behavior = r->interruption,
    };
    out->status->code = state_name(&spot_statuses, r->status);
    out->status->message = r->status_message;
    out->status->update_time = wire_time(r->status_at);
    if (r->fault_code != NULL) {
        out->fault = arena_new_of(a, struct ec2_SpotInstanceStateFault);
        out->fault->code = r->fault_code;
        out->fault->message = r->status_message;
    }
    if (r->valid_from > 0)
        out->valid_from = wire_time(r->valid_from);
    if (r->valid_until > 0)
        out->valid_until = wire_time(r->valid_until);
    tags_of(c, r->id, &out->tags);
}

/* What the same client token has brought about, as it is now. */
static int replay(struct call *c, ec2_RequestSpotInstances_out *out)
{
    struct spot_request_list rows =
        store_spot_requests(c->tx, c->arena, "client_token", c->replay, "account_id",
                            c->principal->account_id, "region", c->region->name);
    for (size_t k = 0; k < rows.n; k++)
        view(c, &rows.v[k], arena_append(c->arena, &out->spot_instance_requests));
    return 0;
}

/* Requests that have an instance or may get one: as many as there may be instances. */
static int check_number(struct call *c, int64_t more, struct fault *f)
{
    static const enum spot_state live[] = {SPOT_OPEN, SPOT_ACTIVE, SPOT_DISABLED};
    int64_t n = more;
    for (size_t k = 0; k < ARRAY_SIZE(live); k++)
        n += (int64_t)store_count_spot_requests(c->tx, "state", state_name(&spot_states, live[k]));
    if (n <= c->config->max_instances)
        return 0;
    return fault(f, FAULT_MAX_SPOT_INSTANCE_COUNT_EXCEEDED,
                 "Max spot instance count exceeded: %lld requests would be open or active, and the "
                 "limit is %lld",
                 (long long)n, (long long)c->config->max_instances);
}

int act_ec2_RequestSpotInstances(struct call *c, const ec2_RequestSpotInstances_in *in,
                                 ec2_RequestSpotInstances_out *out, struct fault *f)
{
    static const char *const tagged[] = {"spot-instances-request", NULL};
    if (c->replay != NULL)
        return replay(c, out);
    if (in->launch_specification == NULL)
        return fault(f, FAULT_MISSING_PARAMETER,
                     "The request must contain the parameter LaunchSpecification");
    struct spot_terms terms;
    if (tags_from_specifications(c, &in->tag_specifications, tagged, f) < 0 ||
        spot_terms_settle(c, in->type, in->spot_price, in->instance_interruption_behavior,
                          in->valid_until, &terms, f) < 0)
        return -1;
    if (in->valid_from.set && in->valid_from.v <= c->now)
        return fault(f, FAULT_INVALID_PARAMETER_VALUE, "ValidFrom must be in the future");
    if (in->valid_from.set && in->valid_until.set && in->valid_until.v <= in->valid_from.v)
        return fault(f, FAULT_INVALID_PARAMETER_VALUE, "ValidUntil must be later than ValidFrom");
    terms.valid_from = in->valid_from.set ? in->valid_from.v : 0;
    const ec2_RunInstances_in *launch = launch_of(c, in->launch_specification);
    const struct instance_type *type = NULL;
    int64_t count = in->instance_count.set ? in->instance_count.v : 1;
    if (instance_launch_check(c, launch, &type, f) < 0 || check_number(c, count, f) < 0)
        return -1;
    for (int64_t k = 0; k < count; k++) {
        struct spot_request *r = spot_request_write(c, launch, &terms, type, in->client_token);
        tags_put(c, &in->tag_specifications, "spot-instances-request", r->id);
        view(c, r, arena_append(c->arena, &out->spot_instance_requests));
    }
    market_stir(c->tx, c->now);
    c->result = in->client_token;
    return 0;
}

/* AWS: DescribeSpotInstanceRequests, "Filters". */
static const struct filter_path request_filters[] = {
    {"availability-zone-group", "AvailabilityZoneGroup"},
    {"create-time", "CreateTime"},
    {"fault-code", "Fault.Code"},
    {"fault-message", "Fault.Message"},
    {"instance-id", "InstanceId"},
    {"launch-group", "LaunchGroup"},
    {"launch.block-device-mapping.delete-on-termination",
     "LaunchSpecification.BlockDeviceMappings.Ebs.DeleteOnTermination"},
    {"launch.block-device-mapping.device-name",
     "LaunchSpecification.BlockDeviceMappings.DeviceName"},
    {"launch.block-device-mapping.snapshot-id",
     "LaunchSpecification.BlockDeviceMappings.Ebs.SnapshotId"},
    {"launch.block-device-mapping.volume-size",
     "LaunchSpecification.BlockDeviceMappings.Ebs.VolumeSize"},
    {"launch.block-device-mapping.volume-type",
     "LaunchSpecification.BlockDeviceMappings.Ebs.VolumeType"},
    {"launch.group-id", "LaunchSpecification.SecurityGroups.GroupId"},
    {"launch.group-name", "LaunchSpecification.SecurityGroups.GroupName"},
    {"launch.image-id", "LaunchSpecification.ImageId"},
    {"launch.instance-type", "LaunchSpecification.InstanceType"},
    {"launch.kernel-id", "LaunchSpecification.KernelId"},
    {"launch.key-name", "LaunchSpecification.KeyName"},
    {"launch.monitoring-enabled", "LaunchSpecification.Monitoring.Enabled"},
    {"launch.ramdisk-id", "LaunchSpecification.RamdiskId"},
    {"launched-availability-zone", "LaunchedAvailabilityZone"},
    {"launched-availability-zone-id", "LaunchedAvailabilityZoneId"},
    {"network-interface.addresses.primary",
     "LaunchSpecification.NetworkInterfaces.PrivateIpAddresses.Primary"},
    {"network-interface.delete-on-termination",
     "LaunchSpecification.NetworkInterfaces.DeleteOnTermination"},
    {"network-interface.description", "LaunchSpecification.NetworkInterfaces.Description"},
    {"network-interface.device-index", "LaunchSpecification.NetworkInterfaces.DeviceIndex"},
    {"network-interface.group-id", "LaunchSpecification.NetworkInterfaces.Groups"},
    {"network-interface.network-interface-id",
     "LaunchSpecification.NetworkInterfaces.NetworkInterfaceId"},
    {"network-interface.private-ip-address",
     "LaunchSpecification.NetworkInterfaces.PrivateIpAddress"},
    {"network-interface.subnet-id", "LaunchSpecification.NetworkInterfaces.SubnetId"},
    {"product-description", "ProductDescription"},
    {"spot-instance-request-id", "SpotInstanceRequestId"},
    {"spot-price", "SpotPrice"},
    {"state", "State"},
    {"status-code", "Status.Code"},
    {"status-message", "Status.Message"},
    {"type", "Type"},
    {"valid-from", "ValidFrom"},
    {"valid-until", "ValidUntil"},
};

int act_ec2_DescribeSpotInstanceRequests(struct call *c,
                                         const ec2_DescribeSpotInstanceRequests_in *in,
                                         ec2_DescribeSpotInstanceRequests_out *out, struct fault *f)
{
    struct filters filters = FILTERS(in, request_filters, SpotInstanceRequest);
    struct spot_request_list rows;
    struct page page;
    if (filters_check(&filters, f) < 0 ||
        lookup_spot_requests(c, &in->spot_instance_request_ids, &rows, f) < 0 ||
        page_begin(c, in->max_results, in->next_token, in->spot_instance_request_ids.n > 0, &page,
                   f) < 0)
        return -1;
    for (size_t k = 0; k < rows.n && !page.more; k++) {
        struct ec2_SpotInstanceRequest one;
        view(c, &rows.v[k], &one);
        if (filters_match(&filters, &one, NULL) && page_admit(&page, rows.v[k].id))
            *arena_append(c->arena, &out->spot_instance_requests) = one;
    }
    out->next_token = page_end(c, &page);
    return 0;
}

static void enter_cancelled(struct call *c, struct spot_request *r, enum spot_status status,
                            const char *message)
{
    int code = spot_request_enter(r, SPOT_CANCELLED, status, message, c->now, NULL, NULL);
    CHECK(code == 0);
    store_update_spot_request(c->tx, r);
}

/* An instance that the market has stopped would never be started again: it goes, as in EC2. */
static void end_stopped(struct call *c, const struct spot_request *r)
{
    struct instance *i = store_instance(c->tx, c->arena, r->instance_id);
    if (i == NULL || instance_enter_state(i, INSTANCE_SHUTTING_DOWN, NULL) < 0)
        return;
    i->state_reason_code = "Server.SpotInstanceTermination";
    i->state_reason_message = "Server.SpotInstanceTermination: Spot instance termination";
    i->transition_reason = i->state_reason_code;
    store_update_instance(c->tx, i);
    store_enqueue(c->tx, "instance", i->id, c->now);
}

static void cancel(struct call *c, struct spot_request *r)
{
    switch ((enum spot_state)r->state) {
    case SPOT_OPEN:
        enter_cancelled(c, r, SPOT_CANCELED_BEFORE_FULFILLMENT, NULL);
        break;
    case SPOT_ACTIVE:
        /* A mark stays, and so does what the request says of it. */
        enter_cancelled(c, r,
                        r->status == SPOT_FULFILLED ? SPOT_REQUEST_CANCELED_AND_INSTANCE_RUNNING
                                                    : (enum spot_status)r->status,
                        NULL);
        break;
    case SPOT_DISABLED:
        if (r->status == SPOT_INSTANCE_STOPPED_NO_CAPACITY ||
            r->status == SPOT_INSTANCE_STOPPED_BY_PRICE)
            end_stopped(c, r);
        enter_cancelled(c, r, (enum spot_status)r->status, r->status_message);
        break;
    case SPOT_CLOSED:
    case SPOT_CANCELLED:
    case SPOT_FAILED:
    case _SPOT_STATE_MAX:
        break;
    }
}

int act_ec2_CancelSpotInstanceRequests(struct call *c, const ec2_CancelSpotInstanceRequests_in *in,
                                       ec2_CancelSpotInstanceRequests_out *out, struct fault *f)
{
    struct spot_request_list rows;
    if (in->spot_instance_request_ids.n == 0)
        return fault(f, FAULT_MISSING_PARAMETER,
                     "The request must contain the parameter SpotInstanceRequestId");
    if (lookup_spot_requests(c, &in->spot_instance_request_ids, &rows, f) < 0)
        return -1;
    for (size_t k = 0; k < rows.n; k++) {
        struct spot_request *r = &rows.v[k];
        cancel(c, r);
        struct ec2_CancelledSpotInstanceRequest *one =
            arena_append(c->arena, &out->cancelled_spot_instance_requests);
        one->spot_instance_request_id = r->id;
        /* The reply's own list of states has no `failed`. */
        one->state = r->state == SPOT_FAILED ? "closed" : state_name(&spot_states, r->state);
    }
    return 0;
}
