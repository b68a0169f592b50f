/* The metadata service without its sockets: tokens, the rules of access, the tree. */
#include "metadata/answer.h"

#include <openssl/pem.h>
#include <openssl/pkcs7.h>

#include "auth/session.h"
#include "base/base64.h"
#include "base/clock.h"
#include "base/text.h"
#include "metadata/token.h"
#include "metadata/tree.h"
#include "support/calls.h"
#include "unit.h"

#define GUEST_IP "172.31.0.5"
#define MAC      "0a:00:00:00:00:02"
#define META     "/latest/meta-data/"
#define TTL      "X-aws-ec2-metadata-token-ttl-seconds"
#define TOKEN    "X-aws-ec2-metadata-token"

static struct calls *k;
static struct secrets secrets;
static struct http_response last;

static void begin(void)
{
    struct err e = {0};
    k = calls_new();
    calls_put_instance(k, INSTANCE_RUNNING);
    ck_assert_int_eq(secrets_load(k->store, k->config.server_key, &secrets, &e), 0);
    last = (struct http_response){.body = BUF_INIT(1 << 20)};
}

static void end(void)
{
    buf_done(&last.body);
    secrets_done(&secrets);
    calls_free(k);
}

static int ask_as(const char *vpc_id, const char *address, const char *method, const char *path,
                  const struct header *header)
{
    struct http_peer peer = {.address = address};
    struct header copy = header == NULL ? (struct header){0} : *header;
    struct http_request req = {
        .method = method,
        .path = path,
        .query = "",
        .body = "",
        .headers = {&copy, header != NULL},
        .peer = &peer,
        .arena = k->arena,
    };
    buf_done(&last.body);
    last = (struct http_response){.status = 200, .body = BUF_INIT(1 << 20)};
    metadata_answer(k->store, &secrets, vpc_id, &req, &last);
    ck_assert(!last.body.failed);
    return last.status;
}

static int ask(const char *method, const char *path, const char *header, const char *value)
{
    struct header h = {header, value};
    return ask_as(TEST_VPC, GUEST_IP, method, path, header == NULL ? NULL : &h);
}

static int get(const char *path)
{
    return ask("GET", path, NULL, NULL);
}

static const char *body(void)
{
    return buf_str(&last.body);
}

#define ck_assert_get(path, text)                                                                  \
    do {                                                                                           \
        ck_assert_int_eq(get(path), 200);                                                          \
        ck_assert_str_eq(body(), (text));                                                          \
    } while (0)

static void change(void (*how)(struct instance *i))
{
    struct instance *i = calls_instance(k);
    struct tx *tx = store_write(k->store);
    how(i);
    store_update_instance(tx, i);
    ck_assert_int_eq(tx_commit(tx, NULL), 0);
}

static void has_ipv6(struct instance *i)
{
    i->http_protocol_ipv6 = "enabled";
}

/* --- tokens */

START_TEST(a_token_is_good_for_its_interface_and_instance_until_it_ends)
{
    struct token_key key = {"a key"};
    struct token_key other = {"another key"};
    struct token_holder me = {"eni-1", "i-1"};
    char token[TOKEN_SIZE];
    char again[TOKEN_SIZE];
    int64_t left = 0;
    token_make(&key, &me, 5000, token);
    token_make(&key, &me, 5000, again);
    ck_assert_uint_eq(strlen(token), 56);
    ck_assert_str_ne(token, again);
    ck_assert(token_check(&key, &me, 4000, token, &left));
    ck_assert_int_eq(left, 1000);
    ck_assert(token_check(&key, &me, 4999, token, &left));
    ck_assert(!token_check(&key, &me, 5000, token, &left));
    ck_assert(!token_check(&other, &me, 4000, token, &left));
    ck_assert(!token_check(&key, &(struct token_holder){"eni-2", "i-1"}, 4000, token, &left));
    ck_assert(!token_check(&key, &(struct token_holder){"eni-1", "i-2"}, 4000, token, &left));
}
END_TEST

START_TEST(no_other_text_is_a_token)
{
    struct token_key key = {"a key"};
    struct token_holder me = {"eni-1", "i-1"};
    char token[TOKEN_SIZE];
    char changed[TOKEN_SIZE + 1];
    int64_t left = 0;
    token_make(&key, &me, INT64_C(1) << 60, token);
    ck_assert(token_check(&key, &me, 0, token, &left));
    for (size_t i = 0; i < 56; i++) {
        memcpy(changed, token, sizeof(token));
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        ck_assert_msg(!token_check(&key, &me, 0, changed, &left), "character %zu", i);
    }
    static const char *const malformed[] = {"", "A", "====", "\xff", " "};
    for (size_t i = 0; i < ARRAY_SIZE(malformed); i++)
        ck_assert(!token_check(&key, &me, 0, malformed[i], &left));
    (void)snprintf(changed, sizeof(changed), "%s=", token);
    ck_assert(!token_check(&key, &me, 0, changed, &left));
    token[55] = '\n';
    ck_assert(!token_check(&key, &me, 0, token, &left));
}
END_TEST

START_TEST(secrets_are_made_once)
{
    begin();
    struct secrets again = {0};
    struct err e = {0};
    ck_assert_int_eq(secrets_load(k->store, k->config.server_key, &again, &e), 0);
    ck_assert_mem_eq(&again.token_key, &secrets.token_key, sizeof(again.token_key));
    ck_assert_str_eq(secrets_certificate(&again, k->arena),
                     secrets_certificate(&secrets, k->arena));
    ck_assert_int_eq(X509_check_private_key(again.identity_certificate, again.identity_key), 1);
    secrets_done(&again);
    struct tx *tx = store_write(k->store);
    store_set_setting(tx, "identity_key", "no key");
    ck_assert_int_eq(tx_commit(tx, NULL), 0);
    ck_assert_int_eq(secrets_load(k->store, k->config.server_key, &again, &e), -EINVAL);
    end();
}
END_TEST

/* --- access */

START_TEST(a_guest_is_known_by_its_vpc_and_address_alone)
{
    begin();
    const char *id = META "instance-id";
    ck_assert_get(id, TEST_INSTANCE);
    ck_assert_int_eq(ask_as(TEST_VPC, "172.31.0.6", "GET", id, NULL), 404);
    ck_assert_int_eq(ask_as(TEST_OTHER_VPC, GUEST_IP, "GET", id, NULL), 404);
    ck_assert_int_eq(ask_as(TEST_VPC, "172.31.0.4", "GET", id, NULL), 404); /* not attached */
    ck_assert_int_eq(ask_as(TEST_VPC, "", "GET", id, NULL), 404);
    ck_assert_ptr_null(strstr(body(), "i-"));
    struct tx *tx = store_write(k->store);
    store_insert_interface_address(tx, &(struct interface_address){"eni-0a0a0a0a0a0a0a0a1",
                                                                   "172.31.0.77", TEST_VPC,
                                                                   TEST_SUBNET, false, 0});
    store_insert_interface_address(tx,
                                   &(struct interface_address){"eni-0a0a0a0a0a0a0a0a1", "fd00::7",
                                                               TEST_VPC, TEST_SUBNET, true, 0});
    ck_assert_int_eq(tx_commit(tx, NULL), 0);
    ck_assert_int_eq(ask_as(TEST_VPC, "172.31.0.77", "GET", id, NULL), 200);
    ck_assert_int_eq(ask_as(TEST_VPC, "fd00::7", "GET", id, NULL), 403); /* it is an option */
    change(has_ipv6);
    ck_assert_int_eq(ask_as(TEST_VPC, "fd00::7", "GET", id, NULL), 200);
    ck_assert_get(META "network/interfaces/macs/" MAC "/local-ipv4s", GUEST_IP "\n172.31.0.77");
    ck_assert_get(META "network/interfaces/macs/" MAC "/ipv6s", "fd00::7");
    end();
}
END_TEST

START_TEST(one_that_does_not_run_is_nobody)
{
    begin();
    ck_assert_int_eq(get(META), 200);
    calls_put_instance(k, INSTANCE_STOPPED);
    ck_assert_int_eq(get(META), 404);
    end();
}
END_TEST

START_TEST(a_token_is_asked_for_with_put_and_a_time)
{
    static const char *const bad[] = {"",    "0",     "-1", "21601", "99999999999999999999",
                                      "1.5", "sixty", "1 ", "0x10"};
    begin();
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        ck_assert_msg(ask("PUT", "/latest/api/token", TTL, bad[i]) == 400, "%s", bad[i]);
    ck_assert_int_eq(ask("PUT", "/latest/api/token", NULL, NULL), 400);
    ck_assert_int_eq(ask("PUT", "/latest/api/token", "X-Forwarded-For", "203.0.113.7"), 403);
    ck_assert_int_eq(ask("GET", "/latest/api/token", TTL, "60"), 405);
    ck_assert_str_eq(headers_get(&last.headers, "Allow"), "OPTIONS, PUT");
    ck_assert_int_eq(ask("PUT", META "instance-id", TTL, "60"), 405);
    ck_assert_int_eq(ask("POST", META "instance-id", NULL, NULL), 405);
    ck_assert_int_eq(ask("PUT", "/2021-03-23/api/token", TTL, "60"), 405);
    ck_assert_int_eq(last.hop_limit, 0);
    ck_assert_int_eq(ask("PUT", "/latest/api/token", TTL, "1"), 200);
    ck_assert_int_eq(
        ask("PUT", "//latest/api//token/", "x-AWS-ec2-metadata-token-TTL-seconds", "21600"), 200);
    ck_assert_str_eq(headers_get(&last.headers, TTL), "21600");
    ck_assert_int_eq(last.hop_limit, 1);
    ck_assert_uint_eq(last.body.len, 56);
    end();
}
END_TEST

static void two_hops(struct instance *i)
{
    i->http_put_response_hop_limit = 2;
}

static void needs_tokens(struct instance *i)
{
    i->http_tokens = "required";
}

static void is_off(struct instance *i)
{
    i->http_endpoint = "disabled";
}

static void is_named_by_its_id(struct instance *i)
{
    i->hostname_type = "resource-name";
}

START_TEST(its_name_is_of_its_address_or_of_its_id)
{
    begin();
    ck_assert_get(META "hostname", "ip-172-31-0-5.ec2.internal");
    change(is_named_by_its_id);
    ck_assert_get(META "hostname", TEST_INSTANCE ".ec2.internal");
    ck_assert_get(META "local-hostname", TEST_INSTANCE ".ec2.internal");
    ck_assert_get(META "network/interfaces/macs/" MAC "/local-hostname",
                  "ip-172-31-0-5.ec2.internal");
    end();
}
END_TEST

START_TEST(options_are_obeyed_at_once)
{
    begin();
    ck_assert_int_eq(ask("PUT", "/latest/api/token", TTL, "60"), 200);
    const char *token = arena_strdup(k->arena, body());
    ck_assert_int_eq(get(META), 200);
    ck_assert_int_eq(ask("GET", META, TOKEN, token), 200);
    ck_assert_ptr_nonnull(headers_get(&last.headers, TTL));
    ck_assert_int_eq(ask("GET", META, TOKEN, "no token"), 401); /* though none is needed */
    ck_assert_int_eq(ask("GET", META, TOKEN, ""), 401);
    change(needs_tokens);
    ck_assert_int_eq(get(META), 401);
    ck_assert_int_eq(ask("GET", META, TOKEN, token), 200);
    ck_assert_int_eq(ask("HEAD", META, TOKEN, token), 200);
    change(two_hops);
    ck_assert_int_eq(ask("PUT", "/latest/api/token", TTL, "60"), 200);
    ck_assert_int_eq(last.hop_limit, 2);
    change(is_off);
    ck_assert_int_eq(ask("GET", META, TOKEN, token), 403);
    ck_assert_int_eq(ask("PUT", "/latest/api/token", TTL, "60"), 403);
    end();
}
END_TEST

START_TEST(a_refusal_looks_like_one_of_imds)
{
    begin();
    ck_assert_int_eq(get(META "no-such-thing"), 404);
    ck_assert_str_eq(last.content_type, "text/html");
    ck_assert_str_eq(body(),
                     "<?xml version=\"1.0\" encoding=\"iso-8859-1\"?>\n"
                     "<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Transitional//EN\"\n"
                     "\t\"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd\">\n"
                     "<html xmlns=\"http://www.w3.org/1999/xhtml\" xml:lang=\"en\" lang=\"en\">\n"
                     " <head>\n  <title>404 - Not Found</title>\n </head>\n"
                     " <body>\n  <h1>404 - Not Found</h1>\n </body>\n</html>\n");
    end();
}
END_TEST

/* --- the tree */

START_TEST(rows_with_the_same_beginning_stand_together)
{
    /* What a listing relies on. */
    for (size_t i = 0; i < tree_n_paths; i++) {
        ck_assert_uint_le(strlen(tree_paths[i].path), 80);
        for (size_t j = i + 2; j < tree_n_paths; j++) {
            size_t same = 0;
            for (size_t p = 0;
                 tree_paths[i].path[p] != '\0' && tree_paths[i].path[p] == tree_paths[j].path[p];
                 p++)
                same = tree_paths[i].path[p] == '/' ? p + 1 : same;
            ck_assert_msg(strncmp(tree_paths[i].path, tree_paths[j - 1].path, same) == 0, "%s",
                          tree_paths[j].path);
        }
    }
}
END_TEST

START_TEST(a_folder_lists_what_is_there)
{
    begin();
    ck_assert_int_eq(get("/"), 200);
    ck_assert(has_prefix(body(), "1.0\n2007-01-19\n"));
    ck_assert_str_eq(body() + last.body.len - 17, "2024-04-11\nlatest");
    ck_assert_get("/latest", "dynamic\nmeta-data");
    ck_assert_get("/latest/", "dynamic\nmeta-data");
    ck_assert_get("/latest/dynamic/", "fws/\ninstance-identity/");
    ck_assert_get("/2016-09-02/dynamic/instance-identity/", "document\npkcs7\nrsa2048\nsignature");
    ck_assert_get(META "events", "maintenance/");
    ck_assert_get(META "placement", "availability-zone\navailability-zone-id\nregion");
    ck_assert_get(META "block-device-mapping/", "ami\nroot");
    ck_assert_get(META "network/interfaces/macs/", MAC "/");
    ck_assert_get(META "network/interfaces/macs/" MAC "/",
                  "device-number\ninterface-id\nlocal-hostname\nlocal-ipv4s\nmac\nnetwork-card\n"
                  "network-card-index\nowner-id\nsecurity-group-ids\nsecurity-groups\nsubnet-id\n"
                  "subnet-ipv4-cidr-block\nvpc-id\nvpc-ipv4-cidr-block\nvpc-ipv4-cidr-blocks");
    ck_assert_int_eq(get(META), 200);
    ck_assert_str_eq(last.content_type, "text/plain");
    ck_assert_str_eq(body(), "ami-id\nami-launch-index\nami-manifest-path\nblock-device-mapping/\n"
                             "events/\nhostname\ninstance-action\ninstance-id\n"
                             "instance-life-cycle\ninstance-type\nlocal-hostname\nlocal-ipv4\n"
                             "mac\nnetwork/\nplacement/\nprofile\nreservation-id\n"
                             "security-groups\nservices/\nsystem");
    end();
}
END_TEST

START_TEST(everything_that_is_listed_is_there)
{
    /* By breadth, with what each listing says. */
    begin();
    struct {
        const char **v;
        size_t n;
    } paths = {0};
    size_t leaves = 0;
    *arena_append(k->arena, &paths) = "/latest/meta-data/";
    *arena_append(k->arena, &paths) = "/latest/dynamic/";
    for (size_t i = 0; i < paths.n; i++) {
        const char *path = paths.v[i];
        ck_assert_msg(get(path) == 200, "%s", path);
        if (path[strlen(path) - 1] != '/') {
            leaves++;
            continue;
        }
        char *text = arena_strdup(k->arena, body());
        char *rest = NULL;
        for (char *line = strtok_r(text, "\n", &rest); line != NULL;
             line = strtok_r(NULL, "\n", &rest))
            *arena_append(k->arena, &paths) = arena_printf(k->arena, "%s%s", path, line);
    }
    ck_assert_uint_gt(leaves, 40);
    end();
}
END_TEST

START_TEST(paths_are_read_as_they_are_written)
{
    static const char *const nothing[] = {
        "/latest/meta-data/ami",
        "/latest/meta-data/ami-id/x",
        "/latest/meta-data/*",
        "/latest/meta-data/network/interfaces/macs/*/mac",
        "/latest/meta-data/network/interfaces/macs/0a:00:00:00:00:99/",
        "/latest/meta-data/network/interfaces/macs/0a:00:00:00:00:99/network-card",
        "/latest/meta-data/../meta-data/ami-id",
        "/latest/meta-data/ami-id%00",
        "/latest/meta-data/ami-id%",
        "/latest/meta-data/ami-id%4",
        "/latest/meta-data/ami-id%zz",
        "/latest/meta-data/iam/",
        "/latest/meta-data/managed-ssh-keys/",
        "/latest/meta-data/events/recommendations/rebalance",
        "/latest/meta-data/autoscaling/target-lifecycle-state",
        "/latest/meta-data/public-keys/",
        "/latest/meta-data/public-keys/0/openssh-key",
        "/latest/meta-data/spot/",
        "/latest/meta-data/spot/instance-action",
        "/latest/meta-data/tags/",
        "/latest/user-data",
        "/latest/api",
        "/1999-01-01/meta-data/",
        "/meta-data/",
        "/latest/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p",
    };
    begin();
    for (size_t i = 0; i < ARRAY_SIZE(nothing); i++)
        ck_assert_msg(get(nothing[i]) == 404, "%s", nothing[i]);
    ck_assert_get("//latest//meta-data/ami-id/", TEST_IMAGE);
    ck_assert_get("/latest/meta%2Ddata/%61mi-id", TEST_IMAGE);
    ck_assert_get("/1.0/meta-data/ami-id", TEST_IMAGE);
    end();
}
END_TEST

static void has_everything(struct instance *i)
{
    i->key_name = "my key";
    i->public_key = "ssh-ed25519 AAAA me";
    i->user_data = "AP8K"; /* 00 ff 0a */
    i->instance_metadata_tags = "enabled";
    i->placement_group_name = "together";
    i->partition_number = 3;
    i->spot_request_id = "sir-1";
    i->interruption_action = "terminate";
    i->interruption_at = INT64_C(1789000000000);
    i->monitoring = true;
    i->launch_index = 7;
}

static void stops_instead(struct instance *i)
{
    i->interruption_action = "stop";
}

static void tag(const char *key, const char *value)
{
    struct tx *tx = store_write(k->store);
    store_put_tag(tx, &(struct tag){TEST_INSTANCE, key, "instance", "us-east-1", value});
    ck_assert_int_eq(tx_commit(tx, NULL), 0);
}

START_TEST(what_an_instance_may_have)
{
    begin();
    change(has_everything);
    ck_assert_get(META "public-keys/", "0=my key");
    ck_assert_get(META "public-keys/0", "openssh-key");
    ck_assert_get(META "public-keys/0/openssh-key", "ssh-ed25519 AAAA me\n");
    ck_assert_int_eq(get(META "public-keys/1/openssh-key"), 404);
    ck_assert_int_eq(get("/latest/user-data"), 200);
    ck_assert_str_eq(last.content_type, "application/octet-stream");
    ck_assert_uint_eq(last.body.len, 3);
    ck_assert_mem_eq(body(), "\x00\xff\n", 3);
    ck_assert_get("/latest", "dynamic\nmeta-data\nuser-data");
    ck_assert_get(META "placement/group-name", "together");
    ck_assert_get(META "placement/partition-number", "3");
    ck_assert_get(META "ami-launch-index", "7");
    ck_assert_get(META "instance-life-cycle", "spot");
    ck_assert_get("/latest/dynamic/fws/instance-monitoring", "enabled");
    ck_assert_get(META "spot", "instance-action\ntermination-time");
    ck_assert_get(META "spot/instance-action",
                  "{\"action\": \"terminate\", \"time\": \"2026-09-10T00:26:40Z\"}");
    ck_assert_str_eq(last.content_type, "application/json");
    ck_assert_get(META "spot/termination-time", "2026-09-10T00:26:40Z");
    change(stops_instead);
    ck_assert_get(META "spot", "instance-action");
    ck_assert_get(META "hostname", "ip-172-31-0-5.ec2.internal");
    calls_put_instance(k, INSTANCE_SHUTTING_DOWN);
    ck_assert_get(META "instance-action", "shutdown");
    end();
}
END_TEST

START_TEST(tags_are_shown_where_they_may_be)
{
    begin();
    tag("Name", "web");
    tag("a:b@c=d", "1");
    tag("with space", "2");
    tag("_index", "3");
    tag("a/b", "4");
    ck_assert_int_eq(get(META "tags/instance/"), 404);
    ck_assert_int_eq(get(META "tags/instance/Name"), 404);
    change(has_everything);
    ck_assert_get(META "tags/", "instance/");
    ck_assert_get(META "tags/instance/", "Name\na:b@c=d");
    ck_assert_get(META "tags/instance/Name", "web");
    ck_assert_get(META "tags/instance/a%3Ab%40c%3dd", "1");
    ck_assert_int_eq(get(META "tags/instance/with%20space"), 404);
    ck_assert_int_eq(get(META "tags/instance/a%2fb"), 404);
    ck_assert_int_eq(get(META "tags/instance/_index"), 404);
    ck_assert_int_eq(get(META "tags/instance/Nobody"), 404);
    end();
}
END_TEST

START_TEST(public_addresses_stand_before_private_ones)
{
    begin();
    struct tx *tx = store_write(k->store);
    struct network_interface *n = store_network_interface(tx, k->arena, "eni-0a0a0a0a0a0a0a0a1");
    n->public_ip = "198.18.0.9";
    store_update_network_interface(tx, n);
    store_insert_interface_address(
        tx, &(struct interface_address){n->id, "172.31.0.77", TEST_VPC, TEST_SUBNET, false, 0});
    store_insert_address(tx, &(struct address){
                                 .id = "eipalloc-0a0a0a0a0a0a0a0a0",
                                 .account_id = TEST_ACCOUNT,
                                 .region = "us-east-1",
                                 .public_ip = "198.18.0.10",
                                 .association_id = "eipassoc-0a0a0a0a0a0a0a0a0",
                                 .interface_id = n->id,
                                 .private_ip = "172.31.0.77",
                             });
    ck_assert_int_eq(tx_commit(tx, NULL), 0);
    ck_assert_get(META "public-ipv4", "198.18.0.9");
    ck_assert_get(META "public-hostname", "ec2-198-18-0-9.compute-1.amazonaws.com");
    const char *its = META "network/interfaces/macs/" MAC;
    ck_assert_get(arena_printf(k->arena, "%s/public-ipv4s", its), "198.18.0.9\n198.18.0.10");
    ck_assert_get(arena_printf(k->arena, "%s/ipv4-associations/", its), "198.18.0.9\n198.18.0.10");
    ck_assert_get(arena_printf(k->arena, "%s/ipv4-associations/198.18.0.9", its), GUEST_IP);
    ck_assert_get(arena_printf(k->arena, "%s/ipv4-associations/198.18.0.10", its), "172.31.0.77");
    ck_assert_int_eq(get(arena_printf(k->arena, "%s/ipv4-associations/198.18.0.11", its)), 404);
    end();
}
END_TEST

/* --- identity documents */

START_TEST(a_document_is_signed_by_the_server)
{
    begin();
    ck_assert_int_eq(get("/latest/dynamic/instance-identity/document"), 200);
    const char *document = arena_strdup(k->arena, body());
    size_t document_len = last.body.len;
    ck_assert(has_prefix(document, "{\n  \"accountId\" : \"" TEST_ACCOUNT "\",\n"));
    ck_assert_ptr_nonnull(strstr(document, "  \"instanceId\" : \"" TEST_INSTANCE "\",\n"));

    char *raw = NULL;
    size_t len = 0;
    ck_assert_int_eq(get("/latest/dynamic/instance-identity/signature"), 200);
    ck_assert_int_eq(base64_decode(k->arena, body(), last.body.len, &raw, &len), 0);
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    EVP_PKEY *key = X509_get0_pubkey(secrets.identity_certificate);
    ck_assert_int_eq(EVP_DigestVerifyInit(md, NULL, EVP_sha256(), NULL, key), 1);
    ck_assert_int_eq(EVP_DigestVerify(md, (unsigned char *)raw, len,
                                      (const unsigned char *)document, document_len),
                     1);
    EVP_MD_CTX_free(md);

    ck_assert_int_eq(get("/latest/dynamic/instance-identity/rsa2048"), 200);
    const char *pem =
        arena_printf(k->arena, "-----BEGIN PKCS7-----\n%s\n-----END PKCS7-----\n", body());
    BIO *in = BIO_new_mem_buf(pem, -1);
    PKCS7 *p7 = PEM_read_bio_PKCS7(in, NULL, NULL, NULL);
    ck_assert_ptr_nonnull(p7);
    STACK_OF(X509) *certificates = sk_X509_new_null();
    (void)sk_X509_push(certificates, secrets.identity_certificate);
    BIO *out = BIO_new(BIO_s_mem());
    ck_assert_int_eq(PKCS7_verify(p7, certificates, NULL, NULL, out, PKCS7_NOVERIFY), 1);
    char *said = NULL;
    long said_len = BIO_get_mem_data(out, &said);
    ck_assert_int_eq(said_len, (long)document_len);
    ck_assert_mem_eq(said, document, document_len);
    BIO_free(in);
    BIO_free(out);
    sk_X509_free(certificates);
    PKCS7_free(p7);
    end();
}
END_TEST

static void put_managed_key(const char *id, const char *user, int64_t expires_at)
{
    struct managed_ssh_key row = {
        .id = id,
        .instance_id = TEST_INSTANCE,
        .os_user = user,
        .public_key = "ssh-ed25519 AAAA ec2-instance-connect",
        .caller = "arn:aws:iam::123456789012:root",
        .expires_at = expires_at,
    };
    struct tx *tx = store_write(k->store);
    store_insert_managed_ssh_key(tx, &row);
    ck_assert_int_eq(tx_commit(tx, NULL), 0);
}

START_TEST(keys_of_instance_connect_are_there_until_they_end)
{
    static const char keys[] = "/latest/meta-data/managed-ssh-keys/active-keys";
    int64_t later = clock_now() + 60000;
    char path[128];
    char text[512];
    begin();
    ck_assert_int_eq(get("/latest/meta-data/managed-ssh-keys"), 404);
    put_managed_key("r-1", "ec2-user", later);
    put_managed_key("r-2", "jane@x.org", later);
    put_managed_key("r-3", "ec2-user", clock_now() - 1);
    put_managed_key("r-4", "old", clock_now() - 1);
    ck_assert_get(keys, "ec2-user\njane@x.org");
    (void)snprintf(path, sizeof(path), "%s/ec2-user/", keys);
    (void)snprintf(text, sizeof(text),
                   "#Timestamp=%lld\n#Instance=" TEST_INSTANCE
                   "\n#Caller=arn:aws:iam::123456789012:root\n#Request=r-1\n"
                   "ssh-ed25519 AAAA ec2-instance-connect\n",
                   (long long)later / 1000);
    ck_assert_get(path, text);
    (void)snprintf(path, sizeof(path), "%s/old", keys);
    ck_assert_int_eq(get(path), 404);
    (void)snprintf(path, sizeof(path), "%s/jane%%40x.org", keys);
    ck_assert_int_eq(get(path), 200);
    end();
}
END_TEST

/* --- roles */

#define ROLE    "AROA0000000000000000A"
#define PROFILE "AIPA0000000000000000A"
#define IAM     META "iam/"
#define CREDS   IAM "security-credentials/"

#define TRUST(service)                                                                             \
    "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Action\": "           \
    "\"sts:AssumeRole\", \"Principal\": {\"Service\": \"" service "\"}}]}"

static const char *trust = TRUST("ec2.amazonaws.com");

static void put_profile(const char *role_id, int64_t since)
{
    struct tx *tx = store_write(k->store);
    store_insert_iam_role(tx, &(struct iam_role){.id = ROLE,
                                                 .account_id = TEST_ACCOUNT,
                                                 .path = "/",
                                                 .name = "reader",
                                                 .assume_role_policy = trust,
                                                 .max_session_duration = 3600});
    store_insert_iam_instance_profile(tx, &(struct iam_instance_profile){.id = PROFILE,
                                                                         .account_id = TEST_ACCOUNT,
                                                                         .path = "/",
                                                                         .name = "web",
                                                                         .role_id = role_id});
    store_insert_instance_profile_association(
        tx, &(struct instance_profile_association){
                .id = "iip-assoc-1",
                .account_id = TEST_ACCOUNT,
                .region = "us-east-1",
                .instance_id = TEST_INSTANCE,
                .profile_id = PROFILE,
                .profile_arn = "arn:aws:iam::" TEST_ACCOUNT ":instance-profile/web",
                .associated_at = since,
            });
    ck_assert_int_eq(tx_commit(tx, NULL), 0);
}

/* The text behind a name of the credentials that are there now. */
static const char *credential(const char *name)
{
    ck_assert_int_eq(get(CREDS "reader"), 200);
    const char *at = strstr(body(), name);
    ck_assert_msg(at != NULL, "no %s in %s", name, body());
    at = strstr(at, " : \"") + 4;
    return arena_strndup(k->arena, at, strcspn(at, "\""));
}

static int open_credentials(const char *id, const char *token, struct principal *ret)
{
    struct err e = {0};
    return session_open(k->arena, k->config.server_key, id, token, clock_now(), ret, &e);
}

START_TEST(a_role_has_credentials_that_say_whose_they_are)
{
    begin();
    struct principal p;
    ck_assert_int_eq(get(IAM), 404);
    put_profile(ROLE, clock_now());
    ck_assert_get(IAM, "info\nsecurity-credentials/");
    ck_assert_get(CREDS, "reader");
    ck_assert_int_eq(get(CREDS "other"), 404);
    ck_assert_int_eq(get(IAM "info"), 200);
    ck_assert_ptr_nonnull(strstr(body(), "\"Code\" : \"Success\""));
    ck_assert_ptr_nonnull(strstr(body(), "\"InstanceProfileId\" : \"" PROFILE "\""));
    ck_assert_str_eq(credential("Type"), "AWS-HMAC");
    const char *id = credential("AccessKeyId");
    ck_assert_str_eq(credential("SecretAccessKey"),
                     session_secret(k->arena, k->config.server_key, id));
    ck_assert_int_eq(open_credentials(id, credential("Token"), &p), 0);
    ck_assert_str_eq(p.arn, "arn:aws:sts::" TEST_ACCOUNT ":assumed-role/reader/" TEST_INSTANCE);
    ck_assert_str_eq(p.user_id, ROLE ":" TEST_INSTANCE);
    ck_assert_str_eq(p.session->instance_id, TEST_INSTANCE);
    ck_assert_str_eq(p.session->association_id, "iip-assoc-1");
    end();
}
END_TEST

START_TEST(credentials_are_the_same_until_there_are_new_ones_long_before_their_end)
{
    begin();
    struct principal p;
    int64_t life = secrets.credentials_ms;
    put_profile(ROLE, clock_now() - life / 6 + 500);
    const char *id = credential("AccessKeyId");
    const char *token = credential("Token");
    ck_assert_str_eq(credential("AccessKeyId"), id);
    ck_assert_str_eq(credential("Token"), token);
    clock_sleep(600);
    ck_assert_str_ne(credential("AccessKeyId"), id);
    ck_assert_str_ne(credential("Token"), token);
    ck_assert_int_eq(open_credentials(id, token, &p), 0);
    ck_assert_int_gt(p.session->expires_at - clock_now(), life / 2);
    end();
}
END_TEST

START_TEST(a_role_that_ec2_may_not_have_brings_none)
{
    begin();
    trust = TRUST("lambda.amazonaws.com");
    put_profile(ROLE, clock_now());
    trust = TRUST("ec2.amazonaws.com");
    ck_assert_get(CREDS, "reader");
    ck_assert_str_eq(credential("Code"), "AssumeRoleUnauthorizedAccess");
    ck_assert_ptr_null(strstr(body(), "AccessKeyId"));
    end();
}
END_TEST

START_TEST(without_profile_or_role_there_are_none)
{
    begin();
    put_profile(NULL, clock_now());
    ck_assert_get(IAM, "info");
    ck_assert_int_eq(get(CREDS), 404);
    ck_assert_int_eq(get(CREDS "reader"), 404);
    struct tx *tx = store_write(k->store);
    store_delete_iam_instance_profiles(tx, "id", PROFILE);
    ck_assert_int_eq(tx_commit(tx, NULL), 0);
    ck_assert_int_eq(get(IAM "info"), 200);
    ck_assert_ptr_nonnull(strstr(body(), "\"Code\" : \"InstanceProfileNotFound\""));
    tx = store_write(k->store);
    store_delete_instance_profile_associations(tx, "id", "iip-assoc-1");
    ck_assert_int_eq(tx_commit(tx, NULL), 0);
    ck_assert_int_eq(get(IAM), 404);
    end();
}
END_TEST

START_TEST(the_key_of_documents_is_kept_sealed)
{
    begin();
    struct secrets again = {0};
    struct err e = {0};
    const char *certificate = secrets_certificate(&secrets, k->arena);
    struct tx *tx = store_write(k->store);
    const char *sealed = store_setting(tx, k->arena, "identity_key");
    ck_assert(is_sealed(sealed));
    ck_assert_ptr_null(strstr(sealed, "PRIVATE"));
    /* One in the clear, of an earlier version, is sealed at once. */
    char *plain = NULL;
    size_t len = 0;
    ck_assert_int_eq(unseal(k->arena, k->config.server_key, SEAL_METADATA, "identity_key", sealed,
                            &plain, &len, &e),
                     0);
    store_set_setting(tx, "identity_key", plain);
    ck_assert_int_eq(tx_commit(tx, NULL), 0);
    ck_assert_int_eq(secrets_load(k->store, k->config.server_key, &again, &e), 0);
    ck_assert_str_eq(secrets_certificate(&again, k->arena), certificate);
    secrets_done(&again);
    tx = store_read(k->store);
    ck_assert(is_sealed(store_setting(tx, k->arena, "identity_key")));
    tx_end(tx);
    /* With the key of another server there is no document. */
    const struct server_key other = {.of = {[SEAL_METADATA] = {9}}};
    ck_assert_int_eq(secrets_load(k->store, &other, &again, &e), -EBADMSG);
    end();
}
END_TEST

UNIT_SUITE(a_role_has_credentials_that_say_whose_they_are,
           credentials_are_the_same_until_there_are_new_ones_long_before_their_end,
           a_role_that_ec2_may_not_have_brings_none, without_profile_or_role_there_are_none,
           the_key_of_documents_is_kept_sealed, keys_of_instance_connect_are_there_until_they_end,
           a_token_is_good_for_its_interface_and_instance_until_it_ends, no_other_text_is_a_token,
           secrets_are_made_once, a_guest_is_known_by_its_vpc_and_address_alone,
           one_that_does_not_run_is_nobody, a_token_is_asked_for_with_put_and_a_time,
           its_name_is_of_its_address_or_of_its_id, options_are_obeyed_at_once,
           a_refusal_looks_like_one_of_imds, rows_with_the_same_beginning_stand_together,
           a_folder_lists_what_is_there, everything_that_is_listed_is_there,
           paths_are_read_as_they_are_written, what_an_instance_may_have,
           tags_are_shown_where_they_may_be, public_addresses_stand_before_private_ones,
           a_document_is_signed_by_the_server)
