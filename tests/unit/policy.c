/* Policy documents: what is read from them, and why others are refused. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "auth/policy.h"
#include "base/text.h"
#include "unit.h"

#define ALL      "\"Action\":\"*\",\"Resource\":\"*\""
#define ONE(...) "{\"Statement\":[{" __VA_ARGS__ "}]}"

static struct arena *arena;

static struct policy *parse(const char *text, enum policy_kind kind)
{
    struct err e = {0};
    struct policy *p = policy_parse(arena, text, strlen(text), kind, &e);
    ck_assert_msg(p != NULL, "%s: %s", text, e.message);
    return p;
}

static void refused(const char *text, enum policy_kind kind, const char *why)
{
    struct err e = {0};
    ck_assert_msg(policy_parse(arena, text, strlen(text), kind, &e) == NULL, "%s", text);
    ck_assert_str_eq(e.message, why);
    ck_assert_int_eq(e.code, EINVAL);
}

START_TEST(the_policy_of_an_endpoint_is_read)
{
    arena = arena_new();
    const struct policy *p =
        parse("{\"Version\":\"2008-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":"
              "\"*\",\"Action\":\"*\",\"Resource\":\"*\"}]}",
              POLICY_OF_RESOURCE);
    ck_assert_str_eq(p->version, "2008-10-17");
    ck_assert_ptr_null(p->id);
    ck_assert_uint_eq(p->n_statements, 1);
    const struct policy_statement *s = &p->statements[0];
    ck_assert(s->is_allow && !s->not_actions && !s->not_resources && !s->not_principals);
    ck_assert_ptr_null(s->sid);
    ck_assert_uint_eq(s->n_principals, 1);
    ck_assert_int_eq(s->principals[0].kind, POLICY_PRINCIPAL_EVERYBODY);
    ck_assert_str_eq(s->actions.v[0], "*");
    ck_assert_str_eq(s->resources.v[0], "*");
    ck_assert_uint_eq(s->n_conditions, 0);
    arena_free(arena);
}
END_TEST

START_TEST(everything_that_a_statement_says_is_in_its_form)
{
    arena = arena_new();
    const struct policy *p = parse(
        "{\"Version\":\"2012-10-17\",\"Id\":\"x\",\"Statement\":{\"Sid\":\"one\",\"Effect\":"
        "\"Deny\",\"NotPrincipal\":{\"AWS\":[\"123456789012\",\"*\"],\"Service\":"
        "\"ec2.amazonaws.com\",\"Federated\":\"f\",\"CanonicalUser\":\"c\"},\"NotAction\":"
        "[\"s3:Get*\",\"ec2:RunInstances\"],\"NotResource\":\"arn:aws:s3:::b/${aws:username}/*\","
        "\"Condition\":{\"ForAnyValue:StringNotLikeIfExists\":{\"aws:TagKeys\":[\"a\",\"b\"]},"
        "\"NumericLessThanEquals\":{\"s3:max-keys\":10,\"s3:TlsVersion\":1.5},\"Bool\":"
        "{\"aws:SecureTransport\":true}}}}",
        POLICY_OF_RESOURCE);
    const struct policy_statement *s = &p->statements[0];
    ck_assert_str_eq(p->id, "x");
    ck_assert_str_eq(s->sid, "one");
    ck_assert(!s->is_allow && s->not_actions && s->not_resources && s->not_principals);
    ck_assert_uint_eq(s->n_principals, 5);
    ck_assert_int_eq(s->principals[1].kind, POLICY_PRINCIPAL_AWS);
    ck_assert_str_eq(s->principals[1].id, "*");
    ck_assert_int_eq(s->principals[2].kind, POLICY_PRINCIPAL_SERVICE);
    ck_assert_int_eq(s->principals[4].kind, POLICY_PRINCIPAL_CANONICAL_USER);
    ck_assert_uint_eq(s->actions.n, 2);
    ck_assert_str_eq(s->actions.v[1], "ec2:RunInstances");
    ck_assert_str_eq(s->resources.v[0], "arn:aws:s3:::b/${aws:username}/*");

    ck_assert_uint_eq(s->n_conditions, 4);
    const struct policy_condition *c = s->conditions;
    ck_assert_str_eq(c[0].op->name, "StringNotLike");
    ck_assert(c[0].op->is_negated && c[0].if_exists);
    ck_assert_int_eq(c[0].op->comparison, POLICY_LIKE);
    ck_assert_int_eq(c[0].quantifier, POLICY_FOR_ANY);
    ck_assert_str_eq(c[0].key, "aws:TagKeys");
    ck_assert_uint_eq(c[0].values.n, 2);
    ck_assert_int_eq(c[1].op->type, POLICY_TYPE_NUMERIC);
    ck_assert_str_eq(c[1].values.v[0], "10");
    ck_assert_str_eq(c[2].values.v[0], "1.5");
    ck_assert_str_eq(c[3].values.v[0], "true");
    ck_assert_int_eq(c[3].quantifier, POLICY_SINGLE);
    arena_free(arena);
}
END_TEST

START_TEST(a_document_is_refused_with_its_reason)
{
    static const struct {
        const char *text, *why;
    } cases[] = {
        {"", "line 1, column 0: it is not JSON"},
        {"[]", "it must be an object"},
        {"{}", "there must be a Statement"},
        {"{\"Statement\":[]}", "there must be a Statement"},
        {"{\"Statement\":[1]}", "Statement 1: it must be an object"},
        {"{\"Version\":\"2012-10-18\",\"Statement\":{}}",
         "Version must be 2012-10-17 or 2008-10-17"},
        {"{\"Version\":2012,\"Statement\":{}}", "Version must be a text"},
        {"{\"statement\":{}}", "there is no element 'statement'"},
        {"{\"Id\":\"a\",\"Id\":\"b\",\"Statement\":{}}", "line 1: an element stands there twice"},
        {"[[[[[[[[[1]]]]]]]]]", "it is nested deeper than any policy"},
        {"{\"Id\":\"a\\u0000b\",\"Statement\":{}}", "line 1, column 16: it is not JSON"},
        {ONE("\"Effect\":\"Maybe\"," ALL), "Statement 1: Effect must be Allow or Deny"},
        {ONE(ALL), "Statement 1: Effect must be Allow or Deny"},
        {ONE("\"Effect\":\"Allow\",\"Colour\":1"), "Statement 1: there is no element 'Colour'"},
        {ONE("\"Effect\":\"Allow\",\"Resource\":\"*\""),
         "Statement 1: there must be exactly one of Action and NotAction"},
        {ONE("\"Effect\":\"Allow\",\"NotAction\":\"*\"," ALL),
         "Statement 1: there must be exactly one of Action and NotAction"},
        {ONE("\"Effect\":\"Allow\",\"Action\":[],\"Resource\":\"*\""),
         "Statement 1: Action must not be empty"},
        {ONE("\"Effect\":\"Allow\",\"Action\":[1],\"Resource\":\"*\""),
         "Statement 1: Action must be a text or a list of texts"},
        {ONE("\"Effect\":\"Allow\",\"Action\":\"RunInstances\",\"Resource\":\"*\""),
         "Statement 1: the action 'RunInstances' is not of the form service:Action or *"},
        {ONE("\"Effect\":\"Allow\",\"Action\":\"ec2:\",\"Resource\":\"*\""),
         "Statement 1: the action 'ec2:' is not of the form service:Action or *"},
        {ONE("\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"bucket\""),
         "Statement 1: the resource 'bucket' is neither an ARN nor *"},
        {ONE("\"Effect\":\"Allow\",\"Action\":\"*\""),
         "Statement 1: there must be exactly one of Resource and NotResource"},
        {ONE("\"Effect\":\"Allow\",\"Principal\":\"*\"," ALL),
         "Statement 1: the policy of an identity names no principals"},
        {ONE("\"Sid\":\"a b\",\"Effect\":\"Allow\"," ALL),
         "Statement 1: the Sid 'a b' may have letters and digits alone"},
        {"{\"Statement\":[{\"Sid\":\"a\",\"Effect\":\"Allow\"," ALL "},{\"Sid\":\"a\",\"Effect\":"
         "\"Allow\"," ALL "}]}",
         "Statement 2: the Sid 'a' is that of another statement"},
        {"{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"*\","
         "\"Resource\":\"arn:aws:s3:::${aws:username\"}}",
         "Statement 1: Resource: a variable in 'arn:aws:s3:::${aws:username' has no end"},
    };
    arena = arena_new();
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        refused(cases[i].text, POLICY_OF_IDENTITY, cases[i].why);
    arena_free(arena);
}
END_TEST

START_TEST(principals_are_there_where_they_must_be)
{
    static const struct {
        const char *principal, *why;
    } cases[] = {
        {"", "Statement 1: there must be exactly one of Principal and NotPrincipal"},
        {"\"Principal\":\"123456789012\",",
         "Statement 1: Principal must be * or an object with AWS, Service, Federated or "
         "CanonicalUser"},
        {"\"Principal\":{},",
         "Statement 1: Principal must be * or an object with AWS, Service, Federated or "
         "CanonicalUser"},
        {"\"Principal\":{\"Azure\":\"x\"},", "Statement 1: Principal: there is no element 'Azure'"},
        {"\"Principal\":{\"AWS\":\"\"},",
         "Statement 1: Principal: a principal of the kind AWS is empty"},
        {"\"Principal\":{\"AWS\":[]},", "Statement 1: Principal: AWS must not be empty"},
    };
    arena = arena_new();
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        refused(arena_printf(arena, "{\"Statement\":{%s\"Effect\":\"Allow\"," ALL "}}",
                             cases[i].principal),
                POLICY_OF_RESOURCE, cases[i].why);
    arena_free(arena);
}
END_TEST

START_TEST(conditions_compare_what_their_operators_can)
{
    static const struct {
        const char *condition, *why; /* NULL: it is right */
    } cases[] = {
        {"{}", NULL},
        {"{\"IpAddress\":{\"aws:SourceIp\":[\"10.0.0.0/8\",\"10.0.0.1\",\"fd00::/8\",\"::1\"]}}",
         NULL},
        {"{\"DateLessThan\":{\"aws:CurrentTime\":[\"2026-01-02\",\"2026-01-02T03:04Z\","
         "\"2026-01-02T03:04:05Z\",\"2026-01-02T03:04:05.678+01:00\",1767323045]}}",
         NULL},
        {"{\"ArnLike\":{\"aws:SourceArn\":\"arn:aws:s3:::*\"}}", NULL},
        {"{\"BinaryEquals\":{\"a:b\":\"QUI=\"}}", NULL},
        {"{\"Null\":{\"aws:TokenIssueTime\":\"True\"}}", NULL},
        {"{\"NumericEquals\":{\"a:b\":[\"-1.5e3\",7]}}", NULL},
        {"{\"Bool\":{\"a:b\":\"${aws:SecureTransport}\"}}", NULL},
        {"[]", "Condition: it must be an object of operators"},
        {"{\"StringIs\":{\"a:b\":\"c\"}}", "Condition: there is no operator 'StringIs'"},
        {"{\"NullIfExists\":{\"a:b\":true}}", "Condition: there is no operator 'NullIfExists'"},
        {"{\"ForSome:Bool\":{\"a:b\":true}}", "Condition: there is no operator 'ForSome:Bool'"},
        {"{\"Bool\":[]}", "Condition: Bool must be an object of keys"},
        {"{\"Bool\":{\"ab\":true}}", "Condition: the key 'ab' is not of the form service:name"},
        {"{\"Bool\":{\"a b:c\":true}}",
         "Condition: the key 'a b:c' is not of the form service:name"},
        {"{\"Bool\":{\"a:b\":true,\"A:B\":true}}", "Condition: Bool has the key 'A:B' twice"},
        {"{\"Bool\":{\"a:b\":[]}}", "Condition: a:b must not be empty"},
        {"{\"Bool\":{\"a:b\":{}}}", "Condition: a:b must be a text or a list of texts"},
        {"{\"Bool\":{\"a:b\":\"yes\"}}", "Condition: Bool cannot compare a:b with 'yes'"},
        {"{\"IpAddress\":{\"a:b\":\"10.0.0.0/33\"}}",
         "Condition: IpAddress cannot compare a:b with '10.0.0.0/33'"},
        {"{\"NumericEquals\":{\"a:b\":\"ten\"}}",
         "Condition: NumericEquals cannot compare a:b with 'ten'"},
        {"{\"NumericEquals\":{\"a:b\":\"1e999\"}}",
         "Condition: NumericEquals cannot compare a:b with '1e999'"},
        {"{\"DateEquals\":{\"a:b\":\"2026-1-2\"}}",
         "Condition: DateEquals cannot compare a:b with '2026-1-2'"},
        {"{\"DateEquals\":{\"a:b\":\"2026-01-02T03:04:05\"}}",
         "Condition: DateEquals cannot compare a:b with '2026-01-02T03:04:05'"},
        {"{\"DateEquals\":{\"a:b\":\"2026-01-02T03:04:05.Z\"}}",
         "Condition: DateEquals cannot compare a:b with '2026-01-02T03:04:05.Z'"},
        {"{\"ArnEquals\":{\"a:b\":\"s3\"}}", "Condition: ArnEquals cannot compare a:b with 's3'"},
        {"{\"BinaryEquals\":{\"a:b\":\"Q\"}}",
         "Condition: BinaryEquals cannot compare a:b with 'Q'"},
    };
    arena = arena_new();
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const char *text = arena_printf(arena, ONE("\"Effect\":\"Allow\"," ALL ",\"Condition\":%s"),
                                        cases[i].condition);
        if (cases[i].why == NULL)
            (void)parse(text, POLICY_OF_IDENTITY);
        else
            refused(text, POLICY_OF_IDENTITY, arena_printf(arena, "Statement 1: %s", cases[i].why));
    }
    arena_free(arena);
}
END_TEST

START_TEST(a_trust_policy_names_principals_and_no_resources)
{
#define TRUST "\"Effect\":\"Allow\",\"Action\":\"sts:AssumeRole\""
    arena = arena_new();
    const struct policy *p =
        parse(ONE(TRUST ",\"Principal\":{\"Service\":\"ec2.amazonaws.com\"}"), POLICY_OF_ROLE);
    ck_assert_uint_eq(p->statements[0].n_principals, 1);
    ck_assert_uint_eq(p->statements[0].resources.n, 0);
    refused(ONE(TRUST ",\"Principal\":\"*\",\"Resource\":\"*\""), POLICY_OF_ROLE,
            "Statement 1: the trust policy of a role names no resources");
    refused(ONE(TRUST), POLICY_OF_ROLE,
            "Statement 1: there must be exactly one of Principal and NotPrincipal");
    arena_free(arena);
#undef TRUST
}
END_TEST

START_TEST(a_date_is_one_of_the_calendar)
{
    static const char *const none[] = {"2026-13-01",           "2026-00-01",
                                       "2026-01-32",           "2026-01-02T25:00:00Z",
                                       "2026-01-02T00:60:00Z", "2026-01-02T00:00:00+24:00",
                                       "99999999999999999999"};
    arena = arena_new();
    for (size_t i = 0; i < ARRAY_SIZE(none); i++)
        refused(arena_printf(arena,
                             ONE("\"Effect\":\"Allow\"," ALL
                                 ",\"Condition\":{\"DateEquals\":{\"a:b\":\"%s\"}}"),
                             none[i]),
                POLICY_OF_IDENTITY,
                arena_printf(arena,
                             "Statement 1: Condition: DateEquals cannot compare a:b with "
                             "'%s'",
                             none[i]));
    arena_free(arena);
}
END_TEST

START_TEST(a_document_has_a_size)
{
    arena = arena_new();
    const char *legal = ONE("\"Effect\":\"Allow\"," ALL);
    int blanks = POLICY_SIZE_MAX - (int)strlen(legal);
    (void)parse(arena_printf(arena, "%s%*s", legal, blanks, ""), POLICY_OF_IDENTITY);
    const char *text = arena_printf(arena, "%s%*s", legal, blanks + 1, "");
    refused(text, POLICY_OF_IDENTITY, "it has more than 20480 bytes");
    arena_free(arena);
}
END_TEST

UNIT_SUITE(the_policy_of_an_endpoint_is_read, everything_that_a_statement_says_is_in_its_form,
           a_document_is_refused_with_its_reason, principals_are_there_where_they_must_be,
           conditions_compare_what_their_operators_can,
           a_trust_policy_names_principals_and_no_resources, a_date_is_one_of_the_calendar,
           a_document_has_a_size)
