/* What an instance knows of itself. */
#include "metadata/values.h"

#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/clock.h"
#include "base/text.h"
#include "core/hostname.h"

#define FIELD(function, member)                                                                    \
    struct value function(struct guest *g, const char *const *at)                                  \
    {                                                                                              \
        (void)at;                                                                                  \
        return value_text(g->instance->member);                                                    \
    }
#define CONSTANT(function, text)                                                                   \
    struct value function(struct guest *g, const char *const *at)                                  \
    {                                                                                              \
        (void)g;                                                                                   \
        (void)at;                                                                                  \
        return value_text(text);                                                                   \
    }

FIELD(value_ami_id, image_id)
FIELD(value_instance_id, id)
FIELD(value_instance_type, instance_type)
FIELD(value_zone, zone)
FIELD(value_region, region)
FIELD(value_reservation_id, reservation_id)
FIELD(value_group_name, placement_group_name)
FIELD(value_block_root, root_device_name)
CONSTANT(value_manifest_path, "(unknown)")
CONSTANT(value_no_events, "[]")
CONSTANT(value_profile, "default-hvm")
CONSTANT(value_services_domain, "amazonaws.com")
CONSTANT(value_services_partition, "aws")
CONSTANT(value_system, "nitro")

static struct value number(struct guest *g, int64_t n)
{
    return value_text(arena_printf(g->arena, "%lld", (long long)n));
}

struct value value_launch_index(struct guest *g, const char *const *at)
{
    (void)at;
    return number(g, g->instance->launch_index);
}

struct value value_partition(struct guest *g, const char *const *at)
{
    (void)at;
    if (g->instance->partition_number == 0)
        return value_text(NULL);
    return number(g, g->instance->partition_number);
}

struct value value_zone_id(struct guest *g, const char *const *at)
{
    (void)at;
    return value_text(region_zone_id(g->region, g->instance->zone));
}

struct value value_instance_action(struct guest *g, const char *const *at)
{
    bool ends =
        g->instance->state == INSTANCE_STOPPING || g->instance->state == INSTANCE_SHUTTING_DOWN;
    (void)at;
    return value_text(ends ? "shutdown" : "none");
}

struct value value_life_cycle(struct guest *g, const char *const *at)
{
    (void)at;
    return value_text(g->instance->spot_request_id == NULL ? "on-demand" : "spot");
}

struct value value_monitoring(struct guest *g, const char *const *at)
{
    (void)at;
    return value_text(g->instance->monitoring ? "enabled" : "disabled");
}

/* --- its first interface */

struct value value_local_ipv4(struct guest *g, const char *const *at)
{
    (void)at;
    return value_text(guest_primary(g)->private_ip);
}

struct value value_private_name(struct guest *g, const char *const *at)
{
    (void)at;
    const char *name = hostname_of_instance(g->arena, g->instance, guest_primary(g)->private_ip);
    return value_text(arena_printf(g->arena, "%s.%s", name, g->region->domain));
}

/* AWS: with several interfaces, that of eth0. */
struct value value_mac(struct guest *g, const char *const *at)
{
    (void)at;
    return value_text(guest_primary(g)->mac);
}

/* The first one of eth0. */
struct value value_ipv6(struct guest *g, const char *const *at)
{
    struct interface_address_list l = guest_further(g, guest_primary(g));
    (void)at;
    for (size_t i = 0; i < l.n; i++)
        if (l.v[i].is_ipv6)
            return value_text(l.v[i].address);
    return value_text(NULL);
}

static const char *public_ip(struct guest *g)
{
    return guest_addresses(g, guest_primary(g)).v[0].public_ip;
}

struct value value_public_ipv4(struct guest *g, const char *const *at)
{
    (void)at;
    return value_text(public_ip(g));
}

struct value value_public_name(struct guest *g, const char *const *at)
{
    return value_its_public_name(g, (const char *const[]){guest_primary(g)->mac});
}

struct value value_security_groups(struct guest *g, const char *const *at)
{
    (void)at;
    return value_lines(g->arena, guest_groups(g, guest_primary(g), true));
}

/* --- disks: those beside the root are ebs1, ebs2, … by their device names */

static int by_device(const void *left, const void *right)
{
    return strcmp(((const struct volume *)left)->device_name,
                  ((const struct volume *)right)->device_name);
}

static struct volume_list further_volumes(struct guest *g)
{
    struct volume_list all = store_volumes(g->tx, g->arena, "instance_id", g->instance->id);
    size_t n = 0;
    for (size_t i = 0; i < all.n; i++)
        if (all.v[i].device_name != NULL &&
            !streq(all.v[i].device_name, g->instance->root_device_name))
            all.v[n++] = all.v[i];
    all.n = n;
    if (n > 1)
        qsort(all.v, n, sizeof(*all.v), by_device);
    return all;
}

static const char *ebs_name(struct guest *g, size_t i)
{
    return arena_printf(g->arena, "ebs%zu", i + 1);
}

struct name_list names_of_ebs(struct guest *g, const char *const *at)
{
    struct name_list names = {0};
    size_t n = further_volumes(g).n;
    (void)at;
    for (size_t i = 0; i < n; i++)
        arena_append(g->arena, &names)->name = ebs_name(g, i);
    return names;
}

struct value value_block_ebs(struct guest *g, const char *const *at)
{
    struct volume_list volumes = further_volumes(g);
    for (size_t i = 0; i < volumes.n; i++) {
        const char *device = volumes.v[i].device_name;
        if (streq(at[0], ebs_name(g, i)))
            return value_text(has_prefix(device, "/dev/") ? device + strlen("/dev/") : device);
    }
    return value_text(NULL);
}

/* --- the key that it was launched with: there is one at most */

struct name_list names_of_keys(struct guest *g, const char *const *at)
{
    const struct instance *i = g->instance;
    struct name_list names = {0};
    (void)at;
    if (i->public_key != NULL)
        *arena_append(g->arena, &names) = (struct name){
            "0", arena_printf(g->arena, "0=%s", i->key_name == NULL ? "" : i->key_name)};
    return names;
}

struct value value_public_key(struct guest *g, const char *const *at)
{
    const char *key = g->instance->public_key;
    if (key == NULL || !streq(at[0], "0"))
        return value_text(NULL);
    /* With an end of line, for those who append it to a file. */
    return value_text(arena_printf(g->arena, "%s\n", key));
}

/* --- tags, where the instance's options let them be seen */

static bool shows_tags(const struct guest *g)
{
    return streq(g->instance->instance_metadata_tags, "enabled");
}

struct name_list names_of_tags(struct guest *g, const char *const *at)
{
    struct name_list names = {0};
    (void)at;
    if (!shows_tags(g))
        return names;
    struct tag_list tags = store_tags(g->tx, g->arena, "resource_id", g->instance->id);
    for (size_t i = 0; i < tags.n; i++)
        if (tag_key_is_path(tags.v[i].key))
            arena_append(g->arena, &names)->name = tags.v[i].key;
    return names;
}

struct value value_tag(struct guest *g, const char *const *at)
{
    if (!shows_tags(g) || !tag_key_is_path(at[0]))
        return value_text(NULL);
    const struct tag *tag = store_tag_of(g->tx, g->arena, g->instance->id, at[0]);
    return value_text(tag == NULL ? NULL : tag->value);
}

/* --- spot: nothing until the instance is marked */

static const char *notice(struct guest *g, struct spot_notice *ret)
{
    char at[CLOCK_ISO8601_SIZE];
    if (!spot_notice_of(g->instance, ret))
        return NULL;
    clock_format_iso8601(ret->at, at);
    return arena_printf(g->arena, "%.19sZ", at);
}

struct value value_spot_action(struct guest *g, const char *const *at)
{
    struct spot_notice told = {0};
    const char *when = notice(g, &told);
    (void)at;
    if (when == NULL)
        return value_text(NULL);
    return value_text(
        arena_printf(g->arena, "{\"action\": \"%s\", \"time\": \"%s\"}", told.action, when));
}

/* AWS: the older of the two; it knows of termination alone. */
struct value value_termination_time(struct guest *g, const char *const *at)
{
    struct spot_notice told = {0};
    const char *when = notice(g, &told);
    (void)at;
    return value_text(when != NULL && streq(told.action, "terminate") ? when : NULL);
}

/* It is recommended to go when it is told that it will have to, and no earlier (AWS: the signal
 * "can arrive along with the two-minute interruption notice"). */
struct value value_rebalance(struct guest *g, const char *const *at)
{
    struct spot_notice told = {0};
    (void)at;
    if (notice(g, &told) == NULL)
        return value_text(NULL);
    const struct spot_request *r =
        store_spot_request(g->tx, g->arena, g->instance->spot_request_id);
    char when[CLOCK_ISO8601_SIZE];
    clock_format_iso8601(r == NULL ? told.at : r->status_at, when);
    return value_text(arena_printf(g->arena, "{\"noticeTime\": \"%.19sZ\"}", when));
}

/* --- user data, as it was sent */

struct value value_user_data(struct guest *g, const char *const *at)
{
    const char *text = g->instance->user_data;
    char *data = NULL;
    size_t len = 0;
    (void)at;
    if (text == NULL || base64_decode(g->arena, text, strlen(text), &data, &len) < 0 || len == 0)
        return value_text(NULL);
    return (struct value){data, len};
}
