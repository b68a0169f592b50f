#include "jobs/plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/check.h"
#include "base/text.h"
#include "core/hostname.h"
#include "core/instance_type.h"
#include "hypervisor/domain_xml.h"
#include "jobs/interface_rows.h"

#define INTERFACES_MAX 15

static int by_device_index(const void *left, const void *right)
{
    const struct network_interface *a = left;
    const struct network_interface *b = right;
    return (a->device_index > b->device_index) - (a->device_index < b->device_index);
}

struct instance_facts instance_facts_read(struct tx *tx, struct arena *a, const char *instance_id)
{
    struct instance_facts facts = {.instance = store_instance(tx, a, instance_id)};
    if (facts.instance == NULL)
        return facts;
    facts.volumes = store_volumes(tx, a, "instance_id", instance_id);
    facts.chains = arena_array(a, facts.volumes.n, struct layer_list);
    for (size_t i = 0; i < facts.volumes.n; i++)
        facts.chains[i] = plan_chain(tx, a, facts.volumes.v[i].layer_id);
    facts.interfaces = store_network_interfaces(tx, a, "instance_id", instance_id);
    if (facts.interfaces.n > 1)
        qsort(facts.interfaces.v, facts.interfaces.n, sizeof(facts.interfaces.v[0]),
              by_device_index);
    facts.subnets = arena_array(a, facts.interfaces.n, const struct subnet *);
    facts.addresses = arena_array(a, facts.interfaces.n, struct interface_address_list);
    for (size_t k = 0; k < facts.interfaces.n; k++) {
        facts.subnets[k] = store_subnet(tx, a, facts.interfaces.v[k].subnet_id);
        facts.addresses[k] = interface_addresses_in_order(tx, a, facts.interfaces.v[k].id);
    }
    struct tag *name = store_tag_of(tx, a, instance_id, "Name");
    facts.name_tag = name == NULL ? NULL : name->value;
    return facts;
}

const struct network_interface *instance_primary_interface(const struct instance_facts *facts)
{
    for (size_t k = 0; k < facts->interfaces.n; k++)
        if (facts->interfaces.v[k].device_index == 0)
            return &facts->interfaces.v[k];
    return NULL;
}

bool plan_makes_volume(const struct volume *v)
{
    /* A volume that has been in use holds data: it is never made anew. */
    return v->state == VOLUME_CREATING;
}

bool plan_removes_volume(const struct volume *v)
{
    return v->delete_on_termination || v->state == VOLUME_CREATING;
}

/*
 * Its first address of either kind comes by DHCP; DHCP gives no more than one, so the others are
 * told here, with the length of their subnet. Others of IPv6 are alone: the router is beyond them.
 */
static struct seed_interface seed_interface_of(struct arena *a, const struct instance_facts *facts,
                                               size_t k)
{
    struct {
        const char **v;
        size_t n;
    } more = {0};
    const struct interface_address_list *others = &facts->addresses[k];
    const char *length = strchr(facts->subnets[k]->cidr_block, '/');
    bool has_ipv6 = false;
    CHECK(length != NULL); /* a subnet stays while it has interfaces */
    for (size_t i = 0; i < others->n; i++) {
        const struct interface_address *address = &others->v[i];
        if (!address->is_ipv6)
            *arena_append(a, &more) = arena_printf(a, "%s%s", address->address, length);
        else if (has_ipv6)
            *arena_append(a, &more) = arena_printf(a, "%s/128", address->address);
        has_ipv6 = has_ipv6 || address->is_ipv6;
    }
    return (struct seed_interface){
        .device_index = facts->interfaces.v[k].device_index,
        .mac = facts->interfaces.v[k].mac,
        .dhcp6 = has_ipv6,
        .addresses = more.v,
        .n_addresses = more.n,
    };
}

int plan_seed(const struct jobs_config *config, struct arena *a, const struct instance_facts *facts,
              struct seed_texts *ret_texts, struct err *e)
{
    const struct instance *i = facts->instance;
    const struct network_interface *n = instance_primary_interface(facts);
    const struct region *region = region_find(i->region);
    CHECK(n != NULL && region != NULL);
    char *user_data = NULL;
    size_t user_data_len = 0;
    if (i->user_data != NULL &&
        base64_decode(a, i->user_data, strlen(i->user_data), &user_data, &user_data_len) < 0)
        return err_set(e, EINVAL, "the user data is not base64");
    struct seed_interface *interfaces = arena_array(a, facts->interfaces.n, struct seed_interface);
    for (size_t k = 0; k < facts->interfaces.n; k++)
        interfaces[k] = seed_interface_of(a, facts, k);
    struct seed_facts seed = {
        .instance_id = i->id,
        .hostname = hostname_of_instance(a, i, n->private_ip),
        .private_ip = n->private_ip,
        .domain = region->domain,
        .public_key = i->public_key,
        .key_name = i->key_name,
        .mac = n->mac,
        .interfaces = interfaces,
        .n_interfaces = facts->interfaces.n,
        .mtu = config->mtu,
        .region = i->region,
        .zone = i->zone,
        .instance_type = i->instance_type,
        .image_id = i->image_id,
        .user_data = user_data,
        .user_data_len = user_data_len,
    };
    return seed_build(a, config->template_dir, &seed, ret_texts, e);
}

/* --- the domain */

const char *plan_disk_serial(struct arena *a, const char *volume_id)
{
    /* as EBS shows itself: the id without its dash, 20 characters */
    const char *digits = strchr(volume_id, '-');
    return arena_printf(a, "vol%s", digits == NULL ? "" : digits + 1);
}

struct layer_list plan_chain(struct tx *tx, struct arena *a, const char *layer_id)
{
    struct layer_list chain = {0};
    const struct layer *layer = store_layer(tx, a, layer_id);
    for (; layer != NULL; layer = store_layer(tx, a, layer->parent_id))
        *arena_append(a, &chain) = *layer;
    return chain;
}

const char *plan_layer_below(const struct layer *layer)
{
    return layer->parent_id != NULL ? layer->parent_id : layer->image_id;
}

bool plan_is_at_rest(const struct volume *v, const struct layer_list *chain)
{
    for (size_t i = 0; i < chain->n; i++)
        if (chain->v[i].work != LAYER_REST)
            return false;
    return v->next_layer_id == NULL;
}

struct domain_disk *plan_disk(const struct jobs_config *config, struct arena *a,
                              const struct volume *v, const struct layer_list *chain)
{
    struct storage *s = config->storage;
    const char **below = arena_array(a, chain->n + 1, const char *);
    const char *image_id = chain->n == 0 ? NULL : chain->v[chain->n - 1].image_id;
    size_t n = 0;
    size_t n_encrypted = 0;
    for (size_t i = 0; i < chain->n; i++)
        n_encrypted += chain->v[i].key_id != NULL;
    for (size_t i = 1; i < chain->n; i++)
        below[n++] = s->ops->layer_path(s, a, chain->v[i].id);
    if (image_id != NULL)
        below[n] = s->ops->image_path(s, a, image_id);
    struct domain_disk *disk = arena_new_of(a, struct domain_disk);
    *disk = (struct domain_disk){
        .path = s->ops->layer_path(s, a, v->layer_id),
        .below = below,
        .format = "qcow2",
        .serial = plan_disk_serial(a, v->id),
        .io = config->disk_io,
        .limits = volume_limits_of(v, config->volume_limits),
        .n_encrypted = n_encrypted,
        .key_id = n_encrypted == 0 ? NULL : chain->v[0].key_id,
        .secret = "SECRET", /* for people to read; the driver puts libvirt's own name there */
    };
    return disk;
}

/* The root device first: it is what the guest boots from and knows as vda. */
static size_t list_disks(const struct jobs_config *config, struct arena *a,
                         const struct instance_facts *facts, struct domain_disk *disks)
{
    struct storage *s = config->storage;
    size_t n = 0;
    for (int root = 1; root >= 0; root--)
        for (size_t i = 0; i < facts->volumes.n && n < DOMAIN_DISKS_MAX - 1 - STORE_DISKS_MAX;
             i++) {
            const struct volume *v = &facts->volumes.v[i];
            if (streq(v->device_name, facts->instance->root_device_name) != (root == 1) ||
                v->attachment_state == ATTACHMENT_DETACHING)
                continue;
            disks[n] = *plan_disk(config, a, v, &facts->chains[i]);
            disks[n].target = domain_disk_target(a, n);
            disks[n].boot_order = root;
            n++;
        }
    if (!facts->instance->no_seed) {
        disks[n] = (struct domain_disk){
            .path = s->ops->instance_path(s, a, facts->instance->id, PLAN_SEED_FILE),
            .format = "raw",
            .io = config->disk_io,
            .target = domain_disk_target(a, n),
            .serial = "cidata",
            .read_only = true,
        };
        n++;
    }
    for (int64_t k = 0; k < facts->instance->store_disks && n < DOMAIN_DISKS_MAX; k++, n++)
        disks[n] = (struct domain_disk){
            .path = s->ops->instance_path(s, a, facts->instance->id, storage_store_disk(a, k)),
            .format = "raw",
            .io = config->disk_io,
            .target = domain_disk_target(a, n),
            .serial = arena_printf(a, "ephemeral%lld", (long long)k),
        };
    return n;
}

const struct domain_spec *plan_domain(const struct jobs_config *config, struct arena *a,
                                      const struct instance_facts *facts,
                                      const struct host_info *host)
{
    struct storage *s = config->storage;
    const struct instance *i = facts->instance;
    struct domain_disk *disks = arena_array(a, DOMAIN_DISKS_MAX, struct domain_disk);
    struct domain_nic *nics = arena_array(a, INTERFACES_MAX, struct domain_nic);
    size_t n_nics = 0;
    for (; n_nics < facts->interfaces.n && n_nics < INTERFACES_MAX; n_nics++)
        nics[n_nics] = (struct domain_nic){facts->interfaces.v[n_nics].tap,
                                           facts->interfaces.v[n_nics].mac, config->mtu};
    struct domain_spec *spec = arena_new_of(a, struct domain_spec);
    *spec = (struct domain_spec){
        .instance_id = i->id,
        .uuid = i->uuid,
        .instance_type = i->instance_type,
        .image_id = i->image_id,
        .name_tag = facts->name_tag,
        .architecture = i->architecture,
        .driver = host->kvm && streq(i->architecture, "x86_64") ? "kvm" : "qemu",
        .vcpus = (int)i->vcpus,
        .threads_per_core = (int)instance_threads_per_core(i),
        .memory_mib = i->memory_mib,
        .disks = disks,
        .n_disks = list_disks(config, a, facts, disks),
        .nics = nics,
        .n_nics = n_nics,
        .console_log = s->ops->instance_path(s, a, i->id, "console.log"),
        .console_socket = arena_printf(a, "%s/console/%s", config->runtime_dir, i->id),
    };
    return spec;
}

/* --- rows at an end */

void plan_give_back_addresses(struct tx *tx, struct arena *a, const char *instance_id)
{
    struct network_interface_list interfaces =
        store_network_interfaces(tx, a, "instance_id", instance_id);
    for (size_t k = 0; k < interfaces.n; k++) {
        struct network_interface *n = &interfaces.v[k];
        store_enqueue(tx, "vpc", n->vpc_id, 0);
        if (n->attachment_state == ATTACHMENT_DETACHING) {
            interface_let_go(tx, n);
            continue;
        }
        n->public_ip = NULL;
        n->attachment_state = ATTACHMENT_ATTACHED; /* it is there at the next start */
        store_update_network_interface(tx, n);
    }
}

static void let_go_interface(struct tx *tx, struct arena *a, struct network_interface *n)
{
    if (n->delete_on_termination) {
        interface_remove(tx, a, n->id);
        return;
    }
    interface_let_go(tx, n);
}

void plan_let_go_interfaces(struct tx *tx, struct arena *a, const char *instance_id)
{
    struct network_interface_list interfaces =
        store_network_interfaces(tx, a, "instance_id", instance_id);
    for (size_t k = 0; k < interfaces.n; k++)
        let_go_interface(tx, a, &interfaces.v[k]);
}

/* A volume that stays is free again; one that goes has lost its file before. */
static void let_go_volume(struct tx *tx, struct volume *v)
{
    if (!plan_removes_volume(v)) {
        plan_release_volume(tx, v);
        return;
    }
    store_enqueue_layers(tx, v->layer_id);
    store_delete_tags(tx, "resource_id", v->id);
    store_delete_volumes(tx, "id", v->id);
}

void plan_release_volume(struct tx *tx, struct volume *v)
{
    if (volume_enter_attachment_state(v, ATTACHMENT_DETACHED, NULL) < 0 ||
        volume_enter_state(v, VOLUME_AVAILABLE, NULL) < 0)
        return;
    v->instance_id = NULL;
    v->device_name = NULL;
    v->attached_at = 0;
    v->force_detach = false;
    store_update_volume(tx, v);
    store_enqueue_layers(tx, v->layer_id); /* no guest reads them any more */
}

void plan_let_go_volumes(struct tx *tx, struct arena *a, const char *instance_id)
{
    struct volume_list volumes = store_volumes(tx, a, "instance_id", instance_id);
    for (size_t k = 0; k < volumes.n; k++)
        let_go_volume(tx, &volumes.v[k]);
}
