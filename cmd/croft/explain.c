/* croft explain: what of an object stands in the kernel, in the kernel's words. */
#include <string.h>

#include "base/text.h"
#include "croft/explained.h"
#include "croft/options.h"
#include "croft/output.h"
#include "croft/verbs.h"

/* The read that tells of an object. */
static const struct {
    const char *prefix;
    const char *action;
    const char *member;
} kinds[] = {
    {"sg-", "DescribeSecurityGroups", "GroupIds"},
    {"acl-", "DescribeNetworkAcls", "NetworkAclIds"},
    {"rtb-", "DescribeRouteTables", "RouteTableIds"},
    {"eni-", "DescribeNetworkInterfaces", "NetworkInterfaceIds"},
    {"nat-", "DescribeNatGateways", "NatGatewayIds"},
    {"vpc-", "DescribeVpcs", "VpcIds"},
};

static int print(struct cli *c, const json_t *reply)
{
    json_t *explanation = json_object_get(reply, "CroftExplanation");
    const char *text;

    if (explanation != NULL)
        return output_json(explanation);
    text = explained_text(c);
    if (text == NULL) {
        complain("the server explains nothing");
        return STATUS_UNREACHED;
    }
    return output_text(text, strlen(text));
}

static int run_explain(struct cli *c, int argc, char **argv)
{
    _cleanup_json_ json_t *reply = NULL;
    struct words words;
    int status = options_parse(c, "explain", NULL, 0, 0, argc, argv, &words);

    if (status != STATUS_OK)
        return status;
    if (words.n != 1)
        return usage_error("explain",
                           "croft explain sg-...|acl-...|rtb-...|eni-...|nat-...|vpc-...");
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        if (!has_prefix(words.v[0], kinds[i].prefix))
            continue;
        c->explain = true;
        explained_hold(c);
        status = cli_call(c, kinds[i].action, json_pack("{s:[s]}", kinds[i].member, words.v[0]),
                          NULL, &reply);
        return status != STATUS_OK ? status : print(c, reply);
    }
    return usage_error("explain", "'%s' is none of sg-, acl-, rtb-, eni-, nat-, vpc-", words.v[0]);
}

const struct verb explain_verbs[] = {
    {"explain", run_explain, "sg-...|acl-...|rtb-...|eni-...|nat-...|vpc-...",
     "Shows what of an object stands in the kernel",
     "The chains and sets of a group or an ACL with who is a member and where its rules come from, "
     "the\n"
     "routes of a table, what an interface or a NAT gateway adds, or all of a VPC: as nftables and "
     "ip\n"
     "would take it."},
    {NULL, NULL, NULL, NULL, NULL},
};
