#include "api/filter.h"
#include "api/group_rule.h"
#include "api/lookup.h"
#include "api/page.h"
#include "api/tagging.h"
#include "base/id.h"
#include "base/text.h"
#include "core/security_rule.h"

/* AWS's quota: "VPC security groups per Region". */
#define GROUPS_PER_REGION 2500
#define DEFAULT_GROUP     "default"

static const char *group_arn(struct call *c, const char *group_id)
{
    return arena_printf(c->arena, "arn:aws:ec2:%s:%s:security-group/%s", c->region->name,
                        c->principal->account_id, group_id);
}

static int check_name(const char *name, struct fault *f)
{
    if (!security_group_text_is_legal(name))
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "Invalid security group name. Valid names are strings less than 256 "
                     "characters from the following set:  a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*");
    if (has_prefix(name, "sg-"))
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "Value (%s) for parameter GroupName is invalid. Group names may not be in "
                     "the format sg-*",
                     name);
    if (streq(name, DEFAULT_GROUP))
        return fault(f, FAULT_INVALID_GROUP_RESERVED, "The security group 'default' is reserved");
    return 0;
}

static int check_description(const char *description, struct fault *f)
{
    for (const char *at = description; *at != '\0'; at++)
        if ((unsigned char)*at >= 0x80)
            return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                         "Value for parameter GroupDescription is invalid. Character sets beyond "
                         "ASCII are not supported.");
    if (!security_group_text_is_legal(description))
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "Invalid security group description. Valid descriptions are strings less than "
                     "256 characters from the following set:  a-zA-Z0-9. "
                     "_-:/()#,@[]+=&;{}!$*");
    return 0;
}

static struct vpc *vpc_of_request(struct call *c, const char *vpc_id, struct fault *f)
{
    if (vpc_id != NULL)
        return lookup_vpc(c, vpc_id, f);
    struct vpc *vpc = lookup_default_vpc(c);
    if (vpc == NULL)
        (void)fault(f, FAULT_VPC_ID_NOT_SPECIFIED, "No default VPC for this user");
    return vpc;
}

/* Every new group lets everything out (AWS: "Security group rules"). */
static void put_default_rule(struct call *c, const struct security_group *group, bool is_ipv6)
{
    char id[ID_SIZE];
    id_new("sgr", id);
    store_insert_security_group_rule(c->tx, &(struct security_group_rule){
                                                .id = id,
                                                .account_id = group->account_id,
                                                .region = group->region,
                                                .group_id = group->id,
                                                .is_egress = true,
                                                .protocol = "-1",
                                                .from_port = -1,
                                                .to_port = -1,
                                                .cidr_ipv4 = is_ipv6 ? NULL : "0.0.0.0/0",
                                                .cidr_ipv6 = is_ipv6 ? "::/0" : NULL,
                                            });
}

int act_ec2_CreateSecurityGroup(struct call *c, const ec2_CreateSecurityGroup_in *in,
                                ec2_CreateSecurityGroup_out *out, struct fault *f)
{
    static const char *const taggable[] = {"security-group", NULL};
    if (check_name(in->group_name, f) < 0 || check_description(in->description, f) < 0 ||
        tags_from_specifications(c, &in->tag_specifications, taggable, f) < 0)
        return -1;
    struct vpc *vpc = vpc_of_request(c, in->vpc_id, f);
    if (vpc == NULL)
        return -1;
    if (lookup_group_named(c, vpc->id, in->group_name) != NULL)
        return fault(f, FAULT_INVALID_GROUP_DUPLICATE,
                     "The security group '%s' already exists for VPC '%s'", in->group_name,
                     vpc->id);
    if (store_security_groups(c->tx, c->arena, "account_id", c->principal->account_id, "region",
                              c->region->name)
            .n >= GROUPS_PER_REGION)
        return fault(f, FAULT_SECURITY_GROUP_LIMIT_EXCEEDED,
                     "The maximum number of security groups (%d) for VPC '%s' has been reached.",
                     GROUPS_PER_REGION, vpc->id);

    char id[ID_SIZE];
    id_new("sg", id);
    struct security_group group = {
        .id = arena_strdup(c->arena, id),
        .account_id = c->principal->account_id,
        .region = c->region->name,
        .vpc_id = vpc->id,
        .name = in->group_name,
        .description = in->description,
        .created_at = c->now,
    };
    store_insert_security_group(c->tx, &group);
    put_default_rule(c, &group, false);
    /* AWS: "Security group rules", of a VPC with IPv6. */
    if (store_count_vpc_cidr_blocks(c->tx, "vpc_id", vpc->id, "is_ipv6", "1") > 0)
        put_default_rule(c, &group, true);
    tags_put(c, &in->tag_specifications, "security-group", group.id);
    out->group_id = group.id;
    out->security_group_arn = group_arn(c, group.id);
    store_enqueue(c->tx, "vpc", vpc->id, 0);
    tags_of(c, group.id, &out->tags);
    return 0;
}

/*
 * Do groups where it is in force name it? Rules of peer VPCs do not hold a group: they become stale
 * (AWS: DeleteSecurityGroup).
 */
static bool is_referenced(struct call *c, const char *group_id)
{
    struct security_group_rule_list rules =
        store_security_group_rules(c->tx, c->arena, "referenced_group_id", group_id);
    for (size_t i = 0; i < rules.n; i++)
        if (!streq(rules.v[i].group_id, group_id) && rules.v[i].peering_id == NULL)
            return true;
    return false;
}

int act_ec2_DeleteSecurityGroup(struct call *c, const ec2_DeleteSecurityGroup_in *in,
                                ec2_DeleteSecurityGroup_out *out, struct fault *f)
{
    struct security_group *group = group_of_request(c, in->group_id, in->group_name, f);
    if (group == NULL)
        return -1;
    if (streq(group->name, DEFAULT_GROUP))
        return fault(f, FAULT_CANNOT_DELETE,
                     "the specified group: \"%s\" name: \"default\" cannot be deleted by a user",
                     group->id);
    if (store_count_interface_groups(c->tx, "group_id", group->id) > 0 ||
        store_count_security_group_vpcs(c->tx, "group_id", group->id) > 0 ||
        is_referenced(c, group->id))
        return fault(f, FAULT_DEPENDENCY_VIOLATION, "resource %s has a dependent object",
                     group->id);

    struct security_group_rule_list rules =
        store_security_group_rules(c->tx, c->arena, "group_id", group->id);
    for (size_t i = 0; i < rules.n; i++)
        tags_drop(c, rules.v[i].id);
    tags_drop(c, group->id);
    store_delete_security_group_rules(c->tx, "group_id", group->id);
    store_delete_security_groups(c->tx, "id", group->id);
    store_enqueue(c->tx, "vpc", group->vpc_id, 0);
    out->return_ = wire_bool(true);
    out->group_id = group->id;
    return 0;
}

static const struct filter_path group_filters[] = {
    {"description", "Description"},
    {"egress.ip-permission.cidr", "IpPermissionsEgress.IpRanges.CidrIp"},
    {"egress.ip-permission.from-port", "IpPermissionsEgress.FromPort"},
    {"egress.ip-permission.group-id", "IpPermissionsEgress.UserIdGroupPairs.GroupId"},
    {"egress.ip-permission.group-name", "IpPermissionsEgress.UserIdGroupPairs.GroupName"},
    {"egress.ip-permission.ipv6-cidr", "IpPermissionsEgress.Ipv6Ranges.CidrIpv6"},
    {"egress.ip-permission.prefix-list-id", "IpPermissionsEgress.PrefixListIds.PrefixListId"},
    {"egress.ip-permission.protocol", "IpPermissionsEgress.IpProtocol"},
    {"egress.ip-permission.to-port", "IpPermissionsEgress.ToPort"},
    {"egress.ip-permission.user-id", "IpPermissionsEgress.UserIdGroupPairs.UserId"},
    {"group-id", "GroupId"},
    {"group-name", "GroupName"},
    {"ip-permission.cidr", "IpPermissions.IpRanges.CidrIp"},
    {"ip-permission.from-port", "IpPermissions.FromPort"},
    {"ip-permission.group-id", "IpPermissions.UserIdGroupPairs.GroupId"},
    {"ip-permission.group-name", "IpPermissions.UserIdGroupPairs.GroupName"},
    {"ip-permission.ipv6-cidr", "IpPermissions.Ipv6Ranges.CidrIpv6"},
    {"ip-permission.prefix-list-id", "IpPermissions.PrefixListIds.PrefixListId"},
    {"ip-permission.protocol", "IpPermissions.IpProtocol"},
    {"ip-permission.to-port", "IpPermissions.ToPort"},
    {"ip-permission.user-id", "IpPermissions.UserIdGroupPairs.UserId"},
    {"owner-id", "OwnerId"},
    {"vpc-id", "VpcId"},
};

static void group_of_row(struct call *c, const struct security_group *row,
                         struct ec2_SecurityGroup *ret_group)
{
    struct security_group_rule_list rules =
        store_security_group_rules(c->tx, c->arena, "group_id", row->id);
    struct ec2_SecurityGroup group = {
        .group_id = row->id,
        .vpc_id = row->vpc_id,
        .security_group_arn = group_arn(c, row->id),
        .owner_id = row->account_id,
        .group_name = row->name,
        .description = row->description,
    };
    permissions_of_rules(c, &rules, false, &group.ip_permissions);
    permissions_of_rules(c, &rules, true, &group.ip_permissions_egress);
    tags_of(c, row->id, &group.tags);
    *ret_group = group;
}

/* Groups by id, and by name in the default VPC; without both, all. */
static int find_groups(struct call *c, const ec2_DescribeSecurityGroups_in *in,
                       struct security_group_list *ret_groups, struct fault *f)
{
    if (in->group_names.n == 0)
        return lookup_security_groups(c, &in->group_ids, ret_groups, f);
    struct wire_strings ids = {0};
    for (size_t i = 0; i < in->group_ids.n; i++)
        *arena_append(c->arena, &ids) = in->group_ids.v[i];
    for (size_t i = 0; i < in->group_names.n; i++) {
        struct security_group *group = group_of_request(c, NULL, in->group_names.v[i], f);
        if (group == NULL)
            return -1;
        *arena_append(c->arena, &ids) = group->id;
    }
    return lookup_security_groups(c, &ids, ret_groups, f);
}

int act_ec2_DescribeSecurityGroups(struct call *c, const ec2_DescribeSecurityGroups_in *in,
                                   ec2_DescribeSecurityGroups_out *out, struct fault *f)
{
    struct filters filters = FILTERS(in, group_filters, SecurityGroup);
    struct security_group_list rows;
    struct page page;
    bool named = in->group_ids.n > 0 || in->group_names.n > 0;
    if (filters_check(&filters, f) < 0 ||
        page_begin(c, in->max_results, in->next_token, named, &page, f) < 0 ||
        find_groups(c, in, &rows, f) < 0)
        return -1;
    for (size_t i = 0; i < rows.n && !page.more; i++) {
        struct ec2_SecurityGroup group;
        group_of_row(c, &rows.v[i], &group);
        if (filters_match(&filters, &group, NULL) && page_admit(&page, group.group_id))
            *arena_append(c->arena, &out->security_groups) = group;
    }
    out->next_token = page_end(c, &page);
    return 0;
}
