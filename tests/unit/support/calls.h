#pragma once
/*
 * Calls of actions against a real store in a temporary directory: one account, the region
 * us-east-1, its default VPC with a subnet in each zone and a default group, and a second VPC.
 * Both have their main route table and their default network ACL.
 *
 *     struct calls *k = calls_new();
 *     ec2_CreateKeyPair_out out;
 *     ck_assert_int_eq(CALL(k, CreateKeyPair, &out, .key_name = "me"), 0);
 *     ck_assert_fault(k, INVALID_KEY_PAIR_DUPLICATE, "The key pair 'me' already exists");
 *
 * What a call brings lives until calls_free(). A call that faults is rolled back.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "api/call.h"

#define TEST_ACCOUNT     "123456789012"
#define TEST_HOST        "h-0a0a0a0a0a0a0a0a0"
#define TEST_VPC         "vpc-0a0a0a0a0a0a0a0a0"
#define TEST_OTHER_VPC   "vpc-0b0b0b0b0b0b0b0b0"
#define TEST_SUBNET      "subnet-0a0a0a0a0a0a0a0a1" /* of us-east-1a */
#define TEST_GROUP       "sg-0a0a0a0a0a0a0a0a0"     /* "default" of the default VPC */
#define TEST_TABLE       "rtb-0a0a0a0a0a0a0a0a0"    /* the main one of the default VPC */
#define TEST_MAIN        "rtbassoc-0a0a0a0a0a0a0a0a0"
#define TEST_OTHER_TABLE "rtb-0b0b0b0b0b0b0b0b0"
#define TEST_GATEWAY     "igw-0a0a0a0a0a0a0a0a0"
#define TEST_ACL         "acl-0a0a0a0a0a0a0a0a0" /* the default one of the default VPC */
#define TEST_OTHER_ACL   "acl-0b0b0b0b0b0b0b0b0"
#define TEST_IN_ACL      "aclassoc-0a0a0a0a0a0a0a0a1" /* of TEST_SUBNET with TEST_ACL */
#define TEST_IMAGE       "ami-0a0a0a0a0a0a0a0a0"
#define TEST_SNAPSHOT    "snap-0a0a0a0a0a0a0a0a0"
#define TEST_INSTANCE    "i-0a0a0a0a0a0a0a0a0"   /* of calls_put_instance() */
#define TEST_INTERFACE   "eni-0a0a0a0a0a0a0a0a0" /* in TEST_SUBNET, a member of no group */

extern const struct server_key calls_server_key;

struct calls {
    char directory[64];
    struct store *store;
    struct arena *arena;
    struct api_config config;
    struct storage *storage; /* in memory; the config's, unless a test says otherwise */
    struct principal principal;
    struct region served[2];
    const char *request_id; /* of the calls to come */
    struct call call;
    struct fault fault;
};

struct calls *calls_new(void);
void calls_free(struct calls *k);
void calls_begin(struct calls *k, const struct wire_service *service, const char *action,
                 const void *in);
void calls_end(struct calls *k, int result);
/*
 * TEST_INSTANCE, a t3.micro in this state, or puts it into another: with a root volume at /dev/xvda
 * that goes when it goes, and an interface in TEST_SUBNET and TEST_GROUP.
 */
void calls_put_instance(struct calls *k, enum instance_state state);
/* The layer of TEST_IMAGE, whose row is there, in this storage: 512 bytes. */
void calls_put_base(struct storage *s);
/* TEST_GATEWAY, attached to the default VPC. */
void calls_put_gateway(struct calls *k);
struct instance *calls_instance(struct calls *k);
/* Jobs that wait for this object. */
size_t calls_jobs(struct calls *k, const char *object_id);

#define CALL_OF(k, service, name, out, ...)                                                        \
    ({                                                                                             \
        service##_##name##_in *in_ = arena_new_of((k)->arena, service##_##name##_in);              \
        *in_ = (service##_##name##_in){__VA_ARGS__};                                               \
        memset((out), 0, sizeof(*(out)));                                                          \
        calls_begin((k), &service##_service, #name, in_);                                          \
        int result_ = act_##service##_##name(&(k)->call, in_, (out), &(k)->fault);                 \
        calls_end((k), result_);                                                                   \
        result_;                                                                                   \
    })
#define CALL(k, name, out, ...) CALL_OF(k, ec2, name, out, __VA_ARGS__)

/* A call that must succeed. */
#define OK(k, name, out, ...)                                                                      \
    do {                                                                                           \
        int r_ = CALL(k, name, out, __VA_ARGS__);                                                  \
        ck_assert_msg(r_ == 0, "%s: %s", fault_code_name((k)->fault.code), (k)->fault.message);    \
    } while (0)

#define ck_assert_fault(k, id, text)                                                               \
    do {                                                                                           \
        ck_assert_msg(fault_is_set(&(k)->fault), "no fault");                                      \
        ck_assert_str_eq(fault_code_name((k)->fault.code), fault_code_name(FAULT_##id));           \
        ck_assert_str_eq((k)->fault.message, (text));                                              \
    } while (0)
/* A call that must be refused, with these words. */
#define REFUSED(k, id, text, name, out, ...)                                                       \
    do {                                                                                           \
        ck_assert_int_eq(CALL(k, name, out, __VA_ARGS__), -1);                                     \
        ck_assert_fault(k, id, text);                                                              \
    } while (0)

/* Lists for the members of a request: LIST("a", "b"), FILTER("key", "a", "b"). */
#define LIST(...)                                                                                  \
    {                                                                                              \
        (const char *[]){__VA_ARGS__}, sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *)      \
    }
#define LIST_OF(type, ...)                                                                         \
    {                                                                                              \
        (struct type[]){__VA_ARGS__}, sizeof((struct type[]){__VA_ARGS__}) / sizeof(struct type)   \
    }
#define FILTER(name, ...)                                                                          \
    {                                                                                              \
        name, LIST(__VA_ARGS__)                                                                    \
    }
#define FILTERED_BY(...) .filters = LIST_OF(ec2_Filter, __VA_ARGS__)
#define TAGGED(type, ...)                                                                          \
    .tag_specifications = LIST_OF(ec2_TagSpecification, {type, LIST_OF(ec2_Tag, __VA_ARGS__)})
