#pragma once
/* AWS's limits that more than one place has to know. */

#define USER_DATA_MAX                                                                              \
    16384 /* decoded bytes (AWS: "Run commands when you launch an EC2 instance") */
#define PLACEMENT_GROUPS_MAX                                                                       \
    500 /* of an account in a region (AWS: "Amazon EC2 endpoints and quotas") */
#define GROUPS_PER_INTERFACE 5 /* AWS: "Amazon VPC quotas" */
#define ELASTIC_IPS_MAX      5 /* of an account in a region (AWS: "Elastic IP address quota") */
