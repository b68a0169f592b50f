/* Interfaces of domains that run. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hypervisor/domain_xml.h"
#include "hypervisor/libvirt_internal.h"

/* Does the domain have an interface with this address? 1, 0 or -errno. */
static int has_nic(virConnectPtr conn, virDomainPtr domain, const char *instance_id,
                   const struct domain_nic *nic, struct err *e)
{
    char needle[64];
    char *xml = virDomainGetXMLDesc(domain, 0);
    if (xml == NULL)
        return libvirt_domain_error(conn, domain, e, "look at domain", instance_id);
    (void)snprintf(needle, sizeof(needle), "<mac address='%s'/>", nic->mac);
    int there = strstr(xml, needle) != NULL;
    free(xml);
    return there;
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
    int r = domain_nic_xml_build(a, nic, up, &xml, e);
    if (r == 0)
        r = libvirt_look_up(h, instance_id, &conn, &domain, e);
    if (r == 0)
        r = has_nic(conn, domain, instance_id, nic, e);
    if (r < 0)
        return r;
    if ((r == 1) != when_there)
        return 0;
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

/*
 * libvirt waits some seconds for the guest and then says that it was asked; while it is asked it
 * refuses to ask again. So what was said is not looked at, but whether the interface has gone.
 */
int libvirt_nic_detach(struct hypervisor *h, const char *instance_id, const struct domain_nic *nic,
                       bool *ret_gone, struct err *e)
{
    _cleanup_connect_ virConnectPtr conn = NULL;
    _cleanup_domain_ virDomainPtr domain = NULL;
    int r = change_nic(h, instance_id, nic, virDomainDetachDeviceFlags, true, true,
                       "detach an interface of domain", NULL);
    if (r == 0 || r == -EIO)
        r = libvirt_look_up(h, instance_id, &conn, &domain, e);
    if (r < 0)
        return r;
    r = has_nic(conn, domain, instance_id, nic, e);
    if (r >= 0)
        *ret_gone = r == 0;
    return r < 0 ? r : 0;
}
