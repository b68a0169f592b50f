/*
 * METHOD, PATH, a line with the token (none: the line is empty), and the time to live that is asked
 * for: a request of a guest that must have a token. Only the token that it was given opens
 * anything, a token is given for a time in bounds alone, and nothing is an error of the server's.
 */
#include "metadata/answer.h"

#include "../unit/support/calls.h"
#include "base/text.h"
#include "fuzz.h"
#include "metadata/token.h"
#include "metadata/tree.h"

#define MINE "mine" /* stands for a good token */

static struct calls *k;
static struct secrets secrets;
static char token[TOKEN_SIZE];

static void end(void)
{
    secrets_done(&secrets);
    calls_free(k);
}

static void begin(void)
{
    k = calls_new();
    CHECK(atexit(end) == 0);
    calls_put_instance(k, INSTANCE_RUNNING);
    struct tx *tx = store_write(k->store);
    struct instance *i = store_instance(tx, k->arena, TEST_INSTANCE);
    i->http_tokens = "required";
    i->instance_metadata_tags = "enabled";
    i->key_name = "me";
    i->public_key = "ssh-ed25519 AAAA";
    i->user_data = "AAAA";
    store_update_instance(tx, i);
    store_put_tag(tx, &(struct tag){TEST_INSTANCE, "Name", "instance", "us-east-1", "web"});
    CHECK(tx_commit(tx, NULL) == 0 &&
          secrets_load(k->store, k->config.server_key, &secrets, NULL) == 0);
    struct token_holder me = {"eni-0a0a0a0a0a0a0a0a1", TEST_INSTANCE};
    token_make(&secrets.token_key, &me, INT64_MAX, token);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (k == NULL)
        begin();
    _cleanup_arena_ struct arena *a = arena_new();
    const char *method = fuzz_line(a, &data, &size);
    const char *path = fuzz_line(a, &data, &size);
    const char *given = fuzz_line(a, &data, &size);
    const char *ttl = arena_strndup(a, (const char *)data, size);
    bool mine = streq(given, MINE);
    int64_t seconds = 0;
    struct header headers[] = {
        {"X-aws-ec2-metadata-token-ttl-seconds", ttl},
        {"X-aws-ec2-metadata-token", mine ? token : given},
    };
    struct http_peer peer = {.address = "172.31.0.5"};
    struct http_request req = {
        .method = method,
        .path = path,
        .query = "",
        .headers = {headers, *given == '\0' ? 1 : 2},
        .body = "",
        .peer = &peer,
        .arena = a,
    };
    struct http_response resp = {.status = 200, .body = BUF_INIT(HTTP_RESPONSE_MAX)};
    metadata_answer(k->store, &secrets, TEST_VPC, &req, &resp);
    CHECK(!resp.body.failed && resp.status < 500);
    if (resp.status == 200 && tree_is(a, path, "/latest/api/token"))
        CHECK(streq(method, "PUT") && parse_int64(ttl, &seconds) == 0 && seconds >= 1 &&
              seconds <= TOKEN_TTL_MAX_S && resp.hop_limit == 1);
    else if (resp.status == 200)
        CHECK(mine && (streq(method, "GET") || streq(method, "HEAD")));
    buf_done(&resp.body);
    return 0;
}
