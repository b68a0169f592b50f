#include "api/launch_options.h"

#include "api/instance_credits.h"
#include "api/instance_metadata.h"
#include "api/instance_options.h"

int launch_options_settle(struct call *c, const ec2_RunInstances_in *in,
                          const struct instance_type *type, struct launch_options *ret,
                          struct fault *f)
{
    struct launch_options o = {.auto_recovery = "default"};
    if (in->maintenance_options != NULL && in->maintenance_options->auto_recovery != NULL)
        o.auto_recovery = in->maintenance_options->auto_recovery;
    if (in->private_dns_name_options != NULL) {
        o.hostname_type = in->private_dns_name_options->hostname_type;
        o.resource_name_a = in->private_dns_name_options->enable_resource_name_dns_a_record;
        o.resource_name_aaaa = in->private_dns_name_options->enable_resource_name_dns_aaaa_record;
    }
    if (metadata_of_launch(c, in, &o, f) < 0 ||
        credits_of_launch(c, in->credit_specification, type, &o.cpu_credits, f) < 0)
        return -1;
    struct opt_int cores = wire_int(instance_type_cores(type));
    struct opt_int threads = wire_int(instance_type_threads_per_core(type));
    if (in->cpu_options != NULL &&
        (in->cpu_options->core_count.set || in->cpu_options->threads_per_core.set)) {
        cores = in->cpu_options->core_count;
        threads = in->cpu_options->threads_per_core;
    }
    if (cpu_options_check(type, cores, threads, f) < 0)
        return -1;
    o.cores = cores.v;
    o.threads_per_core = threads.v;
    *ret = o;
    return 0;
}

void launch_options_write(const struct launch_options *o, const struct subnet *subnet,
                          struct instance *i)
{
    i->hostname_type = o->hostname_type != NULL ? o->hostname_type : subnet->hostname_type;
    i->resource_name_a = o->resource_name_a.set ? o->resource_name_a.v : subnet->resource_name_a;
    i->resource_name_aaaa =
        o->resource_name_aaaa.set ? o->resource_name_aaaa.v : subnet->resource_name_aaaa;
    i->http_tokens = o->http_tokens;
    i->http_endpoint = o->http_endpoint;
    i->http_protocol_ipv6 = o->http_protocol_ipv6;
    i->instance_metadata_tags = o->instance_metadata_tags;
    i->http_put_response_hop_limit = o->http_put_response_hop_limit;
    i->cpu_credits = o->cpu_credits;
    i->cores = o->cores;
    i->vcpus = o->cores * o->threads_per_core;
    i->auto_recovery = o->auto_recovery;
    i->reboot_migration = "default";
}
