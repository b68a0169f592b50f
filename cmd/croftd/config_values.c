/* The kinds of values that keys have: how each is written, and what it may be. */
#include <arpa/inet.h>
#include <errno.h>
#include <grp.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "api/monitoring.h"
#include "base/text.h"
#include "config_internal.h"
#include "core/volume_limits.h"
#include "core/vpc_cidr.h"
#include "http/server.h"

#define TYPES_MAX       200
#define IPV6_PREFIX_MIN 8

/* The key's place in the configuration. */
#define PLACE(c, k, type) (*(type *)(void *)((char *)(c) + (k)->offset))

int config_read_text(struct arena *a, struct config *c, const struct config_key *k,
                     const char *text, struct err *e)
{
    if (*text == '\0')
        return err_set(e, EINVAL, "%s has no value; leave the line out for the built-in one",
                       k->name);
    PLACE(c, k, const char *) = arena_strdup(a, text);
    return 0;
}

int config_read_path(struct arena *a, struct config *c, const struct config_key *k,
                     const char *text, struct err *e)
{
    if (*text != '/')
        return err_set(e, EINVAL, "%s must be a path from the root on, as /var/lib/croft, not '%s'",
                       k->name, text);
    return config_read_text(a, c, k, text, e);
}

int config_read_directory(struct arena *a, struct config *c, const struct config_key *k,
                          const char *text, struct err *e)
{
    struct stat st;
    if (stat(text, &st) < 0 || !S_ISDIR(st.st_mode))
        return err_set(e, EINVAL, "%s must be a directory that is there, not '%s'", k->name, text);
    return config_read_path(a, c, k, text, e);
}

int config_read_listen(struct arena *a, struct config *c, const struct config_key *k,
                       const char *text, struct err *e)
{
    bool is_loopback = false;
    int r = streq(text, "none") ? 0 : http_address_check(text, &is_loopback, e);
    return r < 0 ? err_wrap(e, r, "%s", k->name) : config_read_text(a, c, k, text, e);
}

int config_read_number(struct arena *a, struct config *c, const struct config_key *k,
                       const char *text, struct err *e)
{
    int64_t value = 0;
    (void)a;
    if (parse_int64(text, &value) < 0 || value < k->min || value > k->max)
        return err_set(e, EINVAL, "%s must be a number from %lld to %lld, not '%s'", k->name,
                       (long long)k->min, (long long)k->max, text);
    PLACE(c, k, int64_t) = value * (k->scale == 0 ? 1 : k->scale);
    return 0;
}

int config_read_switch(struct arena *a, struct config *c, const struct config_key *k,
                       const char *text, struct err *e)
{
    (void)a;
    if (!streq(text, "yes") && !streq(text, "no"))
        return err_set(e, EINVAL, "%s must be yes or no, not '%s'", k->name, text);
    PLACE(c, k, bool) = streq(text, "yes");
    return 0;
}

int config_read_choice(struct arena *a, struct config *c, const struct config_key *k,
                       const char *text, struct err *e)
{
    const char *all = "";
    for (size_t i = 0; k->words[i] != NULL; i++) {
        if (streq(k->words[i], text)) {
            PLACE(c, k, const char *) = k->words[i];
            return 0;
        }
        all = arena_printf(a, "%s%s%s", all,
                           i == 0                    ? ""
                           : k->words[i + 1] == NULL ? " or "
                                                     : ", ",
                           k->words[i]);
    }
    return err_set(e, EINVAL, "%s must be %s, not '%s'", k->name, all, text);
}

struct regions {
    struct region *v;
    size_t n;
};

int config_read_regions(struct arena *a, struct config *c, const struct config_key *k,
                        const char *text, struct err *e)
{
    struct regions out = {0};
    char *copy = arena_strdup(a, text);
    char *rest = NULL;
    for (char *name = strtok_r(copy, ", \t", &rest); name != NULL;
         name = strtok_r(NULL, ", \t", &rest)) {
        const struct region *region = region_find(name);
        if (region == NULL)
            return err_set(e, EINVAL, "%s: there is no region '%s' in EC2", k->name, name);
        *arena_append(a, &out) = *region;
    }
    if (out.n == 0)
        return err_set(e, EINVAL, "%s: at least one must be served", k->name);
    PLACE(c, k, struct region_list) = (struct region_list){out.v, out.n};
    return 0;
}

int config_read_addresses(struct arena *a, struct config *c, const struct config_key *k,
                          const char *text, struct err *e)
{
    struct address_ranges *ranges = &PLACE(c, k, struct address_ranges);
    (void)a;
    int r = address_ranges_parse(text, ranges, e);
    if (r == 0 && ranges->n == 0)
        r = err_set(e, EINVAL, "there must be a range, such as 198.18.0.0/16");
    return r < 0 ? err_wrap(e, r, "%s", k->name) : 0;
}

int config_read_ipv6_prefix(struct arena *a, struct config *c, const struct config_key *k,
                            const char *text, struct err *e)
{
    struct cidr6 prefix;
    if (cidr6_parse(text, &prefix) < 0 || cidr6_normalize(&prefix) ||
        prefix.length < IPV6_PREFIX_MIN || prefix.length > VPC_IPV6_LENGTH)
        return err_set(e, EINVAL,
                       "%s must be a range of IPv6 such as 2001:db8::/48, /%d to /%d, not '%s'",
                       k->name, IPV6_PREFIX_MIN, VPC_IPV6_LENGTH, text);
    return config_read_text(a, c, k, text, e);
}

int config_read_quotas(struct arena *a, struct config *c, const struct config_key *k,
                       const char *text, struct err *e)
{
    int r = quota_values_parse(a, text, &PLACE(c, k, struct quota_values), e);
    return r < 0 ? err_wrap(e, r, "%s", k->name) : 0;
}

int config_read_limits(struct arena *a, struct config *c, const struct config_key *k,
                       const char *text, struct err *e)
{
    (void)a;
    if (volume_limits_parse(text, &PLACE(c, k, int64_t)) < 0)
        return err_set(e, EINVAL, "%s must be " VOLUME_LIMITS_TEXTS ", not '%s'", k->name, text);
    return 0;
}

int config_read_monitoring(struct arena *a, struct config *c, const struct config_key *k,
                           const char *text, struct err *e)
{
    (void)a;
    if (monitoring_parse(text, &PLACE(c, k, enum monitoring)) < 0)
        return err_set(e, EINVAL, "%s must be " MONITORING_WORDS ", not '%s'", k->name, text);
    return 0;
}

int config_read_rate(struct arena *a, struct config *c, const struct config_key *k,
                     const char *text, struct err *e)
{
    int64_t rate = 0;
    (void)a;
    if (!streq(text, "off") && (parse_int64(text, &rate) < 0 || rate < k->min || rate > k->max))
        return err_set(e, EINVAL, "%s must be off, or %lld to %lld, not '%s'", k->name,
                       (long long)k->min, (long long)k->max, text);
    PLACE(c, k, int64_t) = rate;
    return 0;
}

int config_read_interface(struct arena *a, struct config *c, const struct config_key *k,
                          const char *text, struct err *e)
{
    size_t len = strlen(text);
    if (len == 0 || len >= IF_NAMESIZE || strpbrk(text, " \t/:") != NULL)
        return err_set(e, EINVAL, "%s must be the name of an interface, as eth0, not '%s'", k->name,
                       text);
    return config_read_text(a, c, k, text, e);
}

int config_read_resolver(struct arena *a, struct config *c, const struct config_key *k,
                         const char *text, struct err *e)
{
    unsigned char address[sizeof(struct in6_addr)];
    if (inet_pton(AF_INET, text, address) != 1 && inet_pton(AF_INET6, text, address) != 1)
        return err_set(e, EINVAL, "%s must be an address, as 192.168.1.1, not '%s'", k->name, text);
    return config_read_text(a, c, k, text, e);
}

int config_read_group(struct arena *a, struct config *c, const struct config_key *k,
                      const char *text, struct err *e)
{
    if (!streq(text, k->otherwise) && getgrnam(text) == NULL)
        return err_set(e, EINVAL, "%s: there is no group '%s' on this server", k->name, text);
    return config_read_text(a, c, k, text, e);
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

int config_add_type(struct arena *a, struct config_types *types, const char *text, struct err *e)
{
    char *rest = NULL;
    char *value = arena_strdup(a, text);
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

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct instance_type *)a)->name, ((const struct instance_type *)b)->name);
}

void config_merge_types(struct arena *a, struct config *c, const struct config_types *own)
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
