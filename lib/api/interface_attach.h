#pragma once
/* An interface comes to an instance: by AttachNetworkInterface, or at launch. */
#include "api/call.h"

/* It is nobody's yet: InvalidNetworkInterface.InUse. */
int interface_check_free(const struct network_interface *n, struct fault *f);
/* It has no more addresses of either kind than an interface of such an instance may have. NULL: a
 * type that is not known any more takes any. */
int interface_check_fits(struct call *c, const struct instance_type *type,
                         const struct network_interface *n, struct fault *f);
int interface_count_exceeded(const struct instance_type *type, size_t count, struct fault *f);
/* Fills in the attachment; the row is the caller's to write. */
void interface_attach(struct call *c, struct network_interface *n, const struct instance *i,
                      int64_t device_index, enum attachment_state state);
