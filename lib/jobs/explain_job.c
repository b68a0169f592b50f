#include <string.h>

#include "base/text.h"
#include "hypervisor/domain_xml.h"
#include "jobs/explain_internal.h"
#include "jobs/layer.h"
#include "jobs/root_volume.h"
#include "jobs/transfer.h"
#include "network/explain.h"
#include "network/intent.h"

/*
 * Each function here plays one thing that a worker does, in the worker's order: see
 * instance_start.c, instance_end.c, interface.c, nat_gateway.c, volume.c, vpc.c and image.c, of
 * which these must tell the truth.
 */

#define NOT_SHOWN "(not shown)"

/* --- networks */

struct net_explain_options explain_network_options(const struct telling *t)
{
    return (struct net_explain_options){
        .runtime_dir = t->call->config->runtime_dir,
        .network = t->call->config->network,
        .rules_max = EXPLAIN_FILE_MAX,
    };
}

static struct told_vpc *vpc_of(struct telling *t, const char *vpc_id)
{
    for (size_t i = 0; i < t->vpcs.n; i++)
        if (streq(t->vpcs.v[i].vpc_id, vpc_id))
            return &t->vpcs.v[i];
    struct net_vpc first = {.vpc_id = vpc_id};
    struct told_vpc *vpc = arena_append(t->a, &t->vpcs);
    bool known = plan_vpc(t->before, t->a, vpc_id, &first);
    *vpc = (struct told_vpc){vpc_id, known ? intent_copy(t->a, &first) : NULL};
    return vpc;
}

static const char *title_of(struct arena *a, const struct net_explained *told, const char *vpc_id)
{
    const char *const parts[] = {
        told->rules != NULL ? "rules" : NULL, told->files.n > 0 ? "leases and names" : NULL,
        told->gateways.n > 0 ? "NAT gateways" : NULL, told->routes.n > 0 ? "routes" : NULL};
    const char *list = NULL;
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
        if (parts[i] != NULL)
            list = list == NULL ? parts[i] : arena_printf(a, "%s, %s", list, parts[i]);
    return list == NULL ? NULL : arena_printf(a, "Change the network of %s: %s", vpc_id, list);
}

void tell_gateway(struct telling *t, struct croft_ExplainedStep *step,
                  const struct net_explained_gateway *gateway)
{
    if (gateway->rules != NULL)
        tell_file(t, step, arena_printf(t->a, "%s.nft", gateway->nat_gateway_id), gateway->rules);
    for (size_t i = 0; i < gateway->commands.n; i++)
        tell_command(t, step, "%s", gateway->commands.v[i]);
}

static void tell_difference(struct telling *t, const char *vpc_id, const struct net_explained *told)
{
    const char *title = title_of(t->a, told, vpc_id);
    if (title == NULL)
        return;
    struct croft_ExplainedStep *step = tell_step(t, "%s", title);
    if (told->rules != NULL) {
        const char *file = arena_printf(t->a, "%s.nft", vpc_id);
        tell_file(t, step, file, told->rules);
        tell_command(t, step, "ip netns exec %s nft -f %s", vpc_id, file);
    }
    for (size_t i = 0; i < told->files.n; i++)
        tell_file(t, step, told->files.v[i].path, told->files.v[i].content);
    for (size_t i = 0; i < told->reload.n; i++)
        tell_command(t, step, "%s", told->reload.v[i]);
    if (told->reload.n > 0)
        tell_remark(t, step, "and a DHCPRELEASE in the guest's name ends its lease");
    for (size_t i = 0; i < told->gateways.n; i++)
        tell_gateway(t, step, &told->gateways.v[i]);
    for (size_t i = 0; i < told->routes.n; i++)
        tell_command(t, step, "%s", told->routes.v[i]);
}

/* From what the steps told so far have left to what the rows say now. */
static void tell_network(struct telling *t, const char *vpc_id)
{
    struct told_vpc *vpc = vpc_of(t, vpc_id);
    struct net_vpc now = {0};
    struct net_explained told = {0};
    struct err e = {0};
    if (!plan_vpc(t->tx, t->a, vpc_id, &now))
        return;
    const struct net_vpc *to = intent_copy(t->a, &now);
    const struct net_vpc *from = vpc->intent;
    vpc->intent = to;
    const struct net_explain_options options = explain_network_options(t);
    if (network_explain(t->a, &options, from, to, &told, &e) < 0)
        tell_note(t, "What changes in the network of %s is not shown: %s", vpc_id, e.message);
    else
        tell_difference(t, vpc_id, &told);
}

/* --- a start */

static void tell_disks(struct telling *t, const struct instance_facts *facts)
{
    struct storage *s = t->call->config->storage;
    const char *id = facts->instance->id;
    struct croft_ExplainedStep *step = NULL;
    for (size_t i = 0; i < facts->volumes.n; i++) {
        const struct volume *v = &facts->volumes.v[i];
        if (!plan_makes_volume(v))
            continue;
        if (step == NULL) {
            step = tell_step(t, "Make the disks of %s", id);
            tell_command(t, step, "mkdir -m 711 %s", s->ops->instance_path(s, t->a, id, ""));
        }
        tell_layer(t, step, v->layer_id, v->size_gib);
    }
}

/* "ssh-ed25519 (not shown)": what kind of key, and no more. */
static const char *key_without_material(struct arena *a, const char *key)
{
    return key == NULL ? NULL : arena_printf(a, "%.*s " NOT_SHOWN, (int)strcspn(key, " "), key);
}

static void tell_seed(struct telling *t, const struct instance_facts *facts)
{
    struct storage *s = t->call->config->storage;
    struct instance_facts bare = *facts;
    struct instance instance = *facts->instance;
    struct seed_texts texts;
    struct err e = {0};
    /* A user's own data and keys stay theirs; everything else is as the guest gets it. */
    bool own_data = instance.user_data != NULL;
    instance.user_data = NULL;
    instance.public_key = key_without_material(t->a, instance.public_key);
    bare.instance = &instance;
    if (plan_seed(t->call->config, t->a, &bare, &texts, &e) < 0) {
        tell_note(t, "The seed of %s is not shown: %s", instance.id, e.message);
        return;
    }
    struct croft_ExplainedStep *step =
        tell_step(t, "Write the seed of %s, from which cloud-init sets the guest up", instance.id);
    tell_file(t, step, "meta-data", texts.meta_data);
    tell_file(t, step, "network-config", texts.network_config);
    tell_file(t, step, "user-data", own_data ? NOT_SHOWN "\n" : texts.user_data);
    tell_file(t, step, "vendor-data", texts.vendor_data);
    tell_command(t, step,
                 "genisoimage -quiet -volid cidata -joliet -rock -output %s meta-data "
                 "network-config user-data vendor-data",
                 s->ops->instance_path(s, t->a, instance.id, PLAN_SEED_FILE));
    if (own_data)
        tell_remark(t, step, "user-data is the user data of the instance, as it was given");
}

static void tell_domain(struct telling *t, const struct instance_facts *facts)
{
    const char *id = facts->instance->id;
    const char *xml = NULL;
    struct err e = {0};
    const struct domain_spec *spec = plan_domain(t->call->config, t->a, facts, &t->call->host);
    if (domain_xml_build(t->a, spec, &xml, &e) < 0) {
        tell_note(t, "The domain of %s is not shown: %s", id, e.message);
        return;
    }
    struct croft_ExplainedStep *step =
        tell_step(t, "Create the domain %s, paused: nothing of it runs yet", id);
    const char *file = arena_printf(t->a, "%s.xml", id);
    tell_file(t, step, file, xml);
    tell_command(t, step, "virsh create --paused %s", file);
}

static void tell_wake(struct telling *t, const struct instance_facts *facts)
{
    const struct instance *i = facts->instance;
    const struct net_vpc *intent = vpc_of(t, i->vpc_id)->intent;
    struct croft_ExplainedStep *step =
        tell_step(t, "Plug %s into %s and let it run", i->id, i->vpc_id);
    for (size_t k = 0; intent != NULL && k < facts->interfaces.n; k++) {
        struct net_names commands = network_explain_plug(t->a, intent, facts->interfaces.v[k].id);
        for (size_t c = 0; c < commands.n; c++)
            tell_command(t, step, "%s", commands.v[c]);
    }
    tell_command(t, step, "virsh resume %s", i->id);
    tell_remark(t, step, "then its row says running");
}

static void tell_start(struct telling *t, const struct instance_facts *facts)
{
    tell_disks(t, facts);
    if (!facts->instance->no_seed)
        tell_seed(t, facts);
    tell_domain(t, facts);
    tell_network(t, facts->instance->vpc_id);
    tell_wake(t, facts);
}

/* --- an end */

static void tell_button(struct telling *t, struct croft_ExplainedStep *step, const char *id)
{
    tell_command(t, step, "virsh shutdown --mode acpi %s", id);
    tell_remark(t, step,
                "pressed again until the guest hears it; after %d seconds: virsh destroy %s",
                JOBS_STOP_TIMEOUT_MS / 1000, id);
}

/* That it runs again is told with the image. */
static void tell_rest(struct telling *t, const struct instance *i)
{
    struct croft_ExplainedStep *step = tell_step(
        t, "Press the power button of %s, to start it again when its disks are done", i->id);
    tell_button(t, step, i->id);
    tell_remark(t, step, "its row says running all the while, and its addresses stay");
}

static void tell_stop(struct telling *t, const struct instance_facts *facts)
{
    const struct instance *i = facts->instance;
    struct croft_ExplainedStep *step =
        tell_step(t, i->force_stop ? "Pull the plug of %s" : "Press the power button of %s", i->id);
    if (i->force_stop) {
        tell_command(t, step, "virsh destroy %s", i->id);
    } else {
        tell_button(t, step, i->id);
    }
    tell_remark(t, step, "then its row says stopped");
    for (size_t k = 0; k < facts->interfaces.n; k++)
        if (facts->interfaces.v[k].public_ip != NULL)
            tell_remark(t, step, "and its public address %s is free again",
                        facts->interfaces.v[k].public_ip);
    plan_give_back_addresses(t->tx, t->a, i->id);
    tell_network(t, i->vpc_id);
}

static void tell_remains(struct telling *t, const struct instance_facts *facts)
{
    struct storage *s = t->call->config->storage;
    const char *id = facts->instance->id;
    struct croft_ExplainedStep *step = tell_step(t, "Remove the files of %s", id);
    for (size_t k = 0; k < facts->volumes.n; k++) {
        const struct volume *v = &facts->volumes.v[k];
        if (plan_removes_volume(v))
            tell_command(t, step, "rm -f %s", s->ops->layer_path(s, t->a, v->layer_id));
        else
            tell_remark(t, step, "%s stays: it is not to go with its instance", v->id);
    }
    tell_command(t, step, "rm -rf %s", s->ops->instance_path(s, t->a, id, ""));
    tell_remark(t, step, "then its row says terminated; it is forgotten after %d minutes",
                TERMINATED_SHOWN_MS / 60000);
}

static void tell_end(struct telling *t, const struct instance_facts *facts)
{
    const struct instance *i = facts->instance;
    struct croft_ExplainedStep *step = tell_step(t, "End the domain %s", i->id);
    tell_command(t, step, "virsh destroy %s", i->id);
    plan_let_go_interfaces(t->tx, t->a, i->id);
    tell_network(t, i->vpc_id);
    plan_let_go_volumes(t->tx, t->a, i->id);
    tell_remains(t, facts);
}

/* --- what comes and goes while it runs */

static void tell_interface(struct telling *t, const struct instance *i,
                           const struct network_interface *n)
{
    bool attaches = n->attachment_state == ATTACHMENT_ATTACHING;
    const struct domain_nic nic = {n->tap, n->mac, t->call->config->mtu};
    const char *xml = NULL;
    struct err e = {0};
    /* It comes with its link down: its tap is in the server's own namespace until it is plugged. */
    if (domain_nic_xml_build(t->a, &nic, !attaches, &xml, &e) < 0) {
        tell_note(t, "The interface %s is not shown: %s", n->id, e.message);
        return;
    }
    if (attaches)
        tell_network(t, n->vpc_id); /* its rules stand before it is there */
    struct croft_ExplainedStep *step = tell_step(t, "%s %s %s %s", attaches ? "Attach" : "Detach",
                                                 n->id, attaches ? "to" : "from", i->id);
    const char *file = arena_printf(t->a, "%s.xml", n->id);
    tell_file(t, step, file, xml);
    tell_command(t, step, "virsh %s-device --live %s %s", attaches ? "attach" : "detach", i->id,
                 file);
    if (!attaches) {
        tell_remark(t, step, "the guest is asked until it lets go%s",
                    n->detach_forced ? "; if it has not after a while, its tap is taken from it"
                                     : "");
        return;
    }
    const struct net_vpc *intent = vpc_of(t, n->vpc_id)->intent;
    struct net_names plug = {0};
    if (intent != NULL)
        plug = network_explain_plug(t->a, intent, n->id);
    for (size_t k = 0; k < plug.n; k++)
        tell_command(t, step, "%s", plug.v[k]);
    tell_command(t, step, "virsh domif-setlink %s %s up", i->id, n->mac);
    tell_remark(t, step, "then its row says attached; the guest sets it up itself");
}

static void tell_interfaces(struct telling *t, const struct instance_facts *facts)
{
    for (size_t k = 0; k < facts->interfaces.n; k++) {
        int state = facts->interfaces.v[k].attachment_state;
        if (state == ATTACHMENT_ATTACHING || state == ATTACHMENT_DETACHING)
            tell_interface(t, facts->instance, &facts->interfaces.v[k]);
    }
}

static void tell_nat_gateway(struct telling *t, const char *id)
{
    const struct nat_gateway *g = store_nat_gateway(t->tx, t->a, id);
    if (g == NULL || !is_own(t, &table_nat_gateway, g))
        return;
    tell_network(t, g->vpc_id);
    struct interface_address_list l =
        store_interface_addresses(t->tx, t->a, "interface_id", g->interface_id);
    for (size_t i = 0; i < l.n; i++)
        if (l.v[i].drain_until > 0)
            tell_note(t, "%s goes from %s when nobody has a connection by it any more",
                      l.v[i].address, id);
    if (g->state == NAT_GATEWAY_PENDING || g->state == NAT_GATEWAY_DELETING)
        tell_note(t, "Then the row of %s says %s", id,
                  g->state == NAT_GATEWAY_PENDING ? "available" : "deleted");
}

static void tell_instance(struct telling *t, const char *instance_id)
{
    struct instance_facts facts = instance_facts_read(t->tx, t->a, instance_id);
    struct croft_ExplainedStep *step = NULL;
    if (facts.instance == NULL || !is_own(t, &table_instance, facts.instance))
        return;
    switch ((enum instance_state)facts.instance->state) {
    case INSTANCE_PENDING:
        tell_start(t, &facts);
        break;
    case INSTANCE_RUNNING:
        if (facts.instance->rest_for != NULL)
            tell_rest(t, facts.instance);
        tell_interfaces(t, &facts);
        if (!facts.instance->reboot_requested)
            break;
        step = tell_step(t, "Ask %s to reboot", instance_id);
        tell_command(t, step, "virsh reboot --mode acpi %s", instance_id);
        break;
    case INSTANCE_STOPPING:
        tell_stop(t, &facts);
        break;
    case INSTANCE_SHUTTING_DOWN:
        tell_end(t, &facts);
        break;
    case INSTANCE_STOPPED:
    case INSTANCE_TERMINATED:
    case _INSTANCE_STATE_MAX:
        break;
    }
}

/* --- whole */

void tell_job(struct telling *t, const struct enqueued *job)
{
    if (streq(job->kind, "instance")) {
        tell_instance(t, job->object_id);
    } else if (streq(job->kind, "image")) {
        tell_image(t, job->object_id);
    } else if (streq(job->kind, SNAPSHOT_JOB)) {
        tell_snapshot(t, job->object_id);
    } else if (streq(job->kind, ROOT_VOLUME_JOB)) {
        tell_root_volume(t, job->object_id);
    } else if (streq(job->kind, LAYER_JOB)) {
        tell_layers(t, job->object_id);
    } else if (streq(job->kind, "volume")) {
        tell_volume(t, job->object_id);
    } else if (streq(job->kind, "vpc")) {
        const struct vpc *vpc = store_vpc(t->tx, t->a, job->object_id);
        if (vpc != NULL && is_own(t, &table_vpc, vpc))
            tell_network(t, job->object_id);
    } else if (streq(job->kind, "nat-gateway")) {
        tell_nat_gateway(t, job->object_id);
    } else if (streq(job->kind, IMPORT_JOB)) {
        tell_note(t,
                  "A worker copies the file, looks whether it is the disk that it is said to be, "
                  "and converts it (qemu-img convert -O qcow2); rows of what is made come last");
    } else if (streq(job->kind, EXPORT_JOB)) {
        tell_note(t, "A worker writes the disk into a file of its own (qemu-img convert) and moves "
                     "that into the bucket when it is whole");
    } else if (streq(job->kind, "network-insights")) {
        tell_note(t, "A packet is followed by the rows, and then sent, from where its source is");
    } else if (streq(job->kind, "spot")) {
        tell_note(t, "The spot market looks at its prices, at room, and at requests that wait");
    } else {
        tell_note(t, "A worker looks at %s", job->object_id);
    }
}
