#pragma once
/* VPC peering connections: what the files about them share. */
#include "api/call.h"

/* As replies show one. */
struct ec2_VpcPeeringConnection *peering_view(struct call *c,
                                              const struct vpc_peering_connection *p);
/* The blocks of a VPC as a peering keeps them: with commas between. */
const char *peering_blocks_of(struct call *c, const char *vpc_id);
/* Both VPCs are to follow. */
void peering_changed(struct call *c, const struct vpc_peering_connection *p);
