#pragma once
/* Monitoring, maintenance and processor options of an instance. */
#include "api/call.h"

/* Both must be given, and the type must allow them together. */
int cpu_options_check(const struct instance_type *type, struct opt_int cores,
                      struct opt_int threads_per_core, struct fault *f);
