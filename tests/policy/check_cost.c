/*
 * What it costs to find out who calls and whether they may: processor time of a call, the best of
 * several rounds. For tests/bench.d/permissions.py.
 *
 *     policy_check_cost check       lines "NAME MICROSECONDS": the signature with its key's row,
 * and authorize() for callers of several kinds policy_check_cost match N     the same for one
 * decision with patterns of N characters
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "../unit/support/calls.h"
#include "api/authenticate.h"
#include "api/authorize.h"
#include "api/permissions.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/text.h"
#include "store/identity.h"

#define ROUNDS 7
#define CALLS  2000

static double now_us(void)
{
    struct timespec t;
    CHECK(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t) == 0);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* Microseconds of one run of `what`. */
static double best(void (*what)(void *ctx), void *ctx, int calls)
{
    double found = 1e30;
    for (int round = 0; round < ROUNDS; round++) {
        double began = now_us();
        for (int i = 0; i < calls; i++)
            what(ctx);
        double took = (now_us() - began) / calls;
        found = took < found ? took : found;
    }
    return found;
}

/* --- the signature */

struct signed_call {
    struct api *api;
    struct http_request http;
    struct arena *arena;
};

static void verify(void *ctx)
{
    struct signed_call *s = ctx;
    struct caller caller;
    struct fault f = {0};
    s->http.arena = s->arena;
    int r = authenticate(s->api, &s->http, false, &caller, &f);
    CHECK(r == 0 && caller.principal.kind == PRINCIPAL_USER);
    arena_reset(s->arena);
}

static struct http_request signed_request(struct api *api, struct arena *a,
                                          const struct access_key_pair *key)
{
    static const struct http_peer peer = {.address = "192.0.2.7"};
    static const char body[] =
        "Action=StopInstances&Version=2016-11-15&InstanceId.1=" TEST_INSTANCE;
    struct headers headers = {0};
    *arena_append(a, &headers) = (struct header){"Host", "127.0.0.1:8773"};
    *arena_append(a, &headers) = (struct header){"User-Agent", "Boto3/1.26 Botocore/1.29"};
    *arena_append(a, &headers) =
        (struct header){"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"};
    struct sigv4_request r = {.method = "POST",
                              .path = "/",
                              .query = "",
                              .headers = &headers,
                              .body = body,
                              .body_len = strlen(body)};
    struct sigv4_signing with = {
        .access_key_id = key->id,
        .secret_access_key = key->secret,
        .region = "us-east-1",
        .service = "ec2",
        .now = clock_now(),
    };
    struct headers add = {0};
    sigv4_sign(api->sigv4, &r, &with, NULL, a, &add);
    for (size_t i = 0; i < add.n; i++)
        *arena_append(a, &headers) = add.v[i];
    return (struct http_request){.method = "POST",
                                 .path = "/",
                                 .query = "",
                                 .headers = headers,
                                 .body = body,
                                 .body_len = strlen(body),
                                 .peer = &peer,
                                 .request_id = "00000000-0000-4000-8000-000000000000"};
}

/* --- permissions */

static const struct {
    const char *name;
    const char *arn;      /* a policy of AWS's; NULL: none */
    const char *document; /* of its own; NULL: none */
} users[] = {
    {"administrator", "arn:aws:iam::aws:policy/AdministratorAccess", NULL},
    {"ec2-full-access", "arn:aws:iam::aws:policy/AmazonEC2FullAccess", NULL},
    {"own-tagged-instances", NULL,
     "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":"
     "[\"ec2:StartInstances\",\"ec2:StopInstances\"],\"Resource\":\"arn:aws:ec2:*:*:instance/*\","
     "\"Condition\":{\"StringEquals\":{\"aws:ResourceTag/owner\":\"${aws:username}\"}}},"
     "{\"Effect\":\"Deny\",\"Action\":\"*\",\"Resource\":\"*\",\"Condition\":{\"NotIpAddress\":"
     "{\"aws:SourceIp\":\"192.0.2.0/24\"}}}]}"},
};

static const char *id_of(struct arena *a, size_t i)
{
    return arena_printf(a, "AIDA%016zu", i);
}

static void put_user(struct tx *tx, struct arena *a, size_t i)
{
    struct iam_user user = {.id = id_of(a, i),
                            .account_id = TEST_ACCOUNT,
                            .path = "/",
                            .name = users[i].name,
                            .created_at = 1};
    store_insert_iam_user(tx, &user);
    if (users[i].arn != NULL)
        store_insert_iam_attachment(tx,
                                    &(struct iam_attachment){user.id, users[i].arn, TEST_ACCOUNT});
    if (users[i].document != NULL)
        store_insert_iam_inline_policy(
            tx, &(struct iam_inline_policy){user.id, "own", users[i].document});
}

struct asked {
    struct call *call;
    const struct http_request *http;
};

static void ask(void *ctx)
{
    struct asked *asked = ctx;
    struct fault f = {0};
    asked->call->http = asked->http;
    int r = authorize(asked->call, &f);
    CHECK(r == 0);
    arena_reset(asked->call->arena);
}

static void measure_checks(void)
{
    struct calls *k = calls_new();
    struct arena *forever = arena_new();
    struct arena *a = arena_new();
    calls_put_instance(k, INSTANCE_RUNNING);
    struct tx *tx = store_write(k->store);
    for (size_t i = 0; i < ARRAY_SIZE(users); i++)
        put_user(tx, forever, i);
    struct access_key_pair key;
    int made = store_make_access_key(tx, forever, k->config.server_key, TEST_ACCOUNT,
                                     id_of(forever, 2), clock_now(), &key, NULL);
    CHECK(made == 0);
    store_put_tag(
        tx, &(struct tag){TEST_INSTANCE, "owner", "instance", "us-east-1", "own-tagged-instances"});
    CHECK(tx_commit(tx, NULL) == 0);

    struct api *api = api_new(&k->config);
    struct signed_call s = {api, signed_request(api, forever, &key), a};
    printf("signature %.2f\n", best(verify, &s, CALLS));

    ec2_StopInstances_in in = {.instance_ids = LIST(TEST_INSTANCE)};
    for (size_t i = 0; i < ARRAY_SIZE(users); i++) {
        const struct principal who = {
            .kind = PRINCIPAL_USER,
            .account_id = TEST_ACCOUNT,
            .arn = arena_printf(forever, "arn:aws:iam::" TEST_ACCOUNT ":user/%s", users[i].name),
            .user_id = id_of(forever, i),
            .id = id_of(forever, i),
        };
        struct call call = {
            .config = &api->config,
            .action = wire_action_find(&ec2_service, "StopInstances"),
            .principal = &who,
            .region = &api->config.regions.v[0],
            .tx = store_read(k->store),
            .arena = a,
            .request_id = "00000000-0000-4000-8000-000000000000",
            .now = clock_now(),
            .in = &in,
        };
        struct asked asked = {&call, &s.http};
        printf("%s %.2f\n", users[i].name, best(ask, &asked, CALLS));
        tx_end(call.tx);
    }
    api_free(api);
    arena_free(a);
    arena_free(forever);
    calls_free(k);
}

/* --- hostile patterns */

struct match {
    const struct policy_question *q;
    const struct policy_source *source;
};

static void decide(void *ctx)
{
    const struct match *m = ctx;
    struct policy_decision d = policy_decide(m->q, m->source, 1);
    CHECK(d.verdict == POLICY_NOT_ALLOWED);
}

static char *repeated(struct arena *a, const char *text, size_t len)
{
    char *out = arena_alloc(a, len + 1);
    for (size_t i = 0; i < len; i++)
        out[i] = text[i % strlen(text)];
    return out;
}

static bool find(void *ctx, const char *key, struct policy_texts *ret_values)
{
    (void)key;
    *ret_values = (struct policy_texts){ctx, 1};
    return true;
}

/* Patterns of n characters against a value of n. */
static void measure_matches(size_t n)
{
    static const char *const patterns[][2] = {
        {"stars", "*a"}, {"one-long-piece", "a"}, {"pieces", "aaaaaaa*"}, {"questions", "a?"}};
    for (size_t i = 0; i < ARRAY_SIZE(patterns); i++) {
        struct arena *a = arena_new();
        const char *value = repeated(a, "a", n);
        const char *document = arena_printf(
            a,
            "{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"*\","
            "\"Resource\":\"*\",\"Condition\":{\"StringLike\":{\"aws:UserAgent\":\"*%sb*\"}}}}",
            repeated(a, patterns[i][1], n / 2));
        struct err e = {0};
        struct policy_source source = {
            .policy = policy_parse(a, document, strlen(document), POLICY_OF_IDENTITY, &e)};
        CHECK(source.policy != NULL);
        struct policy_question q = {
            .action = "ec2:RunInstances", .resource = "*", .find = find, .ctx = &value};
        struct match m = {&q, &source};
        printf("%s %.2f\n", patterns[i][0], best(decide, &m, 20));
        arena_free(a);
    }
}

int main(int argc, char **argv)
{
    int64_t n = 0;
    if (argc == 2 && streq(argv[1], "check")) {
        measure_checks();
    } else if (argc == 3 && streq(argv[1], "match") && parse_int64(argv[2], &n) == 0 && n > 0) {
        measure_matches((size_t)n);
    } else {
        (void)fprintf(stderr, "usage: %s check | match LENGTH\n", argv[0]);
        return 2;
    }
    return 0;
}
