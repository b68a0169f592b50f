/* What a domain that runs tells of its devices, and how it is asked to give one back. */
#include <libvirt/virterror.h>
#include <libxml/parser.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "hypervisor/libvirt_internal.h"

#define DESCRIPTION_MAX (1 << 20) /* of a live domain, in bytes */

const char *libvirt_live_text(struct arena *a, xmlXPathContextPtr context, const char *path)
{
    xmlXPathObjectPtr found = xmlXPathEvalExpression(BAD_CAST path, context);
    xmlChar *text = found == NULL ? NULL : xmlXPathCastToString(found);
    const char *copy = arena_strdup(a, text == NULL ? "" : (const char *)text);
    xmlFree(text);
    xmlXPathFreeObject(found);
    return copy;
}

int libvirt_live_read(struct arena *a, virConnectPtr conn, virDomainPtr domain,
                      const char *instance_id, libvirt_live_reader *read, void *ret, struct err *e)
{
    char *description = virDomainGetXMLDesc(domain, 0);
    if (description == NULL)
        return libvirt_domain_error(conn, domain, e, "look at the devices of domain", instance_id);
    size_t len = strlen(description);
    xmlDocPtr document = len > DESCRIPTION_MAX ? NULL
                                               : xmlReadMemory(description, (int)len, NULL, NULL,
                                                               XML_PARSE_NONET | XML_PARSE_NOERROR);
    free(description);
    xmlXPathContextPtr context = document == NULL ? NULL : xmlXPathNewContext(document);
    if (context != NULL)
        read(a, context, ret);
    xmlXPathFreeContext(context);
    xmlFreeDoc(document);
    return context == NULL
               ? err_set(e, EIO, "libvirt's description of %s cannot be read", instance_id)
               : 0;
}

void libvirt_ask_for_device(virDomainPtr domain, const char *instance_id, const char *alias)
{
    if (virDomainDetachDeviceAlias(domain, alias, VIR_DOMAIN_AFFECT_LIVE) < 0)
        log_debug("device-detach instance=%s device=%s answer=\"%s\"", instance_id, alias,
                  virGetLastErrorMessage());
}
