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
    sts_GetSessionToken_out out;
    k->principal = (struct principal){
        .kind = PRINCIPAL_USER,
        .account_id = TEST_ACCOUNT,
        .arn = "arn:aws:iam::" TEST_ACCOUNT ":user/alice",
        .user_id = "AIDA1",
        .id = "AIDA1",
    };
    ck_assert_int_eq(CALL_OF(k, sts, GetSessionToken, &out), 0);
    struct principal p = opened(out.credentials);
    ck_assert_str_eq(p.id, "AIDA1");
    ck_assert_int_eq(p.kind, PRINCIPAL_USER);
    ck_assert_int_eq(seconds_of(out.credentials), 43200);
    ck_assert_int_eq(CALL_OF(k, sts, GetSessionToken, &out, .duration_seconds = wire_int(129600)),
                     0);
    ck_assert_int_eq(seconds_of(out.credentials), 129600);
    k->principal = p;
    ck_assert_int_eq(CALL_OF(k, sts, GetSessionToken, &out), -1);
    ck_assert_fault(k, ACCESS_DENIED, "Cannot call GetSessionToken with session credentials");
}
END_TEST

START_TEST(a_session_of_the_account_itself_is_an_hour_long_at_most)
{
    sts_GetSessionToken_out out;
    ck_assert_int_eq(CALL_OF(k, sts, GetSessionToken, &out, .duration_seconds = wire_int(7200)), 0);
    ck_assert_int_eq(seconds_of(out.credentials), 3600);
    ck_assert_int_eq(CALL_OF(k, sts, GetSessionToken, &out, .duration_seconds = wire_int(900)), 0);
    ck_assert_int_eq(seconds_of(out.credentials), 900);
    ck_assert_int_eq(opened(out.credentials).kind, PRINCIPAL_ROOT);
}
END_TEST

UNIT_SUITE_WITH(begin, end, a_users_session_is_the_user_for_twelve_hours,
                a_session_of_the_account_itself_is_an_hour_long_at_most)
