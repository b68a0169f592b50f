/* CreateVpcPeeringConnection, DescribeVpcPeeringConnections. */
#include "api/vpc_peering.h"

#include <string.h>

#include "api/filter.h"
#include "api/lookup.h"
#include "api/page.h"
#include "api/route_table.h"
#include "api/tagging.h"
#include "base/buf.h"
#include "base/id.h"
#include "base/text.h"
#include "jobs/peering.h"
#include "jobs/plan.h"

#define BLOCKS_MAX 4096 /* of a VPC, as text */

static const char *const taggable[] = {"vpc-peering-connection", NULL};

const char *peering_blocks_of(struct call *c, const char *vpc_id)
{
    struct wire_strings blocks = vpc_blocks(c, vpc_id);
    _cleanup_buf_ struct buf text = BUF_INIT(BLOCKS_MAX);
    for (size_t i = 0; i < blocks.n; i++)
        buf_printf(&text, "%s%s", i > 0 ? "," : "", blocks.v[i]);
    return arena_strdup(c->arena, buf_str(&text));
}

void peering_changed(struct call *c, const struct vpc_peering_connection *p)
{
    store_enqueue(c->tx, "vpc", p->requester_vpc_id, 0);
    store_enqueue(c->tx, "vpc", p->accepter_vpc_id, 0);
}

static void show_blocks(struct call *c, const char *text,
                        struct ec2_VpcPeeringConnectionVpcInfo *out)
{
    for (const char *at = text; *at != '\0';) {
        size_t len = strcspn(at, ",");
        const char *block = arena_strndup(c->arena, at, len);
        if (route_destination_is_ipv6(block)) {
            arena_append(c->arena, &out->ipv6_cidr_block_set)->ipv6_cidr_block = block;
        } else {
            arena_append(c->arena, &out->cidr_block_set)->cidr_block = block;
            if (out->cidr_block == NULL)
                out->cidr_block = block;
        }
        at += len + (at[len] == ',');
    }
}

static struct ec2_VpcPeeringConnectionVpcInfo *side(struct call *c, const char *account_id,
                                                    const char *region, const char *vpc_id,
                                                    const char *blocks)
{
    struct ec2_VpcPeeringConnectionVpcInfo *out =
        arena_new_of(c->arena, struct ec2_VpcPeeringConnectionVpcInfo);
    *out = (struct ec2_VpcPeeringConnectionVpcInfo){
        .owner_id = account_id,
        .vpc_id = vpc_id,
        .region = region,
        .peering_options =
            arena_new_of(c->arena, struct ec2_VpcPeeringConnectionOptionsDescription),
    };
    *out->peering_options = (struct ec2_VpcPeeringConnectionOptionsDescription){
        wire_bool(false), wire_bool(false), wire_bool(false)};
    show_blocks(c, blocks, out);
    return out;
}

/* While it lives a VPC is shown with the blocks that it has now, afterwards with those it had. */
static const char *blocks_to_show(struct call *c, const struct vpc_peering_connection *p,
                                  const char *vpc_id, const char *kept)
{
    bool lives = p->ended_at == 0 && store_vpc(c->tx, c->arena, vpc_id) != NULL;
    return lives && !str_empty(kept) ? peering_blocks_of(c, vpc_id) : kept;
}

/* A side whose network is not as its rows say; NULL: both are. */
static const char *failed_side(struct call *c, const struct vpc_peering_connection *p)
{
    if (plan_vpc_has_failed(c->tx, c->arena, p->requester_vpc_id))
        return p->requester_vpc_id;
    return plan_vpc_has_failed(c->tx, c->arena, p->accepter_vpc_id) ? p->accepter_vpc_id : NULL;
}

struct ec2_VpcPeeringConnection *peering_view(struct call *c,
                                              const struct vpc_peering_connection *p)
{
    struct ec2_VpcPeeringConnection *out = arena_new_of(c->arena, struct ec2_VpcPeeringConnection);
    *out = (struct ec2_VpcPeeringConnection){
        .accepter_vpc_info =
            side(c, p->accepter_account_id, p->accepter_region, p->accepter_vpc_id,
                 blocks_to_show(c, p, p->accepter_vpc_id, p->accepter_cidr_blocks)),
        .requester_vpc_info =
            side(c, p->account_id, p->region, p->requester_vpc_id,
                 blocks_to_show(c, p, p->requester_vpc_id, p->requester_cidr_blocks)),
        .status = arena_new_of(c->arena, struct ec2_VpcPeeringConnectionStateReason),
        .vpc_peering_connection_id = p->id,
    };
    out->status->code = state_name(&peering_states, p->state);
    out->status->message = p->state_message;
    const char *failed = p->state == PEERING_ACTIVE ? failed_side(c, p) : NULL;
    if (failed != NULL) {
        out->status->code = state_name(&peering_states, PEERING_PROVISIONING);
        out->status->message =
            arena_printf(c->arena, "The network of %s could not be made yet", failed);
    }
    if (p->state == PEERING_PENDING_ACCEPTANCE)
        out->expiration_time = wire_time(p->created_at + PEERING_EXPIRY_MS);
    tags_of(c, p->id, &out->tags);
    wire_list_empty(&out->tags);
    return out;
}

static bool overlap(struct call *c, const char *vpc_id, const char *other_id)
{
    struct wire_strings blocks = vpc_blocks(c, vpc_id);
    struct wire_strings others = vpc_blocks(c, other_id);
    for (size_t i = 0; i < blocks.n; i++)
        for (size_t k = 0; k < others.n; k++)
            if (route_block_covers(blocks.v[i], others.v[k]) ||
                route_block_covers(others.v[k], blocks.v[i]))
                return true;
    return false;
}

/* One between the two that goes on, in this direction or in the other; NULL: none. */
static const struct vpc_peering_connection *existing(struct call *c, const char *requester_vpc_id,
                                                     const char *accepter_vpc_id)
{
    struct vpc_peering_connection_list l = store_vpc_peering_connections(
        c->tx, c->arena, "requester_vpc_id", requester_vpc_id, "accepter_vpc_id", accepter_vpc_id);
    for (size_t i = 0; i < l.n; i++)
        if (l.v[i].ended_at == 0)
            return &l.v[i];
    return NULL;
}

static int check_served(struct call *c, const char *region, struct fault *f)
{
    for (size_t i = 0; i < c->config->regions.n; i++)
        if (streq(c->config->regions.v[i].name, region))
            return 0;
    return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                 "Value (%.64s) for parameter peerRegion is invalid. This server does not serve "
                 "the region.",
                 region);
}

static int check_room(struct call *c, struct fault *f)
{
    if (store_count_vpc_peering_connections(
            c->tx, "account_id", c->principal->account_id, "region", c->region->name, "state",
            state_name(&peering_states, PEERING_PENDING_ACCEPTANCE)) >= PEERINGS_OUTSTANDING)
        return fault(f, FAULT_OUTSTANDING_VPC_PEERING_CONNECTION_LIMIT_EXCEEDED,
                     "The maximum number of outstanding VPC peering connection requests (%d) has "
                     "been reached.",
                     PEERINGS_OUTSTANDING);
    return 0;
}

/*
 * The request as it is from the first moment: it waits, or it has failed. EC2 finds out about the
 * latter a little later, and shows initiating-request until then.
 */
static void insert(struct call *c, struct vpc_peering_connection *p, bool may_be)
{
    p->id = id_make(c->arena, "pcx");
    p->state = PEERING_INITIATING_REQUEST;
    p->created_at = c->now;
    p->number = store_next_peering_number(c->tx);
    if (may_be) {
        (void)peering_enter_state(p, PEERING_PENDING_ACCEPTANCE, NULL);
        p->state_message =
            arena_printf(c->arena, "Pending Acceptance by %s", p->accepter_account_id);
        store_enqueue(c->tx, PEERING_JOB, p->id, c->now + PEERING_EXPIRY_MS);
    } else {
        (void)peering_enter_state(p, PEERING_FAILED, NULL);
        p->state_message = "Failed due to incorrect VPC-ID, Account ID, or overlapping CIDR range";
        p->ended_at = c->now;
    }
    store_insert_vpc_peering_connection(c->tx, p);
}

static int check_request(struct call *c, const ec2_CreateVpcPeeringConnection_in *in,
                         const struct vpc_peering_connection *p, struct fault *f)
{
    if (p->accepter_vpc_id == NULL)
        return fault(f, FAULT_MISSING_PARAMETER,
                     "The request must contain the parameter peerVpcId");
    if (tags_from_specifications(c, &in->tag_specifications, taggable, f) < 0 ||
        check_served(c, p->accepter_region, f) < 0 || lookup_vpc(c, in->vpc_id, f) == NULL)
        return -1;
    if (streq(p->requester_vpc_id, p->accepter_vpc_id))
        return fault(f, FAULT_INVALID_PARAMETER_VALUE, "The VPC '%s' cannot be the peer of itself",
                     p->requester_vpc_id);
    if (existing(c, p->accepter_vpc_id, p->requester_vpc_id) != NULL)
        return fault(f, FAULT_VPC_PEERING_CONNECTION_ALREADY_EXISTS,
                     "A VPC peering connection between %s and %s already exists.",
                     p->requester_vpc_id, p->accepter_vpc_id);
    return 0;
}

int act_ec2_CreateVpcPeeringConnection(struct call *c, const ec2_CreateVpcPeeringConnection_in *in,
                                       ec2_CreateVpcPeeringConnection_out *out, struct fault *f)
{
    struct vpc_peering_connection p = {
        .account_id = c->principal->account_id,
        .region = c->region->name,
        .requester_vpc_id = in->vpc_id,
        .requester_cidr_blocks = peering_blocks_of(c, in->vpc_id),
        .accepter_account_id =
            in->peer_owner_id != NULL ? in->peer_owner_id : c->principal->account_id,
        .accepter_region = in->peer_region != NULL ? in->peer_region : c->region->name,
        .accepter_vpc_id = in->peer_vpc_id,
        .accepter_cidr_blocks = "",
    };
    if (check_request(c, in, &p, f) < 0)
        return -1;
    const struct vpc_peering_connection *there = existing(c, p.requester_vpc_id, p.accepter_vpc_id);
    if (there != NULL && there->state != PEERING_PENDING_ACCEPTANCE)
        return fault(f, FAULT_VPC_PEERING_CONNECTION_ALREADY_EXISTS,
                     "A VPC peering connection between %s and %s already exists.",
                     p.requester_vpc_id, p.accepter_vpc_id);
    if (there != NULL) { /* asked once more before the answer */
        out->vpc_peering_connection = peering_view(c, there);
        return 0;
    }
    if (check_room(c, f) < 0)
        return -1;
    const struct vpc *peer = store_vpc(c->tx, c->arena, p.accepter_vpc_id);
    bool is_there = peer != NULL && streq(peer->account_id, p.accepter_account_id) &&
                    streq(peer->region, p.accepter_region);
    insert(c, &p, is_there && !overlap(c, p.requester_vpc_id, p.accepter_vpc_id));
    tags_put(c, &in->tag_specifications, taggable[0], p.id);
    out->vpc_peering_connection = peering_view(c, &p);
    return 0;
}

/* AWS: DescribeVpcPeeringConnections, "Filters". */
static const struct filter_path peering_filters[] = {
    {"accepter-vpc-info.cidr-block", "AccepterVpcInfo.CidrBlock"},
    {"accepter-vpc-info.owner-id", "AccepterVpcInfo.OwnerId"},
    {"accepter-vpc-info.vpc-id", "AccepterVpcInfo.VpcId"},
    {"expiration-time", "ExpirationTime"},
    {"requester-vpc-info.cidr-block", "RequesterVpcInfo.CidrBlock"},
    {"requester-vpc-info.owner-id", "RequesterVpcInfo.OwnerId"},
    {"requester-vpc-info.vpc-id", "RequesterVpcInfo.VpcId"},
    {"status-code", "Status.Code"},
    {"status-message", "Status.Message"},
    {"vpc-peering-connection-id", "VpcPeeringConnectionId"},
};

int act_ec2_DescribeVpcPeeringConnections(struct call *c,
                                          const ec2_DescribeVpcPeeringConnections_in *in,
                                          ec2_DescribeVpcPeeringConnections_out *out,
                                          struct fault *f)
{
    struct filters filters = FILTERS(in, peering_filters, VpcPeeringConnection);
    struct vpc_peering_connection_list rows;
    struct page page;
    if (filters_check(&filters, f) < 0 ||
        page_begin(c, in->max_results, in->next_token, in->vpc_peering_connection_ids.n > 0, &page,
                   f) < 0 ||
        lookup_vpc_peering_connections(c, &in->vpc_peering_connection_ids, &rows, f) < 0)
        return -1;
    for (size_t i = 0; i < rows.n && !page.more; i++) {
        const struct ec2_VpcPeeringConnection *p = peering_view(c, &rows.v[i]);
        if (filters_match(&filters, p, NULL) && page_admit(&page, p->vpc_peering_connection_id))
            *arena_append(c->arena, &out->vpc_peering_connections) = *p;
    }
    out->next_token = page_end(c, &page);
    return 0;
}
