/*
 * ACTION, and its parameters as a form, or as JSON when they begin with '{': the whole call, from
 * the decoder over the action to the encoders, against a store with a few objects in it. Nothing is
 * committed. `@i1` in the input is the id of an instance that runs, `@i2` of one that is stopped;
 * `@kp`, `@vol` and `@sgr` are a key pair, a volume and a rule. The other ids are those of
 * tests/unit/support/calls.h.
 */
#include "../unit/support/calls.h"
#include "api/action.h"
#include "base/base64.h"
#include "base/text.h"
#include "fuzz.h"
#include "storage/fake.h"
#include "wire/json.h"
#include "wire/query.h"
#include "wire/xml.h"

#define INSTANCES 3

static struct calls *calls;
static struct arena *forever;
static struct {
    const char *word;
    const char *id;
} names[] = {{"@i1", NULL}, {"@i2", NULL}, {"@kp", NULL}, {"@vol", NULL}, {"@sgr", NULL}};

static void host(void *ctx, struct host_info *ret_info)
{
    (void)ctx;
    *ret_info = (struct host_info){
        .cpus = 4, .memory_mib = 65536, .memory_available_mib = 60000, .version = "fake 1"};
}

static void *answer_of(const char *service_name, const char *name, const char *json)
{
    const struct wire_service *service = wire_service_find(service_name);
    const struct wire_action *action = wire_action_find(service, name);
    void *in = NULL;
    int r = json_decode(forever, action, json, strlen(json), &in, &calls->fault);
    CHECK(r == 0);
    void *out = arena_alloc(forever, action->output == NULL ? 1 : action->output->size);
    calls_begin(calls, service, name, in);
    calls->call.arena = forever;
    r = action_find(service, name)->run(&calls->call, in, out, &calls->fault);
    CHECK(r == 0 && tx_commit(calls->call.tx, NULL) == 0);
    return out;
}

static void set_states(const ec2_RunInstances_out *run)
{
    struct err e = {0};
    struct tx *tx = store_write(calls->store);
    for (size_t i = 0; i < run->instances.n; i++) {
        struct instance *row = store_instance(tx, forever, run->instances.v[i].instance_id);
        CHECK(instance_enter_state(row, INSTANCE_RUNNING, &e) == 0);
        if (i > 0)
            CHECK(instance_enter_state(row, INSTANCE_STOPPING, &e) == 0 &&
                  instance_enter_state(row, INSTANCE_STOPPED, &e) == 0);
        store_update_instance(tx, row);
    }
    CHECK(tx_commit(tx, &e) == 0);
}

static void end(void)
{
    calls->config.storage->ops->free(calls->config.storage);
    calls_free(calls);
    arena_free(forever);
}

static void begin(void)
{
    forever = arena_new();
    calls = calls_new();
    CHECK(atexit(end) == 0);
    calls->config.host = host;
    calls->config.host_id = "h-0123456789abcdef0";
    CHECK(fake_storage_new(&calls->config.storage) == 0);
    struct tx *tx = store_write(calls->store);
    store_insert_host(tx, &(struct host){.id = calls->config.host_id, .uri = "fake:///"});
    CHECK(tx_commit(tx, NULL) == 0);
    const ec2_CreateKeyPair_out *key =
        answer_of("ec2", "CreateKeyPair", "{\"KeyName\":\"me\",\"KeyType\":\"ed25519\"}");
    const ec2_AuthorizeSecurityGroupIngress_out *rule =
        answer_of("ec2", "AuthorizeSecurityGroupIngress",
                  "{\"GroupId\":\"" TEST_GROUP
                  "\",\"IpPermissions\":[{\"IpProtocol\":\"tcp\",\"FromPort\":22,"
                  "\"ToPort\":22,\"IpRanges\":[{\"CidrIp\":\"0.0.0.0/0\"}]}]}");
    const ec2_RunInstances_out *run = answer_of(
        "ec2", "RunInstances",
        "{\"ImageId\":\"" TEST_IMAGE "\",\"MinCount\":3,\"MaxCount\":3,\"KeyName\":\"me\","
        "\"TagSpecifications\":[{\"ResourceType\":\"instance\",\"Tags\":[{\"Key\":\"Name\","
        "\"Value\":\"web\"}]}]}");
    CHECK(run->instances.n == INSTANCES);
    set_states(run);
    tx = store_read(calls->store);
    struct volume_list volumes = store_volumes(tx, forever);
    tx_end(tx);
    names[0].id = run->instances.v[0].instance_id;
    names[1].id = run->instances.v[1].instance_id;
    names[2].id = key->key_pair_id;
    names[3].id = volumes.n == 0 ? TEST_SNAPSHOT : volumes.v[0].id;
    names[4].id = rule->security_group_rules.v[0].security_group_rule_id;
}

/* The input with ids in place of the words that stand for them. */
static void add_with_ids(struct buf *out, const char *data, size_t size)
{
    for (size_t i = 0; i < size;) {
        size_t used = 0;
        for (size_t k = 0; k < ARRAY_SIZE(names) && used == 0; k++) {
            size_t len = strlen(names[k].word);
            if (len <= size - i && memcmp(data + i, names[k].word, len) == 0) {
                buf_add_str(out, names[k].id);
                used = len;
            }
        }
        if (used == 0) {
            buf_add_char(out, data[i]);
            used = 1;
        }
        i += used;
    }
}

static int decode(const struct wire_action *action, const struct buf *text, void **ret_in)
{
    if (buf_str(text)[0] == '{')
        return json_decode(calls->arena, action, text->data, text->len, ret_in, &calls->fault);
    struct form form = {0};
    if (form_parse(calls->arena, buf_str(text), text->len, &form, &calls->fault) < 0)
        return -1;
    return query_decode(calls->arena, action, &form, ret_in, &calls->fault);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (calls == NULL)
        begin();
    arena_reset(calls->arena);
    fault_clear(&calls->fault);
    const struct wire_action *action = fuzz_action(calls->arena, &data, &size);
    if (streq(action->name, "CreateKeyPair"))
        return 0; /* it takes libcrypto's time and hardly any input */
    _cleanup_buf_ struct buf text = BUF_INIT(1 << 20);
    add_with_ids(&text, (const char *)data, size);
    void *in = NULL;
    if (text.failed || decode(action, &text, &in) < 0)
        return 0;
    void *out = arena_alloc(calls->arena, action->output == NULL ? sizeof(struct wire_nothing)
                                                                 : action->output->size);
    calls_begin(calls, action->service, action->name, in);
    int r = action_find(action->service, action->name)->run(&calls->call, in, out, &calls->fault);
    CHECK(!tx_failed(calls->call.tx));
    CHECK((r == 0) == !fault_is_set(&calls->fault));
    tx_end(calls->call.tx);

    _cleanup_buf_ struct buf xml = BUF_INIT(64 << 20);
    _cleanup_buf_ struct buf json = BUF_INIT(64 << 20);
    if (r == 0)
        CHECK(xml_encode_reply(calls->arena, action, NULL, "id", out, NULL, &xml) == 0 &&
              json_encode_reply(calls->arena, action, out, NULL, &json) == 0);
    else
        CHECK(xml_encode_fault(calls->arena, action->service, &calls->fault, "id", NULL, &xml) ==
              0);
    return 0;
}
