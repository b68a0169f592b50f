/* The actions on key pairs. */
#include "base/text.h"
#include "support/calls.h"
#include "unit.h"

#define PUBLIC                                                                                     \
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPlV5bE1N0DZrkg0BQbZCrTwS2qyMWNTfIfPbDT4Ox4P her"
#define MATERIAL(text) .public_key_material = {(text), sizeof(text) - 1}

START_TEST(create_shows_the_private_key_once_and_keeps_the_public_one)
{
    struct calls *k = calls_new();
    ec2_CreateKeyPair_out made;
    OK(k, CreateKeyPair, &made, .key_name = "me", .key_type = "ed25519",
       TAGGED("key-pair", {"team", "blue"}));
    ck_assert(has_prefix(made.key_pair_id, "key-"));
    ck_assert(has_prefix(made.key_material, "-----BEGIN OPENSSH PRIVATE KEY-----"));
    ck_assert_uint_eq(made.tags.n, 1);

    ec2_DescribeKeyPairs_out seen;
    OK(k, DescribeKeyPairs, &seen, .key_names = LIST("me"), .include_public_key = {true, true});
    ck_assert_uint_eq(seen.key_pairs.n, 1);
    const struct ec2_KeyPairInfo *info = &seen.key_pairs.v[0];
    ck_assert_str_eq(info->key_pair_id, made.key_pair_id);
    ck_assert_str_eq(info->key_fingerprint, made.key_fingerprint);
    ck_assert_str_eq(info->key_type, "ed25519");
    ck_assert(has_prefix(info->public_key, "ssh-ed25519 "));
    ck_assert_int_eq(info->create_time.v, 1767323045678);
    ck_assert_str_eq(info->tags.v[0].value, "blue");

    OK(k, DescribeKeyPairs, &seen, .key_pair_ids = LIST(made.key_pair_id));
    ck_assert_ptr_null(seen.key_pairs.v[0].public_key);
    calls_free(k);
}
END_TEST

START_TEST(rsa_and_pem_are_the_defaults)
{
    struct calls *k = calls_new();
    ec2_CreateKeyPair_out made;
    OK(k, CreateKeyPair, &made, .key_name = "me");
    ck_assert(has_prefix(made.key_material, "-----BEGIN RSA PRIVATE KEY-----"));
    ck_assert_uint_eq(strlen(made.key_fingerprint), 59);
    OK(k, CreateKeyPair, &made, .key_name = "putty", .key_type = "ed25519", .key_format = "ppk");
    ck_assert(has_prefix(made.key_material, "PuTTY-User-Key-File-2: ssh-ed25519\n"));
    calls_free(k);
}
END_TEST

START_TEST(a_name_is_taken_once)
{
    struct calls *k = calls_new();
    ec2_ImportKeyPair_out out;
    OK(k, ImportKeyPair, &out, .key_name = "her", MATERIAL(PUBLIC));
    ck_assert_uint_eq(strlen(out.key_fingerprint), 44);
    REFUSED(k, INVALID_KEY_PAIR_DUPLICATE, "The key pair 'her' already exists", ImportKeyPair, &out,
            .key_name = "her", MATERIAL(PUBLIC));
    ec2_CreateKeyPair_out made;
    REFUSED(k, INVALID_KEY_PAIR_DUPLICATE, "The key pair 'her' already exists", CreateKeyPair,
            &made, .key_name = "her");
    calls_free(k);
}
END_TEST

START_TEST(bad_names_and_tags_and_material_are_refused)
{
    struct calls *k = calls_new();
    ec2_ImportKeyPair_out out;
    REFUSED(k, INVALID_PARAMETER_VALUE,
            "Value ( x) for parameter KeyName is invalid. It must be up to 255 ASCII characters "
            "without space at either end",
            ImportKeyPair, &out, .key_name = " x", MATERIAL(PUBLIC));
    REFUSED(k, INVALID_PARAMETER_VALUE,
            "'instance' is not a valid taggable resource type for this operation.", ImportKeyPair,
            &out, .key_name = "x", MATERIAL(PUBLIC), TAGGED("instance", {"a", "b"}));
    REFUSED(k, INVALID_KEY_FORMAT, "Key is not in valid OpenSSH public key format", ImportKeyPair,
            &out, .key_name = "x", MATERIAL("nonsense"));
    ec2_DescribeKeyPairs_out seen;
    OK(k, DescribeKeyPairs, &seen, );
    ck_assert_uint_eq(seen.key_pairs.n, 0);
    calls_free(k);
}
END_TEST

START_TEST(describe_wants_all_names_to_exist)
{
    struct calls *k = calls_new();
    ec2_ImportKeyPair_out out;
    OK(k, ImportKeyPair, &out, .key_name = "her", MATERIAL(PUBLIC));
    ec2_DescribeKeyPairs_out seen;
    REFUSED(k, INVALID_KEY_PAIR_NOT_FOUND, "The key pair 'x' does not exist", DescribeKeyPairs,
            &seen, .key_names = LIST("her", "x"));
    REFUSED(k, INVALID_KEY_PAIR_NOT_FOUND, "The key pairs 'y, x' do not exist", DescribeKeyPairs,
            &seen, .key_names = LIST("y", "x", "y"));
    OK(k, DescribeKeyPairs, &seen, FILTERED_BY(FILTER("key-name", "x*")));
    ck_assert_uint_eq(seen.key_pairs.n, 0);
    OK(k, DescribeKeyPairs, &seen, FILTERED_BY(FILTER("fingerprint", out.key_fingerprint)));
    ck_assert_uint_eq(seen.key_pairs.n, 1);
    calls_free(k);
}
END_TEST

START_TEST(delete_of_a_missing_pair_succeeds)
{
    struct calls *k = calls_new();
    ec2_ImportKeyPair_out pair;
    OK(k, ImportKeyPair, &pair, .key_name = "her", MATERIAL(PUBLIC),
       TAGGED("key-pair", {"team", "blue"}));
    ec2_DeleteKeyPair_out out;
    OK(k, DeleteKeyPair, &out, .key_name = "her");
    ck_assert(wire_true(out.return_));
    ck_assert_str_eq(out.key_pair_id, pair.key_pair_id);
    OK(k, DeleteKeyPair, &out, .key_name = "her");
    ck_assert(wire_true(out.return_));
    ck_assert_ptr_null(out.key_pair_id);
    OK(k, DeleteKeyPair, &out, .key_pair_id = pair.key_pair_id);
    ck_assert_ptr_null(out.key_pair_id);
    ec2_DescribeTags_out tags;
    OK(k, DescribeTags, &tags, );
    ck_assert_uint_eq(tags.tags.n, 0);
    calls_free(k);
}
END_TEST

START_TEST(pairs_of_another_account_do_not_exist)
{
    struct calls *k = calls_new();
    ec2_ImportKeyPair_out pair;
    OK(k, ImportKeyPair, &pair, .key_name = "her", MATERIAL(PUBLIC));
    k->principal.account_id = "210987654321";
    ec2_DescribeKeyPairs_out seen;
    OK(k, DescribeKeyPairs, &seen, );
    ck_assert_uint_eq(seen.key_pairs.n, 0);
    ec2_DeleteKeyPair_out out;
    OK(k, DeleteKeyPair, &out, .key_pair_id = pair.key_pair_id);
    ck_assert_ptr_null(out.key_pair_id);
    k->principal.account_id = TEST_ACCOUNT;
    OK(k, DescribeKeyPairs, &seen, );
    ck_assert_uint_eq(seen.key_pairs.n, 1);
    calls_free(k);
}
END_TEST

UNIT_SUITE(create_shows_the_private_key_once_and_keeps_the_public_one, rsa_and_pem_are_the_defaults,
           a_name_is_taken_once, bad_names_and_tags_and_material_are_refused,
           describe_wants_all_names_to_exist, delete_of_a_missing_pair_succeeds,
           pairs_of_another_account_do_not_exist)
