#pragma once
/* What config.c, the table and the file, shares with config_values.c, the kinds of values. */
#include "config.h"

struct config_key {
    const char *name;
    size_t offset; /* in struct config */
    size_t size;
    unsigned flags;
    const char *otherwise; /* NULL: none */
    /* Reads `text` into its place in `c`. */
    int (*read)(struct arena *a, struct config *c, const struct config_key *k, const char *text,
                struct err *e);
    const char *help;
    int64_t min; /* of numbers */
    int64_t max;
    int64_t scale;            /* what is kept for 1; 0 is 1 */
    const char *const *words; /* of choices; NULL-terminated */
};

/* A type of the owner's: `instance_type = lab.tiny 1 256 [x86_64 [1x10]]`: name, vCPUs, MiB,
 * architecture, store. */
struct config_types {
    struct instance_type *v;
    size_t n;
};

typedef int config_read_fn(struct arena *a, struct config *c, const struct config_key *k,
                           const char *text, struct err *e);
config_read_fn config_read_text, config_read_path, config_read_directory, config_read_listen,
    config_read_number, config_read_switch, config_read_choice, config_read_regions,
    config_read_addresses, config_read_ipv6_prefix, config_read_quotas, config_read_limits,
    config_read_monitoring, config_read_rate, config_read_interface, config_read_resolver,
    config_read_group;

int config_add_type(struct arena *a, struct config_types *types, const char *text, struct err *e);
/* The owner's types among AWS's; one of AWS's names is replaced. */
void config_merge_types(struct arena *a, struct config *c, const struct config_types *own);
