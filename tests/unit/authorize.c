/* What callers may do: the resources and keys of calls, with policies from rows. */
#include <stdlib.h>

#include "api/authorize.h"
#include "api/permissions.h"
#include "base/text.h"
#include "core/sealed.h"
#include "support/calls.h"
#include "unit.h"

#define ALICE   "AIDA0000000000ALICE0"
#define BOB     "AIDA00000000000BOB00"
#define WEB     "AROA00000000000WEB00"
#define IN_EC2  "arn:aws:ec2:us-east-1:" TEST_ACCOUNT ":"
#define ALL_BUT "{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"},"

static struct calls *k;

static void commit(struct tx *tx)
{
    struct err e = {0};
    ck_assert_msg(tx_commit(tx, &e) == 0, "%s", e.message);
}

static void begin(void)
{
    k = calls_new();
    struct tx *tx = store_write(k->store);
    store_insert_iam_user(tx, &(struct iam_user){.id = ALICE,
                                                 .account_id = TEST_ACCOUNT,
                                                 .path = "/",
                                                 .name = "alice",
                                                 .created_at = 1});
    store_insert_iam_role(tx, &(struct iam_role){.id = WEB,
                                                 .account_id = TEST_ACCOUNT,
                                                 .path = "/",
                                                 .name = "web",
                                                 .assume_role_policy = "{}",
                                                 .created_at = 1});
    commit(tx);
    k->principal = (struct principal){
        .kind = PRINCIPAL_USER,
        .account_id = TEST_ACCOUNT,
        .arn = "arn:aws:iam::" TEST_ACCOUNT ":user/alice",
        .user_id = ALICE,
        .id = ALICE,
        .access_key_id = "AKIA0000000000000001",
    };
}

static void end(void)
{
    calls_free(k);
}

/* Statements, with commas between, are the one policy of alice's. */
static void allow(const char *statements)
{
    struct tx *tx = store_write(k->store);
    store_delete_iam_inline_policies(tx, "owner_id", ALICE);
    store_insert_iam_inline_policy(
        tx,
        &(struct iam_inline_policy){
            ALICE, "all",
            arena_printf(k->arena, "{\"Version\":\"2012-10-17\",\"Statement\":[%s]}", statements)});
    commit(tx);
}

static void tag(const char *id, const char *key, const char *value)
{
    struct tx *tx = store_write(k->store);
    store_put_tag(tx, &(struct tag){id, key, "instance", "us-east-1", value});
    commit(tx);
}

/* What authorize() says of a call, whose action is not run. */
#define MAY_OF(service, name, ...)                                                                 \
    ({                                                                                             \
        service##_##name##_in *in_ = arena_new_of(k->arena, service##_##name##_in);                \
        *in_ = (service##_##name##_in){__VA_ARGS__};                                               \
        calls_begin(k, &service##_service, #name, in_);                                            \
        int r_ = authorize(&k->call, &k->fault);                                                   \
        calls_end(k, r_);                                                                          \
        r_ == 0;                                                                                   \
    })
#define MAY(name, ...) MAY_OF(ec2, name, __VA_ARGS__)

static void told(const char *part)
{
    ck_assert_int_eq(k->fault.code, FAULT_UNAUTHORIZED_OPERATION);
    ck_assert_msg(strstr(k->fault.message, part) != NULL, "%s", k->fault.message);
}

START_TEST(nobody_but_the_account_itself_may_do_anything_by_default)
{
    ck_assert(!MAY(DescribeInstances));
    told("You are not authorized to perform this operation. User: arn:aws:iam::" TEST_ACCOUNT
         ":user/alice is not authorized to perform: ec2:DescribeInstances because no "
         "identity-based policy allows the ec2:DescribeInstances action. Encoded authorization "
         "failure message: v1:");
    ck_assert(MAY_OF(sts, GetCallerIdentity));
    k->principal.kind = PRINCIPAL_ROOT;
    k->principal.id = NULL;
    ck_assert(MAY(DescribeInstances));
    ck_assert(MAY(TerminateInstances, .instance_ids = LIST(TEST_INSTANCE)));
}
END_TEST

START_TEST(an_instance_is_asked_about_with_its_tags_and_properties)
{
    calls_put_instance(k, INSTANCE_RUNNING);
    allow("{\"Effect\":\"Allow\",\"Action\":\"ec2:StopInstances\",\"Resource\":\"" IN_EC2
          "instance/*\",\"Condition\":{\"StringEquals\":{\"ec2:ResourceTag/owner\":"
          "\"${aws:username}\",\"ec2:InstanceType\":\"t3.micro\",\"ec2:Region\":\"us-east-1\"}}}");
    ck_assert(!MAY(StopInstances, .instance_ids = LIST(TEST_INSTANCE)));
    told("ec2:StopInstances on resource: " IN_EC2 "instance/" TEST_INSTANCE " because no");
    tag(TEST_INSTANCE, "owner", "bob");
    ck_assert(!MAY(StopInstances, .instance_ids = LIST(TEST_INSTANCE)));
    tag(TEST_INSTANCE, "owner", "alice");
    ck_assert(MAY(StopInstances, .instance_ids = LIST(TEST_INSTANCE)));
    ck_assert(!MAY(TerminateInstances, .instance_ids = LIST(TEST_INSTANCE)));
    /* All of them have to be allowed, and one that is not there has no tags. */
    ck_assert(!MAY(StopInstances, .instance_ids = LIST(TEST_INSTANCE, "i-0b0b0b0b0b0b0b0b0")));
}
END_TEST

START_TEST(a_key_is_sent_for_whom_a_policy_names)
{
    calls_put_instance(k, INSTANCE_RUNNING);
    allow("{\"Effect\":\"Allow\",\"Action\":\"ec2-instance-connect:SendSSHPublicKey\","
          "\"Resource\":\"" IN_EC2 "instance/*\",\"Condition\":{\"StringEquals\":{"
          "\"ec2:osuser\":\"ec2-user\",\"ec2:ResourceTag/team\":\"blue\"}}}");
#define SEND(user)                                                                                 \
    MAY_OF(ec2_instance_connect, SendSSHPublicKey, .instance_id = TEST_INSTANCE,                   \
           .instance_os_user = (user), .ssh_public_key = "ssh-ed25519 AAAA")
    ck_assert(!SEND("ec2-user"));
    tag(TEST_INSTANCE, "team", "blue");
    ck_assert(SEND("ec2-user"));
    ck_assert(!SEND("root"));
    told("ec2-instance-connect:SendSSHPublicKey on resource: " IN_EC2 "instance/" TEST_INSTANCE);
    ck_assert(!MAY(GetConsoleScreenshot, .instance_id = TEST_INSTANCE));
}
END_TEST

START_TEST(a_deny_says_so)
{
    calls_put_instance(k, INSTANCE_RUNNING);
    allow(ALL_BUT
          "{\"Sid\":\"keep\",\"Effect\":\"Deny\",\"Action\":\"ec2:Terminate*\",\"Resource\":"
          "\"*\"}");
    ck_assert(MAY(StopInstances, .instance_ids = LIST(TEST_INSTANCE)));
    ck_assert(!MAY(TerminateInstances, .instance_ids = LIST(TEST_INSTANCE)));
    told("instance/" TEST_INSTANCE " with an explicit deny in an identity-based policy");
}
END_TEST

START_TEST(a_route_table_is_found_by_its_association_too)
{
    allow("{\"Effect\":\"Allow\",\"Action\":\"ec2:*\",\"Resource\":\"" IN_EC2
          "route-table/" TEST_TABLE "\"}");
    ck_assert(MAY(CreateRoute, .route_table_id = TEST_TABLE, .gateway_id = TEST_GATEWAY));
    ck_assert(!MAY(CreateRoute, .route_table_id = TEST_OTHER_TABLE, .gateway_id = TEST_GATEWAY));
    ck_assert(MAY(DisassociateRouteTable, .association_id = TEST_MAIN));
    ck_assert(!MAY(DisassociateRouteTable, .association_id = "rtbassoc-0b0b0b0b0b0b0b0b0"));
    told("on resource: " IN_EC2 "route-table/" TEST_OTHER_TABLE);
}
END_TEST

START_TEST(names_stand_for_what_they_name)
{
    allow("{\"Effect\":\"Allow\",\"Action\":\"ec2:*\",\"Resource\":[\"" IN_EC2
          "security-group/" TEST_GROUP "\",\"" IN_EC2 "key-pair/alice-*\"]}");
    ck_assert(MAY(DeleteSecurityGroup, .group_name = "default"));
    ck_assert(MAY(DeleteSecurityGroup, .group_id = TEST_GROUP));
    ck_assert(!MAY(DeleteSecurityGroup, .group_name = "nobody"));
    ck_assert(MAY(DeleteKeyPair, .key_name = "alice-1"));
    ck_assert(!MAY(DeleteKeyPair, .key_name = "bob-1"));
}
END_TEST

START_TEST(what_is_made_is_asked_about_with_its_tags)
{
    allow("{\"Effect\":\"Allow\",\"Action\":\"ec2:CreateVolume\",\"Resource\":\"" IN_EC2
          "volume/*\",\"Condition\":{\"StringEquals\":{\"aws:RequestTag/team\":\"red\"},"
          "\"ForAllValues:StringEquals\":{\"aws:TagKeys\":[\"team\"]},\"NumericLessThanEquals\":"
          "{\"ec2:VolumeSize\":\"10\"}}}");
#define VOLUME(size_gib, ...)                                                                      \
    CreateVolume, .availability_zone = "us-east-1a", .size = wire_int(size_gib), __VA_ARGS__
#define VOLUME_MAY(...) MAY(__VA_ARGS__)
    ck_assert(!VOLUME_MAY(VOLUME(8, .volume_type = "gp3")));
    ck_assert(!VOLUME_MAY(VOLUME(8, TAGGED("volume", {"team", "red"}))));
    told("ec2:CreateTags on resource: " IN_EC2 "volume/*");
    allow("{\"Effect\":\"Allow\",\"Action\":\"ec2:CreateVolume\",\"Resource\":\"*\",\"Condition\":"
          "{\"StringEquals\":{\"aws:RequestTag/team\":\"red\"},\"NumericLessThanEquals\":"
          "{\"ec2:VolumeSize\":\"10\"}}},{\"Effect\":\"Allow\",\"Action\":\"ec2:CreateTags\","
          "\"Resource\":\"*\",\"Condition\":{\"StringEquals\":{\"ec2:CreateAction\":"
          "\"CreateVolume\"}}}");
    ck_assert(VOLUME_MAY(VOLUME(8, TAGGED("volume", {"team", "red"}))));
    ck_assert(!VOLUME_MAY(VOLUME(8, TAGGED("volume", {"team", "blue"}))));
    ck_assert(!VOLUME_MAY(VOLUME(11, TAGGED("volume", {"team", "red"}))));
    /* Tags only when something is made. */
    ck_assert(!MAY(CreateTags, .resources = LIST(TEST_VPC), .tags = LIST_OF(ec2_Tag, {"a", "b"})));
    told("ec2:CreateTags on resource: " IN_EC2 "vpc/" TEST_VPC);
}
END_TEST

static int launch(const char *type, const char *subnet)
{
    ec2_RunInstances_out out;
    return CALL(k, RunInstances, &out, .image_id = TEST_IMAGE, .instance_type = type,
                .subnet_id = subnet, .min_count = wire_int(1), .max_count = wire_int(1));
}

START_TEST(a_launch_is_asked_about_as_a_whole)
{
    allow("{\"Effect\":\"Allow\",\"Action\":\"ec2:DescribeInstances\",\"Resource\":\"*\"}");
    ck_assert(!MAY(RunInstances, .image_id = TEST_IMAGE));
    told("ec2:RunInstances on resource: " IN_EC2 "instance/* because no");

    allow("{\"Effect\":\"Allow\",\"Action\":\"ec2:RunInstances\",\"Resource\":["
          "\"arn:aws:ec2:us-east-1::image/" TEST_IMAGE "\",\"" IN_EC2 "subnet/" TEST_SUBNET
          "\",\"" IN_EC2 "security-group/*\",\"" IN_EC2 "volume/*\",\"" IN_EC2
          "network-interface/*\"]},{\"Effect\":\"Allow\",\"Action\":\"ec2:RunInstances\","
          "\"Resource\":\"" IN_EC2 "instance/*\",\"Condition\":{\"StringEquals\":"
          "{\"ec2:InstanceType\":[\"t3.micro\",\"t3.small\"]}}}");
    ck_assert(MAY(RunInstances, .image_id = TEST_IMAGE));
    ck_assert_msg(launch("t3.micro", TEST_SUBNET) == 0, "%s", k->fault.message);
    ck_assert_int_eq(launch("m5.large", TEST_SUBNET), -1);
    told("ec2:RunInstances on resource: " IN_EC2 "instance/*");
    ck_assert_int_eq(launch("t3.small", "subnet-0a0a0a0a0a0a0a0a2"), -1);
    told("on resource: " IN_EC2 "subnet/subnet-0a0a0a0a0a0a0a0a2");
    /* The default subnet and the type that nobody named count as if they were. */
    ck_assert_msg(launch(NULL, NULL) == 0, "%s", k->fault.message);
}
END_TEST

START_TEST(options_of_metadata_are_keys_of_a_launch)
{
    allow(ALL_BUT "{\"Effect\":\"Deny\",\"Action\":\"ec2:RunInstances\",\"Resource\":\"" IN_EC2
                  "instance/*\",\"Condition\":{\"StringNotEquals\":{\"ec2:MetadataHttpTokens\":"
                  "\"required\"}}}");
    ec2_RunInstances_out out;
    struct ec2_InstanceMetadataOptionsRequest options = {.http_tokens = "optional"};
    ck_assert_int_eq(CALL(k, RunInstances, &out, .image_id = TEST_IMAGE, .min_count = wire_int(1),
                          .max_count = wire_int(1), .metadata_options = &options),
                     -1);
    told("with an explicit deny in an identity-based policy");
    options.http_tokens = "required";
    ck_assert_int_eq(CALL(k, RunInstances, &out, .image_id = TEST_IMAGE, .min_count = wire_int(1),
                          .max_count = wire_int(1), .metadata_options = &options),
                     0);
}
END_TEST

START_TEST(a_role_is_passed_by_whom_may_pass_it)
{
    const struct iam_role role = {
        .id = WEB, .account_id = TEST_ACCOUNT, .path = "/", .name = "web"};
    allow("{\"Effect\":\"Allow\",\"Action\":\"iam:PassRole\",\"Resource\":\"arn:aws:iam:"
          ":" TEST_ACCOUNT ":role/web\",\"Condition\":{\"StringEquals\":{\"iam:PassedToService\":"
          "\"ec2.amazonaws.com\"}}}");
    calls_begin(k, &ec2_service, "RunInstances", NULL);
    ck_assert_int_eq(authorize_pass_role(&k->call, &role, "ec2.amazonaws.com", &k->fault), 0);
    ck_assert_int_eq(authorize_pass_role(&k->call, &role, "lambda.amazonaws.com", &k->fault), -1);
    calls_end(k, -1);
    told("iam:PassRole on resource: arn:aws:iam::" TEST_ACCOUNT ":role/web");
}
END_TEST

static int assume(const char *trust, const char *external_id)
{
    const struct iam_role role = {.id = WEB,
                                  .account_id = TEST_ACCOUNT,
                                  .path = "/",
                                  .name = "web",
                                  .assume_role_policy = trust};
    struct authorize_key key = {"sts:ExternalId", external_id};
    calls_begin(k, &sts_service, "GetCallerIdentity", NULL);
    int r = authorize_assume_role(&k->call, &role, &key, 1, NULL, &k->fault);
    calls_end(k, r);
    return r;
}

START_TEST(a_trust_policy_says_who_takes_a_role)
{
#define TRUST(who, more)                                                                           \
    "{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\",\"Action\":"                  \
    "\"sts:AssumeRole\",\"Principal\":{\"AWS\":\"" who "\"}" more "}}"
    static const char mine[] = TRUST("arn:aws:iam::" TEST_ACCOUNT ":user/alice", "");
    static const char account[] = TRUST(TEST_ACCOUNT, "");
    static const char secret[] =
        TRUST("*", ",\"Condition\":{\"StringEquals\":{\"sts:ExternalId\":\"x\"}}");
    ck_assert_int_eq(assume(mine, NULL), 0);
    ck_assert_int_eq(assume(account, NULL), -1);
    told("sts:AssumeRole on resource: arn:aws:iam::" TEST_ACCOUNT ":role/web because no "
         "identity-based policy allows the sts:AssumeRole action");
    ck_assert_ptr_null(strstr(k->fault.message, "Encoded"));
    ck_assert_int_eq(assume(secret, "y"), -1);
    ck_assert_int_eq(assume(secret, "x"), 0);
    ck_assert_int_eq(assume("not a policy", NULL), -1);
    allow("{\"Effect\":\"Allow\",\"Action\":\"sts:AssumeRole\",\"Resource\":\"*\"}");
    ck_assert_int_eq(assume(account, NULL), 0);
}
END_TEST

START_TEST(an_encoded_message_opens_for_its_account_alone)
{
    ck_assert(!MAY(DescribeVpcs));
    const char *sealed = strstr(k->fault.message, "v1:");
    ck_assert_ptr_nonnull(sealed);
    sealed = arena_strdup(k->arena, sealed);
    sts_DecodeAuthorizationMessage_out out;
    ck_assert_int_eq(CALL_OF(k, sts, DecodeAuthorizationMessage, &out, .encoded_message = sealed),
                     0);
    static const char *const parts[] = {"\"explicitDeny\":false", "\"action\":\"ec2:DescribeVpcs\"",
                                        "user/alice", "\"key\":\"ec2:Region\"",
                                        "because no identity-based policy allows"};
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
        ck_assert_msg(strstr(out.decoded_message, parts[i]) != NULL, "%s", out.decoded_message);
    k->principal.account_id = "210987654321";
    ck_assert_int_eq(CALL_OF(k, sts, DecodeAuthorizationMessage, &out, .encoded_message = sealed),
                     -1);
    ck_assert_int_eq(k->fault.code, FAULT_INVALID_AUTHORIZATION_MESSAGE);
}
END_TEST

/* --- what is kept */

static size_t sources_of(struct permissions *p, uint64_t generation)
{
    struct tx *tx = store_read(k->store);
    struct permissions_held *h = permissions_hold(p, generation, tx, &k->principal);
    size_t n = h->n;
    permissions_release(p, h);
    tx_end(tx);
    return n;
}

START_TEST(policies_are_read_anew_when_something_has_changed)
{
    struct permissions *p = permissions_new();
    ck_assert_uint_eq(sources_of(p, permissions_generation(p)), 0);
    allow("{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"}");
    ck_assert_uint_eq(sources_of(p, permissions_generation(p)), 0); /* nobody said so */
    uint64_t before = permissions_generation(p);
    permissions_changed(p);
    ck_assert_uint_eq(sources_of(p, permissions_generation(p)), 1);
    /* A call that began before the change keeps nothing for those that come after it. */
    (void)sources_of(p, before);
    ck_assert_uint_eq(sources_of(p, permissions_generation(p)), 1);
    permissions_free(p);
}
END_TEST

START_TEST(what_is_held_outlives_what_is_kept)
{
    struct permissions *p = permissions_new();
    allow("{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"}");
    struct tx *tx = store_read(k->store);
    struct permissions_held *h = permissions_hold(p, permissions_generation(p), tx, &k->principal);
    char id[24];
    for (int i = 0; i < 2 * PERMISSIONS_KEPT; i++) {
        (void)snprintf(id, sizeof(id), "AIDA%016d", i);
        struct principal other = k->principal;
        other.id = id;
        permissions_release(p, permissions_hold(p, permissions_generation(p), tx, &other));
    }
    permissions_changed(p);
    ck_assert_uint_eq(h->n, 1);
    ck_assert_str_eq(h->sources[0].name, "all");
    ck_assert_uint_eq(h->sources[0].policy->n_statements, 1);
    permissions_release(p, h);
    tx_end(tx);
    permissions_free(p);
}
END_TEST

START_TEST(groups_boundaries_and_sessions_count)
{
    struct tx *tx = store_write(k->store);
    store_insert_iam_group(tx,
                           &(struct iam_group){"AGPA0000000000000001", TEST_ACCOUNT, "/", "g", 1});
    store_insert_iam_group_member(tx, &(struct iam_group_member){"AGPA0000000000000001", ALICE});
    store_insert_iam_attachment(
        tx, &(struct iam_attachment){"AGPA0000000000000001",
                                     "arn:aws:iam::aws:policy/AdministratorAccess", TEST_ACCOUNT});
    commit(tx);
    ck_assert(MAY(DescribeInstances));
    const char *narrow[] = {"{\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"ec2:DescribeVpcs\","
                            "\"Resource\":\"*\"}}"};
    struct session session = {.policies = narrow, .n_policies = 1};
    k->principal.session = &session;
    ck_assert(MAY(DescribeVpcs));
    ck_assert(!MAY(DescribeInstances));
    told("because no session policy allows the ec2:DescribeInstances action");
    k->principal.session = NULL;

    tx = store_write(k->store);
    struct iam_user *alice = store_iam_user(tx, k->arena, ALICE);
    alice->permissions_boundary = "arn:aws:iam::aws:policy/AmazonEC2ReadOnlyAccess";
    store_update_iam_user(tx, alice);
    commit(tx);
    ck_assert(MAY(DescribeInstances));
    ck_assert(!MAY(CreateVpc, .cidr_block = "10.0.0.0/16"));
    told("because no permissions boundary allows the ec2:CreateVpc action");
}
END_TEST

UNIT_SUITE_WITH(begin, end, nobody_but_the_account_itself_may_do_anything_by_default,
                an_instance_is_asked_about_with_its_tags_and_properties,
                a_key_is_sent_for_whom_a_policy_names, a_deny_says_so,
                a_route_table_is_found_by_its_association_too, names_stand_for_what_they_name,
                what_is_made_is_asked_about_with_its_tags, a_launch_is_asked_about_as_a_whole,
                options_of_metadata_are_keys_of_a_launch, a_role_is_passed_by_whom_may_pass_it,
                a_trust_policy_says_who_takes_a_role,
                an_encoded_message_opens_for_its_account_alone,

                policies_are_read_anew_when_something_has_changed,
                what_is_held_outlives_what_is_kept, groups_boundaries_and_sessions_count)
