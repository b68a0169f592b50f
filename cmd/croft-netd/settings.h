#pragma once
/*
 * Of croftd's configuration file what decides about the server's own network. All other keys of the
 * file are croftd's to judge.
 */
#include "base/arena.h"
#include "base/err.h"
#include "core/address_range.h"

struct netd_settings {
    const char *public_addresses_text;
    const char *uplink;      /* NULL: none */
    const char *resolver;    /* NULL: none */
    const char *ipv6_prefix; /* NULL: none */
    struct address_ranges public_addresses;
};

/* Strings are in the arena. A file that is not there has nothing to say. */
int netd_settings_read(struct arena *a, const char *path, struct netd_settings *ret, struct err *e);
