/*
 * The launching half of the spot market: the workers say when (jobs/market.c), the rows are made
 * here, by the same functions that RunInstances and StartInstances use, for the request's owner.
 */
#include "api/authenticate.h"
#include "api/instance_power.h"
#include "api/instance_run.h"
#include "api/spot.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "jobs/market.h"

static const struct region *region_served(const struct api_config *config, const char *name)
{
    for (size_t i = 0; i < config->regions.n; i++)
        if (streq(config->regions.v[i].name, name))
            return &config->regions.v[i];
    return NULL;
}

static void enter(struct call *c, struct spot_request *r, enum spot_state to,
                  enum spot_status status, const char *message)
{
    bool changed = false;
    int code = spot_request_enter(r, to, status, message, c->now, &changed, NULL);
    CHECK(code == 0);
    if (!changed)
        return;
    store_update_spot_request(c->tx, r);
    log_info("spot-request request=%s state=%s status=%s", r->id,
             state_name(&spot_states, r->state), state_name(&spot_statuses, r->status));
}

/* What a refusal to launch means for a request that can wait. */
static void hold_or_fail(struct call *c, struct spot_request *r, const struct fault *why)
{
    switch (why->code) {
    case FAULT_INSUFFICIENT_INSTANCE_CAPACITY:
    case FAULT_INSUFFICIENT_VOLUME_CAPACITY:
    case FAULT_INSTANCE_LIMIT_EXCEEDED:
    case FAULT_MAX_SPOT_INSTANCE_COUNT_EXCEEDED:
        enter(c, r, SPOT_OPEN, SPOT_CAPACITY_NOT_AVAILABLE, NULL);
        return;
    case FAULT_SPOT_MAX_PRICE_TOO_LOW:
        enter(c, r, SPOT_OPEN, SPOT_PRICE_TOO_LOW, arena_strdup(c->arena, why->message));
        return;
    case FAULT_INSUFFICIENT_ADDRESS_CAPACITY:
    case FAULT_INSUFFICIENT_FREE_ADDRESSES_IN_SUBNET:
    case FAULT_INVALID_IP_ADDRESS_IN_USE:
    case FAULT_INVALID_NETWORK_INTERFACE_IN_USE:
        enter(c, r, SPOT_OPEN, SPOT_CONSTRAINT_NOT_FULFILLABLE,
              arena_strdup(c->arena, why->message));
        return;
    default: /* it has become impossible: its image has gone, or its key pair */
        r->fault_code = fault_code_name(why->code);
        enter(c, r, SPOT_FAILED, SPOT_BAD_PARAMETERS, arena_strdup(c->arena, why->message));
        return;
    }
}

static void try_launch(struct call *c, struct spot_request *r)
{
    struct fault why = {0};
    struct spot_launch spot = {.request = r};
    const ec2_RunInstances_in *in = spot_request_launch(c, r, &why);
    ec2_RunInstances_out out = {0};
    c->in = in;
    if (in == NULL || instance_launch(c, in, &spot, &out, &why) < 0)
        hold_or_fail(c, r, &why);
}

/* The instance that the market has stopped; it stays so while there is no room, or no price. */
static void try_start(struct call *c, struct spot_request *r)
{
    struct instance *i = store_instance(c->tx, c->arena, r->instance_id);
    struct fault why = {0};
    if (i != NULL && i->state == INSTANCE_STOPPED && instance_power_on(c, i, &why) < 0)
        log_debug("spot-stays-stopped instance=%s reason=\"%s\"", i->id, why.message);
}

static void evaluate(struct call *c, struct spot_request *r)
{
    bool expired = r->valid_until > 0 && r->valid_until <= c->now;
    switch ((enum spot_state)r->state) {
    case SPOT_OPEN:
        if (expired)
            enter(c, r, SPOT_CANCELLED, SPOT_SCHEDULE_EXPIRED, NULL);
        else if (r->valid_from > c->now)
            enter(c, r, SPOT_OPEN, SPOT_NOT_SCHEDULED_YET, NULL);
        else
            try_launch(c, r);
        return;
    case SPOT_DISABLED:
        if (!expired && (r->status == SPOT_INSTANCE_STOPPED_NO_CAPACITY ||
                         r->status == SPOT_INSTANCE_STOPPED_BY_PRICE))
            try_start(c, r);
        return;
    case SPOT_ACTIVE:
    case SPOT_CLOSED:
    case SPOT_CANCELLED:
    case SPOT_FAILED:
    case _SPOT_STATE_MAX:
        return;
    }
}

int api_try_spot(struct api *api, const char *request_id, struct err *e)
{
    const struct api_config *config = &api->config;
    _cleanup_arena_ struct arena *a = arena_new();
    struct tx *tx = store_write(config->store);
    struct spot_request *r = store_spot_request(tx, a, request_id);
    const struct region *region = r == NULL ? NULL : region_served(config, r->region);
    if (region == NULL) /* it has gone, or waits for its region to be served again */
        return tx_commit(tx, e);
    struct principal owner = {
        .kind = PRINCIPAL_ROOT,
        .account_id = r->account_id,
        .arn = arena_printf(a, "arn:aws:iam::%s:root", r->account_id),
        .user_id = r->account_id,
    };
    struct call c = {
        .config = config,
        .action = wire_action_find(wire_service_find("ec2"), "RunInstances"),
        .principal = &owner,
        .region = region,
        .tx = tx,
        .arena = a,
        .request_id = request_id,
        .now = clock_now(),
    };
    evaluate(&c, r);
    int code = tx_commit(tx, e);
    if (code == 0)
        config->wake(config->ctx);
    return code;
}
