/*
 * When the machine does not follow: what the rows say meanwhile, and that it is asked again. Groups
 * in further VPCs are in group_association.c.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/text.h"
#include "hypervisor/fake.h"
#include "jobs/explain.h"
#include "jobs/instance.h"
#include "network/fake.h"
#include "storage/fake.h"
#include "support/calls.h"
#include "support/machine.h"
#include "unit.h"

#define BROKEN "no room for rules"

static const char *vpc_state(struct calls *k, const char *vpc_id)
{
    ec2_DescribeVpcs_out out;
    OK(k, DescribeVpcs, &out, .vpc_ids = LIST(vpc_id));
    return out.vpcs.v[0].state;
}

/* Of the one route of the default VPC's main table that is not local. */
static const char *route_state(struct calls *k)
{
    ec2_DescribeRouteTables_out out;
    OK(k, DescribeRouteTables, &out, .route_table_ids = LIST(TEST_TABLE));
    const struct ec2_RouteList *routes = &out.route_tables.v[0].routes;
    ck_assert_uint_eq(routes->n, 2);
    return routes->v[1].state;
}

static const struct ec2_NatGateway *nat(struct calls *k)
{
    ec2_DescribeNatGateways_out out;
    OK(k, DescribeNatGateways, &out, );
    ck_assert_uint_eq(out.nat_gateways.n, 1);
    return &out.nat_gateways.v[0];
}

static size_t interfaces(struct calls *k)
{
    ec2_DescribeNetworkInterfaces_out out;
    OK(k, DescribeNetworkInterfaces, &out, );
    return out.network_interfaces.n;
}

START_TEST(a_vpc_and_its_subnets_are_pending_while_its_network_is_not_in_force)
{
    struct calls *k = calls_new();
    struct machine *m = machine_new(k);
    ec2_CreateVpc_out made;
    ec2_CreateSubnet_out subnet;
    ec2_DescribeSubnets_out seen;
    OK(k, CreateVpc, &made, .cidr_block = "10.1.0.0/16");
    const char *vpc_id = made.vpc->vpc_id;
    OK(k, CreateSubnet, &subnet, .vpc_id = vpc_id, .cidr_block = "10.1.1.0/24");
    m->broken = BROKEN;
    for (int tries = 0; tries < 3; tries++) {
        ck_assert_int_eq(machine_run(m, vpc_id), -EIO);
        ck_assert_str_eq(vpc_state(k, vpc_id), "pending");
        OK(k, DescribeSubnets, &seen, .subnet_ids = LIST(subnet.subnet->subnet_id));
        ck_assert_str_eq(seen.subnets.v[0].state, "pending");
    }
    m->broken = NULL;
    ck_assert_int_eq(machine_run(m, vpc_id), 0);
    ck_assert_str_eq(vpc_state(k, vpc_id), "available");
    OK(k, DescribeSubnets, &seen, .subnet_ids = LIST(subnet.subnet->subnet_id));
    ck_assert_str_eq(seen.subnets.v[0].state, "available");
    machine_free(m);
    calls_free(k);
}
END_TEST

START_TEST(a_rule_that_the_kernel_refuses_shows_in_its_vpc_until_it_is_in_force)
{
    struct calls *k = calls_new();
    struct machine *m = machine_new(k);
    ck_assert_int_eq(machine_run(m, TEST_VPC), 0);
    ck_assert_str_eq(vpc_state(k, TEST_VPC), "available");
    ec2_AuthorizeSecurityGroupIngress_out out;
    OK(k, AuthorizeSecurityGroupIngress, &out, .group_id = TEST_GROUP, .ip_protocol = "tcp",
       .from_port = {true, 22}, .to_port = {true, 22}, .cidr_ip = "0.0.0.0/0");
    m->broken = BROKEN;
    ck_assert_int_eq(machine_run(m, TEST_VPC), -EIO);
    ck_assert_str_eq(vpc_state(k, TEST_VPC), "pending");
    ck_assert_uint_eq(m->n_applied, 1);
    /* Taking the rule back is a way out, too. */
    ec2_RevokeSecurityGroupIngress_out gone;
    OK(k, RevokeSecurityGroupIngress, &gone, .group_id = TEST_GROUP,
       .security_group_rule_ids = LIST(out.security_group_rules.v[0].security_group_rule_id));
    m->broken = NULL;
    ck_assert_int_eq(machine_run(m, TEST_VPC), 0);
    ck_assert_str_eq(vpc_state(k, TEST_VPC), "available");
    machine_free(m);
    calls_free(k);
}
END_TEST

START_TEST(no_route_is_active_while_the_kernel_has_not_got_it)
{
    struct calls *k = calls_new();
    struct machine *m = machine_new(k);
    calls_put_gateway(k);
    ec2_CreateRoute_out out;
    OK(k, CreateRoute, &out, .route_table_id = TEST_TABLE, .destination_cidr_block = "0.0.0.0/0",
       .gateway_id = TEST_GATEWAY);
    ck_assert_str_eq(route_state(k), "active");
    m->broken = BROKEN;
    ck_assert_int_eq(machine_run(m, TEST_VPC), -EIO);
    ck_assert_str_eq(route_state(k), "blackhole");
    m->broken = NULL;
    ck_assert_int_eq(machine_run(m, TEST_VPC), 0);
    ck_assert_str_eq(route_state(k), "active");
    machine_free(m);
    calls_free(k);
}
END_TEST

/* "attachment of the gateway, of the egress-only gateway, status of the peering" */
static const char *ways_out(struct calls *k)
{
    ec2_DescribeInternetGateways_out gateways;
    ec2_DescribeEgressOnlyInternetGateways_out egress;
    ec2_DescribeVpcPeeringConnections_out peerings;
    OK(k, DescribeInternetGateways, &gateways, .internet_gateway_ids = LIST(TEST_GATEWAY));
    OK(k, DescribeEgressOnlyInternetGateways, &egress, .dry_run = {0});
    OK(k, DescribeVpcPeeringConnections, &peerings, .dry_run = {0});
    return arena_printf(k->arena, "%s, %s, %s",
                        gateways.internet_gateways.v[0].attachments.v[0].state,
                        egress.egress_only_internet_gateways.v[0].attachments.v[0].state,
                        peerings.vpc_peering_connections.v[0].status->code);
}

START_TEST(no_gateway_or_peering_is_there_while_the_kernel_has_not_got_it)
{
    struct calls *k = calls_new();
    struct machine *m = machine_new(k);
    calls_put_gateway(k);
    ec2_CreateEgressOnlyInternetGateway_out egress;
    ec2_CreateVpcPeeringConnection_out asked;
    ec2_AcceptVpcPeeringConnection_out accepted;
    OK(k, CreateEgressOnlyInternetGateway, &egress, .vpc_id = TEST_VPC);
    OK(k, CreateVpcPeeringConnection, &asked, .vpc_id = TEST_VPC, .peer_vpc_id = TEST_OTHER_VPC);
    OK(k, AcceptVpcPeeringConnection, &accepted,
       .vpc_peering_connection_id = asked.vpc_peering_connection->vpc_peering_connection_id);
    ck_assert_str_eq(ways_out(k), "available, attached, active");
    m->broken = BROKEN;
    ck_assert_int_eq(machine_run(m, TEST_OTHER_VPC), -EIO);
    ck_assert_str_eq(ways_out(k), "available, attached, provisioning");
    ck_assert_int_eq(machine_run(m, TEST_VPC), -EIO);
    ck_assert_str_eq(ways_out(k), "attaching, attaching, provisioning");
    m->broken = NULL;
    ck_assert_int_eq(machine_run(m, TEST_VPC), 0);
    ck_assert_str_eq(ways_out(k), "available, attached, provisioning");
    ck_assert_int_eq(machine_run(m, TEST_OTHER_VPC), 0);
    ck_assert_str_eq(ways_out(k), "available, attached, active");
    machine_free(m);
    calls_free(k);
}
END_TEST

START_TEST(a_nat_gateway_comes_and_goes_with_the_kernel)
{
    struct calls *k = calls_new();
    struct machine *m = machine_new(k);
    ec2_CreateNatGateway_out made;
    OK(k, CreateNatGateway, &made, .subnet_id = TEST_SUBNET, .connectivity_type = "private");
    const char *id = made.nat_gateway->nat_gateway_id;
    m->broken = BROKEN;
    ck_assert_int_eq(nat_gateway_converge(m->jobs, k->arena, id, &(struct outcome){0}, &m->e),
                     -EIO);
    ck_assert_str_eq(nat(k)->state, "pending");
    ck_assert_str_eq(vpc_state(k, TEST_VPC), "pending");
    m->broken = NULL;
    ck_assert_int_eq(nat_gateway_converge(m->jobs, k->arena, id, &(struct outcome){0}, &m->e), 0);
    ck_assert_str_eq(nat(k)->state, "available");
    ck_assert_uint_eq(m->wanted.n_ports, 2); /* TEST_INTERFACE is there, too */

    /* The machine still has its address: it is nobody else's yet. */
    ec2_DeleteNatGateway_out deleted;
    OK(k, DeleteNatGateway, &deleted, .nat_gateway_id = id);
    m->broken = BROKEN;
    ck_assert_int_eq(nat_gateway_converge(m->jobs, k->arena, id, &(struct outcome){0}, &m->e),
                     -EIO);
    ck_assert_uint_eq(m->wanted.n_ports, 1);
    ck_assert_str_eq(nat(k)->state, "deleting");
    ck_assert_uint_eq(interfaces(k), 2);
    m->broken = NULL;
    ck_assert_int_eq(nat_gateway_converge(m->jobs, k->arena, id, &(struct outcome){0}, &m->e), 0);
    ck_assert_str_eq(nat(k)->state, "deleted");
    ck_assert_uint_eq(interfaces(k), 1);
    machine_free(m);
    calls_free(k);
}
END_TEST

/* The addresses of the only NAT gateway, and of these those that the machine gives new connections.
 */
static const char *addresses_of_nat(struct calls *k, const struct machine *m)
{
    size_t given = 0;
    for (size_t i = 0; i < m->wanted.n_ports; i++)
        for (size_t n = 0;
             m->wanted.ports[i].nat_gateway_id != NULL && n < m->wanted.ports[i].n_addresses; n++)
            given += !m->wanted.ports[i].addresses[n].drains;
    return arena_printf(k->arena, "%zu, %zu", nat(k)->nat_gateway_addresses.n, given);
}

/* The clock of calls stands still. */
static void drain_for_a_minute(struct calls *k, const char *address)
{
    struct tx *tx = store_write(k->store);
    struct interface_address_list l = store_interface_addresses(tx, k->arena, "address", address);
    ck_assert_uint_eq(l.n, 1);
    ck_assert_int_gt(l.v[0].drain_until, k->call.now);
    l.v[0].drain_until = clock_now() + 60000;
    store_update_interface_address(tx, &l.v[0]);
    ck_assert_int_eq(tx_commit(tx, NULL), 0);
}

START_TEST(an_address_is_drained_until_nobody_has_a_connection_by_it)
{
    struct calls *k = calls_new();
    struct machine *m = machine_new(k);
    struct outcome outcome = {0};
    ec2_CreateNatGateway_out made;
    OK(k, CreateNatGateway, &made, .subnet_id = TEST_SUBNET, .connectivity_type = "private",
       .secondary_private_ip_address_count = wire_int(1));
    const char *id = made.nat_gateway->nat_gateway_id;
    ck_assert_int_eq(nat_gateway_converge(m->jobs, k->arena, id, &outcome, &m->e), 0);
    ck_assert_str_eq(addresses_of_nat(k, m), "2, 2");
    ec2_UnassignPrivateNatGatewayAddress_out out;
    OK(k, UnassignPrivateNatGatewayAddress, &out, .nat_gateway_id = id,
       .private_ip_addresses = LIST(nat(k)->nat_gateway_addresses.v[1].private_ip));
    drain_for_a_minute(k, nat(k)->nat_gateway_addresses.v[1].private_ip);
    /* Nothing is taken while new connections may still get it. */
    m->broken = BROKEN;
    ck_assert_int_eq(nat_gateway_converge(m->jobs, k->arena, id, &outcome, &m->e), -EIO);
    ck_assert_str_eq(nat(k)->nat_gateway_addresses.v[1].status, "unassigning");
    m->broken = NULL;
    m->connections = 1;
    ck_assert_int_eq(nat_gateway_converge(m->jobs, k->arena, id, &outcome, &m->e), 0);
    ck_assert(outcome.again);
    ck_assert_str_eq(addresses_of_nat(k, m), "2, 1");
    m->connections = 0;
    ck_assert_int_eq(nat_gateway_converge(m->jobs, k->arena, id, &outcome, &m->e), 0);
    ck_assert(!outcome.again);
    ck_assert_str_eq(addresses_of_nat(k, m), "1, 1");
    machine_free(m);
    calls_free(k);
}
END_TEST

static int take_nic(struct hypervisor *h, const char *instance_id, const struct domain_nic *nic,
                    struct err *e)
{
    (void)h, (void)instance_id, (void)nic, (void)e;
    return 0;
}

static int attach_to_guest(struct calls *k, struct machine *m, int64_t attempts)
{
    struct outcome outcome = {0};
    const struct job job = {.object_id = TEST_INSTANCE, .kind = "instance", .attempts = attempts};
    struct tx *tx = store_read(k->store);
    struct instance_facts facts = instance_facts_read(tx, k->arena, TEST_INSTANCE);
    ck_assert_int_eq(tx_commit(tx, NULL), 0);
    return instance_converge_interfaces(m->jobs, k->arena, &job, &facts, &outcome, &m->e);
}

static struct ec2_NetworkInterface interface_seen(struct calls *k, const char *id)
{
    ec2_DescribeNetworkInterfaces_out out;
    OK(k, DescribeNetworkInterfaces, &out, .network_interface_ids = LIST(id));
    return out.network_interfaces.v[0];
}

START_TEST(an_interface_is_attached_once_its_port_is_there_or_not_at_all)
{
    static const struct hypervisor_ops ops = {.nic_attach = take_nic, .nic_connect = take_nic};
    struct hypervisor guests = {&ops};
    struct calls *k = calls_new();
    struct machine *m = machine_new(k);
    m->jobs->hypervisor = &guests;
    calls_put_instance(k, INSTANCE_RUNNING);
    ec2_CreateNetworkInterface_out made;
    OK(k, CreateNetworkInterface, &made, .subnet_id = TEST_SUBNET);
    const char *id = made.network_interface->network_interface_id;
    ec2_AttachNetworkInterface_out attached;
    OK(k, AttachNetworkInterface, &attached, .network_interface_id = id,
       .instance_id = TEST_INSTANCE, .device_index = {true, 1});
    m->broken = BROKEN;
    ck_assert_int_eq(attach_to_guest(k, m, 0), -EIO);
    ck_assert_str_eq(interface_seen(k, id).attachment->status, "attaching");
    /* It has been tried often enough: the interface is free for another try. */
    ck_assert_int_eq(attach_to_guest(k, m, 4), 0);
    ck_assert_ptr_null(interface_seen(k, id).attachment);
    ck_assert_str_eq(interface_seen(k, id).status, "available");
    m->broken = NULL;
    OK(k, AttachNetworkInterface, &attached, .network_interface_id = id,
       .instance_id = TEST_INSTANCE, .device_index = {true, 1});
    ck_assert_int_eq(attach_to_guest(k, m, 0), 0);
    ck_assert_str_eq(interface_seen(k, id).attachment->status, "attached");
    machine_free(m);
    calls_free(k);
}
END_TEST

START_TEST(an_analysis_says_nothing_of_rules_that_are_not_in_force)
{
    struct calls *k = calls_new();
    struct machine *m = machine_new(k);
    calls_put_instance(k, INSTANCE_RUNNING);
    calls_put_gateway(k);
    ec2_CreateNetworkInsightsPath_out path;
    OK(k, CreateNetworkInsightsPath, &path, .source = TEST_GATEWAY, .destination = TEST_INSTANCE,
       .protocol = "tcp", .destination_port = {true, 22}, .client_token = "path");
    ec2_StartNetworkInsightsAnalysis_out begun;
    ec2_DescribeNetworkInsightsAnalyses_out seen;
    static const char *const breaks[] = {BROKEN, NULL};
    for (size_t i = 0; i < ARRAY_SIZE(breaks); i++) {
        OK(k, StartNetworkInsightsAnalysis, &begun,
           .network_insights_path_id = path.network_insights_path->network_insights_path_id,
           .client_token = i == 0 ? "one" : "two");
        const char *id = begun.network_insights_analysis->network_insights_analysis_id;
        m->broken = breaks[i];
        ck_assert_int_eq(insights_converge(m->jobs, k->arena, id, &m->e), 0);
        OK(k, DescribeNetworkInsightsAnalyses, &seen, .network_insights_analysis_ids = LIST(id));
        const struct ec2_NetworkInsightsAnalysis *a = &seen.network_insights_analyses.v[0];
        ck_assert_str_eq(a->status, breaks[i] == NULL ? "succeeded" : "failed");
        if (breaks[i] != NULL)
            ck_assert_str_eq(a->status_message,
                             "what the rows say is not in force: network of " TEST_VPC ": " BROKEN);
        ck_assert_int_eq(a->network_path_found.set, breaks[i] == NULL);
    }
    machine_free(m);
    calls_free(k);
}
END_TEST

/* What is told of a group. */
static const struct croft_Explanation *told_of(struct calls *k, struct machine *m,
                                               const char *group_id)
{
    const struct explain_call call = {
        .config = &m->jobs->config,
        .account_id = TEST_ACCOUNT,
        .action = "DescribeSecurityGroups",
        .ids = LIST(group_id),
    };
    struct tx *tx = store_write(k->store);
    const struct croft_Explanation *told = explain(&call, tx, &(struct changes){0}, k->arena);
    tx_end(tx);
    return told;
}

START_TEST(what_is_told_of_a_group_is_in_force_or_said_not_to_be)
{
    struct calls *k = calls_new();
    struct machine *m = machine_new(k);
    ec2_CreateSecurityGroup_out made;
    ec2_AssociateSecurityGroupVpc_out associated;
    OK(k, CreateSecurityGroup, &made, .group_name = "web", .description = "d");
    OK(k, AssociateSecurityGroupVpc, &associated, .group_id = made.group_id,
       .vpc_id = TEST_OTHER_VPC);
    ck_assert_int_eq(machine_run(m, TEST_VPC), 0);
    m->broken = BROKEN;
    ck_assert_int_eq(machine_run(m, TEST_OTHER_VPC), -EIO);
    const struct croft_Explanation *told = told_of(k, m, made.group_id);
    ck_assert_uint_eq(told->steps.n, 2);
    ck_assert_str_eq(told->steps.v[0].title,
                     arena_printf(k->arena, "What stands of %s in " TEST_VPC, made.group_id));
    ck_assert_str_eq(
        told->steps.v[1].title,
        arena_printf(k->arena, "What is to stand of %s in " TEST_OTHER_VPC, made.group_id));
    ck_assert_str_eq(told->notes.v[0],
                     "The network of " TEST_OTHER_VPC " is not as its rows say, which is what is "
                     "told; it is tried again: " BROKEN);
    m->broken = NULL;
    ck_assert_int_eq(machine_run(m, TEST_OTHER_VPC), 0);
    told = told_of(k, m, made.group_id);
    ck_assert_uint_eq(told->steps.n, 2);
    ck_assert_str_eq(told->steps.v[1].title,
                     arena_printf(k->arena, "What stands of %s in " TEST_OTHER_VPC, made.group_id));
    machine_free(m);
    calls_free(k);
}
END_TEST

START_TEST(the_reconciler_asks_again_for_what_has_failed)
{
    struct calls *k = calls_new();
    struct machine *m = machine_new(k);
    struct err e = {0};
    ck_assert_int_eq(fake_storage_new(&m->jobs->config.storage), 0);
    ck_assert_int_eq(fake_hypervisor_new(jobs_on_domain_event, m->jobs, &m->jobs->hypervisor), 0);
    static const char *const breaks[] = {NULL, BROKEN};
    for (size_t i = 0; i < ARRAY_SIZE(breaks); i++) {
        m->broken = breaks[i];
        (void)machine_run(m, TEST_OTHER_VPC);
        ck_assert_uint_eq(calls_jobs(k, TEST_OTHER_VPC), 0);
        ck_assert_msg(reconcile(m->jobs, k->arena, &e) == 0, "%s", e.message);
        /* Nothing is in this VPC: only what has failed brings it back. */
        ck_assert_uint_eq(calls_jobs(k, TEST_OTHER_VPC), breaks[i] == NULL ? 0 : 1);
    }
    m->jobs->hypervisor->ops->free(m->jobs->hypervisor);
    m->jobs->config.storage->ops->free(m->jobs->config.storage);
    machine_free(m);
    calls_free(k);
}
END_TEST

static bool has_namespace(struct calls *k, struct network *n, const char *id)
{
    struct net_names names = {0};
    ck_assert_int_eq(n->ops->list(n, k->arena, &names, NULL), 0);
    for (size_t i = 0; i < names.n; i++)
        if (streq(names.v[i], id))
            return true;
    return false;
}

START_TEST(the_reconciler_removes_nat_gateways_and_vpcs_of_no_row)
{
    struct calls *k = calls_new();
    struct machine *m = machine_new(k);
    struct network *n = fake_network_new(NULL);
    struct outcome outcome = {0};
    struct err e = {0};
    ck_assert_int_eq(fake_storage_new(&m->jobs->config.storage), 0);
    ck_assert_int_eq(fake_hypervisor_new(jobs_on_domain_event, m->jobs, &m->jobs->hypervisor), 0);
    m->jobs->config.network = n;
    ec2_CreateNatGateway_out made;
    OK(k, CreateNatGateway, &made, .subnet_id = TEST_SUBNET, .connectivity_type = "private");
    const char *id = made.nat_gateway->nat_gateway_id;
    ck_assert_int_eq(nat_gateway_converge(m->jobs, k->arena, id, &outcome, &e), 0);
    ck_assert(has_namespace(k, n, id));

    /* As a crash may leave them. */
    static const struct net_address addresses[] = {{"10.9.0.9", NULL}};
    static const struct net_port port = {
        .interface_id = "eni-1",
        .nat_gateway_id = "nat-0bad0bad0bad0bad0",
        .tap = "tap1",
        .addresses = addresses,
        .n_addresses = 1,
    };
    const struct net_vpc stray = {.vpc_id = "vpc-0bad0bad0bad0bad0", .ports = &port, .n_ports = 1};
    ck_assert_int_eq(n->ops->apply(n, &stray, NULL, &e), 0);
    ck_assert(has_namespace(k, n, port.nat_gateway_id));
    ck_assert_msg(reconcile(m->jobs, k->arena, &e) == 0, "%s", e.message);
    ck_assert(!has_namespace(k, n, port.nat_gateway_id));
    ck_assert(!has_namespace(k, n, stray.vpc_id));
    ck_assert(has_namespace(k, n, id));
    ck_assert(has_namespace(k, n, TEST_VPC));

    ec2_DeleteNatGateway_out deleted;
    OK(k, DeleteNatGateway, &deleted, .nat_gateway_id = id);
    ck_assert_int_eq(nat_gateway_converge(m->jobs, k->arena, id, &outcome, &e), 0);
    ck_assert(!has_namespace(k, n, id));
    m->jobs->hypervisor->ops->free(m->jobs->hypervisor);
    m->jobs->config.storage->ops->free(m->jobs->config.storage);
    m->jobs->config.network = &m->network;
    n->ops->free(n);
    machine_free(m);
    calls_free(k);
}
END_TEST

UNIT_SUITE(a_vpc_and_its_subnets_are_pending_while_its_network_is_not_in_force,
           a_rule_that_the_kernel_refuses_shows_in_its_vpc_until_it_is_in_force,
           no_route_is_active_while_the_kernel_has_not_got_it,
           no_gateway_or_peering_is_there_while_the_kernel_has_not_got_it,
           a_nat_gateway_comes_and_goes_with_the_kernel,
           an_address_is_drained_until_nobody_has_a_connection_by_it,
           an_interface_is_attached_once_its_port_is_there_or_not_at_all,
           an_analysis_says_nothing_of_rules_that_are_not_in_force,
           what_is_told_of_a_group_is_in_force_or_said_not_to_be,
           the_reconciler_asks_again_for_what_has_failed,
           the_reconciler_removes_nat_gateways_and_vpcs_of_no_row)
