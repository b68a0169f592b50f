/* A database of schema 2 with VPCs in it is brought to the newest schema. */
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/id.h"
#include "store/queries.h"
#include "store/store.h"
#include "unit.h"

#define SCHEMA_MAX ((size_t)256 << 10)
#define PATH_SIZE  4096

/* Two VPCs of one account and region, as schema 2 had them, and one of another region. */
static const char *const rows =
    "INSERT INTO access_key VALUES"
    " ('AKIA0', '123456789012', 'arn:aws:iam::123456789012:root', '123456789012', 'secret', 1, 4);"
    "INSERT INTO vpc VALUES"
    " ('vpc-0000000000000000a', '123456789012', 'us-east-1', '172.31.0.0/16',"
    "  'vpc-cidr-assoc-0000000000000000a', 1, 'dopt-0000000000000000a', 1, 0),"
    " ('vpc-0000000000000000b', '123456789012', 'us-east-1', '10.0.0.0/16',"
    "  'vpc-cidr-assoc-0000000000000000b', 0, 'dopt-0000000000000000a', 2, 1),"
    " ('vpc-0000000000000000c', '123456789012', 'eu-west-1', '172.31.0.0/16',"
    "  'vpc-cidr-assoc-0000000000000000c', 1, 'dopt-0000000000000000c', 3, 2);"
    "INSERT INTO subnet VALUES"
    " ('subnet-0000000000000000a', '123456789012', 'us-east-1', 'vpc-0000000000000000a',"
    "  'us-east-1a', '172.31.0.0/20', 1, 1, 0),"
    " ('subnet-0000000000000000b', '123456789012', 'us-east-1', 'vpc-0000000000000000a',"
    "  'us-east-1b', '172.31.16.0/20', 1, 1, 1),"
    " ('subnet-0000000000000000c', '123456789012', 'eu-west-1', 'vpc-0000000000000000c',"
    "  'eu-west-1a', '172.31.0.0/20', 1, 1, 0);"
    "INSERT INTO image (id, account_id, region, state, state_reason, name, architecture, "
    "root_device_name,"
    "  location, snapshot_id, size_gib, created_at, is_public, ena_support) VALUES"
    " ('ami-0000000000000000a', '123456789012', 'us-east-1', 'available', NULL, 'debian', 'x86_64',"
    "  '/dev/xvda', 'debian', 'snap-0000000000000000a', 8, 1, 0, 1),"
    " ('ami-0000000000000000b', '123456789012', 'us-east-1', 'failed', 'no disk', 'text', 'x86_64',"
    "  '/dev/xvda', 'text', 'snap-0000000000000000b', 0, 1, 0, 1);"
    "PRAGMA user_version = 2;";

struct place {
    char directory[UNIT_DIRECTORY_SIZE];
    char path[96];
    struct store *store;
    struct arena *arena;
};

static void run(sqlite3 *db, const char *sql)
{
    char *why = NULL;
    int r = sqlite3_exec(db, sql, NULL, NULL, &why);
    ck_assert_msg(r == SQLITE_OK, "%s", why);
}

static void run_file(sqlite3 *db, const char *name)
{
    char path[PATH_SIZE];
    struct err e = {0};
    _cleanup_buf_ struct buf text = BUF_INIT(SCHEMA_MAX);
    (void)snprintf(path, sizeof(path), "%s/../../lib/store/%s", getenv("GOLDEN"), name);
    ck_assert_msg(file_read(path, &text, &e) == 0, "%s", e.message);
    run(db, buf_str(&text));
}

static struct place begin(void)
{
    struct place p = {.arena = arena_new()};
    sqlite3 *db = NULL;
    struct err e = {0};
    unit_directory(p.directory);
    (void)snprintf(p.path, sizeof(p.path), "%s/croft.db", p.directory);
    ck_assert_int_eq(sqlite3_open(p.path, &db), SQLITE_OK);
    run_file(db, "schema.sql");
    run_file(db, "schema-2.sql");
    run(db, rows);
    ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
    ck_assert_msg(store_open(p.path, &p.store, &e) == 0, "%s", e.message);
    return p;
}

static void end(struct place *p)
{
    store_close(p->store);
    arena_free(p->arena);
    ck_assert_int_eq(dir_remove(p->directory, NULL), 0);
}

static void check_vpc(struct tx *tx, struct arena *a, const char *id, size_t subnets)
{
    struct route_table_list tables = store_route_tables(tx, a, "vpc_id", id);
    struct internet_gateway_list gateways = store_internet_gateways(tx, a, "vpc_id", id);
    struct network_acl_list acls = store_network_acls(tx, a, "vpc_id", id);
    ck_assert_uint_eq(tables.n, 1);
    ck_assert_uint_eq(gateways.n, 1);
    ck_assert_uint_eq(acls.n, 1);
    ck_assert(id_is_wellformed(tables.v[0].id, "rtb"));
    ck_assert(id_is_wellformed(gateways.v[0].id, "igw"));
    ck_assert(id_is_wellformed(acls.v[0].id, "acl"));
    ck_assert(acls.v[0].is_default);

    struct route_table_association_list main = store_route_table_associations(tx, a, "vpc_id", id);
    ck_assert_uint_eq(main.n, 1);
    ck_assert(id_is_wellformed(main.v[0].id, "rtbassoc"));
    ck_assert(main.v[0].is_main);
    ck_assert_str_eq(main.v[0].route_table_id, tables.v[0].id);
    struct route_list routes = store_routes(tx, a, "route_table_id", tables.v[0].id);
    ck_assert_uint_eq(routes.n, 1);
    ck_assert_str_eq(routes.v[0].destination, "0.0.0.0/0");
    ck_assert_str_eq(routes.v[0].target_id, gateways.v[0].id);

    struct network_acl_entry_list entries =
        store_network_acl_entries(tx, a, "network_acl_id", acls.v[0].id);
    ck_assert_uint_eq(entries.n, 2);
    ck_assert_int_ne(entries.v[0].is_egress, entries.v[1].is_egress);
    for (size_t i = 0; i < entries.n; i++) {
        ck_assert(entries.v[i].is_allow);
        ck_assert_int_eq(entries.v[i].rule_number, 100);
        ck_assert_str_eq(entries.v[i].cidr_ipv4, "0.0.0.0/0");
    }
    struct network_acl_association_list in_acl =
        store_network_acl_associations(tx, a, "vpc_id", id);
    ck_assert_uint_eq(in_acl.n, subnets);
    for (size_t i = 0; i < in_acl.n; i++) {
        ck_assert(id_is_wellformed(in_acl.v[i].id, "aclassoc"));
        ck_assert_str_eq(in_acl.v[i].network_acl_id, acls.v[0].id);
    }
}

START_TEST(the_account_keeps_its_key)
{
    struct place p = begin();
    struct tx *tx = store_read(p.store);
    const struct access_key *key = store_access_key(tx, p.arena, "AKIA0");
    ck_assert_ptr_nonnull(key);
    ck_assert_str_eq(key->user_id, key->account_id);
    ck_assert_str_eq(key->secret, "secret");
    ck_assert(key->active);
    ck_assert_int_eq(key->last_used_at, 0);
    tx_end(tx);
    end(&p);
}
END_TEST

START_TEST(a_vpc_of_schema_2_gets_what_comes_with_a_vpc)
{
    struct place p = begin();
    struct tx *tx = store_read(p.store);
    check_vpc(tx, p.arena, "vpc-0000000000000000a", 2);
    check_vpc(tx, p.arena, "vpc-0000000000000000b", 0);
    check_vpc(tx, p.arena, "vpc-0000000000000000c", 1);
    const struct vpc *vpc = store_vpc(tx, p.arena, "vpc-0000000000000000b");
    ck_assert_str_eq(vpc->instance_tenancy, "default");
    ck_assert(vpc->enable_dns_support && vpc->network_error == NULL);
    ck_assert(!tx_failed(tx));
    tx_end(tx);
    end(&p);
}
END_TEST

START_TEST(an_image_of_schema_2_has_its_root_device)
{
    struct place p = begin();
    struct tx *tx = store_read(p.store);
    const struct image *image = store_image(tx, p.arena, "ami-0000000000000000a");
    const struct image_device *root = store_image_root(tx, p.arena, image);
    ck_assert_str_eq(root->snapshot_id, "snap-0000000000000000a");
    ck_assert_int_eq(root->size_gib, 8);
    ck_assert(root->delete_on_termination);
    ck_assert_str_eq(store_snapshot(tx, p.arena, root->snapshot_id)->image_id, image->id);
    ck_assert_ptr_null(image->state_reason_code);
    image = store_image(tx, p.arena, "ami-0000000000000000b");
    ck_assert_str_eq(image->state_reason_code, "Client.ImportFailed");
    ck_assert(!tx_failed(tx));
    tx_end(tx);
    end(&p);
}
END_TEST

START_TEST(dhcp_options_that_two_vpcs_named_are_one_set)
{
    struct place p = begin();
    struct tx *tx = store_read(p.store);
    struct dhcp_options_list sets = store_dhcp_options_sets(tx, p.arena);
    static const char *const domains[] = {"ec2.internal", "eu-west-1.compute.internal"};
    ck_assert_uint_eq(sets.n, 2);
    for (size_t i = 0; i < sets.n; i++) {
        struct dhcp_option_list values =
            store_dhcp_option_values(tx, p.arena, "dhcp_options_id", sets.v[i].id);
        ck_assert_uint_eq(values.n, 2);
        ck_assert_str_eq(values.v[0].name, "domain-name");
        ck_assert_str_eq(values.v[0].value, domains[i]);
        ck_assert_str_eq(values.v[1].value, "AmazonProvidedDNS");
        ck_assert_str_eq(store_setting_of_account(tx, p.arena, "123456789012", sets.v[i].region,
                                                  "default-dhcp-options"),
                         sets.v[i].id);
    }
    tx_end(tx);
    end(&p);
}
END_TEST

START_TEST(opening_it_again_adds_nothing)
{
    struct place p = begin();
    struct err e = {0};
    store_close(p.store);
    ck_assert_msg(store_open(p.path, &p.store, &e) == 0, "%s", e.message);
    struct tx *tx = store_read(p.store);
    ck_assert_uint_eq(store_route_tables(tx, p.arena).n, 3);
    ck_assert_uint_eq(store_internet_gateways(tx, p.arena).n, 3);
    ck_assert_uint_eq(store_network_acls(tx, p.arena).n, 3);
    ck_assert_uint_eq(store_network_acl_associations(tx, p.arena).n, 3);
    tx_end(tx);
    end(&p);
}
END_TEST

UNIT_SUITE(the_account_keeps_its_key, a_vpc_of_schema_2_gets_what_comes_with_a_vpc,
           an_image_of_schema_2_has_its_root_device, dhcp_options_that_two_vpcs_named_are_one_set,
           opening_it_again_adds_nothing)
