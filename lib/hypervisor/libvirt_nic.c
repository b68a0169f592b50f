/* Interfaces of domains that run, each known by its MAC address. */
#include "base/text.h"
#include "hypervisor/domain_xml.h"
#include "hypervisor/libvirt_internal.h"

struct wanted_nic {
    const struct domain_nic *nic;
    const char *alias; /* libvirt's own name of the device; "": the domain has it not */
};

static void read_alias(struct arena *a, xmlXPathContextPtr context, void *ret)
{
    struct wanted_nic *w = ret;
    w->alias = libvirt_live_text(
        a, context,
        arena_printf(a, "/domain/devices/interface[mac/@address='%s']/alias/@name", w->nic->mac));
}

/* The caller frees connection and domain, on failure too. */
static int look(struct hypervisor *h, struct arena *a, const char *instance_id,
                const struct domain_nic *nic, virConnectPtr *ret_conn, virDomainPtr *ret_domain,
                const char **ret_alias, struct err *e)
{
    struct wanted_nic wanted = {.nic = nic};
    int r = libvirt_look_up(h, instance_id, ret_conn, ret_domain, e);
    if (r == 0)
        r = libvirt_live_read(a, *ret_conn, *ret_domain, instance_id, read_alias, &wanted, e);
    if (r == 0)
        *ret_alias = wanted.alias;
    return r;
}

typedef int device_fn(virDomainPtr domain, const char *xml, unsigned int flags);

/* Does something with an interface of a domain that runs, if it has it, or has it not. */
static int change_nic(struct hypervisor *h, const char *instance_id, const struct domain_nic *nic,
                      device_fn *change, bool up, bool when_there, const char *what, struct err *e)
{
    _cleanup_arena_ struct arena *a = arena_new();
    _cleanup_connect_ virConnectPtr conn = NULL;
    _cleanup_domain_ virDomainPtr domain = NULL;
    const char *xml = NULL;
    const char *alias = NULL;
    int r = domain_nic_xml_build(a, nic, up, &xml, e);
    if (r == 0)
        r = look(h, a, instance_id, nic, &conn, &domain, &alias, e);
    if (r < 0 || str_empty(alias) == when_there)
        return r;
    return change(domain, xml, VIR_DOMAIN_AFFECT_LIVE) < 0
               ? libvirt_domain_error(conn, domain, e, what, instance_id)
               : 0;
}

int libvirt_nic_attach(struct hypervisor *h, const char *instance_id, const struct domain_nic *nic,
                       struct err *e)
{
    return change_nic(h, instance_id, nic, virDomainAttachDeviceFlags, false, false,
                      "attach an interface to domain", e);
}

int libvirt_nic_connect(struct hypervisor *h, const char *instance_id, const struct domain_nic *nic,
                        struct err *e)
{
    return change_nic(h, instance_id, nic, virDomainUpdateDeviceFlags, true, true,
                      "connect an interface of domain", e);
}

int libvirt_nic_detach(struct hypervisor *h, const char *instance_id, const struct domain_nic *nic,
                       bool ask, bool *ret_gone, struct err *e)
{
    _cleanup_arena_ struct arena *a = arena_new();
    _cleanup_connect_ virConnectPtr conn = NULL;
    _cleanup_domain_ virDomainPtr domain = NULL;
    const char *alias = NULL;
    int r = look(h, a, instance_id, nic, &conn, &domain, &alias, e);
    if (r < 0)
        return r;
    *ret_gone = str_empty(alias);
    if (!*ret_gone && ask)
        libvirt_ask_for_device(domain, instance_id, alias);
    return 0;
}
