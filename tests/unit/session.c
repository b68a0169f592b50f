/* Temporary credentials: nothing is kept of them, so all that they are must follow from themselves.
 */
#include "auth/session.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "unit.h"

#define ACCOUNT "012345678901"
#define NOW     ((int64_t)1767323045000)
#define END     (NOW + 900000)

static struct arena *a;
static struct server_key server;
static struct session narrow;
static struct principal role;

static void begin(void)
{
    static const char *policies[] = {"{\"Version\": \"2012-10-17\"}"};
    static const char *arns[] = {"arn:aws:iam::aws:policy/AmazonEC2ReadOnlyAccess"};
    static struct session_tag tags[] = {{"team",
                                         "r\xc3\xa4"
                                         "d",
                                         true},
                                        {"cost", "", false}};
    unsigned char root[SEAL_KEY_BYTES] = "the key of this server";
    a = arena_new();
    server_key_derive(root, &server);
    narrow = (struct session){
        .issued_at = NOW,
        .expires_at = END,
        .name = "me",
        .source_identity = "alice",
        .instance_id = "i-1",
        .association_id = "iip-assoc-1",
        .policies = policies,
        .n_policies = 1,
        .policy_arns = arns,
        .n_policy_arns = 1,
        .tags = tags,
        .n_tags = 2,
    };
    role = (struct principal){
        .kind = PRINCIPAL_ROLE,
        .account_id = ACCOUNT,
        .arn = "arn:aws:sts::" ACCOUNT ":assumed-role/reader/me",
        .user_id = "AROA1:me",
        .id = "AROA1",
        .session = &narrow,
    };
}

static void end(void)
{
    arena_free(a);
}

static struct session_credentials make(const char *seed)
{
    struct session_credentials made;
    struct err e = {0};
    ck_assert_msg(session_make(a, &server, &role, seed, &made, &e) == 0, "%s", e.message);
    return made;
}

static int open_at(const char *id, const char *token, int64_t now, struct principal *ret)
{
    struct err e = {0};
    return session_open(a, &server, id, token, now, ret, &e);
}

START_TEST(a_token_says_all_of_its_session)
{
    struct session_credentials made = make(NULL);
    struct principal p;
    ck_assert_int_eq(open_at(made.access_key_id, made.token, NOW, &p), 0);
    ck_assert_int_eq(p.kind, PRINCIPAL_ROLE);
    ck_assert_str_eq(p.account_id, ACCOUNT);
    ck_assert_str_eq(p.arn, role.arn);
    ck_assert_str_eq(p.user_id, "AROA1:me");
    ck_assert_str_eq(p.id, "AROA1");
    ck_assert_str_eq(p.access_key_id, made.access_key_id);
    ck_assert_int_eq(p.session->issued_at, NOW);
    ck_assert_int_eq(p.session->expires_at, END);
    ck_assert_str_eq(p.session->name, "me");
    ck_assert_str_eq(p.session->source_identity, "alice");
    ck_assert_str_eq(p.session->instance_id, "i-1");
    ck_assert_str_eq(p.session->association_id, "iip-assoc-1");
    ck_assert_uint_eq(p.session->n_policies, 1);
    ck_assert_str_eq(p.session->policies[0], narrow.policies[0]);
    ck_assert_uint_eq(p.session->n_policy_arns, 1);
    ck_assert_str_eq(p.session->policy_arns[0], narrow.policy_arns[0]);
    ck_assert_uint_eq(p.session->n_tags, 2);
    ck_assert_str_eq(p.session->tags[0].value, "r\xc3\xa4"
                                               "d");
    ck_assert(p.session->tags[0].is_transitive);
    ck_assert_str_eq(p.session->tags[1].key, "cost");
    ck_assert_str_eq(p.session->tags[1].value, "");
    ck_assert(!p.session->tags[1].is_transitive);
}
END_TEST

START_TEST(a_plain_session_has_nothing_packed)
{
    narrow = (struct session){.issued_at = NOW, .expires_at = END};
    struct session_credentials made = make(NULL);
    struct principal p;
    ck_assert_uint_eq(made.packed_percent, 0);
    ck_assert_int_eq(open_at(made.access_key_id, made.token, NOW, &p), 0);
    ck_assert_ptr_null(p.session->name);
    ck_assert_ptr_null(p.session->instance_id);
    ck_assert_uint_eq(p.session->n_policies + p.session->n_policy_arns + p.session->n_tags, 0);
}
END_TEST

START_TEST(it_ends_to_the_millisecond_and_still_says_whose_it_was)
{
    struct session_credentials made = make(NULL);
    struct principal p = {0};
    ck_assert_int_eq(open_at(made.access_key_id, made.token, END - 1, &p), 0);
    p = (struct principal){0};
    ck_assert_int_eq(open_at(made.access_key_id, made.token, END, &p), -ETIME);
    ck_assert_str_eq(p.id, "AROA1");
}
END_TEST

START_TEST(a_token_is_of_its_key_and_server_alone_and_whole)
{
    struct session_credentials made = make(NULL);
    struct session_credentials other = make(NULL);
    struct principal p;
    ck_assert_str_ne(made.access_key_id, other.access_key_id);
    ck_assert_str_ne(made.secret_access_key, other.secret_access_key);
    ck_assert_int_eq(open_at(other.access_key_id, made.token, NOW, &p), -EBADMSG);
    /* Without the last four characters, which have bits that say nothing. */
    for (size_t i = 0; i < strlen(made.token) - 4; i++) {
        char *broken = arena_strdup(a, made.token);
        broken[i] = broken[i] == 'A' ? 'B' : 'A';
        ck_assert_int_eq(open_at(made.access_key_id, broken, NOW, &p), -EBADMSG);
    }
    const char *const junk[] = {"", "v1:", "v1:AAAA", "token", "v2:AAAAAAAA"};
    for (size_t i = 0; i < ARRAY_SIZE(junk); i++)
        ck_assert_int_eq(open_at(made.access_key_id, junk[i], NOW, &p), -EBADMSG);
    char *flood = arena_alloc(a, SESSION_TOKEN_MAX + 2);
    memset(flood, 'A', SESSION_TOKEN_MAX + 1);
    ck_assert_int_eq(open_at(made.access_key_id, flood, NOW, &p), -EBADMSG);
    unsigned char root[SEAL_KEY_BYTES] = "the key of another";
    server_key_derive(root, &server);
    ck_assert_int_eq(open_at(made.access_key_id, made.token, NOW, &p), -EBADMSG);
    ck_assert_str_ne(session_secret(a, &server, made.access_key_id), made.secret_access_key);
}
END_TEST

START_TEST(the_secret_follows_from_the_id)
{
    struct session_credentials made = make(NULL);
    ck_assert_uint_eq(strlen(made.secret_access_key), 40);
    ck_assert_str_eq(session_secret(a, &server, made.access_key_id), made.secret_access_key);
}
END_TEST

START_TEST(a_seed_brings_the_same_again)
{
    struct session_credentials made = make("iip-assoc-1 3");
    struct session_credentials again = make("iip-assoc-1 3");
    struct session_credentials next = make("iip-assoc-1 4");
    struct principal p;
    ck_assert_str_eq(made.access_key_id, again.access_key_id);
    ck_assert_str_eq(made.secret_access_key, again.secret_access_key);
    ck_assert_str_eq(made.token, again.token);
    ck_assert_str_ne(made.access_key_id, next.access_key_id);
    ck_assert_int_eq(open_at(made.access_key_id, made.token, NOW, &p), 0);
    ck_assert_int_eq(open_at(next.access_key_id, made.token, NOW, &p), -EBADMSG);
}
END_TEST

START_TEST(the_account_can_be_read_from_the_id)
{
    static const char *const accounts[] = {ACCOUNT, "000000000000", "999999999999", "123456789012"};
    for (size_t i = 0; i < ARRAY_SIZE(accounts); i++) {
        char text[SESSION_ACCOUNT_SIZE];
        role.account_id = accounts[i];
        const char *id = make(NULL).access_key_id;
        ck_assert_uint_eq(strlen(id), 20);
        ck_assert(session_is_key(id));
        session_key_account(id, text);
        ck_assert_str_eq(text, accounts[i]);
    }
    const char *const others[] = {NULL,
                                  "",
                                  "ASIA",
                                  "AKIAIOSFODNN7EXAMPLE",
                                  "ASIAAAAAAAAAAAAAAAA",
                                  "ASIAAAAAAAAAAAAAAAAAA",
                                  "ASIAAAAAAAAAAAAAAAA1",
                                  "asiaAAAAAAAAAAAAAAAA",
                                  "ASIA7777777777777777"}; /* more than twelve digits */
    for (size_t i = 0; i < ARRAY_SIZE(others); i++)
        ck_assert_msg(!session_is_key(others[i]), "%s", others[i]);
}
END_TEST

START_TEST(policies_and_tags_have_a_limit_and_a_share_of_it)
{
    char *big = arena_alloc(a, SESSION_PACKED_MAX);
    const char *policies[] = {big};
    struct session_credentials made;
    struct err e = {0};
    narrow = (struct session){
        .issued_at = NOW, .expires_at = END, .policies = policies, .n_policies = 1};
    memset(big, 'x', SESSION_PACKED_MAX / 2 - 8); /* {"p":["…"]} */
    big[SESSION_PACKED_MAX / 2 - 8] = '\0';
    ck_assert_uint_eq(make(NULL).packed_percent, 51);
    memset(big, 'x', SESSION_PACKED_MAX - 10);
    big[SESSION_PACKED_MAX - 10] = '\0';
    ck_assert_uint_eq(make(NULL).packed_percent, 100);
    strcat(big, "x");
    ck_assert_int_eq(session_make(a, &server, &role, NULL, &made, &e), -E2BIG);
    ck_assert_uint_gt(made.packed_percent, 100);
}
END_TEST

UNIT_SUITE_WITH(begin, end, a_token_says_all_of_its_session, a_plain_session_has_nothing_packed,
                it_ends_to_the_millisecond_and_still_says_whose_it_was,
                a_token_is_of_its_key_and_server_alone_and_whole, the_secret_follows_from_the_id,
                a_seed_brings_the_same_again, the_account_can_be_read_from_the_id,
                policies_and_tags_have_a_limit_and_a_share_of_it)
