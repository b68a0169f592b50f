#include <libvirt/virterror.h>
#include <stdatomic.h>

#include "base/log.h"
#include "hypervisor/libvirt_internal.h"

/* Of each processor, and of all: what both versions of cgroups take, the second up to 10000. */
#define SHARE     100
#define SHARE_MAX 10000

/*
 * Where guests want more time than there is, each has some by its processors, as EC2's types have:
 * by default the kernel gives one of 2 as much as one of 16. All threads of a QEMU are in its
 * group, so that disks and interfaces are paid for by who uses them. Nothing is taken while nobody
 * else wants it. libvirt refuses a share in the domain's description where the server has no such
 * groups (containers, labs), so the domain has begun, and gets it here.
 */
void libvirt_share(virDomainPtr domain, const char *instance_id, int vcpus)
{
    static _Atomic bool told;
    virTypedParameterPtr params = NULL;
    int n = 0;
    int max = 0;
    unsigned long long share = (unsigned long long)vcpus * SHARE;
    if (virTypedParamsAddULLong(&params, &n, &max, VIR_DOMAIN_SCHEDULER_CPU_SHARES,
                                share < SHARE_MAX ? share : SHARE_MAX) == 0 &&
        virDomainSetSchedulerParametersFlags(domain, params, n, VIR_DOMAIN_AFFECT_LIVE) < 0 &&
        !atomic_exchange(&told, true))
        log_warning("guests do not share processor time by their size: no share instance=%s: %s",
                    instance_id, virGetLastErrorMessage());
    virTypedParamsFree(params, n);
}
