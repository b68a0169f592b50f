#include "support/machine.h"

#include <errno.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/text.h"
#include "network/held.h"
#include "network/intent.h"

static bool is_of(const struct net_part *part, const char *interface_id)
{
    for (size_t i = 0; i < part->n; i++)
        if (streq(part->interface_ids[i], interface_id))
            return true;
    return false;
}

/* The intent with the ports of before that are not of the part. */
static const struct net_vpc *complete(struct arena *a, const struct net_vpc *before,
                                      const struct net_vpc *intent, const struct net_part *part)
{
    struct net_vpc *whole = arena_new_of(a, struct net_vpc);
    struct {
        struct net_port *v;
        size_t n;
    } ports = {0};
    for (size_t i = 0; i < before->n_ports; i++)
        if (!is_of(part, before->ports[i].interface_id))
            *arena_append(a, &ports) = before->ports[i];
    for (size_t i = 0; i < intent->n_ports; i++)
        *arena_append(a, &ports) = intent->ports[i];
    *whole = *intent;
    whole->ports = ports.v;
    whole->n_ports = ports.n;
    return whole;
}

static int machine_apply(struct network *n, const struct net_vpc *intent,
                         const struct net_part *part, struct err *e)
{
    struct machine *m = (struct machine *)n;
    bool known = m->is_known && streq(m->wanted.vpc_id, intent->vpc_id);
    if (part != NULL && !known)
        return err_set(e, ESTALE, "this machine remembers another VPC");
    struct arena *a = arena_new();
    if (part != NULL)
        intent = complete(a, &m->wanted, intent, part);
    m->wanted = *intent_copy(a, intent);
    arena_free(m->arena);
    m->arena = a;
    m->is_known = m->broken == NULL;
    if (m->broken != NULL)
        return err_set(e, EIO, "%s", m->broken);
    m->n_applied++;
    m->n_parts += part != NULL;
    return 0;
}

static size_t machine_differing(struct network *n, const struct net_vpc *intent)
{
    const struct machine *m = (struct machine *)n;
    if (!m->is_known || !streq(m->wanted.vpc_id, intent->vpc_id))
        return 0;
    _cleanup_arena_ struct arena *a = arena_new();
    struct held *h = held_new();
    struct held_change c = held_change(a, h, &m->wanted, NULL);
    held_keep(a, h, &c);
    size_t differing = held_differing(a, h, intent);
    held_free(h);
    return differing;
}

static int machine_plug(struct network *n, const struct net_vpc *intent, const char *interface_id,
                        struct err *e)
{
    (void)intent, (void)interface_id;
    const struct machine *m = (struct machine *)n;
    return m->broken == NULL ? 0 : err_set(e, EIO, "%s", m->broken);
}

static int machine_probe(struct network *n, struct arena *a, const struct net_probe *probe,
                         struct net_probed *ret, struct err *e)
{
    (void)n, (void)a, (void)probe, (void)ret;
    return err_set(e, EOPNOTSUPP, "this machine sends no packet");
}

static int machine_list(struct network *n, struct arena *a, struct net_names *ret_ids,
                        struct err *e)
{
    (void)n, (void)a, (void)e;
    *ret_ids = (struct net_names){0};
    return 0;
}

static int machine_nat_connections(struct network *n, const char *nat_gateway_id,
                                   const char *private_ip, size_t *ret_n, struct err *e)
{
    (void)nat_gateway_id, (void)private_ip, (void)e;
    *ret_n = ((const struct machine *)n)->connections;
    return 0;
}

static const struct network_ops machine_ops = {.name = "machine",
                                               .apply = machine_apply,
                                               .differing = machine_differing,
                                               .plug = machine_plug,
                                               .probe = machine_probe,
                                               .nat_connections = machine_nat_connections,
                                               .list = machine_list};

struct machine *machine_new(struct calls *k)
{
    struct machine *m = calloc(1, sizeof(*m));
    CHECK(m != NULL);
    m->network.ops = &machine_ops;
    m->jobs = jobs_new(&(struct jobs_config){.store = k->store,
                                             .network = &m->network,
                                             .host_id = TEST_HOST,
                                             .runtime_dir = "/run/croft",
                                             .mtu = 1500,
                                             .server_key = &calls_server_key});
    return m;
}

void machine_free(struct machine *m)
{
    jobs_free(m->jobs);
    arena_free(m->arena);
    free(m);
}

int machine_run(struct machine *m, const char *vpc_id)
{
    m->e = (struct err){0};
    return vpc_converge(m->jobs, vpc_id, &m->e);
}

bool machine_has_group(const struct machine *m, const char *group_id)
{
    return intent_group(&m->wanted, group_id) != NULL;
}

void machine_put_guest(struct machine *m, struct calls *k)
{
    struct hypervisor *h = m->jobs->hypervisor;
    struct domain_spec spec = {
        .instance_id = TEST_INSTANCE,
        .uuid = "ec200000-0000-4000-8000-000000000000",
        .instance_type = "t3.micro",
        .image_id = TEST_IMAGE,
        .architecture = "x86_64",
        .driver = "kvm",
        .vcpus = 1,
        .threads_per_core = 1,
        .memory_mib = 512,
        .console_log = "/log",
        .console_socket = "/socket",
    };
    int r = h->ops->create_paused(h, &spec, &m->e);
    CHECK(r == 0);
    r = h->ops->resume(h, TEST_INSTANCE, NULL);
    CHECK(r == 0);
    calls_put_instance(k, INSTANCE_RUNNING);
}
