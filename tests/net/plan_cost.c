/*
 * What it costs to read the rows of a VPC after a change: processor time of what its job does, the
 * quickest of many.
 *
 *     net_plan_cost MEMBERS [REPEATS]      prints microseconds, of a VPC with so many instances in
 * a group: after one has come, after a rule has changed, of all of it; and of all of a peer with a
 * rule for them
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "../unit/support/calls.h"
#include "base/check.h"
#include "base/memory.h"
#include "base/text.h"
#include "jobs/plan.h"
#include "store/port_changes.h"

#define OF_ACCOUNT  .account_id = TEST_ACCOUNT, .region = "us-east-1"
#define MEMBERS_MAX 4000 /* what the subnet has room for */
#define REPEATS     50

/* As ids are drawn: rows of members lie anywhere in the table. */
static const char *id_of(struct arena *a, const char *kind, uint64_t number)
{
    return arena_printf(a, "%s-0%016" PRIx64, kind, (number + 1) * 0x9e3779b97f4a7c15U);
}

static void put_member(struct tx *tx, struct arena *a, uint64_t number)
{
    const char *instance_id = id_of(a, "i", number);
    const char *interface_id = id_of(a, "eni", number);
    store_insert_instance(tx, &(struct instance){
                                  .id = instance_id,
                                  OF_ACCOUNT,
                                  .host_id = TEST_HOST,
                                  .transition_reason = "",
                                  .state = INSTANCE_RUNNING,
                                  .reservation_id = id_of(a, "r", number),
                                  .image_id = TEST_IMAGE,
                                  .instance_type = "t3.micro",
                                  .architecture = "x86_64",
                                  .root_device_name = "/dev/xvda",
                                  .vpc_id = TEST_VPC,
                                  .subnet_id = TEST_SUBNET,
                                  .zone = "us-east-1a",
                                  .tenancy = "default",
                                  .auto_recovery = "default",
                                  .reboot_migration = "default",
                                  .http_tokens = "optional",
                                  .http_endpoint = "enabled",
                                  .http_protocol_ipv6 = "disabled",
                                  .hostname_type = "ip-name",
                                  .resource_name_a = true,
                                  .instance_metadata_tags = "disabled",
                                  .capacity_preference = "open",
                                  .uuid = instance_id,
                              });
    store_insert_network_interface(
        tx, &(struct network_interface){
                .id = interface_id,
                OF_ACCOUNT,
                .vpc_id = TEST_VPC,
                .subnet_id = TEST_SUBNET,
                .zone = "us-east-1a",
                .private_ip = arena_printf(a, "172.31.%d.%d", (int)((number + 10) / 256),
                                           (int)((number + 10) % 256)),
                .mac = arena_printf(a, "0a:00:00:01:%02x:%02x", (unsigned)(number / 256),
                                    (unsigned)(number % 256)),
                .description = "",
                .source_dest_check = true,
                .instance_id = instance_id,
                .attachment_id = id_of(a, "eni-attach", number),
                .tap = arena_printf(a, "tap-%d", (int)number),
                .interface_type = "interface",
                .attachment_state = ATTACHMENT_ATTACHED,
            });
    store_insert_interface_group(tx, &(struct interface_group){interface_id, TEST_GROUP, 0});
}

static void put_peer(struct tx *tx)
{
    store_insert_vpc_peering_connection(
        tx, &(struct vpc_peering_connection){.id = "pcx-0a0a0a0a0a0a0a0a0",
                                             OF_ACCOUNT,
                                             .requester_vpc_id = TEST_VPC,
                                             .requester_cidr_blocks = "172.31.0.0/16",
                                             .accepter_account_id = TEST_ACCOUNT,
                                             .accepter_region = "us-east-1",
                                             .accepter_vpc_id = TEST_OTHER_VPC,
                                             .accepter_cidr_blocks = "10.0.0.0/16",
                                             .state = PEERING_ACTIVE,
                                             .state_message = ""});
    store_insert_security_group(tx, &(struct security_group){.id = "sg-0b0b0b0b0b0b0b0b0",
                                                             OF_ACCOUNT,
                                                             .vpc_id = TEST_OTHER_VPC,
                                                             .name = "peers",
                                                             .description = ""});
    store_insert_security_group_rule(
        tx, &(struct security_group_rule){.id = "sgr-0b0b0b0b0b0b0b0b0",
                                          OF_ACCOUNT,
                                          .group_id = "sg-0b0b0b0b0b0b0b0b0",
                                          .protocol = "tcp",
                                          .from_port = 22,
                                          .to_port = 22,
                                          .referenced_group_id = TEST_GROUP});
}

static int64_t processor_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int64_t all_of(struct calls *k, const char *vpc_id)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct net_vpc v = {0};
    int64_t began = processor_ns();
    struct tx *tx = store_read(k->store);
    bool found = plan_vpc(tx, a, vpc_id, &v);
    int r = tx_commit(tx, NULL);
    int64_t ended = processor_ns();
    CHECK(found && r == 0);
    return ended - began;
}

/* What has changed since `since`, which is moved on; so many ports. */
static int64_t part_of(struct calls *k, uint64_t *since, size_t n_ports)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct net_vpc v = {0};
    struct text_list ids = {0};
    int64_t began = processor_ns();
    struct tx *tx = store_read(k->store);
    bool known = store_changed_ports(tx, a, TEST_VPC, *since, &ids, since);
    bool found = plan_vpc_part(tx, a, TEST_VPC, &(struct net_part){ids.v, ids.n}, &v);
    int r = tx_commit(tx, NULL);
    int64_t ended = processor_ns();
    CHECK(known && found && r == 0 && v.n_ports == n_ports);
    return ended - began;
}

static int64_t after_a_rule(struct calls *k, uint64_t *since)
{
    struct tx *tx = store_write(k->store);
    struct security_group_rule rule = {.id = "sgr-0c0c0c0c0c0c0c0c0",
                                       OF_ACCOUNT,
                                       .group_id = TEST_GROUP,
                                       .protocol = "tcp",
                                       .from_port = 5432,
                                       .to_port = 5432,
                                       .cidr_ipv4 = "0.0.0.0/0"};
    store_delete_security_group_rules(tx, "id", rule.id);
    store_insert_security_group_rule(tx, &rule);
    int r = tx_commit(tx, NULL);
    CHECK(r == 0);
    return part_of(k, since, 0);
}

/* It goes again at once. */
static int64_t after_an_instance(struct calls *k, uint64_t members, uint64_t *since)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct tx *tx = store_write(k->store);
    put_member(tx, a, members);
    int r = tx_commit(tx, NULL);
    CHECK(r == 0);
    int64_t took = part_of(k, since, 1);
    tx = store_write(k->store);
    store_delete_network_interfaces(tx, "id", id_of(a, "eni", members));
    store_delete_instances(tx, "id", id_of(a, "i", members));
    r = tx_commit(tx, NULL);
    CHECK(r == 0);
    (void)part_of(k, since, 0);
    return took;
}

#define QUICKEST_US(repeats, took)                                                                 \
    ({                                                                                             \
        int64_t best_ = INT64_MAX;                                                                 \
        for (int64_t i_ = 0; i_ < (repeats); i_++) {                                               \
            int64_t took_ = (took);                                                                \
            best_ = took_ < best_ ? took_ : best_;                                                 \
        }                                                                                          \
        (double)best_ / 1000;                                                                      \
    })

int main(int argc, char **argv)
{
    int64_t members = 0;
    int64_t repeats = REPEATS;
    if (argc < 2 || parse_int64(argv[1], &members) < 0 || members < 1 || members >= MEMBERS_MAX ||
        (argc > 2 && (parse_int64(argv[2], &repeats) < 0 || repeats < 1))) {
        (void)fprintf(stderr, "usage: net_plan_cost MEMBERS [REPEATS]\n");
        return 2;
    }
    memory_keep_free(); /* as croftd does */
    struct calls *k = calls_new();
    struct tx *tx = store_write(k->store);
    for (int64_t i = 0; i < members; i++)
        put_member(tx, k->arena, (uint64_t)i);
    put_peer(tx);
    int r = tx_commit(tx, NULL);
    CHECK(r == 0);
    uint64_t since = 0;
    struct text_list none = {0};
    tx = store_read(k->store);
    (void)store_changed_ports(tx, k->arena, TEST_VPC, 0, &none, &since);
    r = tx_commit(tx, NULL);
    CHECK(r == 0);
    (void)printf("%.1f ", QUICKEST_US(repeats, after_an_instance(k, (uint64_t)members, &since)));
    (void)printf("%.1f ", QUICKEST_US(repeats, after_a_rule(k, &since)));
    (void)printf("%.1f ", QUICKEST_US(repeats, all_of(k, TEST_VPC)));
    (void)printf("%.1f\n", QUICKEST_US(repeats, all_of(k, TEST_OTHER_VPC)));
    calls_free(k);
    return 0;
}
