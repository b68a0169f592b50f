#pragma once
/*
 * The libvirt domain of an instance, as XML. Pure: the same spec gives the same text. Every value
 * goes through libxml2's writer, so nothing that a user chose can end an element.
 *
 * libxml2 makes itself ready with its first use, which two threads must not do at once (libxml2:
 * "Thread safety"): a driver calls domain_xml_set_up() when it is made.
 */
#include "hypervisor/hypervisor.h"

/* The namespaces of Croft's metadata in a domain; that a domain has the first makes it ours. */
#define DOMAIN_XML_INSTANCE "urn:croft:instance"
/* Set when a domain is resumed for the first time: tells "new" from "paused by somebody". */
#define DOMAIN_XML_RESUMED "urn:croft:resumed"

#define DOMAIN_XML_MAX (1 << 19) /* bytes: most of them are the layers of disks */

/* From then on libxml2, which does not say that it has no memory, ends the process without any. */
void domain_xml_set_up(void);
/* The text in the arena. -EINVAL: an unknown architecture, or values that cannot be in XML. */
int domain_xml_build(struct arena *a, const struct domain_spec *spec, const char **ret_xml,
                     struct err *e);
/* One disk of it, for a domain that runs. */
int domain_disk_xml_build(struct arena *a, const struct domain_disk *d, const char **ret_xml,
                          struct err *e);
/* A disk of a domain, and the file that it writes into from now on; NULL: it stays as it is. */
struct frozen_disk {
    const char *target;
    const char *path;
    const char *secret; /* libvirt's, of an encrypted file; NULL: it is not */
};
/* The external snapshot that moves disks to other files; all disks of the domain are listed. */
int domain_freeze_xml_build(struct arena *a, const struct frozen_disk *disks, size_t n,
                            const char **ret_xml, struct err *e);
/* vda, vdb, …: the name that the guest gives to the disk at this position, counted from 0. */
const char *domain_disk_target(struct arena *a, size_t position);
/* One interface, for a domain that runs, and for changing its link. */
int domain_nic_xml_build(struct arena *a, const struct domain_nic *n, bool up, const char **ret_xml,
                         struct err *e);
