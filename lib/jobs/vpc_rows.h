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
/* A new set of DHCP options: the region's domain and the VPC's resolver. */
const char *dhcp_options_insert_default(struct tx *tx, struct arena *a, const char *account_id,
                                        const struct region *region);
/*
 * The default VPC of an account in a region: a subnet in each zone, an internet gateway and the
 * route to it (AWS: "Default VPCs"). Returns its id.
 */
const char *default_vpc_insert(struct tx *tx, struct arena *a, const char *account_id,
                               const struct region *region, int64_t now);
