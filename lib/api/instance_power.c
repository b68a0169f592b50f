#include "api/instance_power.h"

#include <stdio.h>
#include <time.h>

#include "api/address.h"
#include "api/capacity.h"
#include "api/disk.h"
#include "api/instance_view.h"
#include "api/lookup.h"
#include "api/placement_rules.h"
#include "api/spot.h"
#include "base/text.h"
#include "jobs/market.h"

/*
 * Start, stop, reboot, terminate: each checks all the instances of the call before it changes the
 * first. What an instance is already doing is done again with success, as in EC2.
 */

static const char *by_user(struct call *c)
{
    char text[64];
    time_t seconds = (time_t)(c->now / 1000);
    struct tm tm;
    (void)gmtime_r(&seconds, &tm);
    (void)strftime(text, sizeof(text), "User initiated (%Y-%m-%d %H:%M:%S GMT)", &tm);
    return arena_strdup(c->arena, text);
}

static int named(struct call *c, const struct wire_strings *ids, struct instance_list *ret,
                 struct fault *f)
{
    if (ids->n == 0)
        return fault(f, FAULT_MISSING_PARAMETER,
                     "The request must contain the parameter InstanceId");
    return lookup_instances(c, ids, ret, f);
}

static void report(struct call *c, struct ec2_InstanceStateChangeList *list,
                   const struct instance *i, int previous)
{
    struct ec2_InstanceStateChange *change = arena_append(c->arena, list);
    change->instance_id = i->id;
    change->previous_state = instance_state_view(c->arena, previous);
    change->current_state = instance_state_view(c->arena, i->state);
}

/* Enters the state, keeps the row and wakes the workers. */
static int move(struct call *c, struct instance *i, enum instance_state to, const char *reason_code,
                const char *reason_text, struct fault *f)
{
    i->state_reason_code = reason_code;
    i->state_reason_message =
        reason_text == NULL ? NULL : arena_printf(c->arena, "%s: %s", reason_code, reason_text);
    struct err e = {0};
    if (instance_enter_state(i, to, &e) < 0)
        return fault(f, FAULT_INCORRECT_INSTANCE_STATE, "The instance '%s' is %s", i->id,
                     instance_state_name((enum instance_state)i->state));
    store_update_instance(c->tx, i);
    store_enqueue(c->tx, "instance", i->id, c->now);
    return 0;
}

static int check_start(const struct instance *i, struct fault *f)
{
    if (i->state == INSTANCE_STOPPED || i->state == INSTANCE_RUNNING ||
        i->state == INSTANCE_PENDING)
        return 0;
    return fault(f, FAULT_INCORRECT_INSTANCE_STATE,
                 "The instance '%s' is not in a state from which it can be started.", i->id);
}

/* A started instance gets another public address, if it is one that has any. */
static int draw_public_ips(struct call *c, const struct instance *i, struct fault *f)
{
    struct network_interface_list interfaces =
        store_network_interfaces(c->tx, c->arena, "instance_id", i->id);
    for (size_t k = 0; k < interfaces.n; k++)
        if (interface_draw_public(c, &interfaces.v[k], f) < 0)
            return -1;
    return 0;
}

/* What its placement group asks holds at each start: how many run has changed, or its type. */
static int check_group(struct call *c, const struct instance *i, const struct instance_type *type,
                       struct fault *f)
{
    struct placement_group *g = NULL;
    int64_t count = 1;
    if (placement_group_find(c, NULL, i->placement_group_id, &g, f) < 0)
        return -1;
    if (g == NULL)
        return 0;
    if (placement_group_takes(c, g, type, i->zone, f) < 0)
        return -1;
    return placement_group_room(c, g, i->zone, 1, &count, f);
}

static int take_room(struct call *c, struct instance *i, const struct instance_type *type,
                     struct capacity_grant *ret_grant, struct fault *f)
{
    if (i->spot_request_id != NULL) {
        struct spot_launch spot = {
            .request = store_spot_request(c->tx, c->arena, i->spot_request_id),
        };
        return spot.request != NULL && spot_check_price(c, &spot, type, f) < 0
                   ? -1
                   : capacity_admit_spot(c, type, 1, 1, ret_grant, f);
    }
    struct capacity_slots slots;
    if (capacity_slots_of(c, i, &slots, f) < 0 ||
        capacity_admit(c, type, &slots, 1, 1, ret_grant, f) < 0)
        return -1;
    i->capacity_reservation_id = capacity_slots_take(&slots);
    return 0;
}

int instance_power_on(struct call *c, struct instance *i, struct fault *f)
{
    const struct instance_type *type =
        instance_type_find(&c->config->instance_types, i->instance_type);
    /* A type that the owner has taken out of the configuration since: the row still knows its size.
     */
    struct instance_type as_was = {
        .name = i->instance_type, .memory_mib = i->memory_mib, .vcpus = i->vcpus};
    if (type == NULL)
        type = &as_was;
    struct capacity_grant grant;
    if (disk_admit_guest(c, f) < 0 || take_room(c, i, type, &grant, f) < 0 ||
        check_group(c, i, type, f) < 0 || draw_public_ips(c, i, f) < 0)
        return -1;
    i->launch_time = c->now;
    i->transition_reason = "";
    i->reachable_at = 0;
    i->impaired_since = 0;
    if (move(c, i, INSTANCE_PENDING, "pending", NULL, f) < 0)
        return -1;
    struct spot_request *r = store_spot_request(c->tx, c->arena, i->spot_request_id);
    if (r != NULL)
        market_note_started(c->tx, r, i, c->now);
    if (grant.waits && i->capacity_reservation_id == NULL) {
        capacity_let_wait(c, i);
        store_update_instance(c->tx, i);
        capacity_make_room(c);
    }
    return 0;
}

/* A stopped instance may have lost the disk that it boots from: DetachVolume. */
static int check_root(struct call *c, const struct instance *i, struct fault *f)
{
    struct volume_list volumes = store_volumes(c->tx, c->arena, "instance_id", i->id);
    for (size_t k = 0; k < volumes.n; k++)
        if (streq(volumes.v[k].device_name, i->root_device_name) &&
            volumes.v[k].attachment_state != ATTACHMENT_DETACHING)
            return 0;
    return fault(f, FAULT_INCORRECT_INSTANCE_STATE,
                 "Instance '%s' does not have a volume attached at root (%s)", i->id,
                 i->root_device_name);
}

int act_ec2_StartInstances(struct call *c, const ec2_StartInstances_in *in,
                           ec2_StartInstances_out *out, struct fault *f)
{
    struct instance_list l = {0};
    if (named(c, &in->instance_ids, &l, f) < 0)
        return -1;
    for (size_t k = 0; k < l.n; k++)
        if (check_start(&l.v[k], f) < 0 || check_root(c, &l.v[k], f) < 0 ||
            spot_check_start(c, &l.v[k], f) < 0)
            return -1;
    for (size_t k = 0; k < l.n; k++) {
        int previous = l.v[k].state;
        if (previous == INSTANCE_STOPPED && instance_power_on(c, &l.v[k], f) < 0)
            return -1;
        report(c, &out->starting_instances, &l.v[k], previous);
    }
    return 0;
}

static int check_stop(const struct instance *i, struct fault *f)
{
    if (i->state == INSTANCE_STOPPED || i->state == INSTANCE_STOPPING)
        return 0;
    if (i->state != INSTANCE_RUNNING)
        return fault(f, FAULT_INCORRECT_INSTANCE_STATE,
                     "This instance '%s' is not in a state from which it can be stopped.", i->id);
    if (i->disable_api_stop)
        return fault(f, FAULT_OPERATION_NOT_PERMITTED,
                     "The instance '%s' may not be stopped. Modify its 'disableApiStop' instance "
                     "attribute and try again.",
                     i->id);
    return 0;
}

static int stop(struct call *c, struct instance *i, bool force, struct fault *f)
{
    if (i->state == INSTANCE_STOPPED || (i->state == INSTANCE_STOPPING && !force))
        return 0;
    i->force_stop = force;
    if (i->state == INSTANCE_RUNNING)
        i->stop_deadline = 0;
    i->transition_reason = by_user(c);
    return move(c, i, INSTANCE_STOPPING, "Client.UserInitiatedShutdown", "User initiated shutdown",
                f);
}

int instance_power_off(struct call *c, struct instance *i, struct fault *f)
{
    return stop(c, i, false, f);
}

int act_ec2_StopInstances(struct call *c, const ec2_StopInstances_in *in,
                          ec2_StopInstances_out *out, struct fault *f)
{
    struct instance_list l = {0};
    if (named(c, &in->instance_ids, &l, f) < 0)
        return -1;
    for (size_t k = 0; k < l.n; k++)
        if (check_stop(&l.v[k], f) < 0 || spot_check_stop(c, &l.v[k], f) < 0)
            return -1;
    bool force = wire_true(in->force) || wire_true(in->skip_os_shutdown);
    for (size_t k = 0; k < l.n; k++) {
        int previous = l.v[k].state;
        if (stop(c, &l.v[k], force, f) < 0)
            return -1;
        report(c, &out->stopping_instances, &l.v[k], previous);
    }
    return 0;
}

int act_ec2_RebootInstances(struct call *c, const ec2_RebootInstances_in *in,
                            ec2_RebootInstances_out *out, struct fault *f)
{
    (void)out;
    struct instance_list l = {0};
    if (named(c, &in->instance_ids, &l, f) < 0)
        return -1;
    for (size_t k = 0; k < l.n; k++)
        if (l.v[k].state != INSTANCE_RUNNING && l.v[k].state != INSTANCE_PENDING)
            return fault(
                f, FAULT_INCORRECT_INSTANCE_STATE,
                "The instance '%s' is not in a state from which it can be rebooted: it is %s",
                l.v[k].id, instance_state_name((enum instance_state)l.v[k].state));
    for (size_t k = 0; k < l.n; k++) {
        if (l.v[k].state == INSTANCE_PENDING)
            continue; /* it is about to boot anyway */
        l.v[k].reboot_requested = true;
        store_update_instance(c->tx, &l.v[k]);
        store_enqueue(c->tx, "instance", l.v[k].id, c->now);
    }
    return 0;
}

static int terminate(struct call *c, struct instance *i, struct fault *f)
{
    if (i->state == INSTANCE_TERMINATED || i->state == INSTANCE_SHUTTING_DOWN)
        return 0;
    i->transition_reason = by_user(c);
    return move(c, i, INSTANCE_SHUTTING_DOWN, "Client.UserInitiatedShutdown",
                "User initiated shutdown", f);
}

int act_ec2_TerminateInstances(struct call *c, const ec2_TerminateInstances_in *in,
                               ec2_TerminateInstances_out *out, struct fault *f)
{
    struct instance_list l = {0};
    if (named(c, &in->instance_ids, &l, f) < 0)
        return -1;
    for (size_t k = 0; k < l.n; k++)
        if (l.v[k].disable_api_termination)
            return fault(
                f, FAULT_OPERATION_NOT_PERMITTED,
                "The instance '%s' may not be terminated. Modify its 'disableApiTermination' "
                "instance attribute and try again.",
                l.v[k].id);
    for (size_t k = 0; k < l.n; k++) {
        int previous = l.v[k].state;
        if (terminate(c, &l.v[k], f) < 0)
            return -1;
        report(c, &out->terminating_instances, &l.v[k], previous);
    }
    return 0;
}
