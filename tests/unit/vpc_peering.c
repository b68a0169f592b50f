/* Peering connections between VPCs. */
#include "base/text.h"
#include "jobs/peering.h"
#include "support/calls.h"
#include "unit.h"

#define THIRD_VPC "vpc-0c0c0c0c0c0c0c0c0" /* 10.0.0.0/24: within the second's block */
#define FAR_VPC   "vpc-0d0d0d0d0d0d0d0d0" /* 10.9.0.0/16, in eu-central-1 */
#define NOW       1767323000000

static void put_vpc(struct tx *tx, const char *id, const char *region, const char *block,
                    int64_t number)
{
    store_insert_vpc(tx, &(struct vpc){.id = id,
                                       .account_id = TEST_ACCOUNT,
                                       .region = region,
                                       .cidr_block = block,
                                       .cidr_association_id = id,
                                       .dhcp_options_id = "default",
                                       .number = number,
                                       .instance_tenancy = "default"});
}

static struct calls *with_vpcs(void)
{
    struct calls *k = calls_new();
    struct tx *tx = store_write(k->store);
    put_vpc(tx, THIRD_VPC, "us-east-1", "10.0.0.0/24", 2);
    put_vpc(tx, FAR_VPC, "eu-central-1", "10.9.0.0/16", 3);
    ck_assert_int_eq(tx_commit(tx, NULL), 0);
    return k;
}

static const struct ec2_VpcPeeringConnection *ask(struct calls *k, const char *from, const char *to)
{
    ec2_CreateVpcPeeringConnection_out out;
    OK(k, CreateVpcPeeringConnection, &out, .vpc_id = from, .peer_vpc_id = to);
    return out.vpc_peering_connection;
}

static const struct ec2_VpcPeeringConnection *agree(struct calls *k, const char *id)
{
    ec2_AcceptVpcPeeringConnection_out out;
    OK(k, AcceptVpcPeeringConnection, &out, .vpc_peering_connection_id = id);
    return out.vpc_peering_connection;
}

static struct ec2_VpcPeeringConnection describe(struct calls *k, const char *id)
{
    ec2_DescribeVpcPeeringConnections_out out;
    OK(k, DescribeVpcPeeringConnections, &out, .vpc_peering_connection_ids = LIST(id));
    return out.vpc_peering_connections.v[0];
}

START_TEST(a_request_waits_and_is_active_once_it_is_accepted)
{
    struct calls *k = with_vpcs();
    ec2_CreateVpcPeeringConnection_out made;
    OK(k, CreateVpcPeeringConnection, &made, .vpc_id = TEST_VPC, .peer_vpc_id = TEST_OTHER_VPC,
       TAGGED("vpc-peering-connection", {"team", "blue"}));
    const struct ec2_VpcPeeringConnection *p = made.vpc_peering_connection;
    const char *id = p->vpc_peering_connection_id;
    ck_assert(has_prefix(id, "pcx-"));
    ck_assert_str_eq(p->status->code, "pending-acceptance");
    ck_assert_str_eq(p->status->message, "Pending Acceptance by " TEST_ACCOUNT);
    ck_assert(p->expiration_time.set);
    ck_assert_str_eq(p->requester_vpc_info->vpc_id, TEST_VPC);
    ck_assert_str_eq(p->requester_vpc_info->cidr_block, "172.31.0.0/16");
    ck_assert_str_eq(p->requester_vpc_info->region, "us-east-1");
    ck_assert_ptr_null(p->accepter_vpc_info->cidr_block); /* shown to those who agree */
    ck_assert_str_eq(p->tags.v[0].value, "blue");
    ck_assert_uint_eq(calls_jobs(k, id), 1); /* it expires */
    ck_assert_uint_eq(calls_jobs(k, TEST_VPC), 0);

    p = agree(k, id);
    ck_assert_str_eq(p->status->code, "active");
    ck_assert(!p->expiration_time.set);
    ck_assert_str_eq(p->accepter_vpc_info->cidr_block, "10.0.0.0/16");
    ck_assert_uint_eq(p->accepter_vpc_info->cidr_block_set.n, 1);
    ck_assert_uint_eq(calls_jobs(k, TEST_VPC), 1);
    ck_assert_uint_eq(calls_jobs(k, TEST_OTHER_VPC), 1);
    calls_free(k);
}
END_TEST

START_TEST(an_active_one_shows_the_blocks_of_today_and_an_ended_one_those_it_had)
{
    struct calls *k = with_vpcs();
    const char *id = ask(k, TEST_VPC, TEST_OTHER_VPC)->vpc_peering_connection_id;
    (void)agree(k, id);
    struct tx *tx = store_write(k->store);
    struct vpc_cidr_block block = {"vpc-cidr-assoc-1", TEST_ACCOUNT,    "us-east-1",
                                   TEST_OTHER_VPC,     "fd00:ec2::/56", true};
    store_insert_vpc_cidr_block(tx, &block);
    ck_assert_int_eq(tx_commit(tx, NULL), 0);
    struct ec2_VpcPeeringConnection p = describe(k, id);
    ck_assert_str_eq(p.accepter_vpc_info->ipv6_cidr_block_set.v[0].ipv6_cidr_block,
                     "fd00:ec2::/56");

    ec2_DeleteVpcPeeringConnection_out gone;
    OK(k, DeleteVpcPeeringConnection, &gone, .vpc_peering_connection_id = id);
    tx = store_write(k->store);
    store_delete_vpc_cidr_blocks(tx, "id", "vpc-cidr-assoc-1");
    ck_assert_int_eq(tx_commit(tx, NULL), 0);
    p = describe(k, id);
    ck_assert_str_eq(p.status->code, "deleted");
    ck_assert_str_eq(p.status->message, "Deleted by " TEST_ACCOUNT);
    ck_assert_uint_eq(p.accepter_vpc_info->ipv6_cidr_block_set.n, 1);
    calls_free(k);
}
END_TEST

START_TEST(blocks_that_overlap_and_vpcs_that_are_not_there_fail)
{
    struct calls *k = with_vpcs();
    const struct ec2_VpcPeeringConnection *p = ask(k, THIRD_VPC, TEST_OTHER_VPC);
    ck_assert_str_eq(p->status->code, "failed");
    ck_assert_str_eq(p->status->message,
                     "Failed due to incorrect VPC-ID, Account ID, or overlapping CIDR range");
    ck_assert_str_eq(ask(k, TEST_VPC, "vpc-00000000000000001")->status->code, "failed");
    ec2_CreateVpcPeeringConnection_out out;
    OK(k, CreateVpcPeeringConnection, &out, .vpc_id = TEST_VPC, .peer_vpc_id = TEST_OTHER_VPC,
       .peer_owner_id = "999999999999");
    ck_assert_str_eq(out.vpc_peering_connection->status->code, "failed");
    REFUSED(k, INVALID_VPC_ID_NOT_FOUND, "The vpc ID 'vpc-00000000000000001' does not exist",
            CreateVpcPeeringConnection, &out, .vpc_id = "vpc-00000000000000001",
            .peer_vpc_id = TEST_VPC);
    REFUSED(k, INVALID_PARAMETER_VALUE, "The VPC '" TEST_VPC "' cannot be the peer of itself",
            CreateVpcPeeringConnection, &out, .vpc_id = TEST_VPC, .peer_vpc_id = TEST_VPC);
    REFUSED(k, MISSING_PARAMETER, "The request must contain the parameter peerVpcId",
            CreateVpcPeeringConnection, &out, .vpc_id = TEST_VPC);
    REFUSED(k, INVALID_PARAMETER_VALUE,
            "Value (mars-1) for parameter peerRegion is invalid. This server does not serve the "
            "region.",
            CreateVpcPeeringConnection, &out, .vpc_id = TEST_VPC, .peer_vpc_id = FAR_VPC,
            .peer_region = "mars-1");
    ec2_AcceptVpcPeeringConnection_out accepted;
    const char *id = p->vpc_peering_connection_id;
    char words[160];
    (void)snprintf(words, sizeof(words),
                   "Invalid state transition for %s, attempted to transition from failed to "
                   "provisioning",
                   id);
    REFUSED(k, INVALID_STATE_TRANSITION, words, AcceptVpcPeeringConnection, &accepted,
            .vpc_peering_connection_id = id);
    calls_free(k);
}
END_TEST

START_TEST(two_vpcs_have_one_peering)
{
    struct calls *k = with_vpcs();
    ec2_CreateVpcPeeringConnection_out out;
    const char *id = ask(k, TEST_VPC, TEST_OTHER_VPC)->vpc_peering_connection_id;
    ck_assert_str_eq(ask(k, TEST_VPC, TEST_OTHER_VPC)->vpc_peering_connection_id, id);
    REFUSED(k, VPC_PEERING_CONNECTION_ALREADY_EXISTS,
            "A VPC peering connection between " TEST_OTHER_VPC " and " TEST_VPC " already exists.",
            CreateVpcPeeringConnection, &out, .vpc_id = TEST_OTHER_VPC, .peer_vpc_id = TEST_VPC);
    (void)agree(k, id);
    REFUSED(k, VPC_PEERING_CONNECTION_ALREADY_EXISTS,
            "A VPC peering connection between " TEST_VPC " and " TEST_OTHER_VPC " already exists.",
            CreateVpcPeeringConnection, &out, .vpc_id = TEST_VPC, .peer_vpc_id = TEST_OTHER_VPC);
    ec2_DeleteVpcPeeringConnection_out gone;
    OK(k, DeleteVpcPeeringConnection, &gone, .vpc_peering_connection_id = id);
    ck_assert_str_ne(ask(k, TEST_VPC, TEST_OTHER_VPC)->vpc_peering_connection_id, id);
    calls_free(k);
}
END_TEST

START_TEST(a_request_that_is_rejected_or_deleted_has_ended)
{
    struct calls *k = with_vpcs();
    ec2_RejectVpcPeeringConnection_out rejected;
    ec2_DeleteVpcPeeringConnection_out gone;
    const char *id = ask(k, TEST_VPC, TEST_OTHER_VPC)->vpc_peering_connection_id;
    OK(k, RejectVpcPeeringConnection, &rejected, .vpc_peering_connection_id = id);
    ck_assert_str_eq(describe(k, id).status->code, "rejected");
    char words[160];
    (void)snprintf(words, sizeof(words),
                   "Invalid state transition for %s, attempted to transition from rejected to "
                   "deleting",
                   id);
    REFUSED(k, INVALID_STATE_TRANSITION, words, DeleteVpcPeeringConnection, &gone,
            .vpc_peering_connection_id = id);
    ck_assert_int_eq(
        CALL(k, RejectVpcPeeringConnection, &rejected, .vpc_peering_connection_id = id), -1);
    ck_assert_int_eq(k->fault.code, FAULT_INVALID_STATE_TRANSITION);

    id = ask(k, TEST_VPC, TEST_OTHER_VPC)->vpc_peering_connection_id;
    OK(k, DeleteVpcPeeringConnection, &gone, .vpc_peering_connection_id = id);
    ck_assert_str_eq(describe(k, id).status->code, "deleted");
    ck_assert_int_eq(CALL(k, DeleteVpcPeeringConnection, &gone, .vpc_peering_connection_id = id),
                     -1);
    ck_assert_int_eq(k->fault.code, FAULT_INVALID_STATE_TRANSITION);
    calls_free(k);
}
END_TEST

START_TEST(a_peering_of_two_regions_is_answered_in_the_others)
{
    struct calls *k = with_vpcs();
    ec2_CreateVpcPeeringConnection_out made;
    OK(k, CreateVpcPeeringConnection, &made, .vpc_id = TEST_VPC, .peer_vpc_id = FAR_VPC,
       .peer_region = "eu-central-1");
    const char *id = made.vpc_peering_connection->vpc_peering_connection_id;
    ck_assert_str_eq(made.vpc_peering_connection->status->code, "pending-acceptance");
    ck_assert_str_eq(made.vpc_peering_connection->accepter_vpc_info->region, "eu-central-1");
    ec2_AcceptVpcPeeringConnection_out accepted;
    ck_assert_int_eq(
        CALL(k, AcceptVpcPeeringConnection, &accepted, .vpc_peering_connection_id = id), -1);
    ck_assert_int_eq(k->fault.code, FAULT_OPERATION_NOT_PERMITTED);
    struct region here = k->served[0];
    k->served[0] = k->served[1]; /* the region of calls is the first */
    ec2_DescribeVpcPeeringConnections_out found;
    OK(k, DescribeVpcPeeringConnections, &found);
    ck_assert_uint_eq(found.vpc_peering_connections.n, 1);
    ck_assert_str_eq(agree(k, id)->status->code, "active");
    k->served[0] = here;
    ck_assert_str_eq(describe(k, id).status->code, "active");
    calls_free(k);
}
END_TEST

START_TEST(options_are_of_an_active_one)
{
    struct calls *k = with_vpcs();
    struct ec2_PeeringConnectionOptionsRequest off = {.allow_dns_resolution_from_remote_vpc =
                                                          wire_bool(false)};
    ec2_ModifyVpcPeeringConnectionOptions_out out;
    const char *id = ask(k, TEST_VPC, TEST_OTHER_VPC)->vpc_peering_connection_id;
    char words[160];
    (void)snprintf(words, sizeof(words),
                   "The peering connection %s has options while it is active: it is "
                   "pending-acceptance",
                   id);
    REFUSED(k, INCORRECT_STATE, words, ModifyVpcPeeringConnectionOptions, &out,
            .vpc_peering_connection_id = id, .requester_peering_connection_options = &off);
    (void)agree(k, id);
    OK(k, ModifyVpcPeeringConnectionOptions, &out, .vpc_peering_connection_id = id,
       .requester_peering_connection_options = &off);
    ck_assert(!out.requester_peering_connection_options->allow_dns_resolution_from_remote_vpc.v);
    ck_assert_ptr_null(out.accepter_peering_connection_options);
    ck_assert_int_eq(
        CALL(k, ModifyVpcPeeringConnectionOptions, &out, .vpc_peering_connection_id = id), -1);
    ck_assert_int_eq(k->fault.code, FAULT_MISSING_PARAMETER);
    calls_free(k);
}
END_TEST

START_TEST(a_route_to_a_peering_is_a_black_hole_until_it_is_active)
{
    struct calls *k = with_vpcs();
    ec2_CreateRoute_out route;
    ec2_DescribeRouteTables_out tables;
    ec2_DeleteVpcPeeringConnection_out gone;
    const char *id = ask(k, TEST_VPC, TEST_OTHER_VPC)->vpc_peering_connection_id;
    OK(k, CreateRoute, &route, .route_table_id = TEST_TABLE,
       .destination_cidr_block = "10.0.0.0/16", .vpc_peering_connection_id = id);
#define STATE                                                                                      \
    ({                                                                                             \
        OK(k, DescribeRouteTables, &tables, .route_table_ids = LIST(TEST_TABLE));                  \
        tables.route_tables.v[0].routes.v[1].state;                                                \
    })
    ck_assert_str_eq(STATE, "blackhole");
    (void)agree(k, id);
    ck_assert_str_eq(STATE, "active");
    OK(k, DeleteVpcPeeringConnection, &gone, .vpc_peering_connection_id = id);
    ck_assert_str_eq(STATE, "blackhole");
    ck_assert_str_eq(tables.route_tables.v[0].routes.v[1].vpc_peering_connection_id, id);
#undef STATE
    ck_assert_int_eq(CALL(k, CreateRoute, &route, .route_table_id = TEST_TABLE,
                          .destination_cidr_block = "10.0.0.0/15", .vpc_peering_connection_id = id),
                     -1);
    ck_assert_int_eq(k->fault.code, FAULT_INVALID_VPC_PEERING_CONNECTION_ID_NOT_FOUND);
    const char *other = ask(k, TEST_VPC, THIRD_VPC)->vpc_peering_connection_id;
    ck_assert_int_eq(CALL(k, CreateRoute, &route, .route_table_id = TEST_OTHER_TABLE,
                          .destination_cidr_block = "172.31.0.0/16",
                          .vpc_peering_connection_id = other),
                     -1);
    ck_assert_int_eq(k->fault.code, FAULT_INVALID_PARAMETER_VALUE);
    calls_free(k);
}
END_TEST

static void put_peering(struct tx *tx, int number, enum peering_state state, int64_t created_at,
                        int64_t ended_at)
{
    char id[32];
    (void)snprintf(id, sizeof(id), "pcx-%017d", number);
    store_insert_vpc_peering_connection(tx, &(struct vpc_peering_connection){
                                                .id = id,
                                                .account_id = TEST_ACCOUNT,
                                                .region = "us-east-1",
                                                .requester_vpc_id = TEST_VPC,
                                                .requester_cidr_blocks = "172.31.0.0/16",
                                                .accepter_account_id = TEST_ACCOUNT,
                                                .accepter_region = "us-east-1",
                                                .accepter_vpc_id = "vpc-00000000000000001",
                                                .accepter_cidr_blocks = "",
                                                .state = (int)state,
                                                .state_message = "",
                                                .created_at = created_at,
                                                .ended_at = ended_at,
                                                .number = number,
                                            });
}

START_TEST(requests_and_active_ones_are_counted)
{
    struct calls *k = with_vpcs();
    const char *id = ask(k, TEST_VPC, TEST_OTHER_VPC)->vpc_peering_connection_id; /* number 0 */
    struct tx *tx = store_write(k->store);
    for (int i = 1; i < PEERINGS_OUTSTANDING; i++)
        put_peering(tx, i, PEERING_PENDING_ACCEPTANCE, NOW, 0);
    for (int i = 0; i < PEERINGS_PER_VPC; i++)
        put_peering(tx, 100 + i, PEERING_ACTIVE, NOW, 0);
    ck_assert_int_eq(tx_commit(tx, NULL), 0);
    ec2_CreateVpcPeeringConnection_out made;
    ec2_AcceptVpcPeeringConnection_out accepted;
    REFUSED(k, OUTSTANDING_VPC_PEERING_CONNECTION_LIMIT_EXCEEDED,
            "The maximum number of outstanding VPC peering connection requests (25) has been "
            "reached.",
            CreateVpcPeeringConnection, &made, .vpc_id = TEST_VPC, .peer_vpc_id = THIRD_VPC);
    REFUSED(k, ACTIVE_VPC_PEERING_CONNECTION_PER_VPC_LIMIT_EXCEEDED,
            "The maximum number of active VPC peering connections (50) for VPC '" TEST_VPC
            "' has been reached.",
            AcceptVpcPeeringConnection, &accepted, .vpc_peering_connection_id = id);
    calls_free(k);
}
END_TEST

START_TEST(a_request_expires_after_a_week_and_an_ended_one_is_forgotten)
{
    struct calls *k = with_vpcs();
    const char *id = "pcx-00000000000000001";
    struct tx *tx = store_write(k->store);
    put_peering(tx, 1, PEERING_PENDING_ACCEPTANCE, NOW, 0);
    ck_assert_int_eq(store_next_peering_number(tx), 0);
    put_peering(tx, 0, PEERING_ACTIVE, NOW, 0);
    ck_assert_int_eq(store_next_peering_number(tx), 2);
    ck_assert_int_eq(peering_expire(tx, k->arena, id, NOW + PEERING_EXPIRY_MS - 1),
                     NOW + PEERING_EXPIRY_MS);
    ck_assert_int_eq(store_vpc_peering_connection(tx, k->arena, id)->state,
                     PEERING_PENDING_ACCEPTANCE);
    int64_t then = NOW + PEERING_EXPIRY_MS;
    ck_assert_int_eq(peering_expire(tx, k->arena, id, then), 0);
    const struct vpc_peering_connection *p = store_vpc_peering_connection(tx, k->arena, id);
    ck_assert_int_eq(p->state, PEERING_EXPIRED);
    ck_assert_int_eq(p->ended_at, then);
    ck_assert_int_eq(peering_expire(tx, k->arena, "pcx-00000000000000000", then), 0);
    ck_assert_int_eq(peering_expire(tx, k->arena, "pcx-00000000000000009", then), 0);

    store_forget_peering_connections(tx, k->arena, then);
    ck_assert_ptr_nonnull(store_vpc_peering_connection(tx, k->arena, id));
    store_forget_peering_connections(tx, k->arena, then + 1);
    ck_assert_ptr_null(store_vpc_peering_connection(tx, k->arena, id));
    ck_assert_ptr_nonnull(store_vpc_peering_connection(tx, k->arena, "pcx-00000000000000000"));
    ck_assert_int_eq(tx_commit(tx, NULL), 0);
    calls_free(k);
}
END_TEST

UNIT_SUITE(a_request_waits_and_is_active_once_it_is_accepted,
           an_active_one_shows_the_blocks_of_today_and_an_ended_one_those_it_had,
           blocks_that_overlap_and_vpcs_that_are_not_there_fail, two_vpcs_have_one_peering,
           a_request_that_is_rejected_or_deleted_has_ended,
           a_peering_of_two_regions_is_answered_in_the_others, options_are_of_an_active_one,
           a_route_to_a_peering_is_a_black_hole_until_it_is_active,
           requests_and_active_ones_are_counted,
           a_request_expires_after_a_week_and_an_ended_one_is_forgotten)
