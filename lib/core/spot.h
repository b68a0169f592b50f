#pragma once
/*
 * Spot: requests, their states and codes, prices, and who gives up room. Pure.
 *
 * A spot instance lives on room that nobody else needs. When an on-demand launch needs it, or the
 * price rises above what its owner pays, the instance is marked: it is told what will become of it
 * and when (spot_notice_of() is what the metadata service shows), and that happens then.
 *
 * Prices are USD an hour in millionths. There is no bill: they order who runs when the server
 * fills.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/instance.h"
#include "core/instance_type.h"
#include "core/state.h"

#define SPOT_PRICE_TEXT_SIZE 32
#define SPOT_PRICE_MAX       INT64_C(1000000000) /* a thousand dollars an hour */
#define SPOT_MARKET          "spot-market"       /* the object of the market's job */

/* AWS: "Spot Instance request states" */
enum spot_state {
    SPOT_OPEN,     /* waits for its instance */
    SPOT_ACTIVE,   /* has it */
    SPOT_DISABLED, /* has it, and it is stopped */
    SPOT_CLOSED,
    SPOT_CANCELLED, /* by its owner, or expired; an instance that it has goes on */
    SPOT_FAILED,
    _SPOT_STATE_MAX
};

enum spot_status {
#define SPOT_STATUS(id, code, states, message) SPOT_##id,
#include "core/spot_statuses.def"
#undef SPOT_STATUS
    _SPOT_STATUS_MAX
};

extern const struct state_table spot_states;
/* Codes as names; any code may follow any other, the states say which may stand where. */
extern const struct state_table spot_statuses;

struct spot_request {
    const char *id; /* sir-… */
    const char *account_id;
    const char *region;
    int state;  /* enum spot_state; read it, never assign it */
    int status; /* enum spot_status; likewise */
    const char *status_message;
    int64_t status_at;
    const char *fault_code; /* of one that has failed; NULL: none */
    bool persistent;
    int64_t max_price;
    const char *interruption; /* terminate, stop */
    int64_t valid_from;       /* 0: at once */
    int64_t valid_until;      /* 0: without end */
    int64_t created_at;
    int64_t ended_at;         /* closed, cancelled or failed since; 0: not */
    const char *client_token; /* of RequestSpotInstances; NULL: none */
    const char *instance_id;  /* NULL: none */
    const char *zone;         /* where that was launched; NULL: nowhere yet */
    const char *instance_type;
    const char *launch; /* the request of RunInstances that fulfils it, as JSON. Sensitive */
};

/*
 * The one place that assigns state and status. `message` is NULL for the code's own. 0, or -EPERM
 * when no request goes there from where it is, or the code does not belong to that state. A status
 * that is the same, in the same words, keeps its time: *ret_changed tells (it may be NULL).
 */
int spot_request_enter(struct spot_request *r, enum spot_state to, enum spot_status status,
                       const char *message, int64_t now, bool *ret_changed, struct err *e);

/* What a marked instance is told. False: it is not marked. */
struct spot_notice {
    const char *action; /* terminate, stop */
    int64_t at;         /* when: milliseconds since 1970 */
};
bool spot_notice_of(const struct instance *i, struct spot_notice *ret_notice);

/* How full the server was from then on: what prices of the past are worked out from. */
struct spot_load {
    int64_t recorded_at;
    int64_t used_percent;
};

/* The price of a type on demand, and as spot when `used_percent` of the server's memory is taken.
 */
int64_t spot_on_demand_price(const struct instance_type *type);
int64_t spot_price(int64_t on_demand, int64_t used_percent);
/* Percent of memory in use, in the steps in which prices move. */
int64_t spot_used_percent(int64_t used, int64_t size);
/* "0.0104", ".5", "1": 0, or -EINVAL for what is no price above zero. */
int spot_price_parse(const char *text, int64_t *ret_price);
void spot_price_format(int64_t price, char out[SPOT_PRICE_TEXT_SIZE]); /* "0.010400" */

/* An instance that can give up its room. */
struct spot_candidate {
    size_t index; /* the caller's own: the list is sorted here */
    int64_t mib;
    int64_t launched_at;
    bool chosen;
    bool passed; /* while choosing: looked at, and not taken */
};
/*
 * Chooses those that go, so that together they free at least `mib`: as few as can be, and of the
 * sets that are as small the one with the youngest. True when it is enough; else all are chosen.
 */
bool spot_choose(struct spot_candidate *v, size_t n, int64_t mib);
/*
 * The other way round: of those `chosen`, lets off the oldest while the rest still frees `mib`.
 */
void spot_let_off(struct spot_candidate *v, size_t n, int64_t mib);
