#pragma once
/*
 * croftd's options and configuration file. The file has `key = value` lines; `#` begins a comment.
 * An option of the command line wins over the file. Strings live in the arena.
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
    const char *tls_cert;
    const char *tls_key;
    const char *group; /* whose members may use the socket */
    const char *seed;
    const char *seed_templates;
    const char *public_addresses_text;
    const char *ipv6_prefix; /* NULL: the server's own */
    const char *uplink;
    const char *resolver;
    const char *region_names;
    const char *reserve_memory;
    const char *max_instances;
    const char *spot_interruption_notice;
    const char *role_credentials;
    const char *guest_api;
    const char *signature_v2;
    const char *volume_limits;
    const char *disk_full;
    const char *snapshot_freeze;
    const char *bucket_directory;
    const char *storage;
    const char *disk_io;
    const char *monitoring_text;

    /* Worked out of the above */
    struct region_list regions;
    struct address_ranges public_addresses;
    int64_t reserve_memory_mib;
    int64_t max_instance_count;
    int64_t spot_notice_ms;
    int64_t credentials_ms;
    int64_t disk_full_percent;
    int64_t volume_limits_factor; /* thousandths */
    const char *account_quotas_text;
    struct quota_values account_quotas;
    struct instance_type_table instance_types; /* the owner's among AWS's */
    enum monitoring monitoring;
    bool take_signature_v2;
    bool serve_guests;
    bool freeze_file_systems;
    bool show_help;
    bool show_version;
};

/* 0, or -EINVAL with a sentence that names the key or option and what it may be. */
int config_load(struct arena *a, int argc, char **argv, struct config *ret_config, struct err *e);
void config_print_help(void);
