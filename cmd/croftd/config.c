#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/monitoring.h"
#include "base/file.h"
#include "base/text.h"
#include "core/disk_room.h"
#include "core/volume_limits.h"
#include "core/vpc_cidr.h"

#define CONFIG_MAX        ((size_t)256 << 10)
#define KEY_MAX           64
#define TYPES_MAX         200
#define NOTICE_MAX_S      86400
#define IPV6_PREFIX_MIN   8
#define CREDENTIALS_MIN_S 6
#define CREDENTIALS_MAX_S 43200 /* AWS: of a role's session */

/* Every key: in the file as it stands, as an option with dashes (where it is one). */
static const struct key {
    const char *name;
    size_t offset;
    bool option;
    const char *otherwise;
    const char *help;
} keys[] = {
#define KEY(name, is_option, otherwise, help)                                                      \
    {                                                                                              \
#name, offsetof(struct config, name), is_option, otherwise, help                           \
    }
    KEY(state_dir, true, "/var/lib/croft", "where everything that lasts is kept"),
    KEY(runtime_dir, true, "/run/croft", "where what lasts until a reboot is kept"),
    KEY(listen, true, NULL, "address and port of the API (127.0.0.1:8773); none: no TCP"),
    KEY(socket, true, NULL, "path of the unix socket (/run/croft/croft.sock)"),
    KEY(hypervisor, true, "libvirt", "libvirt, or fake: for tests, starts nothing"),
    KEY(libvirt_uri, true, "qemu:///system", "libvirt's connection URI"),
    KEY(log_level, true, "info", "error, warning, info or debug"),
    KEY(tls_cert, false, NULL, "PEM certificate chain; needed to listen beyond loopback"),
    KEY(tls_key, false, NULL, "PEM key for it"),
    KEY(group, false, "croft", "the group whose members may use the unix socket"),
    KEY(seed, false, "always",
        "always: instances get a seed for cloud-init; never: the metadata service is all"),
    KEY(seed_templates, false, NULL, "directory of your own cloud-init templates"),
    {"public_addresses", offsetof(struct config, public_addresses_text), false, "198.18.0.0/16",
     "ranges (A-B, CIDR) that public addresses are taken from, the first one first"},
    KEY(ipv6_prefix, false, NULL,
        "range (CIDR) that VPCs' /56 blocks of IPv6 are taken from; none: a unique local one"),
    KEY(uplink, false, NULL, "interface towards the internet; guests may use it then"),
    KEY(resolver, false, NULL, "name server for guests, with an uplink"),
    {"regions", offsetof(struct config, region_names), false, "us-east-1",
     "regions that are served, the default one first"},
    KEY(reserve_memory, false, "512", "MiB of memory that guests never get"),
    KEY(max_instances, false, "10000", "most instances at a time"),
    {"account_quotas", offsetof(struct config, account_quotas_text), false, "",
     "what each account but the owner's may have: " QUOTA_WORDS},
    KEY(bucket_directory, false, NULL,
        "directory of buckets, for imports and exports (STATE_DIR/buckets)"),
    KEY(storage, false, NULL, "files, or fake: for tests, keeps nothing (as the hypervisor)"),
    KEY(disk_io, false, "auto",
        "how QEMU uses disks: io_uring, threads, or auto: the first if it can"),
    KEY(disk_full, false, "95", "percent of the disk in use, at which guests are paused"),
    KEY(volume_limits, false, "off",
        "do volumes have the limits of their types? " VOLUME_LIMITS_TEXTS),
    KEY(snapshot_freeze, false, "yes",
        "yes: guests' agents freeze file systems for the moment of a snapshot"),
    KEY(signature_v2, false, "no", "yes: also serve old clients that sign with version 2"),
    KEY(spot_interruption_notice, false, "120",
        "seconds that a spot instance is told before its end"),
    KEY(role_credentials, false, "21600",
        "seconds that the credentials of instances' roles are good for"),
    {"monitoring", offsetof(struct config, monitoring_text), false, "loopback",
     "who reads /metrics and /healthz without credentials: " MONITORING_WORDS},
    KEY(guest_api, false, "yes", "yes: guests reach the API at http://169.254.169.254"),
#undef KEY
};

/* A type of the owner's: `instance_type = lab.tiny 1 256 [x86_64 [1x10]]`: name, vCPUs, MiB,
 * architecture, store. */
struct own_types {
    struct instance_type *v;
    size_t n;
};

static const char **slot(struct config *c, const struct key *k)
{
    return (const char **)((char *)c + k->offset);
}

static char *trim(char *s)
{
    s += strspn(s, " \t\r");
    size_t len = strlen(s);
    while (len > 0 && strchr(" \t\r", s[len - 1]) != NULL)
        s[--len] = '\0';
    return s;
}

/* "2x100": two disks of 100 GB each. */
static int parse_store(struct arena *a, const char *text, struct instance_type *t)
{
    char *disks = arena_strdup(a, text);
    char *size = strchr(disks, 'x');
    if (size == NULL)
        return -1;
    *size++ = '\0';
    return parse_int64(disks, &t->store_disks) < 0 || parse_int64(size, &t->store_disk_gb) < 0 ||
                   t->store_disks < 1 || t->store_disks > STORE_DISKS_MAX || t->store_disk_gb < 1 ||
                   t->store_disk_gb > STORE_DISK_GB_MAX
               ? -1
               : 0;
}

static int add_own_type(struct arena *a, struct own_types *types, char *value, struct err *e)
{
    char *rest = NULL;
    const char *name = strtok_r(value, " \t", &rest);
    const char *vcpus = strtok_r(NULL, " \t", &rest);
    const char *memory = strtok_r(NULL, " \t", &rest);
    const char *architecture = strtok_r(NULL, " \t", &rest);
    const char *store = strtok_r(NULL, " \t", &rest);
    struct instance_type t = {
        .architecture = architecture == NULL ? "x86_64" : arena_strdup(a, architecture),
        .current_generation = true,
        .nitro = true,
        .max_interfaces = 2,
        .ipv4_per_interface = 2,
        .processor = "Croft",
        .network_performance = "Up to 5 Gigabit",
    };
    if (name == NULL || vcpus == NULL || memory == NULL || parse_int64(vcpus, &t.vcpus) < 0 ||
        parse_int64(memory, &t.memory_mib) < 0 || t.vcpus < 1 || t.vcpus > 255 ||
        t.memory_mib < 32 || strchr(name, '.') == NULL)
        return err_set(e, EINVAL,
                       "instance_type must be a name with a dot, vCPUs and MiB: instance_type = "
                       "lab.tiny 1 256");
    if (!streq(t.architecture, "x86_64") && !streq(t.architecture, "arm64"))
        return err_set(e, EINVAL, "the architecture of instance_type %s must be x86_64 or arm64",
                       name);
    if (store != NULL && parse_store(a, store, &t) < 0)
        return err_set(
            e, EINVAL,
            "the instance store of instance_type %s must be a number of disks and the GB "
            "of each, as in 1x50: at most %dx%d",
            name, STORE_DISKS_MAX, STORE_DISK_GB_MAX);
    if (types->n == TYPES_MAX)
        return err_set(e, EINVAL, "there are more than %d lines instance_type", TYPES_MAX);
    t.name = arena_strdup(a, name);
    t.cores = t.vcpus;
    *arena_append(a, types) = t;
    return 0;
}

static int set_key(struct arena *a, struct config *c, struct own_types *types, const char *name,
                   char *value, struct err *e)
{
    if (streq(name, "instance_type"))
        return add_own_type(a, types, value, e);
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
        if (streq(keys[i].name, name)) {
            const char **to = slot(c, &keys[i]);
            if (*to == NULL) /* an option has set it: that wins */
                *to = arena_strdup(a, value);
            return 0;
        }
    return err_set(e, EINVAL, "there is no key '%s'", name);
}

static int read_file(struct arena *a, struct config *c, struct own_types *types, const char *path,
                     struct err *e)
{
    _cleanup_buf_ struct buf text = BUF_INIT(CONFIG_MAX);
    int r = file_read(path, &text, e);
    if (r < 0)
        return r;
    if (text.data == NULL)
        return 0;
    char *rest = NULL;
    int line_number = 0;
    for (char *line = text.data; line != NULL; line = rest) {
        rest = strchr(line, '\n');
        if (rest != NULL)
            *rest++ = '\0';
        line_number++;
        line[strcspn(line, "#")] = '\0';
        line = trim(line);
        if (*line == '\0')
            continue;
        char *equals = strchr(line, '=');
        if (equals == NULL)
            return err_set(e, EINVAL, "%s, line %d: there is no '='", path, line_number);
        *equals = '\0';
        r = set_key(a, c, types, trim(line), trim(equals + 1), e);
        if (r < 0)
            return err_wrap(e, r, "%s, line %d", path, line_number);
    }
    return 0;
}

/* --state-dir DIR or --state-dir=DIR */
static int read_options(struct config *c, int argc, char **argv, struct err *e)
{
    for (int i = 1; i < argc; i++) {
        const char *arg = argv[i];
        if (streq(arg, "--help") || streq(arg, "-h")) {
            c->show_help = true;
            continue;
        }
        if (streq(arg, "--version")) {
            c->show_version = true;
            continue;
        }
        char name[KEY_MAX] = "";
        size_t len = has_prefix(arg, "--") ? strcspn(arg + 2, "=") : 0;
        if (len == 0 || len >= sizeof(name))
            return err_set(e, EINVAL, "there is no option '%s'; --help lists them", arg);
        for (size_t k = 0; k < len; k++)
            name[k] = arg[2 + k] == '-' ? '_' : arg[2 + k];
        const char **to = streq(name, "config") ? &c->config_file : NULL;
        for (size_t k = 0; k < ARRAY_SIZE(keys); k++)
            if (keys[k].option && streq(keys[k].name, name))
                to = slot(c, &keys[k]);
        if (to == NULL)
            return err_set(e, EINVAL, "there is no option '%s'; --help lists them", arg);
        const char *value = arg[2 + len] == '=' ? arg + 3 + len : i + 1 < argc ? argv[++i] : NULL;
        if (value == NULL)
            return err_set(e, EINVAL, "the option '%s' needs a value", arg);
        *to = value;
    }
    return 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct instance_type *)a)->name, ((const struct instance_type *)b)->name);
}

/* The owner's types among AWS's; one of AWS's names is replaced. */
static void merge_types(struct arena *a, struct config *c, const struct own_types *own)
{
    struct instance_type_table builtin = instance_type_builtin();
    struct instance_type_table all = {own->v, own->n};
    struct instance_type *merged = arena_array(a, builtin.n + own->n, struct instance_type);
    if (own->n > 0) {
        memcpy(merged, own->v, own->n * sizeof(*merged));
        qsort(merged, own->n, sizeof(*merged), by_name);
        all.v = merged;
    }
    size_t n = own->n;
    for (size_t i = 0; i < builtin.n; i++)
        if (own->n == 0 || instance_type_find(&all, builtin.v[i].name) == NULL)
            merged[n++] = builtin.v[i];
    qsort(merged, n, sizeof(*merged), by_name);
    c->instance_types = (struct instance_type_table){merged, n};
}

struct regions {
    struct region *v;
    size_t n;
};

static int read_regions(struct arena *a, struct config *c, struct err *e)
{
    struct regions out = {0};
    char *copy = arena_strdup(a, c->region_names);
    char *rest = NULL;
    for (char *name = strtok_r(copy, ", \t", &rest); name != NULL;
         name = strtok_r(NULL, ", \t", &rest)) {
        const struct region *region = region_find(name);
        if (region == NULL)
            return err_set(e, EINVAL, "regions: there is no region '%s' in EC2", name);
        *arena_append(a, &out) = *region;
    }
    if (out.n == 0)
        return err_set(e, EINVAL, "regions: at least one must be served");
    c->regions = (struct region_list){out.v, out.n};
    return 0;
}

static int read_number(const char *name, const char *text, int64_t *ret, struct err *e)
{
    if (parse_int64(text, ret) < 0 || *ret < 0)
        return err_set(e, EINVAL, "%s must be a number, not '%s'", name, text);
    return 0;
}

static int read_switch(const char *name, const char *text, bool *ret, struct err *e)
{
    if (!streq(text, "yes") && !streq(text, "no"))
        return err_set(e, EINVAL, "%s must be yes or no, not '%s'", name, text);
    *ret = streq(text, "yes");
    return 0;
}

static int read_notice(struct config *c, struct err *e)
{
    int64_t seconds = 0;
    int r = read_number("spot_interruption_notice", c->spot_interruption_notice, &seconds, e);
    if (r == 0 && seconds > NOTICE_MAX_S)
        r = err_set(e, EINVAL, "spot_interruption_notice must be at most %d seconds", NOTICE_MAX_S);
    c->spot_notice_ms = seconds * 1000;
    return r;
}

static int read_credentials(struct config *c, struct err *e)
{
    int64_t seconds = 0;
    int r = read_number("role_credentials", c->role_credentials, &seconds, e);
    if (r == 0 && (seconds < CREDENTIALS_MIN_S || seconds > CREDENTIALS_MAX_S))
        r = err_set(e, EINVAL, "role_credentials must be %d to %d seconds, not %s",
                    CREDENTIALS_MIN_S, CREDENTIALS_MAX_S, c->role_credentials);
    c->credentials_ms = seconds * 1000;
    return r;
}

static int check_disk_io(const struct config *c, struct err *e)
{
    if (streq(c->disk_io, "auto") || streq(c->disk_io, "io_uring") || streq(c->disk_io, "threads"))
        return 0;
    return err_set(e, EINVAL, "disk_io must be auto, io_uring or threads, not '%s'", c->disk_io);
}

static int read_disk_full(struct config *c, struct err *e)
{
    int r = read_number("disk_full", c->disk_full, &c->disk_full_percent, e);
    if (r == 0 && (c->disk_full_percent < DISK_FULL_MIN || c->disk_full_percent > DISK_FULL_MAX))
        r = err_set(e, EINVAL, "disk_full must be %d to %d percent, not %s", DISK_FULL_MIN,
                    DISK_FULL_MAX, c->disk_full);
    return r;
}

static int read_volume_limits(struct config *c, struct err *e)
{
    if (volume_limits_parse(c->volume_limits, &c->volume_limits_factor) < 0)
        return err_set(e, EINVAL, "volume_limits must be " VOLUME_LIMITS_TEXTS ", not '%s'",
                       c->volume_limits);
    return 0;
}

static int read_monitoring(struct config *c, struct err *e)
{
    if (monitoring_parse(c->monitoring_text, &c->monitoring) < 0)
        return err_set(e, EINVAL, "monitoring must be " MONITORING_WORDS ", not '%s'",
                       c->monitoring_text);
    return 0;
}

static int check_ipv6_prefix(const struct config *c, struct err *e)
{
    struct cidr6 prefix;
    if (c->ipv6_prefix == NULL)
        return 0;
    if (cidr6_parse(c->ipv6_prefix, &prefix) < 0 || cidr6_normalize(&prefix) ||
        prefix.length < IPV6_PREFIX_MIN || prefix.length > VPC_IPV6_LENGTH)
        return err_set(e, EINVAL,
                       "ipv6_prefix must be a range of IPv6 such as 2001:db8::/48, /%d to /%d, "
                       "not '%s'",
                       IPV6_PREFIX_MIN, VPC_IPV6_LENGTH, c->ipv6_prefix);
    return 0;
}

static int read_public_addresses(struct config *c, struct err *e)
{
    int r = address_ranges_parse(c->public_addresses_text, &c->public_addresses, e);
    if (r == 0 && c->public_addresses.n == 0)
        r = err_set(e, EINVAL, "there must be a range, such as 198.18.0.0/16");
    return r < 0 ? err_wrap(e, r, "public_addresses") : 0;
}

static int work_out(struct arena *a, struct config *c, struct err *e)
{
    int r = read_regions(a, c, e);
    if (r == 0)
        r = read_public_addresses(c, e);
    if (r == 0)
        r = check_ipv6_prefix(c, e);
    if (r == 0)
        r = quota_values_parse(a, c->account_quotas_text, &c->account_quotas, e);
    if (r == 0)
        r = read_number("reserve_memory", c->reserve_memory, &c->reserve_memory_mib, e);
    if (r == 0)
        r = read_number("max_instances", c->max_instances, &c->max_instance_count, e);
    if (r == 0)
        r = read_switch("signature_v2", c->signature_v2, &c->take_signature_v2, e);
    if (r == 0)
        r = read_switch("snapshot_freeze", c->snapshot_freeze, &c->freeze_file_systems, e);
    if (r == 0)
        r = read_notice(c, e);
    if (r == 0)
        r = read_credentials(c, e);
    if (r == 0)
        r = read_switch("guest_api", c->guest_api, &c->serve_guests, e);
    if (r == 0)
        r = check_disk_io(c, e);
    if (r == 0)
        r = read_disk_full(c, e);
    if (r == 0)
        r = read_volume_limits(c, e);
    if (r == 0)
        r = read_monitoring(c, e);
    if (r == 0 && !streq(c->hypervisor, "libvirt") && !streq(c->hypervisor, "fake"))
        r = err_set(e, EINVAL, "hypervisor must be libvirt or fake, not '%s'", c->hypervisor);
    if (r == 0 && !streq(c->seed, "always") && !streq(c->seed, "never"))
        r = err_set(e, EINVAL, "seed must be always or never, not '%s'", c->seed);
    if (c->storage == NULL)
        c->storage = streq(c->hypervisor, "fake") ? "fake" : "files";
    if (r == 0 && !streq(c->storage, "files") && !streq(c->storage, "fake"))
        r = err_set(e, EINVAL, "storage must be files or fake, not '%s'", c->storage);
    if (c->bucket_directory == NULL)
        c->bucket_directory = arena_printf(a, "%s/buckets", c->state_dir);
    if (r == 0 && (c->tls_cert == NULL) != (c->tls_key == NULL))
        r = err_set(e, EINVAL, "tls_cert and tls_key go together");
    return r;
}

int config_load(struct arena *a, int argc, char **argv, struct config *ret_config, struct err *e)
{
    struct config c = {0};
    struct own_types own = {0};
    int r = read_options(&c, argc, argv, e);
    if (r < 0)
        return r;
    const char *path = c.config_file == NULL ? DEFAULT_CONFIG_FILE : c.config_file;
    if (c.config_file != NULL || file_exists(path)) {
        r = read_file(a, &c, &own, path, e);
        if (r < 0)
            return r;
    }
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
        if (*slot(&c, &keys[i]) == NULL)
            *slot(&c, &keys[i]) = keys[i].otherwise;
    r = work_out(a, &c, e);
    if (r < 0)
        return r;
    merge_types(a, &c, &own);
    *ret_config = c;
    return 0;
}

void config_print_help(void)
{
    (void)printf(
        "usage: croftd [OPTION VALUE]...\n\nThe daemon of Croft, a private EC2 on this server. "
        "See croftd(8).\n\n  --config FILE          (%s)\n",
        DEFAULT_CONFIG_FILE);
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        if (!keys[i].option)
            continue;
        char option[KEY_MAX];
        (void)snprintf(option, sizeof(option), "--%s", keys[i].name);
        for (char *p = option + 2; *p != '\0'; p++)
            if (*p == '_')
                *p = '-';
        (void)printf("  %-22s %s\n", option, keys[i].help);
    }
    (void)printf("  --help, --version\n\nIn the configuration file only:\n");
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
        if (!keys[i].option)
            (void)printf("  %-22s %s\n", keys[i].name, keys[i].help);
    (void)printf("  %-22s a type of your own: NAME VCPUS MIB [ARCHITECTURE [DISKSxGB]]\n",
                 "instance_type");
}
