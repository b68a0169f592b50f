#pragma once
/* AWS's limits that more than one place has to know. */

#define USER_DATA_MAX                                                                              \
    16384 /* decoded bytes (AWS: "Run commands when you launch an EC2 instance") */
#define GROUPS_PER_INTERFACE 5 /* AWS: "Amazon VPC quotas" */
