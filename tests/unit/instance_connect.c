/* EC2 Instance Connect: keys for a minute. */
#include "core/instance_connect.h"

#include "support/calls.h"
#include "unit.h"

#define PUBLIC                                                                                     \
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPlV5bE1N0DZrkg0BQbZCrTwS2qyMWNTfIfPbDT4Ox4P her"
#define KEPT                                                                                       \
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPlV5bE1N0DZrkg0BQbZCrTwS2qyMWNTfIfPbDT4Ox4P "            \
    "ec2-instance-connect"

typedef ec2_instance_connect_SendSSHPublicKey_out sent;

#define SEND(k, out, user, key)                                                                    \
    CALL_OF(k, ec2_instance_connect, SendSSHPublicKey, out, .instance_id = TEST_INSTANCE,          \
            .instance_os_user = (user), .ssh_public_key = (key))

static size_t rows(struct calls *k, struct managed_ssh_key_list *ret)
{
    struct tx *tx = store_read(k->store);
    *ret = store_managed_ssh_keys(tx, k->arena, "instance_id", TEST_INSTANCE);
    tx_end(tx);
    return ret->n;
}

START_TEST(a_key_is_kept_for_a_minute_under_its_user)
{
    struct calls *k = calls_new();
    struct managed_ssh_key_list kept;
    sent out;
    calls_put_instance(k, INSTANCE_RUNNING);
    ck_assert_int_eq(SEND(k, &out, "ec2-user", PUBLIC), 0);
    ck_assert(out.success.v);
    ck_assert_uint_eq(rows(k, &kept), 1);
    ck_assert_str_eq(kept.v[0].id, out.request_id);
    ck_assert_str_eq(kept.v[0].os_user, "ec2-user");
    ck_assert_str_eq(kept.v[0].public_key, KEPT);
    ck_assert_str_eq(kept.v[0].caller, k->principal.arn);
    ck_assert_int_eq(kept.v[0].expires_at, 1767323045678 + 60000);
    calls_free(k);
}
END_TEST

START_TEST(only_a_running_instance_takes_one)
{
    struct calls *k = calls_new();
    sent out;
    ck_assert_int_eq(SEND(k, &out, "ec2-user", PUBLIC), -1);
    ck_assert_fault(k, INVALID_INSTANCE_ID_NOT_FOUND,
                    "The instance ID '" TEST_INSTANCE "' does not exist");
    calls_put_instance(k, INSTANCE_STOPPED);
    ck_assert_int_eq(SEND(k, &out, "ec2-user", PUBLIC), -1);
    ck_assert_fault(k, INCORRECT_INSTANCE_STATE,
                    "The instance '" TEST_INSTANCE "' is stopped, not running");
    calls_free(k);
}
END_TEST

START_TEST(what_is_no_key_no_user_or_not_its_zone_is_refused)
{
    struct calls *k = calls_new();
    struct managed_ssh_key_list kept;
    sent out;
    calls_put_instance(k, INSTANCE_RUNNING);
    ck_assert_int_eq(SEND(k, &out, "ec2-user", "ssh-ed25519 AAAA"), -1);
    ck_assert_fault(k, INVALID_KEY_FORMAT, "Key is not in valid OpenSSH public key format");
    ck_assert_int_eq(SEND(k, &out, "ec2 user", PUBLIC), -1);
    ck_assert_fault(k, INVALID_PARAMETER_VALUE,
                    "Value for parameter InstanceOSUser is invalid. It must be the name of a user "
                    "in the instance, such as ec2-user");
    ck_assert_int_eq(CALL_OF(k, ec2_instance_connect, SendSSHPublicKey, &out,
                             .instance_id = TEST_INSTANCE, .instance_os_user = "ec2-user",
                             .ssh_public_key = PUBLIC, .availability_zone = "us-east-1f"),
                     -1);
    ck_assert_fault(k, INVALID_PARAMETER_VALUE,
                    "Value (us-east-1f) for parameter AvailabilityZone is invalid. The instance "
                    "'" TEST_INSTANCE "' is in us-east-1a");
    ck_assert_uint_eq(rows(k, &kept), 0);
    calls_free(k);
}
END_TEST

static void age(struct calls *k)
{
    struct managed_ssh_key_list kept;
    (void)rows(k, &kept);
    struct tx *tx = store_write(k->store);
    for (size_t i = 0; i < kept.n; i++) {
        kept.v[i].expires_at = 1767323045678;
        store_update_managed_ssh_key(tx, &kept.v[i]);
    }
    ck_assert_int_eq(tx_commit(tx, NULL), 0);
}

START_TEST(an_instance_has_a_bound_of_keys_and_old_ones_make_room)
{
    struct calls *k = calls_new();
    struct managed_ssh_key_list kept;
    char id[32];
    char user[32];
    sent out;
    calls_put_instance(k, INSTANCE_RUNNING);
    for (int i = 0; i < MANAGED_KEYS_MAX; i++) {
        (void)snprintf(user, sizeof(user), "user%d", i);
        (void)snprintf(id, sizeof(id), "request-%d", i);
        k->request_id = id;
        ck_assert_int_eq(SEND(k, &out, user, PUBLIC), 0);
    }
    k->request_id = "one-more";
    ck_assert_int_eq(SEND(k, &out, "one-more", PUBLIC), -1);
    ck_assert_fault(k, THROTTLING,
                    "The instance '" TEST_INSTANCE
                    "' has 16 keys that were sent within the last minute, which is the limit");
    /* What is there already is renewed. */
    ck_assert_int_eq(SEND(k, &out, "user3", PUBLIC), 0);
    ck_assert_uint_eq(rows(k, &kept), MANAGED_KEYS_MAX);
    age(k);
    k->request_id = "later";
    ck_assert_int_eq(SEND(k, &out, "one-more", PUBLIC), 0);
    ck_assert_uint_eq(rows(k, &kept), 1);
    calls_free(k);
}
END_TEST

START_TEST(names_of_users_are_those_of_aws_s_pattern)
{
    static const char *const good[] = {
        "ec2-user",
        "_apt",
        "a",
        "jane.doe@EXAMPLE.COM",
        "machine$",
        "1st",
        "0123a$",
        "12@",
        "a2345678901234567890123456789012",
        "a234567890123456789012345678901$",
    };
    static const char *const bad[] = {
        "",
        "7",
        "1234",
        "1$",
        "-a",
        ".a",
        "@a",
        "$",
        "a b",
        "a/b",
        "a$b",
        "a$$",
        "../x",
        "a\n",
        "a23456789012345678901234567890123",
        "a234567890123456789012345678901@",
        "\xc3\xa9",
    };
    for (size_t i = 0; i < ARRAY_SIZE(good); i++)
        ck_assert_msg(os_user_is_legal(good[i]), "%s", good[i]);
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        ck_assert_msg(!os_user_is_legal(bad[i]), "%s", bad[i]);
}
END_TEST

START_TEST(the_serial_console_is_to_be_switched_on_first)
{
    struct calls *k = calls_new();
    ec2_instance_connect_SendSerialConsoleSSHPublicKey_out out;
    ec2_EnableSerialConsoleAccess_out on;
    calls_put_instance(k, INSTANCE_RUNNING);
    ck_assert_int_eq(CALL_OF(k, ec2_instance_connect, SendSerialConsoleSSHPublicKey, &out,
                             .instance_id = TEST_INSTANCE, .ssh_public_key = PUBLIC),
                     -1);
    ck_assert_fault(k, SERIAL_CONSOLE_ACCESS_DISABLED,
                    "Access to the serial console over the network is off for this account in "
                    "region us-east-1. EnableSerialConsoleAccess turns it on");
    ck_assert_int_eq(CALL(k, EnableSerialConsoleAccess, &on, 0), 0);
    ck_assert_int_eq(CALL_OF(k, ec2_instance_connect, SendSerialConsoleSSHPublicKey, &out,
                             .instance_id = TEST_INSTANCE, .ssh_public_key = PUBLIC),
                     0);
    ck_assert(out.success.v);
    calls_free(k);
}
END_TEST

UNIT_SUITE(a_key_is_kept_for_a_minute_under_its_user, only_a_running_instance_takes_one,
           what_is_no_key_no_user_or_not_its_zone_is_refused,
           an_instance_has_a_bound_of_keys_and_old_ones_make_room,
           names_of_users_are_those_of_aws_s_pattern, the_serial_console_is_to_be_switched_on_first)
