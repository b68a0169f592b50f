#pragma once
/* What the files of the libvirt driver share. */
#include <libvirt/libvirt.h>
#include <libxml/xpath.h>

#include "base/cleanup.h"
#include "hypervisor/connection.h"
#include "hypervisor/hypervisor.h"

static inline void cleanup_domain(virDomainPtr *p)
{
    if (*p != NULL)
        (void)virDomainFree(*p);
}
#define _cleanup_domain_ _cleanup_(cleanup_domain)

/* The caller frees both, on failure too. -ENOENT: there is no such domain. */
int libvirt_look_up(struct hypervisor *h, const char *instance_id, virConnectPtr *ret_conn,
                    virDomainPtr *ret_domain, struct err *e);
/*
 * The answer to a call that failed. A transient domain may have ended since it was looked up;
 * libvirt calls that an invalid operation, we call it what it is.
 */
int libvirt_domain_error(virConnectPtr conn, virDomainPtr domain, struct err *e, const char *what,
                         const char *instance_id);

/* libvirt_live.c. Reads the description of a running domain by `read`. */
typedef void libvirt_live_reader(struct arena *a, xmlXPathContextPtr context, void *ret);
int libvirt_live_read(struct arena *a, virConnectPtr conn, virDomainPtr domain,
                      const char *instance_id, libvirt_live_reader *read, void *ret, struct err *e);
/* The text at a path; "": there is none. */
const char *libvirt_live_text(struct arena *a, xmlXPathContextPtr context, const char *path);
/*
 * Asks the guest to let go of a device, and does not wait. QEMU refuses to ask a guest that it is
 * asking already; what counts is whether the device is there when somebody looks again.
 */
void libvirt_ask_for_device(virDomainPtr domain, const char *instance_id, const char *alias);

/* libvirt_secret.c. A key that libvirt has for the time of a call. */
struct libvirt_secret {
    virSecretPtr secret; /* NULL: none */
    char uuid[VIR_UUID_STRING_BUFLEN];
};
/* To be ended on failure, too. Without a key (NULL) there is nothing to do. */
int libvirt_secret_begin(virConnectPtr conn, const char *key, struct libvirt_secret *ret,
                         struct err *e);
void libvirt_secret_end(struct libvirt_secret *s);
#define _cleanup_libvirt_secret_ _cleanup_(libvirt_secret_end)

/* A disk that a running domain has, as the domain itself tells; all texts are in the arena. */
struct live_disk {
    const char *serial;
    const char *target; /* vdb */
    const char *alias;  /* libvirt's own name of the device */
    const char *path;
    struct {
        const char **v;
        size_t n;
    } below; /* the files that it stands on */
};

struct live_disks {
    struct live_disk v[DOMAIN_DISKS_MAX];
    size_t n;
    bool io_thread; /* the domain has one */
};

int libvirt_live_disks(struct arena *a, virConnectPtr conn, virDomainPtr domain,
                       const char *instance_id, struct live_disks *ret, struct err *e);
/* NULL: there is none of this serial. */
const struct live_disk *libvirt_find_disk(const struct live_disks *disks, const char *serial);

/*
 * libvirt_share.c. Gives a domain that has begun its share of processor time. A server that shares
 * none out is said once, in the log.
 */
void libvirt_share(virDomainPtr domain, const char *instance_id, int vcpus);

/* libvirt_screen.c: see hypervisor_ops */
int libvirt_screenshot(struct hypervisor *h, const char *instance_id, bool wake,
                       struct buf *ret_jpeg, struct err *e);

/* Whether the files of the disk are there; -EIO says which is not, as libvirt would with its path.
 */
int libvirt_disk_stands(const struct domain_disk *disk, struct err *e);
/* libvirt_disk.c: see hypervisor_ops */
int libvirt_disk_attach(struct hypervisor *h, const char *instance_id,
                        const struct domain_disk *disk, struct err *e);
int libvirt_disk_detach(struct hypervisor *h, const char *instance_id, const char *serial, bool ask,
                        bool *ret_gone, struct err *e);
int libvirt_disk_resize(struct hypervisor *h, const char *instance_id, const char *serial,
                        int64_t bytes, struct err *e);
int libvirt_disk_limit(struct hypervisor *h, const char *instance_id, const char *serial,
                       const struct volume_limits *limits, struct err *e);
/* libvirt_layers.c: the same */
int libvirt_disks_freeze(struct hypervisor *h, const char *instance_id,
                         const struct domain_freeze *disks, size_t n, bool quiet, bool *ret_quiet,
                         struct err *e);
int libvirt_disk_merge(struct hypervisor *h, const char *instance_id, const char *serial,
                       const char *top, const char *base, bool *ret_done, struct err *e);
int libvirt_disk_flatten(struct hypervisor *h, const char *instance_id, const char *serial,
                         const char *base, bool *ret_done, struct err *e);
/* libvirt_nic.c: the same */
int libvirt_nic_attach(struct hypervisor *h, const char *instance_id, const struct domain_nic *nic,
                       struct err *e);
int libvirt_nic_connect(struct hypervisor *h, const char *instance_id, const struct domain_nic *nic,
                        struct err *e);
int libvirt_nic_detach(struct hypervisor *h, const char *instance_id, const struct domain_nic *nic,
                       bool ask, bool *ret_gone, struct err *e);
