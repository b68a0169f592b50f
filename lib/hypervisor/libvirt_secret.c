#include "hypervisor/libvirt_internal.h"

#include <string.h>

/*
 * How a key gets to QEMU: as a libvirt secret that is ephemeral (never written to a disk) and
 * private (nobody can read it back), and that is there only while the call lasts which needs it.
 * libvirt hands it to QEMU encrypted with a key that it shares with that QEMU alone; QEMU then has
 * it for as long as it has the disk, and libvirt does not need it again.
 */
#define SECRET_XML                                                                                 \
    "<secret ephemeral='yes' private='yes'>"                                                       \
    "<description>Croft: a disk's key, on its way to a guest</description></secret>"

int libvirt_secret_begin(virConnectPtr conn, const char *key, struct libvirt_secret *ret,
                         struct err *e)
{
    if (key == NULL)
        return 0;
    ret->secret = virSecretDefineXML(conn, SECRET_XML, 0);
    if (ret->secret == NULL ||
        virSecretSetValue(ret->secret, (const unsigned char *)key, strlen(key), 0) < 0 ||
        virSecretGetUUIDString(ret->secret, ret->uuid) < 0)
        return connection_error(conn, e, "make", "a secret for a disk");
    return 0;
}

void libvirt_secret_end(struct libvirt_secret *s)
{
    if (s->secret == NULL)
        return;
    (void)virSecretUndefine(s->secret);
    (void)virSecretFree(s->secret);
    s->secret = NULL;
}
