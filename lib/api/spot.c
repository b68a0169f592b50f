#include "api/spot.h"

#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/id.h"
#include "base/text.h"
#include "jobs/market.h"
#include "wire/json.h"

#define DEFAULT_VALID_MS (INT64_C(7) * 24 * 3600 * 1000) /* of a one-time request */

int spot_terms_settle(struct call *c, const char *type, const char *max_price,
                      const char *interruption, struct opt_time valid_until,
                      struct spot_terms *ret_terms, struct fault *f)
{
    struct spot_terms t = {
        .persistent = streq(type, "persistent"),
        .interruption = interruption == NULL ? "terminate" : interruption,
        .valid_until = valid_until.set ? valid_until.v : 0,
    };
    if (streq(interruption, "hibernate"))
        return fault(f, FAULT_UNSUPPORTED_OPERATION,
                     "This server cannot hibernate instances: InstanceInterruptionBehavior can be "
                     "terminate or stop");
    if (streq(interruption, "stop") && !t.persistent)
        return fault(f, FAULT_INVALID_PARAMETER_COMBINATION,
                     "The request with type '%s' is not supported when "
                     "instanceInterruptionBehavior is set to 'stop'.",
                     type == NULL ? "one-time" : type);
    if (max_price != NULL && spot_price_parse(max_price, &t.max_price) < 0)
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "Invalid value '%.64s' for the Spot price: it must be a number of USD an hour "
                     "above 0, such as 0.01",
                     max_price);
    if (valid_until.set && valid_until.v <= c->now)
        return fault(f, FAULT_INVALID_PARAMETER_VALUE, "ValidUntil must be in the future");
    *ret_terms = t;
    return 0;
}

int spot_of_market_options(struct call *c, const ec2_RunInstances_in *in,
                           struct spot_launch **ret_spot, struct fault *f)
{
    const struct ec2_InstanceMarketOptionsRequest *m = in->instance_market_options;
    *ret_spot = NULL;
    if (m == NULL)
        return 0;
    if (m->market_type == NULL)
        return fault(f, FAULT_MISSING_PARAMETER,
                     "The request must contain the parameter InstanceMarketOptions.MarketType");
    if (!streq(m->market_type, "spot"))
        return fault(f, FAULT_UNSUPPORTED_OPERATION,
                     "This server has no instances of the market type '%s'", m->market_type);
    static const struct ec2_SpotMarketOptions none = {0};
    const struct ec2_SpotMarketOptions *o = m->spot_options == NULL ? &none : m->spot_options;
    struct spot_launch *spot = arena_new_of(c->arena, struct spot_launch);
    if (spot_terms_settle(c, o->spot_instance_type, o->max_price, o->instance_interruption_behavior,
                          o->valid_until, &spot->terms, f) < 0)
        return -1;
    /* AWS: RunInstances, SpotMarketOptions. */
    if (spot->terms.persistent && streq(spot->terms.interruption, "terminate"))
        return fault(f, FAULT_INVALID_PARAMETER_COMBINATION,
                     "Persistent Spot Instance requests are only supported when the instance "
                     "interruption behavior is stop");
    if (spot->terms.valid_until > 0 && !spot->terms.persistent)
        return fault(f, FAULT_INVALID_PARAMETER_COMBINATION,
                     "ValidUntil is not supported for one-time Spot Instance requests");
    *ret_spot = spot;
    return 0;
}

static int64_t price_offered(const struct spot_terms *terms, const struct instance_type *type)
{
    return terms->max_price > 0 ? terms->max_price : spot_on_demand_price(type);
}

int spot_check_price(struct call *c, const struct spot_launch *spot,
                     const struct instance_type *type, struct fault *f)
{
    int64_t offered =
        spot->request == NULL ? price_offered(&spot->terms, type) : spot->request->max_price;
    int64_t least = market_price(c->tx, type);
    if (offered >= least)
        return 0;
    char offered_text[SPOT_PRICE_TEXT_SIZE];
    char least_text[SPOT_PRICE_TEXT_SIZE];
    spot_price_format(offered, offered_text);
    spot_price_format(least, least_text);
    return fault(f, FAULT_SPOT_MAX_PRICE_TOO_LOW,
                 "Your Spot request price of %s is lower than the minimum required Spot request "
                 "fulfillment price of %s.",
                 offered_text, least_text);
}

static const struct wire_action *run_instances(void)
{
    return wire_action_find(wire_service_find("ec2"), "RunInstances");
}

/* One instance, on nobody's token, and not as spot again: that is what the request is for. */
static const char *launch_text(struct call *c, const ec2_RunInstances_in *launch)
{
    ec2_RunInstances_in one = *launch;
    one.min_count = one.max_count = wire_int(1);
    one.client_token = NULL;
    one.dry_run = (struct opt_bool){0};
    one.instance_market_options = NULL;
    _cleanup_buf_ struct buf text = BUF_INIT(JSON_TEXT_MAX);
    int r = json_encode(c->arena, run_instances()->input, &one, JSON_PLAIN, &text);
    CHECK(r == 0); /* it came in a body that is smaller */
    return arena_strdup(c->arena, buf_str(&text));
}

struct spot_request *spot_request_write(struct call *c, const ec2_RunInstances_in *launch,
                                        const struct spot_terms *terms,
                                        const struct instance_type *type, const char *client_token)
{
    struct spot_request *r = arena_new_of(c->arena, struct spot_request);
    *r = (struct spot_request){
        .id = id_make(c->arena, "sir"),
        .account_id = c->principal->account_id,
        .region = c->region->name,
        .state = SPOT_OPEN, /* where every request begins */
        .persistent = terms->persistent,
        .max_price = price_offered(terms, type),
        .interruption = terms->interruption,
        .valid_from = terms->valid_from,
        .valid_until = terms->valid_until > 0 || terms->persistent ? terms->valid_until
                                                                   : c->now + DEFAULT_VALID_MS,
        .created_at = c->now,
        .client_token = client_token,
        .instance_type = type->name,
        .launch = launch_text(c, launch),
    };
    int code = spot_request_enter(r, SPOT_OPEN, SPOT_PENDING_EVALUATION, NULL, c->now, NULL, NULL);
    CHECK(code == 0);
    store_insert_spot_request(c->tx, r);
    return r;
}

const ec2_RunInstances_in *spot_request_launch(struct call *c, const struct spot_request *r,
                                               struct fault *f)
{
    void *in = NULL;
    return json_decode(c->arena, run_instances(), r->launch, strlen(r->launch), &in, f) < 0 ? NULL
                                                                                            : in;
}

int spot_check_stop(struct call *c, const struct instance *i, struct fault *f)
{
    if (i->spot_request_id == NULL)
        return 0;
    if (!i->spot_persistent)
        return fault(
            f, FAULT_UNSUPPORTED_OPERATION,
            "You can't stop the Spot Instance '%s' because it is associated with a one-time Spot "
            "Instance request. You can only stop Spot Instances associated with persistent Spot "
            "Instance requests.",
            i->id);
    struct spot_request *r = store_spot_request(c->tx, c->arena, i->spot_request_id);
    if (r == NULL || r->state == SPOT_CANCELLED)
        return fault(f, FAULT_UNSUPPORTED_OPERATION,
                     "You can't stop the Spot Instance '%s' because its Spot Instance request is "
                     "cancelled.",
                     i->id);
    return 0;
}

int spot_check_start(struct call *c, const struct instance *i, struct fault *f)
{
    if (i->spot_request_id == NULL || i->state != INSTANCE_STOPPED)
        return 0;
    /* One that the market has stopped is the market's to start. */
    struct spot_request *r = store_spot_request(c->tx, c->arena, i->spot_request_id);
    if (r != NULL && r->state == SPOT_DISABLED &&
        (r->status == SPOT_INSTANCE_STOPPED_BY_USER || r->status == SPOT_SYSTEM_ERROR))
        return 0;
    return fault(f, FAULT_INCORRECT_SPOT_REQUEST_STATE,
                 "You can't start the Spot Instance '%s' because the associated Spot Instance "
                 "request is not in an appropriate state to support start.",
                 i->id);
}
