/* Which interfaces are recorded, and as what. */
#include "jobs/flow_plan.h"

#include "base/text.h"
#include "support/calls.h"
#include "unit.h"

static struct calls *k;
static uint64_t version;

static void before(void)
{
    k = calls_new();
    version = UINT64_MAX; /* nothing has been read yet */
}

static void after(void)
{
    calls_free(k);
}

static void record(const char *type, const char *resource_id, const char *traffic, int64_t seconds)
{
    ec2_CreateFlowLogs_out out;
    OK(k, CreateFlowLogs, &out, .resource_type = type, .resource_ids = LIST(resource_id),
       .traffic_type = traffic, .log_group_name = "flows",
       .deliver_logs_permission_arn = "arn:aws:iam::" TEST_ACCOUNT ":role/flows",
       .max_aggregation_interval = wire_int(seconds));
}

/* Rows have changed since. */
static struct flow_plan plan(void)
{
    struct flow_plan p = {0};
    struct err e = {0};
    int r = flow_plan_read(k->store, k->arena, &version, &p, &e);
    ck_assert_msg(r == 1, "%d %s", r, e.message);
    ck_assert_int_eq(flow_plan_read(k->store, k->arena, &version, &p, NULL), 0);
    return p;
}

static const struct flow_target *target(const struct flow_plan *p, const char *interface_id)
{
    for (size_t i = 0; i < p->n; i++)
        if (streq(p->v[i].interface_id, interface_id))
            return &p->v[i];
    return NULL;
}

START_TEST(without_a_log_nothing_is_recorded)
{
    ck_assert_uint_eq(plan().n, 0);
}
END_TEST

START_TEST(a_log_is_about_the_interfaces_of_its_vpc_or_subnet_or_the_one)
{
    static const char *const about[][2] = {
        {"VPC", TEST_VPC}, {"Subnet", TEST_SUBNET}, {"NetworkInterface", TEST_INTERFACE}};
    ec2_CreateNetworkInterface_out far;
    OK(k, CreateNetworkInterface, &far, .subnet_id = "subnet-0a0a0a0a0a0a0a0a2");
    const char *far_id = far.network_interface->network_interface_id;
    for (size_t i = 0; i < ARRAY_SIZE(about); i++) {
        record(about[i][0], about[i][1], "ALL", 600);
        struct flow_plan p = plan();
        ck_assert_ptr_nonnull(target(&p, TEST_INTERFACE));
        ck_assert_int_eq(target(&p, far_id) != NULL, i == 0);
        struct tx *tx = store_write(k->store);
        store_delete_flow_logs(tx, "resource_id", about[i][1]);
        ck_assert_int_eq(tx_commit(tx, NULL), 0);
    }
    record("VPC", TEST_OTHER_VPC, "ALL", 600);
    ck_assert_uint_eq(plan().n, 0); /* nobody is in it */
}
END_TEST

START_TEST(what_is_known_of_an_interface_goes_with_each_flow)
{
    struct tx *tx = store_write(k->store);
    store_insert_interface_address(tx, &(struct interface_address){.interface_id = TEST_INTERFACE,
                                                                   .address = "172.31.0.9",
                                                                   .vpc_id = TEST_VPC,
                                                                   .subnet_id = TEST_SUBNET});
    ck_assert_int_eq(tx_commit(tx, NULL), 0);
    calls_put_instance(k, INSTANCE_RUNNING);
    record("NetworkInterface", TEST_INTERFACE, "ALL", 60);
    struct flow_plan p = plan();
    ck_assert_uint_eq(p.n, 1);
    const struct flow_target *t = &p.v[0];
    ck_assert_str_eq(t->vpc_id, TEST_VPC);
    ck_assert_str_eq(t->subnet_id, TEST_SUBNET);
    ck_assert_str_eq(t->account_id, TEST_ACCOUNT);
    ck_assert_str_eq(t->region, "us-east-1");
    ck_assert_str_eq(t->zone_id, "use1-az1");
    ck_assert_ptr_null(t->instance_id);
    ck_assert_int_eq(t->interval, 60);
    ck_assert_uint_eq(t->n_addresses, 2);
    ck_assert_str_eq(t->addresses[0], "172.31.0.4");
    ck_assert_str_eq(t->addresses[1], "172.31.0.9");
    /* The router of each subnet, and the name server, which an interface talks to unrecorded. */
    ck_assert_uint_eq(t->n_routers, 4);
    ck_assert_str_eq(t->routers[0], "172.31.0.1");
    ck_assert_str_eq(t->routers[1], "172.31.16.1");
    ck_assert_str_eq(t->routers[2], "172.31.32.1");
    ck_assert_str_eq(t->routers[3], "172.31.0.2");
    ck_assert_ptr_nonnull(strstr(t->format, "${srcaddr}"));
    ck_assert_ptr_nonnull(strstr(t->file, TEST_INTERFACE));
}
END_TEST

START_TEST(a_log_may_be_of_what_passes_or_of_what_does_not)
{
    static const struct {
        const char *traffic;
        bool accept, reject;
    } cases[] = {{"ALL", true, true}, {"ACCEPT", true, false}, {"REJECT", false, true}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        record("NetworkInterface", TEST_INTERFACE, cases[i].traffic, 600);
    struct flow_plan p = plan();
    ck_assert_uint_eq(p.n, ARRAY_SIZE(cases)); /* three logs of one interface are three files */
    for (size_t i = 0; i < p.n; i++) {
        size_t of = 0;
        while (of < ARRAY_SIZE(cases) &&
               (p.v[i].accept != cases[of].accept || p.v[i].reject != cases[of].reject))
            of++;
        ck_assert_uint_lt(of, ARRAY_SIZE(cases));
        for (size_t o = 0; o < i; o++)
            ck_assert_str_ne(p.v[i].file, p.v[o].file);
    }
}
END_TEST

UNIT_SUITE_WITH(before, after, without_a_log_nothing_is_recorded,
                a_log_is_about_the_interfaces_of_its_vpc_or_subnet_or_the_one,
                what_is_known_of_an_interface_goes_with_each_flow,
                a_log_may_be_of_what_passes_or_of_what_does_not)
