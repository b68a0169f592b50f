#pragma once
/*
 * Spot in the API: the terms of a request, the requests' rows as EC2 shows them, and what a spot
 * instance may not do. When and why requests move is lib/jobs/market.h's and lib/core/spot.h's.
 */
#include "api/call.h"

/* What a caller asks for, whichever action brought it. */
struct spot_terms {
    bool persistent;
    int64_t max_price;        /* 0: what the type costs on demand */
    const char *interruption; /* terminate, stop */
    int64_t valid_from;
    int64_t valid_until;
};

/* A launch as spot. */
struct spot_launch {
    struct spot_terms terms;
    struct spot_request *request; /* which it fulfils; NULL: one is made for each instance */
};

/* The members that both actions have. `type` and `interruption` may be NULL. */
int spot_terms_settle(struct call *c, const char *type, const char *max_price,
                      const char *interruption, struct opt_time valid_until,
                      struct spot_terms *ret_terms, struct fault *f);
/* RunInstances' market options: *ret_spot is NULL for a launch on demand. */
int spot_of_market_options(struct call *c, const ec2_RunInstances_in *in,
                           struct spot_launch **ret_spot, struct fault *f);
/* Is what is offered for an instance of this type enough now? */
int spot_check_price(struct call *c, const struct spot_launch *spot,
                     const struct instance_type *type, struct fault *f);

/* Writes a new request, open, that `launch` fulfils. */
struct spot_request *spot_request_write(struct call *c, const ec2_RunInstances_in *launch,
                                        const struct spot_terms *terms,
                                        const struct instance_type *type, const char *client_token);
/* The request of RunInstances that a row keeps; NULL when it cannot be read any more. */
const ec2_RunInstances_in *spot_request_launch(struct call *c, const struct spot_request *r,
                                               struct fault *f);

/* EC2's rules for stopping and starting spot instances; others pass. */
int spot_check_stop(struct call *c, const struct instance *i, struct fault *f);
int spot_check_start(struct call *c, const struct instance *i, struct fault *f);
