/* CreateNetworkAclEntry, ReplaceNetworkAclEntry, DeleteNetworkAclEntry. */
#include "api/lookup.h"
#include "base/text.h"
#include "core/network_acl.h"

static const int64_t *given(const struct opt_int *number)
{
    return number->set ? &number->v : NULL;
}

/* The members of CreateNetworkAclEntry and ReplaceNetworkAclEntry, which are the same. */
#define ENTRY_REQUEST(in)                                                                          \
    (struct network_acl_request)                                                                   \
    {                                                                                              \
        .rule_number = (in)->rule_number.v, .protocol = (in)->protocol,                            \
        .is_egress = wire_true((in)->egress), .is_allow = streq((in)->rule_action, "allow"),       \
        .cidr_ipv4 = (in)->cidr_block, .cidr_ipv6 = (in)->ipv6_cidr_block,                         \
        .from_port = (in)->port_range == NULL ? NULL : given(&(in)->port_range->from),             \
        .to_port = (in)->port_range == NULL ? NULL : given(&(in)->port_range->to),                 \
        .icmp_type = (in)->icmp_type_code == NULL ? NULL : given(&(in)->icmp_type_code->type),     \
        .icmp_code = (in)->icmp_type_code == NULL ? NULL : given(&(in)->icmp_type_code->code),     \
    }

static struct network_acl_entry_list entries_of(struct call *c, const struct network_acl *acl,
                                                bool is_egress)
{
    return store_network_acl_entries(c->tx, c->arena, "network_acl_id", acl->id, "is_egress",
                                     is_egress ? "1" : "0");
}

static const struct network_acl_entry *entry_numbered(const struct network_acl_entry_list *entries,
                                                      int64_t number)
{
    for (size_t i = 0; i < entries->n; i++)
        if (entries->v[i].rule_number == number)
            return &entries->v[i];
    return NULL;
}

static int not_found(int64_t number, struct fault *f)
{
    return fault(f, FAULT_INVALID_NETWORK_ACL_ENTRY_NOT_FOUND,
                 "The network acl entry identified by %lld does not exist.", (long long)number);
}

/* With this one in the place of the one of its number, if there is one. */
static int check_room(const struct network_acl_entry_list *there,
                      const struct network_acl_entry *entry, struct fault *f)
{
    size_t n = 1;
    for (size_t i = 0; i < there->n; i++)
        n += there->v[i].rule_number != entry->rule_number &&
             (there->v[i].cidr_ipv4 == NULL) == (entry->cidr_ipv4 == NULL);
    if (n > ACL_ENTRIES_QUOTA)
        return fault(f, FAULT_NETWORK_ACL_ENTRY_LIMIT_EXCEEDED,
                     "The maximum number of network acl entries has been reached: %d in one "
                     "direction, for IPv4 and IPv6 each",
                     ACL_ENTRIES_QUOTA);
    return 0;
}

/* Writes the entry that is asked for: a new one, or in the place of the one of its number. */
static int put_entry(struct call *c, const char *acl_id, const struct network_acl_request *asked,
                     bool replaces, struct fault *f)
{
    struct network_acl_entry entry;
    if (network_acl_entry_make(c->arena, acl_id, asked, &entry, f) < 0)
        return -1;
    const struct network_acl *acl = lookup_network_acl(c, acl_id, f);
    if (acl == NULL)
        return -1;
    struct network_acl_entry_list there = entries_of(c, acl, entry.is_egress);
    bool exists = entry_numbered(&there, entry.rule_number) != NULL;
    if (replaces && !exists)
        return not_found(entry.rule_number, f);
    if (!replaces && exists)
        return fault(f, FAULT_NETWORK_ACL_ENTRY_ALREADY_EXISTS,
                     "The network acl entry identified by %lld already exists.",
                     (long long)entry.rule_number);
    if (check_room(&there, &entry, f) < 0)
        return -1;
    if (replaces)
        store_update_network_acl_entry(c->tx, &entry);
    else
        store_insert_network_acl_entry(c->tx, &entry);
    store_enqueue(c->tx, "vpc", acl->vpc_id, 0);
    return 0;
}

int act_ec2_CreateNetworkAclEntry(struct call *c, const ec2_CreateNetworkAclEntry_in *in,
                                  ec2_CreateNetworkAclEntry_out *out, struct fault *f)
{
    (void)out;
    const struct network_acl_request asked = ENTRY_REQUEST(in);
    return put_entry(c, in->network_acl_id, &asked, false, f);
}

int act_ec2_ReplaceNetworkAclEntry(struct call *c, const ec2_ReplaceNetworkAclEntry_in *in,
                                   ec2_ReplaceNetworkAclEntry_out *out, struct fault *f)
{
    (void)out;
    const struct network_acl_request asked = ENTRY_REQUEST(in);
    return put_entry(c, in->network_acl_id, &asked, true, f);
}

int act_ec2_DeleteNetworkAclEntry(struct call *c, const ec2_DeleteNetworkAclEntry_in *in,
                                  ec2_DeleteNetworkAclEntry_out *out, struct fault *f)
{
    (void)out;
    if (network_acl_check_number(in->rule_number.v, f) < 0)
        return -1;
    const struct network_acl *acl = lookup_network_acl(c, in->network_acl_id, f);
    if (acl == NULL)
        return -1;
    bool is_egress = wire_true(in->egress);
    struct network_acl_entry_list there = entries_of(c, acl, is_egress);
    if (entry_numbered(&there, in->rule_number.v) == NULL)
        return not_found(in->rule_number.v, f);
    const char *number = arena_printf(c->arena, "%lld", (long long)in->rule_number.v);
    store_delete_network_acl_entries(c->tx, "network_acl_id", acl->id, "is_egress",
                                     is_egress ? "1" : "0", "rule_number", number);
    store_enqueue(c->tx, "vpc", acl->vpc_id, 0);
    return 0;
}
