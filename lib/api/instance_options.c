/*
 * MonitorInstances, UnmonitorInstances, ModifyInstanceMaintenanceOptions, ModifyInstanceCpuOptions,
 * ModifyPrivateDnsNameOptions.
 */
#include "api/instance_options.h"

#include "api/lookup.h"
#include "base/text.h"

static int must_not_be_over(const struct instance *i, struct fault *f)
{
    if (i->state != INSTANCE_TERMINATED && i->state != INSTANCE_SHUTTING_DOWN)
        return 0;
    return fault(f, FAULT_INCORRECT_INSTANCE_STATE, "The instance '%s' is %s", i->id,
                 instance_state_name((enum instance_state)i->state));
}

/* The reply names the way, the next DescribeInstances the end of it (AWS: MonitorInstances). */
static int monitor(struct call *c, const struct wire_strings *ids, bool on,
                   struct ec2_InstanceMonitoringList *out, struct fault *f)
{
    struct instance_list l;
    if (lookup_instances(c, ids, &l, f) < 0)
        return -1;
    for (size_t k = 0; k < l.n; k++)
        if (must_not_be_over(&l.v[k], f) < 0)
            return -1;
    for (size_t k = 0; k < l.n; k++) {
        struct instance *i = &l.v[k];
        struct ec2_InstanceMonitoring *m = arena_append(c->arena, out);
        m->instance_id = i->id;
        m->monitoring = arena_new_of(c->arena, struct ec2_Monitoring);
        if (i->monitoring == on)
            m->monitoring->state = on ? "enabled" : "disabled";
        else
            m->monitoring->state = on ? "pending" : "disabling";
        i->monitoring = on;
        store_update_instance(c->tx, i);
    }
    return 0;
}

int act_ec2_MonitorInstances(struct call *c, const ec2_MonitorInstances_in *in,
                             ec2_MonitorInstances_out *out, struct fault *f)
{
    return monitor(c, &in->instance_ids, true, &out->instance_monitorings, f);
}

int act_ec2_UnmonitorInstances(struct call *c, const ec2_UnmonitorInstances_in *in,
                               ec2_UnmonitorInstances_out *out, struct fault *f)
{
    return monitor(c, &in->instance_ids, false, &out->instance_monitorings, f);
}

/*
 * Kept and shown. Types here say that they support neither recovery nor migration, for which
 * `default` means none, as in EC2.
 */
int act_ec2_ModifyInstanceMaintenanceOptions(struct call *c,
                                             const ec2_ModifyInstanceMaintenanceOptions_in *in,
                                             ec2_ModifyInstanceMaintenanceOptions_out *out,
                                             struct fault *f)
{
    struct instance *i = lookup_instance(c, in->instance_id, f);
    if (i == NULL)
        return -1;
    if (in->auto_recovery == NULL && in->reboot_migration == NULL)
        return fault(f, FAULT_MISSING_PARAMETER,
                     "The request must contain the parameter AutoRecovery or RebootMigration");
    if (must_not_be_over(i, f) < 0)
        return -1;
    if (in->auto_recovery != NULL)
        i->auto_recovery = in->auto_recovery;
    if (in->reboot_migration != NULL)
        i->reboot_migration = in->reboot_migration;
    store_update_instance(c->tx, i);
    out->instance_id = i->id;
    out->auto_recovery = i->auto_recovery;
    out->reboot_migration = i->reboot_migration;
    return 0;
}

int cpu_options_check(const struct instance_type *type, struct opt_int cores,
                      struct opt_int threads_per_core, struct fault *f)
{
    if (!cores.set || !threads_per_core.set)
        return fault(f, FAULT_MISSING_PARAMETER,
                     "When specifying CpuOptions you must specify both CoreCount and "
                     "ThreadsPerCore.");
    if (instance_type_allows(type, cores.v, threads_per_core.v))
        return 0;
    return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                 "CoreCount %lld with ThreadsPerCore %lld is not valid for the instance type '%s', "
                 "which has %lld cores with %lld threads each. DescribeInstanceTypes shows what is",
                 (long long)cores.v, (long long)threads_per_core.v, type->name,
                 (long long)instance_type_cores(type),
                 (long long)instance_type_threads_per_core(type));
}

int act_ec2_ModifyInstanceCpuOptions(struct call *c, const ec2_ModifyInstanceCpuOptions_in *in,
                                     ec2_ModifyInstanceCpuOptions_out *out, struct fault *f)
{
    struct instance *i = lookup_instance(c, in->instance_id, f);
    if (i == NULL)
        return -1;
    const struct instance_type *type =
        instance_type_find(&c->config->instance_types, i->instance_type);
    if (type == NULL)
        return fault(f, FAULT_UNSUPPORTED,
                     "The instance type '%s' is no longer in the server's configuration",
                     i->instance_type);
    if (cpu_options_check(type, in->core_count, in->threads_per_core, f) < 0)
        return -1;
    if (i->state != INSTANCE_STOPPED)
        return fault(f, FAULT_INCORRECT_INSTANCE_STATE,
                     "The instance '%s' is not in the 'stopped' state.", i->id);
    i->cores = in->core_count.v;
    i->vcpus = in->core_count.v * in->threads_per_core.v;
    store_update_instance(c->tx, i);
    out->instance_id = i->id;
    out->core_count = in->core_count;
    out->threads_per_core = in->threads_per_core;
    out->nested_virtualization = "disabled";
    return 0;
}

/* Records follow at once. A guest takes its name at its start, so the type is a stopped one's to
 * change (AWS: "Change the hostname type or DNS hostname of your instance"). */
int act_ec2_ModifyPrivateDnsNameOptions(struct call *c,
                                        const ec2_ModifyPrivateDnsNameOptions_in *in,
                                        ec2_ModifyPrivateDnsNameOptions_out *out, struct fault *f)
{
    struct instance *i = lookup_instance(c, in->instance_id, f);
    struct opt_bool a = in->enable_resource_name_dns_a_record;
    struct opt_bool aaaa = in->enable_resource_name_dns_aaaa_record;
    const char *type = in->private_dns_hostname_type;
    if (i == NULL)
        return -1;
    if (type == NULL && !a.set && !aaaa.set)
        return fault(f, FAULT_MISSING_PARAMETER,
                     "The request must contain the parameter PrivateDnsHostnameType, "
                     "EnableResourceNameDnsARecord or EnableResourceNameDnsAAAARecord");
    if (must_not_be_over(i, f) < 0)
        return -1;
    if (type != NULL && !streq(type, i->hostname_type) && i->state != INSTANCE_STOPPED)
        return fault(f, FAULT_INCORRECT_INSTANCE_STATE,
                     "The instance '%s' is not in the 'stopped' state.", i->id);
    if (type != NULL)
        i->hostname_type = type;
    i->resource_name_a = a.set ? a.v : i->resource_name_a;
    i->resource_name_aaaa = aaaa.set ? aaaa.v : i->resource_name_aaaa;
    store_update_instance(c->tx, i);
    store_enqueue(c->tx, "vpc", i->vpc_id, c->now);
    out->return_ = wire_bool(true);
    return 0;
}
