#pragma once
/* Elastic addresses, for whoever associates one: the actions, and NAT gateways. */
#include "api/call.h"

/* By allocation or by public address, one of which is there; NULL with the fault. */
struct address *address_of_request(struct call *c, const char *allocation_id, const char *public_ip,
                                   struct fault *f);
/* Before the private address, whatever stood there or had the elastic address; jobs follow. */
void address_associate(struct call *c, struct address *a, struct network_interface *n,
                       const char *private_ip);
/*
 * Frees an associated address. The interface of a running instance that wants a public address gets
 * one of the pool in its place, while the pool has any.
 */
void address_disassociate(struct call *c, struct address *a);
/* A reverse name has changed: the resolvers of all VPCs answer for it. */
void reverse_names_changed(struct call *c);
/* Gateway.NotAttached unless the VPC has an internet gateway. */
int vpc_check_gateway(struct call *c, const char *vpc_id, struct fault *f);
/* Draws a public address of the pool for the interface of an instance that runs, or is started, if
 * it is to have one; none left: InsufficientAddressCapacity. */
int interface_draw_public(struct call *c, struct network_interface *n, struct fault *f);
