#pragma once
/*
 * croftd's options and configuration file. The file has `key = value` lines; `#` begins a comment.
 * An option of the command line wins over the file. Every value is looked at when it is read, and
 * all that is wrong is told at once. Strings live in the arena.
 *
 * Some keys may change while the daemon runs; the table in config.c says which.
 */
#include <stdbool.h>
#include <stdint.h>

#include "api/api.h"
#include "base/arena.h"
#include "base/err.h"
#include "core/account.h"
#include "core/address_range.h"
#include "core/instance_type.h"
#include "core/region.h"

#define DEFAULT_CONFIG_FILE "/etc/croft/croft.conf"

struct config {
    const char *config_file;
    const char *state_dir;
    const char *runtime_dir;
    const char *listen;     /* ADDR:PORT; NULL: the default, unless sockets are handed in; "none" */
    const char *socket;     /* path; likewise */
    const char *hypervisor; /* libvirt, fake */
    const char *libvirt_uri;
    const char *log_level;
    const char *tls; /* given, or auto: certificate.h */
    const char *tls_cert;
    const char *tls_key;
    const char *group; /* whose members may use the socket */
    const char *seed;
    const char *seed_templates;
    const char *ipv6_prefix; /* NULL: the server's own */
    const char *uplink;
    const char *resolver;
    const char *bucket_directory;
    const char *storage;
    const char *disk_io;
    struct region_list regions;
    struct address_ranges public_addresses;
    int64_t reserve_memory_mib;
    int64_t max_instances;
    int64_t spot_notice_ms;
    int64_t credentials_ms;
    int64_t disk_full_percent;
    int64_t volume_limits; /* thousandths */
    struct quota_values account_quotas;
    struct instance_type_table instance_types; /* the owner's among AWS's */
    enum monitoring monitoring;
    int64_t api_rate; /* 0: off */
    int64_t api_rate_owner;
    bool signature_v2;
    bool guest_api;
    bool snapshot_freeze;
    bool show_help;
    bool show_version;
    bool check_only;
    bool with_key;           /* of a backup: the server's key, too */
    const char *backup_file; /* --backup, --restore: do that, and end */
    const char *restore_file;
    const char **texts; /* of each key, as it was written, and of all lines instance_type; for
                           config_reload() */
};

/* What is wrong, in the order in which it was found. */
struct config_problems {
    struct config_problem {
        const char *where; /* "/etc/croft/croft.conf, line 7", "option --listen" */
        const char *what;  /* names the key and what it may be */
    } * v;
    size_t n;
};

/* 0, or -EINVAL with at least one problem and nothing else. */
int config_load(struct arena *a, int argc, char **argv, struct config *ret_config,
                struct config_problems *ret_problems);

/* A key whose value is another now. */
struct config_change {
    const char *key;
    bool in_force; /* false: it waits for a restart */
};
struct config_changes {
    struct config_change *v;
    size_t n;
};
/* Takes over what may change while the daemon runs. Strings are copied into `a`, the list into
 * `list_arena`. */
void config_reload(struct config *c, const struct config *fresh, struct arena *a,
                   struct arena *list_arena, struct config_changes *ret_changes);

void config_print_help(void);
