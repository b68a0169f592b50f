/* Users and what else IAM has: names, ids, ARNs, and what the store finds by them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "store/identity.h"
#include "unit.h"

#define ACCOUNT "123456789012"
#define OTHER   "210987654321"

static char directory[UNIT_DIRECTORY_SIZE];
static struct store *store;
static struct arena *a;

static void before(void)
{
    char path[96];
    struct err e = {0};
    unit_directory(directory);
    (void)snprintf(path, sizeof(path), "%s/croft.db", directory);
    ck_assert_msg(store_open(path, &store, &e) == 0, "%s", e.message);
    a = arena_new();
}

static void after(void)
{
    arena_free(a);
    store_close(store);
    ck_assert_int_eq(dir_remove(directory, NULL), 0);
}

static void check_name(const char *arn, enum iam_kind kind, const char *account, const char *path,
                       const char *name)
{
    struct iam_name n = {0};
    ck_assert_str_eq(iam_arn(a, kind, account, path, name), arn);
    ck_assert_msg(iam_arn_parse(a, arn, &n), "%s", arn);
    ck_assert_int_eq(n.kind, kind);
    ck_assert_str_eq(n.account_id, account);
    ck_assert_str_eq(n.path, path);
    ck_assert_str_eq(n.name, name);
}

START_TEST(an_arn_is_made_and_taken_apart)
{
    check_name("arn:aws:iam::" ACCOUNT ":user/alice", IAM_USER, ACCOUNT, "/", "alice");
    check_name("arn:aws:iam::" ACCOUNT ":group/a/b/all", IAM_GROUP, ACCOUNT, "/a/b/", "all");
    check_name("arn:aws:iam::" ACCOUNT ":role/x/r", IAM_ROLE, ACCOUNT, "/x/", "r");
    check_name("arn:aws:iam::aws:policy/AdministratorAccess", IAM_POLICY, AWS_ACCOUNT, "/",
               "AdministratorAccess");
    check_name("arn:aws:iam::" ACCOUNT ":instance-profile/p", IAM_INSTANCE_PROFILE, ACCOUNT, "/",
               "p");
    ck_assert_str_eq(iam_root_arn(a, ACCOUNT), "arn:aws:iam::" ACCOUNT ":root");
}
END_TEST

START_TEST(what_is_no_arn_of_a_name_is_not_taken_apart)
{
    static const char *const wrong[] = {
        "",
        "alice",
        "arn:aws:iam::" ACCOUNT ":root",
        "arn:aws:iam::" ACCOUNT ":user",
        "arn:aws:iam::" ACCOUNT ":user/",
        "arn:aws:iam::" ACCOUNT ":user/a/",
        "arn:aws:iam::" ACCOUNT ":users/a",
        "arn:aws:iam::" ACCOUNT ":mfa/a",
        "arn:aws:iam:::user/a",
        "arn:aws:iam::" ACCOUNT "/user/a",
        "arn:aws:sts::" ACCOUNT ":user/a",
    };
    struct iam_name n = {0};
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
        ck_assert_msg(!iam_arn_parse(a, wrong[i], &n), "%s", wrong[i]);
}
END_TEST

START_TEST(ids_have_the_form_of_their_kind)
{
    for (enum iam_kind kind = 0; kind < _IAM_KIND_MAX; kind++) {
        const char *id = iam_id_make(a, kind);
        ck_assert_uint_eq(strlen(id), 21);
        for (enum iam_kind other = 0; other < _IAM_KIND_MAX; other++)
            ck_assert_int_eq(iam_id_is(id, other), kind == other);
        ck_assert_str_ne(id, iam_id_make(a, kind));
    }
    ck_assert(!iam_id_is("AIDA", IAM_USER));
    ck_assert(!iam_id_is("AIDAaaaaaaaaaaaaaaaaa", IAM_USER));
    ck_assert(!iam_id_is("AIDAAAAAAAAAAAAAAAAAAA", IAM_USER));
}
END_TEST

START_TEST(a_name_is_found_in_any_case_and_in_its_account)
{
    struct tx *tx = store_write(store);
    struct iam_user user = {"AIDA1", ACCOUNT, "/", "Alice", NULL, 7};
    store_insert_iam_user(tx, &user);
    user.id = "AIDA2";
    user.account_id = OTHER;
    store_insert_iam_user(tx, &user);
    const struct iam_user *found = store_iam_user_named(tx, a, ACCOUNT, "aLICE");
    ck_assert_ptr_nonnull(found);
    ck_assert_str_eq(found->id, "AIDA1");
    ck_assert_str_eq(found->name, "Alice");
    ck_assert_ptr_null(found->permissions_boundary);
    ck_assert_int_eq(found->created_at, 7);
    ck_assert_ptr_null(store_iam_user_named(tx, a, ACCOUNT, "Alic"));
    ck_assert_ptr_null(store_iam_role_named(tx, a, ACCOUNT, "Alice"));
    ck_assert(!tx_failed(tx));
    user.id = "AIDA3";
    user.account_id = ACCOUNT;
    user.name = "ALICE";
    store_insert_iam_user(tx, &user);
    ck_assert(tx_failed(tx)); /* there is one */
    tx_end(tx);
}
END_TEST

START_TEST(a_managed_policy_is_found_by_its_arn)
{
    static const char arn[] = "arn:aws:iam::" ACCOUNT ":policy/p";
    struct tx *tx = store_write(store);
    struct iam_policy policy = {"ANPA1", ACCOUNT, arn, "/", "p", NULL, 2, 2, 1, 2};
    store_insert_iam_policy(tx, &policy);
    for (int i = 1; i <= 2; i++)
        store_insert_iam_policy_version(
            tx, &(struct iam_policy_version){"ANPA1", i, i == 1 ? "old" : "new", i});
    ck_assert_str_eq(store_managed_document(tx, a, ACCOUNT, arn), "new");
    ck_assert_ptr_null(store_managed_document(tx, a, OTHER, arn));
    const struct iam_policy *found = store_managed_policy(tx, a, ACCOUNT, arn);
    ck_assert_str_eq(store_managed_policy_version(tx, a, found, 1)->document, "old");
    ck_assert_ptr_null(store_managed_policy_version(tx, a, found, 3));

    static const char aws[] = "arn:aws:iam::aws:policy/AdministratorAccess";
    found = store_managed_policy(tx, a, OTHER, aws);
    ck_assert_ptr_nonnull(found);
    ck_assert_str_eq(found->account_id, AWS_ACCOUNT);
    ck_assert_ptr_nonnull(strstr(store_managed_document(tx, a, OTHER, aws), "\"Action\":[\"*\"]"));
    ck_assert_ptr_null(store_managed_policy_version(tx, a, found, 2));
    ck_assert_ptr_null(store_managed_policy(tx, a, ACCOUNT, "arn:aws:iam::aws:policy/None"));
    ck_assert(!tx_failed(tx));
    tx_end(tx);
}
END_TEST

START_TEST(a_policy_is_attached_or_a_part_of_its_owner)
{
    struct tx *tx = store_write(store);
    store_insert_iam_attachment(tx, &(struct iam_attachment){"AIDA1", "arn:1", ACCOUNT});
    ck_assert(store_is_attached(tx, "AIDA1", "arn:1"));
    ck_assert(!store_is_attached(tx, "AIDA1", "arn:2"));
    ck_assert(!store_is_attached(tx, "AIDA2", "arn:1"));
    store_insert_iam_inline_policy(tx, &(struct iam_inline_policy){"AIDA1", "mine", "text"});
    ck_assert_str_eq(store_inline_policy(tx, a, "AIDA1", "mine")->document, "text");
    ck_assert_ptr_null(store_inline_policy(tx, a, "AIDA2", "mine"));
    tx_end(tx);
}
END_TEST

START_TEST(a_key_is_made_for_its_user)
{
    struct tx *tx = store_write(store);
    struct server_key k;
    struct access_key_pair key;
    struct access_key_pair other;
    server_key_derive((unsigned char[SEAL_KEY_BYTES]){1}, &k);
    ck_assert_int_eq(store_make_access_key(tx, a, &k, ACCOUNT, "AIDA1", 5, &key, NULL), 0);
    ck_assert_int_eq(store_make_access_key(tx, a, &k, ACCOUNT, ACCOUNT, 6, &other, NULL), 0);
    ck_assert_str_ne(key.id, other.id);
    const struct access_key *found = store_access_key(tx, a, key.id);
    ck_assert_str_eq(found->user_id, "AIDA1");
    ck_assert_str_eq(access_key_open(a, &k, key.id, found->secret, NULL), key.secret);
    ck_assert(found->active);
    ck_assert_int_eq(found->last_used_at, 0);
    ck_assert_ptr_null(found->last_used_service);
    tx_end(tx);
}
END_TEST

UNIT_SUITE_WITH(before, after, an_arn_is_made_and_taken_apart,
                what_is_no_arn_of_a_name_is_not_taken_apart, ids_have_the_form_of_their_kind,
                a_name_is_found_in_any_case_and_in_its_account,
                a_managed_policy_is_found_by_its_arn, a_policy_is_attached_or_a_part_of_its_owner,
                a_key_is_made_for_its_user)
