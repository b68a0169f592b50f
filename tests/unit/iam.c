/* IAM: what one account sees of another, who is meant without a name, limits, and last uses. */
#include "api/iam.h"
#include "api/last_use.h"
#include "base/text.h"
#include "support/calls.h"
#include "unit.h"

#define OTHER "210987654321"
#define ADMIN "arn:aws:iam::aws:policy/AdministratorAccess"
#define READS                                                                                      \
    "{\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"ec2:Describe*\",\"Resource\":\"*\"}}"
#define TRUST                                                                                      \
    "{\"Statement\":{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"*\"},\"Action\":\"sts:"         \
    "AssumeRole\"}}"

#define DONE(k, name, out, ...)                                                                    \
    do {                                                                                           \
        int r_ = CALL_OF(k, iam, name, out, __VA_ARGS__);                                          \
        ck_assert_msg(r_ == 0, "%s: %s", fault_code_name((k)->fault.code), (k)->fault.message);    \
    } while (0)
#define NOT_DONE(k, id, text, name, out, ...)                                                      \
    do {                                                                                           \
        ck_assert_int_eq(CALL_OF(k, iam, name, out, __VA_ARGS__), -1);                             \
        ck_assert_fault(k, id, text);                                                              \
    } while (0)

/* Who calls from here on. */
static void become(struct calls *k, enum principal_kind kind, const char *account, const char *id)
{
    k->principal = (struct principal){
        .kind = kind, .account_id = account, .arn = "arn", .user_id = id, .id = id};
}

START_TEST(what_another_account_has_does_not_exist)
{
    struct calls *k = calls_new();
    iam_CreateUser_out user;
    iam_CreatePolicy_out policy;
    iam_CreateAccessKey_out key;
    iam_ListUsers_out users;
    iam_GetUser_out found;
    iam_AttachUserPolicy_out attached;
    iam_GetAccessKeyLastUsed_out used;
    become(k, PRINCIPAL_ROOT, TEST_ACCOUNT, NULL);
    DONE(k, CreateUser, &user, .user_name = "alice");
    DONE(k, CreateAccessKey, &key, .user_name = "alice");
    DONE(k, CreatePolicy, &policy, .policy_name = "p", .policy_document = READS);
    become(k, PRINCIPAL_ROOT, OTHER, NULL);
    NOT_DONE(k, NO_SUCH_ENTITY, "The user with name alice cannot be found.", GetUser, &found,
             .user_name = "alice");
    DONE(k, CreateUser, &user, .user_name = "Alice");
    ck_assert_str_eq(user.user->arn, "arn:aws:iam::" OTHER ":user/Alice");
    DONE(k, ListUsers, &users, .path_prefix = NULL);
    ck_assert_uint_eq(users.users.n, 1);
    ck_assert_int_eq(CALL_OF(k, iam, AttachUserPolicy, &attached, .user_name = "Alice",
                             .policy_arn = policy.policy->arn),
                     -1);
    ck_assert_int_eq(k->fault.code, FAULT_NO_SUCH_ENTITY);
    ck_assert_int_eq(CALL_OF(k, iam, GetAccessKeyLastUsed, &used,
                             .access_key_id = key.access_key->access_key_id),
                     -1);
    ck_assert_int_eq(k->fault.code, FAULT_NO_SUCH_ENTITY);
    calls_free(k);
}
END_TEST

START_TEST(an_alias_is_one_accounts)
{
    struct calls *k = calls_new();
    iam_CreateAccountAlias_out out;
    become(k, PRINCIPAL_ROOT, TEST_ACCOUNT, NULL);
    DONE(k, CreateAccountAlias, &out, .account_alias = "lab");
    DONE(k, CreateAccountAlias, &out, .account_alias = "lab");
    become(k, PRINCIPAL_ROOT, OTHER, NULL);
    NOT_DONE(k, ENTITY_ALREADY_EXISTS, "The account alias lab already exists.", CreateAccountAlias,
             &out, .account_alias = "lab");
    calls_free(k);
}
END_TEST

START_TEST(without_a_name_the_caller_is_meant)
{
    struct calls *k = calls_new();
    iam_CreateUser_out made;
    iam_GetUser_out user;
    iam_CreateAccessKey_out key;
    iam_ListAccessKeys_out keys;
    become(k, PRINCIPAL_ROOT, TEST_ACCOUNT, NULL);
    DONE(k, CreateUser, &made, .user_name = "alice");
    DONE(k, CreateAccessKey, &key, .user_name = NULL);
    ck_assert_ptr_null(key.access_key->user_name); /* it is root's */
    DONE(k, ListAccessKeys, &keys, .user_name = "alice");
    ck_assert_uint_eq(keys.access_key_metadata.n, 0);
    DONE(k, GetUser, &user, .user_name = NULL);
    ck_assert_str_eq(user.user->user_id, TEST_ACCOUNT);
    become(k, PRINCIPAL_USER, TEST_ACCOUNT, made.user->user_id);
    DONE(k, GetUser, &user, .user_name = NULL);
    ck_assert_str_eq(user.user->user_name, "alice");
    DONE(k, CreateAccessKey, &key, .user_name = NULL);
    ck_assert_str_eq(key.access_key->user_name, "alice");
    become(k, PRINCIPAL_ROLE, TEST_ACCOUNT, "AROA0");
    NOT_DONE(k, VALIDATION_ERROR, "Must specify userName when calling with non-User credentials",
             GetUser, &user, .user_name = NULL);
    calls_free(k);
}
END_TEST

START_TEST(a_key_of_another_user_is_not_changed_without_the_name)
{
    struct calls *k = calls_new();
    iam_CreateUser_out made;
    iam_CreateAccessKey_out key;
    iam_DeleteAccessKey_out gone;
    become(k, PRINCIPAL_ROOT, TEST_ACCOUNT, NULL);
    DONE(k, CreateUser, &made, .user_name = "alice");
    DONE(k, CreateAccessKey, &key, .user_name = "alice");
    ck_assert_int_eq(
        CALL_OF(k, iam, DeleteAccessKey, &gone, .access_key_id = key.access_key->access_key_id),
        -1);
    ck_assert_int_eq(k->fault.code, FAULT_NO_SUCH_ENTITY);
    DONE(k, DeleteAccessKey, &gone, .user_name = "ALICE",
         .access_key_id = key.access_key->access_key_id);
    calls_free(k);
}
END_TEST

START_TEST(a_user_is_in_ten_groups_at_most)
{
    struct calls *k = calls_new();
    iam_CreateUser_out user;
    iam_CreateGroup_out group;
    iam_AddUserToGroup_out added;
    become(k, PRINCIPAL_ROOT, TEST_ACCOUNT, NULL);
    DONE(k, CreateUser, &user, .user_name = "alice");
    for (int i = 0; i <= IAM_GROUPS_PER_USER; i++) {
        const char *name = arena_printf(k->arena, "g%d", i);
        DONE(k, CreateGroup, &group, .group_name = name);
        if (i < IAM_GROUPS_PER_USER)
            DONE(k, AddUserToGroup, &added, .group_name = name, .user_name = "alice");
        else
            NOT_DONE(k, LIMIT_EXCEEDED, "Cannot exceed quota for GroupsPerUser: 10", AddUserToGroup,
                     &added, .group_name = name, .user_name = "alice");
    }
    calls_free(k);
}
END_TEST

START_TEST(white_space_of_a_policy_does_not_count)
{
    struct calls *k = calls_new();
    iam_CreateRole_out role;
    iam_PutRolePolicy_out put;
    struct buf wide = BUF_INIT(POLICY_SIZE_MAX);
    ck_assert_uint_eq(iam_document_size("{ \"a\" :\t1\r\n}"), 7);
    become(k, PRINCIPAL_ROOT, TEST_ACCOUNT, NULL);
    buf_add_str(&wide, TRUST);
    while (wide.len < 2 * (size_t)IAM_TRUST_POLICY_SIZE)
        buf_add_char(&wide, ' ');
    DONE(k, CreateRole, &role, .role_name = "r", .assume_role_policy_document = buf_str(&wide));
    for (int i = 0; i < 2; i++) /* both count, and each once */
        DONE(k, PutRolePolicy, &put, .role_name = "r", .policy_name = i == 0 ? "a" : "b",
             .policy_document = READS);
    buf_done(&wide);
    calls_free(k);
}
END_TEST

START_TEST(a_version_is_v_and_a_number)
{
    ck_assert_int_eq(iam_version_number("v1"), 1);
    ck_assert_int_eq(iam_version_number("v12"), 12);
    static const char *const wrong[] = {"", "v", "1", "V1", "v0", "v01", "v-1", "v1x", "v 1"};
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
        ck_assert_msg(iam_version_number(wrong[i]) == 0, "%s", wrong[i]);
}
END_TEST

START_TEST(a_document_is_encoded_by_rfc_3986)
{
    struct calls *k = calls_new();
    k->call.arena = k->arena;
    ck_assert_str_eq(iam_encoded(&k->call, "{\"a-B_1.~\": \"\xc3\xa9*\"}"),
                     "%7B%22a-B_1.~%22%3A%20%22%C3%A9%2A%22%7D");
    calls_free(k);
}
END_TEST

START_TEST(a_report_is_good_for_four_hours)
{
    struct calls *k = calls_new();
    iam_GenerateCredentialReport_out made;
    iam_GetCredentialReport_out report;
    become(k, PRINCIPAL_ROOT, TEST_ACCOUNT, NULL);
    DONE(k, GenerateCredentialReport, &made, .nothing = 0);
    DONE(k, GetCredentialReport, &report, .nothing = 0);
    ck_assert(has_prefix(report.content.data, "user,arn,"));
    struct tx *tx = store_write(k->store);
    store_put_setting_of_account(
        tx, &(struct account_setting){TEST_ACCOUNT, GLOBAL_REGION, "credential-report", "1"});
    ck_assert_int_eq(tx_commit(tx, NULL), 0);
    ck_assert_int_eq(CALL_OF(k, iam, GetCredentialReport, &report, .nothing = 0), -1);
    ck_assert_int_eq(k->fault.code, FAULT_REPORT_EXPIRED);
    calls_free(k);
}
END_TEST

static struct last_use use_at(int64_t at)
{
    return (struct last_use){at, "ec2", "us-east-1"};
}

START_TEST(a_use_is_told_before_and_after_it_is_written)
{
    struct calls *k = calls_new();
    iam_CreateUser_out user;
    iam_CreateAccessKey_out made;
    become(k, PRINCIPAL_ROOT, TEST_ACCOUNT, NULL);
    DONE(k, CreateUser, &user, .user_name = "alice");
    DONE(k, CreateAccessKey, &made, .user_name = "alice");
    const char *id = made.access_key->access_key_id;
    struct last_uses *l = last_uses_new();
    struct last_use use = use_at(2000);
    ck_assert(!last_uses_note(l, id, &use));
    use = use_at(1000); /* an older one that comes later */
    ck_assert(!last_uses_note(l, id, &use));

    struct tx *tx = store_write(k->store);
    struct access_key *key = store_access_key(tx, k->arena, id);
    ck_assert_int_eq(key->last_used_at, 0);
    ck_assert_int_eq(last_use_of_key(l, k->arena, key).at, 2000);
    ck_assert_int_eq(last_use_of_key(NULL, k->arena, key).at, 0);
    struct last_uses_taken taken;
    last_uses_write(l, tx, k->arena, &taken);
    ck_assert_uint_eq(taken.n, 1);
    tx_end(tx); /* it failed */
    last_uses_return(l, &taken);
    ck_assert_int_eq(last_use_of_key(l, k->arena, key).at, 2000);

    tx = store_write(k->store);
    last_uses_write(l, tx, k->arena, &taken);
    ck_assert_int_eq(tx_commit(tx, NULL), 0);
    tx = store_read(k->store);
    key = store_access_key(tx, k->arena, id);
    tx_end(tx);
    ck_assert_int_eq(key->last_used_at, 2000);
    ck_assert_str_eq(key->last_used_service, "ec2");
    ck_assert_str_eq(last_use_of_key(l, k->arena, key).region, "us-east-1");
    last_uses_free(l);
    calls_free(k);
}
END_TEST

START_TEST(uses_that_wait_long_or_are_many_are_due)
{
    struct last_uses *l = last_uses_new();
    struct last_use use = use_at(1);
    ck_assert(!last_uses_note(l, "AKIA0", &use));
    use = use_at(1 + 14 * 60 * 1000);
    ck_assert(!last_uses_note(l, "AKIA0", &use));
    use = use_at(2 + 15 * 60 * 1000);
    ck_assert(last_uses_note(l, "AKIA0", &use));
    last_uses_free(l);

    l = last_uses_new();
    struct arena *a = arena_new();
    bool due = false;
    int n = 0;
    for (; !due && n < 10000; n++)
        due = last_uses_note(l, arena_printf(a, "AKIA%d", n), &use);
    ck_assert_int_eq(n, 256);
    ck_assert(last_uses_note(l, "AKIAone-more", &use)); /* which is not kept */
    arena_free(a);
    last_uses_free(l);
}
END_TEST

START_TEST(a_role_in_use_says_when)
{
    struct calls *k = calls_new();
    iam_CreateRole_out made;
    iam_GetRole_out role;
    become(k, PRINCIPAL_ROOT, TEST_ACCOUNT, NULL);
    DONE(k, CreateRole, &made, .role_name = "r", .assume_role_policy_document = TRUST);
    ck_assert(!made.role->role_last_used->last_used_date.set);
    struct last_uses *l = last_uses_new();
    struct last_use use = use_at(3000);
    (void)last_uses_note(l, made.role->role_id, &use);
    struct tx *tx = store_write(k->store);
    struct last_uses_taken taken;
    last_uses_write(l, tx, k->arena, &taken);
    ck_assert_int_eq(tx_commit(tx, NULL), 0);
    DONE(k, GetRole, &role, .role_name = "r");
    ck_assert_int_eq(role.role->role_last_used->last_used_date.v, 3000);
    ck_assert_str_eq(role.role->role_last_used->region, "us-east-1");
    last_uses_free(l);
    calls_free(k);
}
END_TEST

UNIT_SUITE(what_another_account_has_does_not_exist, an_alias_is_one_accounts,
           without_a_name_the_caller_is_meant,
           a_key_of_another_user_is_not_changed_without_the_name, a_user_is_in_ten_groups_at_most,
           white_space_of_a_policy_does_not_count, a_version_is_v_and_a_number,
           a_document_is_encoded_by_rfc_3986, a_report_is_good_for_four_hours,
           a_use_is_told_before_and_after_it_is_written, uses_that_wait_long_or_are_many_are_due,
           a_role_in_use_says_when)
