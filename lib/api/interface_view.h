#pragma once
/* A network interface as EC2 shows it. */
#include "api/call.h"

void interface_view(struct call *c, const struct network_interface *n,
                    struct ec2_NetworkInterface *out);
/* NULL when it is not attached. */
struct ec2_NetworkInterfaceAttachment *interface_attachment_view(struct call *c,
                                                                 const struct network_interface *n);
void interface_groups_view(struct call *c, const char *interface_id,
                           struct ec2_GroupIdentifierList *out);
/* Interfaces of a service, such as a NAT gateway's, are not the caller's to change:
 * OperationNotPermitted. */
int interface_check_own(const struct network_interface *n, struct fault *f);
/* The interface with this attachment: InvalidAttachmentID.NotFound. */
struct network_interface *interface_attached_as(struct call *c, const char *attachment_id,
                                                struct fault *f);
