/* What becomes of a peering: AcceptVpcPeeringConnection, RejectVpcPeeringConnection,
 * DeleteVpcPeeringConnection, ModifyVpcPeeringConnectionOptions. */
#include "api/lookup.h"
#include "api/vpc_peering.h"
#include "base/text.h"

static int wrong_state(const struct vpc_peering_connection *p, enum peering_state to,
                       struct fault *f)
{
    return fault(f, FAULT_INVALID_STATE_TRANSITION,
                 "Invalid state transition for %s, attempted to transition from %s to %s", p->id,
                 state_name(&peering_states, p->state), state_name(&peering_states, to));
}

/* A request that the caller, on the accepter's side, may answer; NULL with the fault. */
static struct vpc_peering_connection *answerable(struct call *c, const char *id,
                                                 enum peering_state to, struct fault *f)
{
    if (id == NULL) {
        (void)fault(f, FAULT_MISSING_PARAMETER,
                    "The request must contain the parameter vpcPeeringConnectionId");
        return NULL;
    }
    struct vpc_peering_connection *p = lookup_vpc_peering_connection(c, id, f);
    if (p == NULL)
        return NULL;
    if (!streq(p->accepter_account_id, c->principal->account_id) ||
        !streq(p->accepter_region, c->region->name)) {
        (void)fault(f, FAULT_OPERATION_NOT_PERMITTED,
                    "The peering connection %s is answered in the region of the VPC that is asked: "
                    "%s in %s",
                    p->id, p->accepter_vpc_id, p->accepter_region);
        return NULL;
    }
    if (p->state != PEERING_PENDING_ACCEPTANCE) {
        (void)wrong_state(p, to, f);
        return NULL;
    }
    return p;
}

static void keep_blocks(struct call *c, struct vpc_peering_connection *p)
{
    p->requester_cidr_blocks = peering_blocks_of(c, p->requester_vpc_id);
    p->accepter_cidr_blocks = peering_blocks_of(c, p->accepter_vpc_id);
}

static int check_active(struct call *c, const char *vpc_id, struct fault *f)
{
    const char *active = state_name(&peering_states, PEERING_ACTIVE);
    size_t n =
        store_count_vpc_peering_connections(c->tx, "requester_vpc_id", vpc_id, "state", active) +
        store_count_vpc_peering_connections(c->tx, "accepter_vpc_id", vpc_id, "state", active);
    if (n >= PEERINGS_PER_VPC)
        return fault(f, FAULT_ACTIVE_VPC_PEERING_CONNECTION_PER_VPC_LIMIT_EXCEEDED,
                     "The maximum number of active VPC peering connections (%d) for VPC '%s' has "
                     "been reached.",
                     PEERINGS_PER_VPC, vpc_id);
    return 0;
}

int act_ec2_AcceptVpcPeeringConnection(struct call *c, const ec2_AcceptVpcPeeringConnection_in *in,
                                       ec2_AcceptVpcPeeringConnection_out *out, struct fault *f)
{
    struct vpc_peering_connection *p =
        answerable(c, in->vpc_peering_connection_id, PEERING_PROVISIONING, f);
    if (p == NULL || check_active(c, p->requester_vpc_id, f) < 0 ||
        check_active(c, p->accepter_vpc_id, f) < 0)
        return -1;
    (void)peering_enter_state(p, PEERING_PROVISIONING, NULL);
    (void)peering_enter_state(p, PEERING_ACTIVE, NULL);
    p->state_message = "Active";
    keep_blocks(c, p);
    store_update_vpc_peering_connection(c->tx, p);
    peering_changed(c, p);
    out->vpc_peering_connection = peering_view(c, p);
    return 0;
}

static void end(struct call *c, struct vpc_peering_connection *p, enum peering_state to,
                const char *word)
{
    (void)peering_enter_state(p, to, NULL);
    p->state_message = arena_printf(c->arena, "%s by %s", word, c->principal->account_id);
    p->ended_at = c->now;
    store_update_vpc_peering_connection(c->tx, p);
}

int act_ec2_RejectVpcPeeringConnection(struct call *c, const ec2_RejectVpcPeeringConnection_in *in,
                                       ec2_RejectVpcPeeringConnection_out *out, struct fault *f)
{
    struct vpc_peering_connection *p =
        answerable(c, in->vpc_peering_connection_id, PEERING_REJECTED, f);
    if (p == NULL)
        return -1;
    end(c, p, PEERING_REJECTED, "Rejected");
    out->return_ = wire_bool(true);
    return 0;
}

int act_ec2_DeleteVpcPeeringConnection(struct call *c, const ec2_DeleteVpcPeeringConnection_in *in,
                                       ec2_DeleteVpcPeeringConnection_out *out, struct fault *f)
{
    struct vpc_peering_connection *p =
        lookup_vpc_peering_connection(c, in->vpc_peering_connection_id, f);
    if (p == NULL)
        return -1;
    if (p->state != PEERING_ACTIVE && p->state != PEERING_PENDING_ACCEPTANCE)
        return wrong_state(p, PEERING_DELETING, f);
    if (p->state == PEERING_ACTIVE) {
        keep_blocks(c, p);
        peering_changed(c, p);
    }
    end(c, p, PEERING_DELETED, "Deleted");
    out->return_ = wire_bool(true);
    return 0;
}

/* The options are all off here, and the model lets nothing pass that turns one on. */
int act_ec2_ModifyVpcPeeringConnectionOptions(struct call *c,
                                              const ec2_ModifyVpcPeeringConnectionOptions_in *in,
                                              ec2_ModifyVpcPeeringConnectionOptions_out *out,
                                              struct fault *f)
{
    if (in->requester_peering_connection_options == NULL &&
        in->accepter_peering_connection_options == NULL)
        return fault(f, FAULT_MISSING_PARAMETER,
                     "The request must contain the parameter requesterPeeringConnectionOptions or "
                     "accepterPeeringConnectionOptions");
    const struct vpc_peering_connection *p =
        lookup_vpc_peering_connection(c, in->vpc_peering_connection_id, f);
    if (p == NULL)
        return -1;
    if (p->state != PEERING_ACTIVE)
        return fault(f, FAULT_INCORRECT_STATE,
                     "The peering connection %s has options while it is active: it is %s", p->id,
                     state_name(&peering_states, p->state));
    struct ec2_PeeringConnectionOptions *off =
        arena_new_of(c->arena, struct ec2_PeeringConnectionOptions);
    *off =
        (struct ec2_PeeringConnectionOptions){wire_bool(false), wire_bool(false), wire_bool(false)};
    if (in->requester_peering_connection_options != NULL)
        out->requester_peering_connection_options = off;
    if (in->accepter_peering_connection_options != NULL)
        out->accepter_peering_connection_options = off;
    return 0;
}
