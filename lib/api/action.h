#pragma once
/* The rows of actions.def, as the pipeline uses them. */
#include "api/call.h"

enum action_class { READ, WRITE };

enum action_flags {
    VOID = 1 << 0,
    TOKEN = 1 << 1,
    PAGED = 1 << 2,
    DRYRUN = 1 << 3,
};

struct action {
    const struct wire_service *service;
    const char *name;
    enum action_class class;
    unsigned flags;
    int (*run)(struct call *c, const void *in, void *out, struct fault *f);
};

/* NULL when Croft has no such action. */
const struct action *action_find(const struct wire_service *service, const char *name);

/* Actions by number, for metrics: so many, and one more for a request that names none (NULL). */
size_t action_count(void);
size_t action_index(const struct action *action);
/* "ec2:RunInstances"; "none" for that one. */
const char *action_label(size_t i);
