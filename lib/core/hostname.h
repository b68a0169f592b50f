#pragma once
/* Names that are made of addresses: ip-172-31-0-10 (AWS: "Amazon EC2 instance hostname types"). */
#include "base/arena.h"

/* hostname_of(a, "ip", "172.31.0.10") */
const char *hostname_of(struct arena *a, const char *prefix, const char *address);
