/*
 * Explanations: what a call says that it does, word for word (tests/golden/explain), and whether
 * the workers then do that. Ids and addresses are the same in every run: see getrandom() below.
 */
#include <sys/random.h>

#include "base/base64.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/text.h"
#include "golden.h"
#include "hypervisor/fake.h"
#include "jobs/explain.h"
#include "network/fake.h"
#include "storage/fake.h"
#include "support/calls.h"
#include "unit.h"
#include "wire/json.h"

#define RUNTIME    "/run/croft"
#define SECRET     "hush, this is nobody's business"
#define PUBLIC_KEY "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKeyMaterialThatIsNotShown me@here"

/* In place of the C library's: the same ids in every run. */
static uint64_t drawn;
ssize_t getrandom(void *data, size_t len, unsigned flags)
{
    (void)flags;
    for (size_t i = 0; i < len; i++) {
        drawn = drawn * 6364136223846793005U + 1442695040888963407U;
        ((unsigned char *)data)[i] = (unsigned char)(drawn >> 56);
    }
    return (ssize_t)len;
}

static struct {
    struct calls *k;
    struct storage *storage;
    struct network *network;
    struct jobs_config machine;
    struct host_info host;
} world;

static void host_of(void *ctx, struct host_info *ret_info)
{
    (void)ctx;
    *ret_info = world.host;
}

static void setup(void)
{
    drawn = 0;
    struct calls *k = world.k = calls_new();
    calls_put_gateway(k);
    struct tx *tx = store_write(k->store);
    store_insert_key_pair(tx, &(struct key_pair){.id = "key-0a0a0a0a0a0a0a0a0",
                                                 .account_id = TEST_ACCOUNT,
                                                 .region = "us-east-1",
                                                 .name = "me",
                                                 .key_type = "ed25519",
                                                 .fingerprint = "SHA256:x",
                                                 .public_key = PUBLIC_KEY});
    struct image_device *root =
        store_image_root(tx, k->arena, store_image(tx, k->arena, TEST_IMAGE));
    root->size_gib = 1;
    store_update_image_device(tx, root);
    ck_assert_int_eq(tx_commit(tx, NULL), 0);
    ck_assert_int_eq(fake_storage_new(&world.storage), 0);
    world.network = fake_network_new(NULL);
    world.machine = (struct jobs_config){
        .store = k->store,
        .storage = world.storage,
        .network = world.network,
        .host_id = TEST_HOST,
        .runtime_dir = RUNTIME,
        .mtu = 1500,
        .server_key = &calls_server_key,
    };
    world.host = (struct host_info){.cpus = 64,
                                    .memory_mib = 65536,
                                    .memory_available_mib = 65536,
                                    .kvm = true,
                                    .emulates_arm64 = true};
    k->config.jobs = &world.machine;
    k->config.host = host_of;
    k->config.runtime_dir = RUNTIME;
    ck_assert_int_eq(address_ranges_parse("198.18.0.0/24", &k->config.public_addresses, NULL), 0);
    calls_put_base(world.storage);
}

static void teardown(void)
{
    world.network->ops->free(world.network);
    world.storage->ops->free(world.storage);
    calls_free(world.k);
}

/* The end of a call that is explained; a rehearsal is thrown away. */
static const struct croft_Explanation *explained(int result, bool dry_run)
{
    struct calls *k = world.k;
    ck_assert_msg(result == 0, "%s", k->fault.message);
    struct explain_call call = {
        .config = &world.machine,
        .host = world.host,
        .account_id = TEST_ACCOUNT,
        .action = k->call.action->name,
        .dry_run = dry_run,
    };
    const struct croft_Explanation *x =
        explain(&call, k->call.tx, tx_watched(k->call.tx), k->arena);
    ck_assert(!tx_failed(k->call.tx));
    if (dry_run)
        tx_end(k->call.tx);
    else
        calls_end(k, 0);
    return x;
}

#define EXPLAINED(dry, name, out, ...)                                                             \
    ({                                                                                             \
        ec2_##name##_in *in_ = arena_new_of(world.k->arena, ec2_##name##_in);                      \
        *in_ = (ec2_##name##_in){__VA_ARGS__};                                                     \
        memset((out), 0, sizeof(*(out)));                                                          \
        calls_begin(world.k, &ec2_service, #name, in_);                                            \
        tx_watch(world.k->call.tx, world.k->arena);                                                \
        int result_ = act_ec2_##name(&world.k->call, in_, (out), &world.k->fault);                 \
        explained(result_, (dry));                                                                 \
    })

static void check_golden(const char *name, const struct croft_Explanation *x)
{
    char path[128];
    (void)snprintf(path, sizeof(path), "explain/%s.txt", name);
    golden_check(path, x->text, strlen(x->text));
}

static const char *encoded(const char *text)
{
    return base64_encode(world.k->arena, text, strlen(text));
}

static const struct croft_Explanation *launch(bool dry_run, int64_t count, const char **ret_id)
{
    ec2_RunInstances_out out;
    const struct croft_Explanation *x =
        EXPLAINED(dry_run, RunInstances, &out, .image_id = TEST_IMAGE, .min_count = wire_int(count),
                  .max_count = wire_int(count), .instance_type = "t3.micro", .key_name = "me",
                  .user_data = encoded(SECRET), .subnet_id = TEST_SUBNET,
                  TAGGED("instance", {"Name", "web"}));
    if (ret_id != NULL)
        *ret_id = out.instances.v[0].instance_id;
    return x;
}

/* As a worker leaves it when the guest runs. */
static void make_running(const char *id)
{
    struct tx *tx = store_write(world.k->store);
    struct instance *i = store_instance(tx, world.k->arena, id);
    i->state = INSTANCE_RUNNING;
    i->ever_ran = true;
    i->launch_time = i->created_at;
    store_update_instance(tx, i);
    struct volume_list volumes = store_volumes(tx, world.k->arena, "instance_id", id);
    for (size_t k = 0; k < volumes.n; k++) {
        volumes.v[k].state = VOLUME_IN_USE;
        volumes.v[k].attachment_state = ATTACHMENT_ATTACHED;
        store_update_volume(tx, &volumes.v[k]);
    }
    ck_assert_int_eq(tx_commit(tx, NULL), 0);
}

static const struct croft_ExplainedFile *file_of(const struct croft_Explanation *x,
                                                 const char *path)
{
    for (size_t i = 0; i < x->steps.n; i++)
        for (size_t k = 0; k < x->steps.v[i].files.n; k++)
            if (streq(x->steps.v[i].files.v[k].path, path))
                return &x->steps.v[i].files.v[k];
    ck_abort_msg("there is no file %s", path);
    return NULL;
}

START_TEST(a_launch)
{
    const char *id = NULL;
    check_golden("run-instances", launch(false, 1, &id));
    ck_assert_uint_eq(calls_jobs(world.k, id), 1);
}
END_TEST

START_TEST(a_rehearsal_says_the_same_and_changes_nothing)
{
    const char *id = NULL;
    const struct croft_Explanation *x = launch(true, 1, &id);
    check_golden("dry-run", x);
    struct tx *tx = store_read(world.k->store);
    ck_assert_ptr_null(store_instance(tx, world.k->arena, id));
    tx_end(tx);
    ck_assert_uint_eq(calls_jobs(world.k, id), 0);
    ck_assert(wire_true(x->dry_run));
}
END_TEST

START_TEST(a_rule_that_comes_and_goes)
{
    ec2_AuthorizeSecurityGroupIngress_out out;
    ec2_RevokeSecurityGroupIngress_out gone;
    struct ec2_IpPermission ssh = {.ip_protocol = "tcp",
                                   .from_port = wire_int(22),
                                   .to_port = wire_int(22),
                                   .ip_ranges =
                                       LIST_OF(ec2_IpRange, {.cidr_ip = "203.0.113.0/24"})};
    check_golden("authorize-security-group-ingress",
                 EXPLAINED(false, AuthorizeSecurityGroupIngress, &out, .group_id = TEST_GROUP,
                           .ip_permissions = {&ssh, 1}));
    check_golden("revoke-security-group-ingress",
                 EXPLAINED(false, RevokeSecurityGroupIngress, &gone, .group_id = TEST_GROUP,
                           .ip_permissions = {&ssh, 1}));
}
END_TEST

START_TEST(a_group_that_comes)
{
    ec2_CreateSecurityGroup_out out;
    check_golden("create-security-group",
                 EXPLAINED(false, CreateSecurityGroup, &out, .group_name = "web",
                           .description = "the web", .vpc_id = TEST_VPC));
}
END_TEST

START_TEST(a_stop_a_start_an_end)
{
    const char *id = NULL;
    ec2_StopInstances_out stopped;
    ec2_TerminateInstances_out out;
    (void)launch(false, 1, &id);
    make_running(id);
    check_golden("stop-instances",
                 EXPLAINED(false, StopInstances, &stopped, .instance_ids = LIST(id)));
    make_running(id);
    check_golden("force-stop-instances",
                 EXPLAINED(true, StopInstances, &stopped, .instance_ids = LIST(id),
                           .force = wire_bool(true)));
    check_golden("terminate-instances",
                 EXPLAINED(false, TerminateInstances, &out, .instance_ids = LIST(id)));
}
END_TEST

START_TEST(an_image_of_what_runs)
{
    const char *id = NULL;
    ec2_CreateImage_out image;
    (void)launch(false, 1, &id);
    make_running(id);
    check_golden("create-image-no-reboot",
                 EXPLAINED(true, CreateImage, &image, .instance_id = id, .name = "web server",
                           .no_reboot = wire_bool(true)));
    ec2_CreateReplaceRootVolumeTask_out task;
    check_golden("create-replace-root-volume-task",
                 EXPLAINED(true, CreateReplaceRootVolumeTask, &task, .instance_id = id,
                           .delete_replaced_root_volume = wire_bool(true)));
    check_golden("create-image",
                 EXPLAINED(false, CreateImage, &image, .instance_id = id, .name = "web server"));
}
END_TEST

/* As a worker leaves it when its disk is made, or the guest has it. */
static void put_at_rest(const char *volume_id)
{
    struct tx *tx = store_write(world.k->store);
    struct volume *v = store_volume(tx, world.k->arena, volume_id);
    v->state = v->instance_id == NULL ? VOLUME_AVAILABLE : VOLUME_IN_USE;
    v->attachment_state = v->instance_id == NULL ? ATTACHMENT_DETACHED : ATTACHMENT_ATTACHED;
    store_update_volume(tx, v);
    ck_assert_int_eq(tx_commit(tx, NULL), 0);
}

START_TEST(a_volume_that_comes_grows_is_frozen_and_goes)
{
    ec2_CreateVolume_out made;
    ec2_ModifyVolume_out changed;
    ec2_CreateSnapshot_out frozen;
    ec2_DeleteVolume_out gone;
    check_golden("create-volume",
                 EXPLAINED(false, CreateVolume, &made, .availability_zone = "us-east-1a",
                           .size = wire_int(2), .encrypted = wire_bool(true)));
    put_at_rest(made.volume_id);
    check_golden("modify-volume", EXPLAINED(true, ModifyVolume, &changed,
                                            .volume_id = made.volume_id, .size = wire_int(3)));
    check_golden("create-snapshot",
                 EXPLAINED(true, CreateSnapshot, &frozen, .volume_id = made.volume_id));
    check_golden("delete-volume",
                 EXPLAINED(false, DeleteVolume, &gone, .volume_id = made.volume_id));
}
END_TEST

START_TEST(a_volume_that_a_guest_gets_and_gives_back)
{
    const char *id = NULL;
    ec2_CreateVolume_out made;
    ec2_AttachVolume_out attached;
    ec2_ModifyVolume_out changed;
    ec2_CreateSnapshot_out frozen;
    ec2_DetachVolume_out detached;
    world.machine.volume_limits = VOLUME_LIMITS_ON;
    world.machine.snapshot_freeze = true;
    (void)launch(false, 1, &id);
    make_running(id);
    OK(world.k, CreateVolume, &made, .availability_zone = "us-east-1a", .size = wire_int(2),
       .encrypted = wire_bool(true));
    put_at_rest(made.volume_id);
    check_golden("attach-volume",
                 EXPLAINED(false, AttachVolume, &attached, .volume_id = made.volume_id,
                           .instance_id = id, .device = "/dev/sdf"));
    put_at_rest(made.volume_id);
    check_golden("modify-attached-volume",
                 EXPLAINED(true, ModifyVolume, &changed, .volume_id = made.volume_id,
                           .size = wire_int(8), .volume_type = "gp3", .iops = wire_int(4000)));
    check_golden("create-snapshot-of-attached-volume",
                 EXPLAINED(true, CreateSnapshot, &frozen, .volume_id = made.volume_id));
    check_golden("detach-volume",
                 EXPLAINED(false, DetachVolume, &detached, .volume_id = made.volume_id));
    struct tx *tx = store_write(world.k->store);
    struct instance *i = store_instance(tx, world.k->arena, id);
    i->state = INSTANCE_STOPPED;
    store_update_instance(tx, i);
    ck_assert_int_eq(tx_commit(tx, NULL), 0);
    put_at_rest(made.volume_id);
    check_golden("detach-volume-of-stopped",
                 EXPLAINED(true, DetachVolume, &detached, .volume_id = made.volume_id));
}
END_TEST

START_TEST(an_image_that_comes_and_goes)
{
    const char *id = NULL;
    ec2_RegisterImage_out made;
    ec2_DeregisterImage_out gone;
    check_golden("register-image",
                 EXPLAINED(true, RegisterImage, &made, .name = "mine",
                           .image_location = "upload:01234567-89ab-cdef-0123-456789abcdef"));
    (void)launch(false, 1, &id);
    make_running(id);
    check_golden("deregister-image",
                 EXPLAINED(false, DeregisterImage, &gone, .image_id = TEST_IMAGE));
}
END_TEST

START_TEST(an_interface_that_comes_and_goes_while_the_guest_runs)
{
    const char *id = NULL;
    ec2_CreateNetworkInterface_out made;
    ec2_AttachNetworkInterface_out attached;
    ec2_DetachNetworkInterface_out none;
    (void)launch(false, 1, &id);
    make_running(id);
    OK(world.k, CreateNetworkInterface, &made, .subnet_id = TEST_SUBNET);
    const char *interface_id = made.network_interface->network_interface_id;
    check_golden("attach-network-interface",
                 EXPLAINED(false, AttachNetworkInterface, &attached,
                           .network_interface_id = interface_id, .instance_id = id,
                           .device_index = wire_int(1)));
    struct tx *tx = store_write(world.k->store);
    struct network_interface *n = store_network_interface(tx, world.k->arena, interface_id);
    n->attachment_state = ATTACHMENT_ATTACHED;
    store_update_network_interface(tx, n);
    ck_assert_int_eq(tx_commit(tx, NULL), 0);
    check_golden("detach-network-interface", EXPLAINED(false, DetachNetworkInterface, &none,
                                                       .attachment_id = attached.attachment_id));
}
END_TEST

START_TEST(a_nat_gateway_that_comes_and_goes)
{
    ec2_CreateNatGateway_out made;
    ec2_DeleteNatGateway_out gone;
    check_golden("create-nat-gateway",
                 EXPLAINED(false, CreateNatGateway, &made, .subnet_id = TEST_SUBNET,
                           .connectivity_type = "private",
                           .secondary_private_ip_address_count = wire_int(1)));
    check_golden("delete-nat-gateway",
                 EXPLAINED(false, DeleteNatGateway, &gone,
                           .nat_gateway_id = made.nat_gateway->nat_gateway_id));
}
END_TEST

START_TEST(tags_and_nothing)
{
    ec2_CreateTags_out out;
    ec2_DeleteKeyPair_out deleted;
    ec2_DescribeKeyPairs_out read;
    check_golden("create-tags",
                 EXPLAINED(false, CreateTags, &out, .resources = LIST(TEST_GROUP),
                           .tags = LIST_OF(ec2_Tag, {"Name", "it's \"quoted\""}, {"b", ""})));
    check_golden("create-tags-again",
                 EXPLAINED(false, CreateTags, &out, .resources = LIST(TEST_GROUP),
                           .tags = LIST_OF(ec2_Tag, {"Name", "web"}, {"b", ""})));
    ck_assert_str_eq(EXPLAINED(false, DeleteKeyPair, &deleted, .key_name = "nobody")->text,
                     "DeleteKeyPair changes nothing.\n");
    ck_assert_str_eq(EXPLAINED(false, DescribeKeyPairs, &read, .key_names = LIST("me"))->text,
                     "DescribeKeyPairs changes nothing.\n\nRows read: 1 key_pair.\n");
}
END_TEST

static void has_no_secret(const struct croft_Explanation *x)
{
    static const char *const secrets[] = {SECRET, "KeyMaterial", "AAAAC3"};
    struct buf out = BUF_INIT(8 << 20);
    ck_assert_int_eq(json_encode(world.k->arena, &croft_Explanation_struct, x, JSON_PLAIN, &out),
                     0);
    for (size_t i = 0; i < ARRAY_SIZE(secrets); i++)
        ck_assert_msg(strstr(buf_str(&out), secrets[i]) == NULL, "it tells %s", secrets[i]);
    ck_assert_ptr_null(strstr(buf_str(&out), encoded(SECRET)));
    buf_done(&out);
}

START_TEST(user_data_and_keys_are_not_told)
{
    const char *id = NULL;
    ec2_DeleteKeyPair_out deleted;
    ec2_CreateKeyPair_out created;
    const struct croft_Explanation *x = launch(false, 1, &id);
    has_no_secret(x);
    ck_assert_ptr_nonnull(strstr(x->text, "ssh-ed25519 (not shown)"));
    x = EXPLAINED(false, DeleteKeyPair, &deleted, .key_name = "me");
    has_no_secret(x);
    ck_assert_ptr_nonnull(strstr(x->text, "public_key"));
    x = EXPLAINED(false, CreateKeyPair, &created, .key_name = "new", .key_type = "ed25519");
    ck_assert_ptr_nonnull(strstr(created.key_material, "PRIVATE KEY"));
    ck_assert_ptr_null(strstr(x->text, "PRIVATE KEY"));
    ck_assert_ptr_null(strstr(x->text, "ssh-ed25519"));
}
END_TEST

START_TEST(rows_of_others_are_not_told)
{
    struct calls *k = world.k;
    calls_begin(k, &ec2_service, "CreateTags", NULL);
    tx_watch(k->call.tx, k->arena);
    store_insert_key_pair(k->call.tx, &(struct key_pair){.id = "key-1",
                                                         .account_id = "210987654321",
                                                         .region = "us-east-1",
                                                         .name = "theirs",
                                                         .key_type = "rsa",
                                                         .fingerprint = "x",
                                                         .public_key = "x"});
    ck_assert_str_eq(explained(0, true)->text,
                     "CreateTags would insert 1 row (a dry run: nothing is changed).\n\n"
                     "Rows of other accounts that change, too, and are not shown: 1.\n");
}
END_TEST

START_TEST(there_is_a_bound)
{
    const char *id = NULL;
    world.k->config.max_instances = 50;
    const struct croft_Explanation *x = launch(true, 30, &id);
    ck_assert_uint_eq(x->objects.n, EXPLAIN_OBJECTS_MAX);
    ck_assert_ptr_nonnull(strstr(x->text, " more rows change; the first 100 are shown."));
    ck_assert_ptr_nonnull(strstr(x->text, "The same is done for 22 more: i-"));
    size_t domains = 0;
    for (size_t i = 0; i < x->steps.n; i++)
        domains += strstr(x->steps.v[i].title, "Create the domain") != NULL;
    ck_assert_uint_eq(domains, EXPLAIN_JOBS_MAX);
}
END_TEST

static void wait_running(const char *id)
{
    int64_t until = clock_monotonic() + 20000;
    for (;;) {
        struct tx *tx = store_read(world.k->store);
        const struct instance *i = store_instance(tx, world.k->arena, id);
        int state = i == NULL ? -1 : i->state;
        tx_end(tx);
        if (state == INSTANCE_RUNNING)
            return;
        ck_assert_msg(clock_monotonic() < until, "it does not run: state %d", state);
        clock_sleep(20);
    }
}

START_TEST(the_domain_is_the_one_that_was_told)
{
    const char *id = NULL;
    struct hypervisor *h = NULL;
    struct jobs *j = jobs_new(&world.machine);
    ck_assert_int_eq(fake_hypervisor_new(jobs_on_domain_event, j, &h), 0);
    struct err e = {0};
    const struct croft_Explanation *x = launch(false, 1, &id);
    ck_assert_msg(jobs_start(j, h, &e) == 0, "%s", e.message);
    wait_running(id);
    const char *told = file_of(x, arena_printf(world.k->arena, "%s.xml", id))->content;
    ck_assert_str_eq(told, fake_hypervisor_xml(h, world.k->arena, id));
    jobs_stop(j);
    h->ops->free(h);
    jobs_free(j);
}
END_TEST

/* A column whose name sounds like a secret is one, unless it stands here with its reason. */
START_TEST(columns_that_sound_like_secrets_are_quiet)
{
    static const struct table *const tables[] = {
#define STORE_TABLE(one, many) &table_##one,
        STORE_TABLES
#undef STORE_TABLE
    };
    static const char *const words[] = {"secret",   "user_data",  "password", "private",
                                        "material", "public_key", "token"};
    static const char *const harmless[] = {
        "private_ip",             /* an address */
        "client_token",           /* of the caller, who has just sent it */
        "http_tokens",            /* "required" or "optional" */
        "instance_metadata_tags", /* "enabled" or "disabled" */
    };
    for (size_t i = 0; i < ARRAY_SIZE(tables); i++)
        for (size_t c = 0; c < tables[i]->n_columns; c++) {
            const struct column *column = &tables[i]->columns[c];
            bool sounds = false;
            for (size_t w = 0; w < ARRAY_SIZE(words); w++)
                sounds = sounds || strstr(column->name, words[w]) != NULL;
            for (size_t w = 0; w < ARRAY_SIZE(harmless); w++)
                sounds = sounds && !streq(column->name, harmless[w]);
            ck_assert_msg(!sounds || column->quiet, "%s.%s is not quiet", tables[i]->name,
                          column->name);
        }
}
END_TEST

UNIT_SUITE_WITH(setup, teardown, a_launch, a_rehearsal_says_the_same_and_changes_nothing,
                a_rule_that_comes_and_goes, a_group_that_comes, a_stop_a_start_an_end,
                a_volume_that_comes_grows_is_frozen_and_goes,
                a_volume_that_a_guest_gets_and_gives_back, an_image_that_comes_and_goes,
                an_interface_that_comes_and_goes_while_the_guest_runs,
                a_nat_gateway_that_comes_and_goes, an_image_of_what_runs, tags_and_nothing,
                user_data_and_keys_are_not_told, rows_of_others_are_not_told, there_is_a_bound,
                the_domain_is_the_one_that_was_told, columns_that_sound_like_secrets_are_quiet)
