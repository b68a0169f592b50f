#pragma once
/*
 * Names that are made of addresses and ids: ip-172-31-0-10, i-0123456789abcdef0 (AWS: "Amazon EC2
 * instance hostname types").
 */
#include "base/arena.h"
#include "core/instance.h"

/* hostname_of(a, "ip", "172.31.0.10") */
const char *hostname_of(struct arena *a, const char *prefix, const char *address);
/* What an instance is called, by its type of hostname; `private_ip` is its first address. */
const char *hostname_by_type(struct arena *a, const char *hostname_type, const char *instance_id,
                             const char *private_ip);
const char *hostname_of_instance(struct arena *a, const struct instance *i, const char *private_ip);
