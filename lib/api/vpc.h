#pragma once
/* VPCs: what the files about them, their blocks and what is in them share. */
#include "api/call.h"

/* How replies show a VPC. */
void vpc_view(struct call *c, const struct vpc *row, struct ec2_Vpc *ret_vpc);
/* Its rows have changed: the machine is to follow. */
void vpc_changed(struct call *c, const char *vpc_id);
/* A new AttributeBooleanValue. */
struct ec2_AttributeBooleanValue *attribute_value(struct call *c, bool on);
