#include "jobs/vpc_rows.h"

#include "base/id.h"
#include "base/text.h"
#include "core/network_acl.h"
#include "store/queries.h"

#define DEFAULT_ACL_RULE      100
#define DEFAULT_ACL_RULE_IPV6 101
/* schema-3.sql names it, too. */
#define DEFAULT_DHCP_OPTIONS_SETTING "default-dhcp-options"

static void insert_group(struct tx *tx, struct arena *a, const struct vpc *vpc)
{
    struct security_group group = {
        .id = id_make(a, "sg"),
        .account_id = vpc->account_id,
        .region = vpc->region,
        .vpc_id = vpc->id,
        .name = "default",
        .description = "default VPC security group",
        .created_at = vpc->created_at,
    };
    store_insert_security_group(tx, &group);
    /* Members talk to each other, and to everybody outside (AWS: "Default security groups"). */
    struct security_group_rule rule = {
        .id = id_make(a, "sgr"),
        .account_id = vpc->account_id,
        .region = vpc->region,
        .group_id = group.id,
        .protocol = "-1",
        .from_port = -1,
        .to_port = -1,
        .referenced_group_id = group.id,
    };
    store_insert_security_group_rule(tx, &rule);
    rule.id = id_make(a, "sgr");
    rule.is_egress = true;
    rule.referenced_group_id = NULL;
    rule.cidr_ipv4 = "0.0.0.0/0";
    store_insert_security_group_rule(tx, &rule);
}

static void insert_route_table(struct tx *tx, struct arena *a, const struct vpc *vpc)
{
    struct route_table table = {
        .id = id_make(a, "rtb"),
        .account_id = vpc->account_id,
        .region = vpc->region,
        .vpc_id = vpc->id,
    };
    store_insert_route_table(tx, &table);
    struct route_table_association main = {
        .id = id_make(a, "rtbassoc"),
        .account_id = vpc->account_id,
        .region = vpc->region,
        .route_table_id = table.id,
        .vpc_id = vpc->id,
        .is_main = true,
    };
    store_insert_route_table_association(tx, &main);
}

static void insert_acl(struct tx *tx, struct arena *a, const struct vpc *vpc)
{
    struct network_acl acl = {
        .id = id_make(a, "acl"),
        .account_id = vpc->account_id,
        .region = vpc->region,
        .vpc_id = vpc->id,
        .is_default = true,
    };
    store_insert_network_acl(tx, &acl);
    for (int direction = 0; direction < 2; direction++) {
        struct network_acl_entry entry = {
            .network_acl_id = acl.id,
            .is_egress = direction == 1,
            .rule_number = DEFAULT_ACL_RULE,
            .protocol = ACL_PROTOCOL_ALL,
            .is_allow = true,
            .cidr_ipv4 = "0.0.0.0/0",
            .from_port = -1,
            .to_port = -1,
            .icmp_type = -1,
            .icmp_code = -1,
        };
        store_insert_network_acl_entry(tx, &entry);
    }
}

void vpc_insert(struct tx *tx, struct arena *a, const struct vpc *vpc)
{
    store_insert_vpc(tx, vpc);
    insert_route_table(tx, a, vpc);
    insert_acl(tx, a, vpc);
    insert_group(tx, a, vpc);
}

void subnet_insert(struct tx *tx, struct arena *a, const struct subnet *subnet)
{
    store_insert_subnet(tx, subnet);
    struct network_acl_list acls =
        store_network_acls(tx, a, "vpc_id", subnet->vpc_id, "is_default", "1");
    for (size_t i = 0; i < acls.n; i++) {
        struct network_acl_association association = {
            .id = id_make(a, "aclassoc"),
            .network_acl_id = acls.v[i].id,
            .vpc_id = subnet->vpc_id,
            .subnet_id = subnet->id,
        };
        store_insert_network_acl_association(tx, &association);
    }
}

void subnet_delete(struct tx *tx, const struct subnet *subnet)
{
    store_delete_route_table_associations(tx, "subnet_id", subnet->id);
    store_delete_network_acl_associations(tx, "subnet_id", subnet->id);
    store_delete_subnet_cidr_reservations(tx, "subnet_id", subnet->id);
    store_delete_tags(tx, "resource_id", subnet->id);
    store_delete_subnets(tx, "id", subnet->id);
    store_enqueue(tx, "vpc", subnet->vpc_id, 0);
}

static void delete_groups(struct tx *tx, struct arena *a, const struct vpc *vpc)
{
    struct security_group_list groups = store_security_groups(tx, a, "vpc_id", vpc->id);
    for (size_t i = 0; i < groups.n; i++) {
        const char *id = groups.v[i].id;
        struct security_group_rule_list rules = store_security_group_rules(tx, a, "group_id", id);
        for (size_t k = 0; k < rules.n; k++)
            store_delete_tags(tx, "resource_id", rules.v[k].id);
        store_delete_security_group_rules(tx, "group_id", id);
        store_delete_tags(tx, "resource_id", id);
        store_delete_security_groups(tx, "id", id);
    }
}

void vpc_delete(struct tx *tx, struct arena *a, const struct vpc *vpc)
{
    struct route_table_list tables = store_route_tables(tx, a, "vpc_id", vpc->id);
    struct network_acl_list acls = store_network_acls(tx, a, "vpc_id", vpc->id);
    for (size_t i = 0; i < tables.n; i++)
        store_forget_route_table(tx, tables.v[i].id);
    for (size_t i = 0; i < acls.n; i++)
        store_forget_network_acl(tx, acls.v[i].id);
    delete_groups(tx, a, vpc);
    store_delete_vpc_cidr_blocks(tx, "vpc_id", vpc->id);
    store_delete_tags(tx, "resource_id", vpc->id);
    store_delete_vpcs(tx, "id", vpc->id);
    store_enqueue(tx, "vpc", vpc->id, 0);
}

/* Has the direction of the default ACL the one entry that it was made with? Gives it the other. */
static void open_acl_to_ipv6(struct tx *tx, struct arena *a, const char *acl_id, bool is_egress)
{
    struct network_acl_entry_list entries = store_network_acl_entries(
        tx, a, "network_acl_id", acl_id, "is_egress", is_egress ? "1" : "0");
    const struct network_acl_entry *only = entries.n == 1 ? entries.v : NULL;
    if (only == NULL || only->rule_number != DEFAULT_ACL_RULE || !only->is_allow ||
        only->protocol != ACL_PROTOCOL_ALL || !streq(only->cidr_ipv4, "0.0.0.0/0"))
        return;
    struct network_acl_entry entry = *only;
    entry.rule_number = DEFAULT_ACL_RULE_IPV6;
    entry.cidr_ipv4 = NULL;
    entry.cidr_ipv6 = "::/0";
    store_insert_network_acl_entry(tx, &entry);
}

/* The same of the rules that let everything out of a security group. */
static void open_group_to_ipv6(struct tx *tx, struct arena *a, const struct security_group *group)
{
    struct security_group_rule_list rules =
        store_security_group_rules(tx, a, "group_id", group->id, "is_egress", "1");
    const struct security_group_rule *only = rules.n == 1 ? rules.v : NULL;
    if (only == NULL || !streq(only->protocol, "-1") || !streq(only->cidr_ipv4, "0.0.0.0/0"))
        return;
    struct security_group_rule rule = *only;
    rule.id = id_make(a, "sgr");
    rule.cidr_ipv4 = NULL;
    rule.cidr_ipv6 = "::/0";
    rule.description = NULL;
    store_insert_security_group_rule(tx, &rule);
}

void vpc_open_to_ipv6(struct tx *tx, struct arena *a, const struct vpc *vpc)
{
    struct network_acl_list acls = store_network_acls(tx, a, "vpc_id", vpc->id, "is_default", "1");
    for (size_t i = 0; i < acls.n; i++) {
        open_acl_to_ipv6(tx, a, acls.v[i].id, false);
        open_acl_to_ipv6(tx, a, acls.v[i].id, true);
    }
    struct security_group_list groups = store_security_groups(tx, a, "vpc_id", vpc->id);
    for (size_t i = 0; i < groups.n; i++)
        open_group_to_ipv6(tx, a, &groups.v[i]);
}

static const char *insert_options(struct tx *tx, struct arena *a, const char *account_id,
                                  const struct region *region)
{
    struct dhcp_options options = {
        .id = id_make(a, "dopt"), .account_id = account_id, .region = region->name};
    store_insert_dhcp_options(tx, &options);
    struct dhcp_option option = {options.id, "domain-name", region->domain};
    store_insert_dhcp_option(tx, &option);
    option = (struct dhcp_option){options.id, "domain-name-servers", "AmazonProvidedDNS"};
    store_insert_dhcp_option(tx, &option);
    return options.id;
}

const char *dhcp_options_default(struct tx *tx, struct arena *a, const char *account_id,
                                 const struct region *region)
{
    const char *id =
        store_setting_of_account(tx, a, account_id, region->name, DEFAULT_DHCP_OPTIONS_SETTING);
    if (id != NULL && store_dhcp_options(tx, a, id) != NULL)
        return id;
    id = insert_options(tx, a, account_id, region);
    store_put_setting_of_account(
        tx, &(struct account_setting){account_id, region->name, DEFAULT_DHCP_OPTIONS_SETTING, id});
    return id;
}

static void insert_way_out(struct tx *tx, struct arena *a, const struct vpc *vpc)
{
    struct internet_gateway gateway = {
        .id = id_make(a, "igw"),
        .account_id = vpc->account_id,
        .region = vpc->region,
        .vpc_id = vpc->id,
    };
    store_insert_internet_gateway(tx, &gateway);
    struct route_table_list tables = store_route_tables(tx, a, "vpc_id", vpc->id);
    for (size_t i = 0; i < tables.n; i++) {
        struct route route = {tables.v[i].id, "0.0.0.0/0", gateway.id};
        store_insert_route(tx, &route);
    }
}

const char *default_vpc_insert(struct tx *tx, struct arena *a, const char *account_id,
                               const struct region *region, int64_t now)
{
    struct vpc vpc = {
        .id = id_make(a, "vpc"),
        .account_id = account_id,
        .region = region->name,
        .cidr_block = DEFAULT_VPC_CIDR,
        .cidr_association_id = id_make(a, "vpc-cidr-assoc"),
        .is_default = true,
        .dhcp_options_id = dhcp_options_default(tx, a, account_id, region),
        .created_at = now,
        .number = store_next_vpc_number(tx),
        .instance_tenancy = "default",
        .enable_dns_support = true,
        .enable_dns_hostnames = true,
    };
    vpc_insert(tx, a, &vpc);
    for (int64_t i = 0; i < ZONES_PER_REGION; i++) {
        struct subnet subnet = {
            .id = id_make(a, "subnet"),
            .account_id = account_id,
            .region = region->name,
            .vpc_id = vpc.id,
            .zone = region->zones[i],
            .cidr_block = arena_printf(a, "172.31.%lld.0/20", (long long)i * 16),
            .default_for_az = true,
            .map_public_ip_on_launch = true,
            .number = i,
            .hostname_type = "ip-name",
        };
        subnet_insert(tx, a, &subnet);
    }
    insert_way_out(tx, a, &vpc);
    return vpc.id;
}
