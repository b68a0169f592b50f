#include "calls.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/file.h"
#include "storage/fake.h"

const struct server_key calls_server_key = {.of = {[SEAL_ACCESS_KEY] = {1}, [SEAL_DISK_KEY] = {2}}};

static void put_network(struct tx *tx)
{
    static const char *const subnets[] = {TEST_SUBNET, "subnet-0a0a0a0a0a0a0a0a2",
                                          "subnet-0a0a0a0a0a0a0a0a3"};
    static const char *const blocks[] = {"172.31.0.0/20", "172.31.16.0/20", "172.31.32.0/20"};
    const struct region *r = region_find("us-east-1");
    store_insert_account(tx, &(struct account){.id = TEST_ACCOUNT,
                                               .name = "owner",
                                               .email = "root@localhost",
                                               .status = ACCOUNT_ACTIVE});
    store_insert_vpc(tx, &(struct vpc){
                             .id = TEST_VPC,
                             .account_id = TEST_ACCOUNT,
                             .region = r->name,
                             .cidr_block = "172.31.0.0/16",
                             .cidr_association_id = "vpc-cidr-assoc-0a0a0a0a0a0a0a0a0",
                             .is_default = true,
                             .dhcp_options_id = "dopt-0a0a0a0a0a0a0a0a0",
                             .instance_tenancy = "default",
                             .enable_dns_support = true,
                             .enable_dns_hostnames = true,
                         });
    store_insert_vpc(tx, &(struct vpc){
                             .id = TEST_OTHER_VPC,
                             .account_id = TEST_ACCOUNT,
                             .region = r->name,
                             .cidr_block = "10.0.0.0/16",
                             .cidr_association_id = "vpc-cidr-assoc-0b0b0b0b0b0b0b0b0",
                             .dhcp_options_id = "dopt-0a0a0a0a0a0a0a0a0",
                             .number = 1,
                             .instance_tenancy = "default",
                             .enable_dns_support = true,
                         });
    for (size_t i = 0; i < ARRAY_SIZE(subnets); i++)
        store_insert_subnet(tx, &(struct subnet){
                                    .id = subnets[i],
                                    .account_id = TEST_ACCOUNT,
                                    .region = r->name,
                                    .vpc_id = TEST_VPC,
                                    .zone = r->zones[i],
                                    .cidr_block = blocks[i],
                                    .default_for_az = true,
                                    .map_public_ip_on_launch = true,
                                    .number = (int64_t)i,
                                    .hostname_type = "ip-name",
                                });
    store_insert_security_group(tx, &(struct security_group){
                                        .id = TEST_GROUP,
                                        .account_id = TEST_ACCOUNT,
                                        .region = r->name,
                                        .vpc_id = TEST_VPC,
                                        .name = "default",
                                        .description = "default VPC security group",
                                    });
    store_insert_network_interface(tx, &(struct network_interface){
                                           .id = TEST_INTERFACE,
                                           .account_id = TEST_ACCOUNT,
                                           .region = r->name,
                                           .vpc_id = TEST_VPC,
                                           .subnet_id = TEST_SUBNET,
                                           .zone = r->zones[0],
                                           .private_ip = "172.31.0.4",
                                           .mac = "0a:00:00:00:00:01",
                                           .description = "",
                                           .tap = "tap0",
                                           .interface_type = "interface",
                                       });
}

static void put_table(struct tx *tx, const char *id, const char *association_id, const char *vpc_id)
{
    store_insert_route_table(
        tx, &(struct route_table){
                .id = id, .account_id = TEST_ACCOUNT, .region = "us-east-1", .vpc_id = vpc_id});
    store_insert_route_table_association(tx, &(struct route_table_association){
                                                 .id = association_id,
                                                 .account_id = TEST_ACCOUNT,
                                                 .region = "us-east-1",
                                                 .route_table_id = id,
                                                 .vpc_id = vpc_id,
                                                 .is_main = true,
                                             });
}

static void put_acl(struct tx *tx, const char *id, const char *vpc_id)
{
    store_insert_network_acl(tx, &(struct network_acl){.id = id,
                                                       .account_id = TEST_ACCOUNT,
                                                       .region = "us-east-1",
                                                       .vpc_id = vpc_id,
                                                       .is_default = true});
    for (int egress = 0; egress <= 1; egress++)
        store_insert_network_acl_entry(tx, &(struct network_acl_entry){
                                               .network_acl_id = id,
                                               .is_egress = egress == 1,
                                               .rule_number = 100,
                                               .protocol = ACL_PROTOCOL_ALL,
                                               .is_allow = true,
                                               .cidr_ipv4 = "0.0.0.0/0",
                                               .from_port = -1,
                                               .to_port = -1,
                                               .icmp_type = -1,
                                               .icmp_code = -1,
                                           });
}

static void put_routes_and_acls(struct tx *tx)
{
    static const char *const in_acl[][2] = {
        {TEST_IN_ACL, TEST_SUBNET},
        {"aclassoc-0a0a0a0a0a0a0a0a2", "subnet-0a0a0a0a0a0a0a0a2"},
        {"aclassoc-0a0a0a0a0a0a0a0a3", "subnet-0a0a0a0a0a0a0a0a3"},
    };
    put_table(tx, TEST_TABLE, TEST_MAIN, TEST_VPC);
    put_table(tx, TEST_OTHER_TABLE, "rtbassoc-0b0b0b0b0b0b0b0b0", TEST_OTHER_VPC);
    put_acl(tx, TEST_ACL, TEST_VPC);
    put_acl(tx, TEST_OTHER_ACL, TEST_OTHER_VPC);
    for (size_t i = 0; i < ARRAY_SIZE(in_acl); i++)
        store_insert_network_acl_association(
            tx, &(struct network_acl_association){in_acl[i][0], TEST_ACL, TEST_VPC, in_acl[i][1]});
}

static void put_image(struct tx *tx)
{
    store_insert_image(tx, &(struct image){
                               .id = TEST_IMAGE,
                               .account_id = TEST_ACCOUNT,
                               .region = "us-east-1",
                               .state = IMAGE_AVAILABLE,
                               .name = "debian",
                               .architecture = "x86_64",
                               .root_device_name = "/dev/xvda",
                               .location = "debian",
                           });
    store_insert_image_device(tx, &(struct image_device){
                                      .image_id = TEST_IMAGE,
                                      .device_name = "/dev/xvda",
                                      .snapshot_id = TEST_SNAPSHOT,
                                      .size_gib = 8,
                                      .volume_type = "gp3",
                                      .delete_on_termination = true,
                                  });
    store_insert_snapshot(tx, &(struct snapshot){
                                  .id = TEST_SNAPSHOT,
                                  .account_id = TEST_ACCOUNT,
                                  .region = "us-east-1",
                                  .state = SNAPSHOT_COMPLETED,
                                  .volume_id = "vol-ffffffff",
                                  .description = "Root device of " TEST_IMAGE,
                                  .size_gib = 8,
                                  .image_id = TEST_IMAGE,
                              });
}

/* Not of check's kind: fuzz targets set up a store, too, and run no test. */
static void must(int r, const struct err *e)
{
    if (r < 0)
        (void)fprintf(stderr, "%s\n", e->message);
    CHECK(r == 0);
}

/* Room for whatever a test launches. */
static void roomy_host(void *ctx, struct host_info *ret_info)
{
    (void)ctx;
    *ret_info = (struct host_info){
        .cpus = 8,
        .memory_mib = 1 << 20,
        .memory_available_mib = 1 << 20,
        .kvm = true,
        .emulates_arm64 = true,
    };
}

static void make_directory(char path[64])
{
    const char *where = getenv("TMPDIR");
    int n = snprintf(path, 64, "%s/croft-unit-XXXXXX", where == NULL ? "/tmp" : where);
    CHECK(n > 0 && n < 64);
    char *made = mkdtemp(path);
    CHECK(made != NULL);
}

/* The database that each test begins with. It is made once: a schema takes far longer than a copy.
 */
static const struct buf *first_rows(void)
{
    static struct buf database = BUF_INIT(4 << 20);
    if (database.len != 0)
        return &database;
    char directory[64];
    char path[96];
    make_directory(directory);
    (void)snprintf(path, sizeof(path), "%s/croft.db", directory);
    struct err e = {0};
    struct store *store = NULL;
    must(store_open(path, &store, &e), &e);
    struct tx *tx = store_write(store);
    store_insert_host(tx, &(struct host){.id = TEST_HOST, .uri = "test:///"});
    put_network(tx);
    put_routes_and_acls(tx);
    put_image(tx);
    must(tx_commit(tx, &e), &e);
    store_close(store);
    must(file_read(path, &database, &e), &e);
    must(dir_remove(directory, &e), &e);
    return &database;
}

struct calls *calls_new(void)
{
    struct calls *k = calloc(1, sizeof(*k));
    CHECK(k != NULL);
    make_directory(k->directory);
    char path[96];
    (void)snprintf(path, sizeof(path), "%s/croft.db", k->directory);
    struct err e = {0};
    const struct buf *database = first_rows();
    must(file_write(path, database->data, database->len, 0600, &e), &e);
    must(store_open(path, &k->store, &e), &e);

    k->arena = arena_new();
    k->request_id = "00000000-0000-4000-8000-000000000000";
    k->served[0] = *region_find("us-east-1");
    k->served[1] = *region_find("eu-central-1");
    k->principal = (struct principal){
        .kind = PRINCIPAL_ROOT,
        .account_id = TEST_ACCOUNT,
        .arn = "arn:aws:iam::" TEST_ACCOUNT ":root",
        .user_id = TEST_ACCOUNT,
    };
    int r = fake_storage_new(&k->storage);
    CHECK(r == 0);
    k->config = (struct api_config){
        .store = k->store,
        .storage = k->storage,
        .regions = {k->served, 2},
        .account_id = TEST_ACCOUNT,
        .host_id = TEST_HOST,
        .host = roomy_host,
        .public_addresses = {{{0xc6120000, 0xc61200ff, true}}, 1}, /* 198.18.0.0/24 */
        .ipv6_prefix = {{{0xfd, 0xec, 0x2}}, 48},
        .page_secret = "0123456789abcdef",
        .instance_types = instance_type_builtin(),
        .max_instances = 20,
        .server_key = &calls_server_key,
    };
    return k;
}

void calls_put_base(struct storage *s)
{
    struct storage_upload *upload = NULL;
    char sector[512] = {[510] = 0x55, [511] = (char)0xaa}; /* what a disk that boots ends with */
    char id[37];
    int64_t size = 0;
    ck_assert_int_eq(s->ops->upload_begin(s, &upload, NULL), 0);
    ck_assert_int_eq(s->ops->upload_write(upload, sector, sizeof(sector), NULL), 0);
    ck_assert_int_eq(s->ops->upload_finish(upload, id, NULL), 0);
    ck_assert_int_eq(s->ops->image_make(s, TEST_IMAGE, id, &size, NULL), 0);
}

void calls_put_gateway(struct calls *k)
{
    struct err e = {0};
    struct tx *tx = store_write(k->store);
    store_insert_internet_gateway(tx, &(struct internet_gateway){.id = TEST_GATEWAY,
                                                                 .account_id = TEST_ACCOUNT,
                                                                 .region = "us-east-1",
                                                                 .vpc_id = TEST_VPC});
    must(tx_commit(tx, &e), &e);
}

void calls_free(struct calls *k)
{
    store_close(k->store);
    k->storage->ops->free(k->storage);
    arena_free(k->arena);
    int r = dir_remove(k->directory, NULL);
    CHECK(r == 0);
    free(k);
}

static void put_parts(struct tx *tx)
{
    store_insert_layer(tx, &(struct layer){.id = "vol-0a0a0a0a0a0a0a0a0",
                                           .root_id = "vol-0a0a0a0a0a0a0a0a0",
                                           .image_id = TEST_IMAGE});
    store_insert_volume(tx, &(struct volume){
                                .id = "vol-0a0a0a0a0a0a0a0a0",
                                .layer_id = "vol-0a0a0a0a0a0a0a0a0",
                                .layers_made = 1,
                                .account_id = TEST_ACCOUNT,
                                .region = "us-east-1",
                                .zone = "us-east-1a",
                                .state = VOLUME_IN_USE,
                                .attachment_state = ATTACHMENT_ATTACHED,
                                .volume_type = "gp3",
                                .size_gib = 8,
                                .instance_id = TEST_INSTANCE,
                                .device_name = "/dev/xvda",
                                .delete_on_termination = true,
                            });
    store_insert_network_interface(tx, &(struct network_interface){
                                           .id = "eni-0a0a0a0a0a0a0a0a1",
                                           .account_id = TEST_ACCOUNT,
                                           .region = "us-east-1",
                                           .vpc_id = TEST_VPC,
                                           .subnet_id = TEST_SUBNET,
                                           .zone = "us-east-1a",
                                           .private_ip = "172.31.0.5",
                                           .mac = "0a:00:00:00:00:02",
                                           .description = "",
                                           .source_dest_check = true,
                                           .instance_id = TEST_INSTANCE,
                                           .attachment_id = "eni-attach-0a0a0a0a0a0a0a0a0",
                                           .delete_on_termination = true,
                                           .tap = "tap1",
                                           .interface_type = "interface",
                                           .attachment_state = ATTACHMENT_ATTACHED,
                                       });
    store_insert_interface_group(tx,
                                 &(struct interface_group){"eni-0a0a0a0a0a0a0a0a1", TEST_GROUP, 0});
}

void calls_put_instance(struct calls *k, enum instance_state state)
{
    struct instance i = {
        .id = TEST_INSTANCE,
        .account_id = TEST_ACCOUNT,
        .region = "us-east-1",
        .host_id = TEST_HOST,
        .transition_reason = "",
        .state = (int)state,
        .reservation_id = "r-0a0a0a0a0a0a0a0a0",
        .launch_time = 1767323000000,
        .image_id = TEST_IMAGE,
        .instance_type = "t3.micro",
        .architecture = "x86_64",
        .vcpus = 2,
        .memory_mib = 1024,
        .root_device_name = "/dev/xvda",
        .vpc_id = TEST_VPC,
        .subnet_id = TEST_SUBNET,
        .zone = "us-east-1a",
        .tenancy = "default",
        .cores = 1,
        .cpu_credits = "unlimited",
        .auto_recovery = "default",
        .reboot_migration = "default",
        .http_tokens = "optional",
        .http_endpoint = "enabled",
        .http_protocol_ipv6 = "disabled",
        .hostname_type = "ip-name",
        .http_put_response_hop_limit = 1,
        .instance_metadata_tags = "disabled",
        .capacity_preference = "open",
        .uuid = "ec2c0de0-1234-4678-8abc-0123456789ab",
    };
    struct tx *tx = store_write(k->store);
    struct instance *there = store_instance(tx, k->arena, TEST_INSTANCE);
    if (there == NULL) {
        store_insert_instance(tx, &i);
        put_parts(tx);
    } else {
        there->state = (int)state;
        store_update_instance(tx, there);
    }
    struct err e = {0};
    must(tx_commit(tx, &e), &e);
}

struct instance *calls_instance(struct calls *k)
{
    struct tx *tx = store_read(k->store);
    struct instance *i = store_instance(tx, k->arena, TEST_INSTANCE);
    tx_end(tx);
    return i;
}

void calls_begin(struct calls *k, const struct wire_service *service, const char *action,
                 const void *in)
{
    fault_clear(&k->fault);
    k->call = (struct call){
        .config = &k->config,
        .action = wire_action_find(service, action),
        .principal = &k->principal,
        .region = &k->served[0],
        .tx = store_write(k->store),
        .arena = k->arena,
        .request_id = k->request_id,
        .now = 1767323045678, /* 2026-01-02T03:04:05.678Z */
        .in = in,
    };
    CHECK(k->call.action != NULL);
}

void calls_end(struct calls *k, int result)
{
    CHECK((result == 0) == !fault_is_set(&k->fault));
    CHECK(!tx_failed(k->call.tx));
    if (result < 0) {
        tx_end(k->call.tx);
        return;
    }
    struct err e = {0};
    int r = tx_commit(k->call.tx, &e);
    must(r, &e);
}

size_t calls_jobs(struct calls *k, const char *object_id)
{
    struct tx *tx = store_read(k->store);
    size_t n = store_jobs(tx, k->arena, "object_id", object_id).n;
    tx_end(tx);
    return n;
}
