/*
 * DescribeSecurityGroupReferences, DescribeStaleSecurityGroups: what rules of other VPCs say of
 * groups. No VPC has a peer, so no rule reaches out of its own, nor can it be left behind when the
 * peering ends.
 */
#include "api/lookup.h"
#include "api/page.h"

int act_ec2_DescribeSecurityGroupReferences(struct call *c,
                                            const ec2_DescribeSecurityGroupReferences_in *in,
                                            ec2_DescribeSecurityGroupReferences_out *out,
                                            struct fault *f)
{
    (void)out;
    struct security_group_list groups;
    return lookup_security_groups(c, &in->group_id, &groups, f);
}

int act_ec2_DescribeStaleSecurityGroups(struct call *c,
                                        const ec2_DescribeStaleSecurityGroups_in *in,
                                        ec2_DescribeStaleSecurityGroups_out *out, struct fault *f)
{
    (void)out;
    struct page page;
    if (page_begin(c, in->max_results, in->next_token, false, &page, f) < 0)
        return -1;
    return lookup_vpc(c, in->vpc_id, f) == NULL ? -1 : 0;
}
