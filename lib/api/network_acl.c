/* Network ACLs: made, shown, deleted, and which one a subnet has. Their rules are in
 * network_acl_entry.c. */
#include "core/network_acl.h"
#include "api/filter.h"
#include "api/lookup.h"
#include "api/page.h"
#include "api/tagging.h"
#include "base/id.h"
#include "base/text.h"

static const char *const taggable[] = {"network-acl", NULL};

static void view_entry(struct call *c, const struct network_acl_entry *row,
                       struct ec2_NetworkAclEntry *out)
{
    *out = (struct ec2_NetworkAclEntry){
        .cidr_block = row->cidr_ipv4,
        .ipv6_cidr_block = row->cidr_ipv6,
        .egress = wire_bool(row->is_egress),
        .protocol = arena_printf(c->arena, "%lld", (long long)row->protocol),
        .rule_action = row->is_allow ? "allow" : "deny",
        .rule_number = wire_int(row->rule_number),
    };
    if (network_acl_entry_has_ports(row)) {
        out->port_range = arena_new_of(c->arena, struct ec2_PortRange);
        out->port_range->from = wire_int(row->from_port);
        out->port_range->to = wire_int(row->to_port);
    }
    if (network_acl_entry_has_icmp(row)) {
        out->icmp_type_code = arena_new_of(c->arena, struct ec2_IcmpTypeCode);
        out->icmp_type_code->type = wire_int(row->icmp_type);
        out->icmp_type_code->code = wire_int(row->icmp_code);
    }
}

static bool vpc_has_ipv6(struct call *c, const char *vpc_id)
{
    return store_count_vpc_cidr_blocks(c->tx, "vpc_id", vpc_id, "is_ipv6", "1") > 0;
}

/* Rules are shown outbound first, each direction by number, the last ones that nobody wrote with
 * them. */
static void view_entries(struct call *c, const struct network_acl *acl,
                         struct ec2_NetworkAclEntryList *ret_entries)
{
    bool has_ipv6 = vpc_has_ipv6(c, acl->vpc_id);
    for (int egress = 1; egress >= 0; egress--) {
        struct network_acl_entry_list rows = store_network_acl_entries(
            c->tx, c->arena, "network_acl_id", acl->id, "is_egress", egress == 1 ? "1" : "0");
        for (size_t i = 0; i < rows.n; i++)
            view_entry(c, &rows.v[i], arena_append(c->arena, ret_entries));
        struct network_acl_entry last = {
            .is_egress = egress == 1,
            .rule_number = ACL_RULE_LAST,
            .protocol = ACL_PROTOCOL_ALL,
            .cidr_ipv4 = "0.0.0.0/0",
        };
        view_entry(c, &last, arena_append(c->arena, ret_entries));
        last.rule_number = ACL_RULE_LAST_IPV6;
        last.cidr_ipv4 = NULL;
        last.cidr_ipv6 = "::/0";
        if (has_ipv6)
            view_entry(c, &last, arena_append(c->arena, ret_entries));
    }
}

static void view(struct call *c, const struct network_acl *row, struct ec2_NetworkAcl *out)
{
    *out = (struct ec2_NetworkAcl){
        .is_default = wire_bool(row->is_default),
        .network_acl_id = row->id,
        .vpc_id = row->vpc_id,
        .owner_id = row->account_id,
    };
    struct network_acl_association_list associations =
        store_network_acl_associations(c->tx, c->arena, "network_acl_id", row->id);
    for (size_t i = 0; i < associations.n; i++)
        *arena_append(c->arena, &out->associations) = (struct ec2_NetworkAclAssociation){
            .network_acl_association_id = associations.v[i].id,
            .network_acl_id = row->id,
            .subnet_id = associations.v[i].subnet_id,
        };
    view_entries(c, row, &out->entries);
    tags_of(c, row->id, &out->tags);
    wire_list_empty(&out->associations);
    wire_list_empty(&out->tags);
}

/* A new one lets nothing pass. */
static struct network_acl *create(struct call *c, const ec2_CreateNetworkAcl_in *in,
                                  struct fault *f)
{
    if (tags_from_specifications(c, &in->tag_specifications, taggable, f) < 0)
        return NULL;
    const struct vpc *vpc = lookup_vpc(c, in->vpc_id, f);
    if (vpc == NULL)
        return NULL;
    if (store_count_network_acls(c->tx, "vpc_id", vpc->id) >= ACLS_PER_VPC) {
        (void)fault(f, FAULT_NETWORK_ACL_LIMIT_EXCEEDED,
                    "The maximum number of network ACLs (%d) for VPC '%s' has been reached.",
                    ACLS_PER_VPC, vpc->id);
        return NULL;
    }
    struct network_acl *acl = arena_new_of(c->arena, struct network_acl);
    *acl = (struct network_acl){
        .id = id_make(c->arena, "acl"),
        .account_id = c->principal->account_id,
        .region = c->region->name,
        .vpc_id = vpc->id,
    };
    store_insert_network_acl(c->tx, acl);
    tags_put(c, &in->tag_specifications, taggable[0], acl->id);
    store_enqueue(c->tx, "vpc", vpc->id, 0);
    return acl;
}

int act_ec2_CreateNetworkAcl(struct call *c, const ec2_CreateNetworkAcl_in *in,
                             ec2_CreateNetworkAcl_out *out, struct fault *f)
{
    const struct network_acl *acl =
        c->replay != NULL ? lookup_network_acl(c, c->replay, f) : create(c, in, f);
    if (acl == NULL)
        return -1;
    out->network_acl = arena_new_of(c->arena, struct ec2_NetworkAcl);
    view(c, acl, out->network_acl);
    out->client_token = in->client_token;
    c->result = acl->id;
    return 0;
}

int act_ec2_DeleteNetworkAcl(struct call *c, const ec2_DeleteNetworkAcl_in *in,
                             ec2_DeleteNetworkAcl_out *out, struct fault *f)
{
    (void)out;
    const struct network_acl *acl = lookup_network_acl(c, in->network_acl_id, f);
    if (acl == NULL)
        return -1;
    if (acl->is_default)
        return fault(f, FAULT_INVALID_PARAMETER_VALUE, "cannot delete default network ACL %s",
                     acl->id);
    if (store_count_network_acl_associations(c->tx, "network_acl_id", acl->id) > 0)
        return fault(f, FAULT_DEPENDENCY_VIOLATION,
                     "The networkAcl '%s' has dependencies and cannot be deleted.", acl->id);
    store_delete_network_acl_entries(c->tx, "network_acl_id", acl->id);
    store_delete_network_acls(c->tx, "id", acl->id);
    tags_drop(c, acl->id);
    store_enqueue(c->tx, "vpc", acl->vpc_id, 0);
    return 0;
}

/* The association gets a new id (AWS: ReplaceNetworkAclAssociation). */
int act_ec2_ReplaceNetworkAclAssociation(struct call *c,
                                         const ec2_ReplaceNetworkAclAssociation_in *in,
                                         ec2_ReplaceNetworkAclAssociation_out *out, struct fault *f)
{
    struct network_acl_association *a =
        store_network_acl_association(c->tx, c->arena, in->association_id);
    if (a == NULL || !lookup_exists(c, resource_get(RESOURCE_VPC), a->vpc_id)) {
        const char *id = in->association_id;
        return lookup_fault(c, RESOURCE_NETWORK_ACL_ASSOCIATION, &(struct wire_strings){&id, 1}, f);
    }
    const struct network_acl *acl = lookup_network_acl(c, in->network_acl_id, f);
    if (acl == NULL)
        return -1;
    if (!streq(acl->vpc_id, a->vpc_id))
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "network ACL %s and subnet %s belong to different networks", acl->id,
                     a->subnet_id);
    store_delete_network_acl_associations(c->tx, "id", a->id);
    a->id = id_make(c->arena, "aclassoc");
    a->network_acl_id = acl->id;
    store_insert_network_acl_association(c->tx, a);
    store_enqueue(c->tx, "vpc", a->vpc_id, 0);
    out->new_association_id = a->id;
    return 0;
}

/* AWS: DescribeNetworkAcls, "Filters". */
static const struct filter_path acl_filters[] = {
    {"association.association-id", "Associations.NetworkAclAssociationId"},
    {"association.network-acl-id", "Associations.NetworkAclId"},
    {"association.subnet-id", "Associations.SubnetId"},
    {"default", "IsDefault"},
    {"entry.cidr", "Entries.CidrBlock"},
    {"entry.icmp.code", "Entries.IcmpTypeCode.Code"},
    {"entry.icmp.type", "Entries.IcmpTypeCode.Type"},
    {"entry.ipv6-cidr", "Entries.Ipv6CidrBlock"},
    {"entry.port-range.from", "Entries.PortRange.From"},
    {"entry.port-range.to", "Entries.PortRange.To"},
    {"entry.protocol", "Entries.Protocol"},
    {"entry.rule-action", "Entries.RuleAction"},
    {"entry.egress", "Entries.Egress"},
    {"entry.rule-number", "Entries.RuleNumber"},
    {"network-acl-id", "NetworkAclId"},
    {"owner-id", "OwnerId"},
    {"vpc-id", "VpcId"},
};

int act_ec2_DescribeNetworkAcls(struct call *c, const ec2_DescribeNetworkAcls_in *in,
                                ec2_DescribeNetworkAcls_out *out, struct fault *f)
{
    struct filters filters = FILTERS(in, acl_filters, NetworkAcl);
    struct network_acl_list rows;
    struct page page;
    if (filters_check(&filters, f) < 0 ||
        page_begin(c, in->max_results, in->next_token, in->network_acl_ids.n > 0, &page, f) < 0 ||
        lookup_network_acls(c, &in->network_acl_ids, &rows, f) < 0)
        return -1;
    for (size_t i = 0; i < rows.n && !page.more; i++) {
        struct ec2_NetworkAcl acl;
        view(c, &rows.v[i], &acl);
        if (filters_match(&filters, &acl, NULL) && page_admit(&page, acl.network_acl_id))
            *arena_append(c->arena, &out->network_acls) = acl;
    }
    out->next_token = page_end(c, &page);
    return 0;
}
