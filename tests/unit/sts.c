/* STS: what its credentials say, and who gets none. */
#include "auth/session.h"

#include "base/text.h"
#include "support/calls.h"
#include "unit.h"

static struct calls *k;

static void begin(void)
{
    k = calls_new();
}

static void end(void)
{
    calls_free(k);
}

static struct principal opened(const struct sts_Credentials *c)
{
    struct principal p = {0};
    struct err e = {0};
    ck_assert_int_eq(session_open(k->arena, k->config.server_key, c->access_key_id,
                                  c->session_token, k->call.now, &p, &e),
                     0);
    ck_assert_int_eq(p.session->expires_at, c->expiration.v);
    ck_assert_int_eq(c->expiration.v % 1000, 0);
    return p;
}

static int64_t seconds_of(const struct sts_Credentials *c)
{
    return (c->expiration.v - k->call.now / 1000 * 1000) / 1000;
}

START_TEST(a_users_session_is_the_user_for_twelve_hours)
{
    sts_GetSessionToken_out got;
    k->principal = (struct principal){
        .kind = PRINCIPAL_USER,
        .account_id = TEST_ACCOUNT,
        .arn = "arn:aws:iam::" TEST_ACCOUNT ":user/alice",
        .user_id = "AIDA1",
        .id = "AIDA1",
    };
    ck_assert_int_eq(CALL_OF(k, sts, GetSessionToken, &got), 0);
    struct principal p = opened(got.credentials);
    ck_assert_str_eq(p.id, "AIDA1");
    ck_assert_int_eq(p.kind, PRINCIPAL_USER);
    ck_assert_int_eq(seconds_of(got.credentials), 43200);
    ck_assert_int_eq(CALL_OF(k, sts, GetSessionToken, &got, .duration_seconds = wire_int(129600)),
                     0);
    ck_assert_int_eq(seconds_of(got.credentials), 129600);
    k->principal = p;
    ck_assert_int_eq(CALL_OF(k, sts, GetSessionToken, &got), -1);
    ck_assert_fault(k, ACCESS_DENIED, "Cannot call GetSessionToken with session credentials");
}
END_TEST

START_TEST(a_session_of_the_account_itself_is_an_hour_long_at_most)
{
    sts_GetSessionToken_out got;
    ck_assert_int_eq(CALL_OF(k, sts, GetSessionToken, &got, .duration_seconds = wire_int(7200)), 0);
    ck_assert_int_eq(seconds_of(got.credentials), 3600);
    ck_assert_int_eq(CALL_OF(k, sts, GetSessionToken, &got, .duration_seconds = wire_int(900)), 0);
    ck_assert_int_eq(seconds_of(got.credentials), 900);
    ck_assert_int_eq(opened(got.credentials).kind, PRINCIPAL_ROOT);
}
END_TEST

/* --- AssumeRole */

#define USER "arn:aws:iam::" TEST_ACCOUNT ":user/alice"
#define ROLE "arn:aws:iam::" TEST_ACCOUNT ":role/team/reader"
#define TRUST                                                                                      \
    "{\"Version\": \"2012-10-17\", \"Statement\": {\"Effect\": \"Allow\", \"Action\": \"sts:*\", " \
    "\"Principal\": {\"AWS\": [\"" USER "\", \"" ROLE "\"]}}}"

static sts_AssumeRole_out out;

static void put_role(void)
{
    struct tx *tx = store_write(k->store);
    store_insert_iam_user(
        tx, &(struct iam_user){
                .id = "AIDA1", .account_id = TEST_ACCOUNT, .path = "/", .name = "alice"});
    store_insert_iam_role(tx, &(struct iam_role){.id = "AROA1",
                                                 .account_id = TEST_ACCOUNT,
                                                 .path = "/team/",
                                                 .name = "reader",
                                                 .assume_role_policy = TRUST,
                                                 .max_session_duration = 7200});
    ck_assert_int_eq(tx_commit(tx, NULL), 0);
    k->principal = (struct principal){.kind = PRINCIPAL_USER,
                                      .account_id = TEST_ACCOUNT,
                                      .arn = USER,
                                      .user_id = "AIDA1",
                                      .id = "AIDA1"};
}

#define ASSUME(...)                                                                                \
    CALL_OF(k, sts, AssumeRole, &out, .role_arn = ROLE, .role_session_name = "me", __VA_ARGS__)

START_TEST(a_session_of_a_role_has_its_name_and_what_narrows_it)
{
    put_role();
    ck_assert_int_eq(ASSUME(.source_identity = "al"), 0);
    struct principal p = opened(out.credentials);
    ck_assert_int_eq(p.kind, PRINCIPAL_ROLE);
    ck_assert_str_eq(p.id, "AROA1");
    ck_assert_str_eq(p.arn, "arn:aws:sts::" TEST_ACCOUNT ":assumed-role/reader/me");
    ck_assert_str_eq(out.assumed_role_user->assumed_role_id, "AROA1:me");
    ck_assert_str_eq(p.session->source_identity, "al");
    ck_assert_int_eq(seconds_of(out.credentials), 3600);
    ck_assert(!out.packed_policy_size.set);
    const char *policy =
        "{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Deny\",\"Action\":"
        "\"*\",\"Resource\":\"*\"}}";
    ck_assert_int_eq(ASSUME(.policy = policy, .policy_arns = LIST_OF(sts_PolicyDescriptorType,
                                                                     {"arn:aws:iam::aws:policy/"
                                                                      "AmazonEC2ReadOnlyAccess"})),
                     0);
    p = opened(out.credentials);
    ck_assert_uint_eq(p.session->n_policies, 1);
    ck_assert_str_eq(p.session->policies[0], policy);
    ck_assert_uint_eq(p.session->n_policy_arns, 1);
    ck_assert_int_eq(out.packed_policy_size.v, 3);
}
END_TEST

START_TEST(a_chain_of_roles_hands_on_who_began_it_and_is_an_hour_long)
{
    put_role();
    ck_assert_int_eq(ASSUME(.source_identity = "al", .duration_seconds = wire_int(7200),
                            .tags = LIST_OF(sts_Tag, {"team", "red"}, {"own", "1"}),
                            .transitive_tag_keys = LIST("TEAM")),
                     0);
    ck_assert_int_eq(seconds_of(out.credentials), 7200);
    k->principal = opened(out.credentials);
    ck_assert_int_eq(ASSUME(.duration_seconds = wire_int(3601)), -1);
    ck_assert_fault(k, VALIDATION_ERROR,
                    "The requested DurationSeconds exceeds the 1 hour session limit for roles "
                    "assumed by role chaining");
    ck_assert_int_eq(ASSUME(.source_identity = "bob"), -1);
    ck_assert_int_eq(k->fault.code, FAULT_ACCESS_DENIED);
    ck_assert_int_eq(ASSUME(.tags = LIST_OF(sts_Tag, {"Team", "blue"})), -1);
    ck_assert_int_eq(k->fault.code, FAULT_INVALID_PARAMETER_VALUE);
    ck_assert_int_eq(ASSUME(.tags = LIST_OF(sts_Tag, {"own", "2"})), 0);
    struct principal p = opened(out.credentials);
    ck_assert_str_eq(p.session->source_identity, "al");
    ck_assert_uint_eq(p.session->n_tags, 2);
    ck_assert_str_eq(p.session->tags[0].value, "red");
    ck_assert(p.session->tags[0].is_transitive);
    ck_assert_str_eq(p.session->tags[1].value, "2");
    ck_assert(!p.session->tags[1].is_transitive);
}
END_TEST

START_TEST(who_gets_no_role)
{
    ck_assert_int_eq(ASSUME(), -1);
    ck_assert_fault(k, ACCESS_DENIED, "Roles may not be assumed by root accounts.");
    put_role();
    ck_assert_int_eq(CALL_OF(k, sts, AssumeRole, &out,
                             .role_arn = "arn:aws:iam::" TEST_ACCOUNT ":role/reader",
                             .role_session_name = "me"),
                     -1);
    ck_assert_fault(k, ACCESS_DENIED,
                    "User: " USER " is not authorized to perform: sts:AssumeRole on resource: "
                    "arn:aws:iam::" TEST_ACCOUNT ":role/reader"); /* it is below a path */
    ck_assert_int_eq(ASSUME(.duration_seconds = wire_int(7201)), -1);
    ck_assert_fault(k, VALIDATION_ERROR,
                    "The requested DurationSeconds exceeds the MaxSessionDuration set for this "
                    "role.");
    ck_assert_int_eq(ASSUME(.policy = "{}"), -1);
    ck_assert_int_eq(k->fault.code, FAULT_MALFORMED_POLICY_DOCUMENT);
    ck_assert_int_eq(ASSUME(.transitive_tag_keys = LIST("none")), -1);
    ck_assert_int_eq(k->fault.code, FAULT_INVALID_PARAMETER_VALUE);
    ck_assert_int_eq(ASSUME(.tags = LIST_OF(sts_Tag, {"a", "1"}, {"A", "2"})), -1);
    ck_assert_int_eq(k->fault.code, FAULT_INVALID_PARAMETER_VALUE);
    ck_assert_int_eq(ASSUME(.tags = LIST_OF(sts_Tag, {"AWS:a", "1"})), -1);
    ck_assert_int_eq(k->fault.code, FAULT_VALIDATION_ERROR);
    k->principal.arn = "arn:aws:iam::" TEST_ACCOUNT ":user/bob";
    k->principal.id = "AIDA2";
    ck_assert_int_eq(ASSUME(), -1);
    ck_assert_int_eq(k->fault.code, FAULT_UNAUTHORIZED_OPERATION);
}
END_TEST

UNIT_SUITE_WITH(begin, end, a_session_of_a_role_has_its_name_and_what_narrows_it,
                a_chain_of_roles_hands_on_who_began_it_and_is_an_hour_long, who_gets_no_role,
                a_users_session_is_the_user_for_twelve_hours,
                a_session_of_the_account_itself_is_an_hour_long_at_most)
