#pragma once
/* AWS's limits that more than one place has to know. */

#define USER_DATA_MAX                                                                              \
    16384 /* decoded bytes (AWS: "Run commands when you launch an EC2 instance") */
#define PLACEMENT_GROUPS_MAX                                                                       \
    500 /* of an account in a region (AWS: "Amazon EC2 endpoints and quotas") */
#define GROUPS_PER_INTERFACE 5 /* AWS: "Amazon VPC quotas" */
#define ELASTIC_IPS_MAX      5 /* of an account in a region (AWS: "Elastic IP address quota") */
/* AWS starts an account with five VPCs a region, and raises that for the asking. */
#define VPCS_PER_REGION          100
#define SUBNETS_PER_VPC          200 /* AWS: "Amazon VPC quotas" */
#define CIDR_BLOCKS_PER_VPC      5   /* of IPv4, the first one with them; of IPv6 as many */
#define INTERNET_GATEWAYS_MAX    VPCS_PER_REGION
#define EGRESS_ONLY_GATEWAYS_MAX VPCS_PER_REGION
#define DHCP_OPTIONS_MAX         VPCS_PER_REGION
#define CIDR_RESERVATIONS_MAX    100 /* of a subnet */
#define INTERFACES_PER_REGION                                                                      \
    5000 /* of an account in a region (AWS: "Amazon VPC quotas", as the next one) */
#define NAT_GATEWAYS_PER_ZONE 5
#define SNAPSHOTS_PER_REGION                                                                       \
    100000                         /* of an account (AWS: "Amazon EBS quotas", as the next two)    \
                                    */
#define PENDING_SNAPSHOTS_MAX    5 /* of a volume */
#define PENDING_SNAPSHOTS_OF_HDD 1 /* of one of type st1 or sc1 */
