#pragma once
/*
 * The rows that come and go with a VPC and with a subnet, for whoever makes one: the API, and the
 * first start of the daemon. Within the caller's transaction.
 */
#include "core/region.h"
#include "store/tables.h"

#define DEFAULT_VPC_CIDR "172.31.0.0/16"

/*
 * Inserts the VPC with its main route table, its default network ACL and its default security
 * group. `vpc` names its DHCP options, which are there.
 */
void vpc_insert(struct tx *tx, struct arena *a, const struct vpc *vpc);
/* Inserts the subnet into its VPC's default network ACL; the main route table is its own until
 * another is. */
void subnet_insert(struct tx *tx, struct arena *a, const struct subnet *subnet);
/*
 * Deletes the VPC with its blocks, its main route table, its default network ACL and its default
 * security group, and the tags of all of them; nothing else is in it. Enqueues its job, which
 * removes the namespace.
 */
void vpc_delete(struct tx *tx, struct arena *a, const struct vpc *vpc);
/* Deletes the subnet, which has no interface, and takes it out of route tables and ACLs. */
void subnet_delete(struct tx *tx, const struct subnet *subnet);
/*
 * The VPC has got its first block of IPv6: the default network ACL lets IPv6 through, and security
 * groups let it out, where nobody has changed what they do for IPv4 (AWS: "Default network ACL",
 * "Security group rules").
 */
void vpc_open_to_ipv6(struct tx *tx, struct arena *a, const struct vpc *vpc);
/* The set of DHCP options that new VPCs get: the region's domain and the VPC's resolver. Returns
 * its id; it is made when the region has none. */
const char *dhcp_options_default(struct tx *tx, struct arena *a, const char *account_id,
                                 const struct region *region);
/*
 * The default VPC of an account in a region: a subnet in each zone, an internet gateway and the
 * route to it (AWS: "Default VPCs"). Returns its id.
 */
const char *default_vpc_insert(struct tx *tx, struct arena *a, const char *account_id,
                               const struct region *region, int64_t now);
