#pragma once
/* An instance as EC2 shows it: the row and what belongs to it, in the shape of the reply. */
#include "api/call.h"
#include "api/instance_relations.h"

void instance_view(struct call *c, const struct instance *i, struct ec2_Instance *out);
/* The same from relations that are there already. */
void instance_view_with(struct call *c, const struct instance_relations *r,
                        const struct instance *i, struct ec2_Instance *out);
struct ec2_InstanceState *instance_state_view(struct arena *a, int state);
/* `state`: applied, or pending in the reply to a change. */
struct ec2_InstanceMetadataOptionsResponse *
metadata_options_view(struct arena *a, const struct instance *i, const char *state);
/* Appends an instance to the reservation it belongs to, which is made when it is not there. */
void reservation_append(struct call *c, struct ec2_ReservationList *list, const struct instance *i,
                        const struct ec2_Instance *view);
/* "ip-172-31-0-10.ec2.internal" */
const char *private_dns_name(struct call *c, const char *private_ip);
/* Of an interface of the instance. */
const char *interface_attachment_status(const struct instance *i,
                                        const struct network_interface *n);
