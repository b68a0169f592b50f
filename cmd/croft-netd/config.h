#pragma once
/*
 * croft-netd's options, and of croftd's configuration file what decides about the server's own
 * network. All other keys of the file are croftd's to judge.
 */
#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "core/address_range.h"

struct netd_options {
    const char *config_file;
    const char *runtime_dir;
    const char *state_dir;
    const char *user;
    const char *log_level;
    bool show_help;
    bool show_version;
};

/* 0, or -EINVAL with a sentence. */
int netd_options_read(int argc, char **argv, struct netd_options *ret, struct err *e);
void netd_options_print_help(void);

struct netd_settings {
    const char *public_addresses_text;
    const char *uplink;      /* NULL: none */
    const char *resolver;    /* NULL: none */
    const char *ipv6_prefix; /* NULL: none */
    struct address_ranges public_addresses;
};

/* Strings are in the arena. A file that is not there has nothing to say. */
int netd_settings_read(struct arena *a, const char *path, struct netd_settings *ret, struct err *e);
