#pragma once
/*
 * VPC peering connections (AWS: "VPC peering connection lifecycle"). The blocks of both sides are
 * kept as they were when it ended, since its row outlives the VPCs.
 */
#include <stdbool.h>
#include <stdint.h>

#include "core/state.h"

#define PEERINGS_PER_VPC     50 /* active ones (AWS: "Amazon VPC quotas") */
#define PEERINGS_OUTSTANDING 25 /* requests of an account in a region that nobody has answered */
#define PEERING_EXPIRY_MS    (7LL * 24 * 3600 * 1000) /* an unanswered request */
#define PEERING_VISIBLE_MS   (2LL * 3600 * 1000) /* one that has ended, to those it was between */

enum peering_state {
    PEERING_INITIATING_REQUEST,
    PEERING_PENDING_ACCEPTANCE,
    PEERING_PROVISIONING,
    PEERING_ACTIVE,
    PEERING_REJECTED,
    PEERING_FAILED,
    PEERING_EXPIRED,
    PEERING_DELETING,
    PEERING_DELETED,
    _PEERING_STATE_MAX
};

extern const struct state_table peering_states;

struct vpc_peering_connection {
    const char *id; /* pcx-… */
    const char *account_id;
    const char *region;
    const char *requester_vpc_id;
    const char *requester_cidr_blocks; /* with commas between, the VPC's first block first */
    bool requester_dns;                /* AllowDnsResolutionFromRemoteVpc */
    const char *accepter_account_id;
    const char *accepter_region;
    const char *accepter_vpc_id;
    const char *accepter_cidr_blocks; /* "" until it is accepted */
    bool accepter_dns;
    int state; /* enum peering_state */
    const char *state_message;
    int64_t created_at;
    int64_t ended_at; /* 0: it goes on */
    int64_t number;   /* small and unique on the server: names the link */
};

int peering_enter_state(struct vpc_peering_connection *p, enum peering_state to, struct err *e);
