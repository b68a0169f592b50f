#include "hypervisor/libvirt.h"

#include <libvirt/virterror.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "base/log.h"
#include "hypervisor/console.h"
#include "hypervisor/domain_xml.h"
#include "hypervisor/host.h"
#include "hypervisor/libvirt_internal.h"

#define DOMAINS_MAX   100000
#define AGENT_SECONDS 2

struct libvirt_hypervisor {
    struct hypervisor base;
    struct connection *connection;
    bool kvm;
    pthread_mutex_t lock; /* of the two below */
    bool asked;           /* they are filled in, once per process: they change with a package */
    char version[64];
    bool emulates_arm64;
};

static struct libvirt_hypervisor *libvirt_of(struct hypervisor *h)
{
    return (struct libvirt_hypervisor *)h;
}

int libvirt_look_up(struct hypervisor *h, const char *instance_id, virConnectPtr *ret_conn,
                    virDomainPtr *ret_domain, struct err *e)
{
    int r = connection_get(libvirt_of(h)->connection, ret_conn, e);
    if (r < 0)
        return r;
    *ret_domain = virDomainLookupByName(*ret_conn, instance_id);
    if (*ret_domain == NULL)
        return connection_error(*ret_conn, e, "find domain", instance_id);
    return 0;
}

int libvirt_domain_error(virConnectPtr conn, virDomainPtr domain, struct err *e, const char *what,
                         const char *instance_id)
{
    int r = connection_error(conn, e, what, instance_id);
    if (r == -EIO && virDomainIsActive(domain) != 1 && virConnectIsAlive(conn) == 1)
        return err_set(e, ENOENT, "there is no domain %s any more", instance_id);
    return r;
}

static void ask_once(struct libvirt_hypervisor *v, virConnectPtr conn)
{
    unsigned long library = 0;
    unsigned long qemu = 0;
    (void)virConnectGetLibVersion(conn, &library);
    (void)virConnectGetVersion(conn, &qemu);
    char *arm = virConnectGetDomainCapabilities(conn, NULL, "aarch64", "virt", "qemu", 0);
    (void)pthread_mutex_lock(&v->lock);
    if (!v->asked && library != 0) {
        (void)snprintf(v->version, sizeof(v->version), "libvirt %lu.%lu.%lu, QEMU %lu.%lu.%lu",
                       library / 1000000, library / 1000 % 1000, library % 1000, qemu / 1000000,
                       qemu / 1000 % 1000, qemu % 1000);
        v->emulates_arm64 = arm != NULL;
        v->asked = true;
    }
    (void)pthread_mutex_unlock(&v->lock);
    free(arm);
}

static int libvirt_host_info(struct hypervisor *h, struct host_info *ret_info, struct err *e)
{
    struct libvirt_hypervisor *v = libvirt_of(h);
    _cleanup_connect_ virConnectPtr conn = NULL;
    struct host_info info = {.kvm = v->kvm, .version = v->version};
    int r = connection_get(v->connection, &conn, e);
    if (r == 0)
        r = host_memory(&info.memory_mib, &info.memory_available_mib, e);
    if (r < 0)
        return r;
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    info.cpus = cpus > 0 ? (int)cpus : 1;
    (void)pthread_mutex_lock(&v->lock);
    bool asked = v->asked;
    (void)pthread_mutex_unlock(&v->lock);
    if (!asked)
        ask_once(v, conn);
    (void)pthread_mutex_lock(&v->lock);
    info.emulates_arm64 = v->emulates_arm64;
    asked = v->asked;
    (void)pthread_mutex_unlock(&v->lock);
    if (!asked)
        return connection_error(conn, e, "ask", "libvirt for its version");
    *ret_info = info;
    return 0;
}

struct secrets {
    struct libvirt_secret v[DOMAIN_DISKS_MAX];
    size_t n;
};

static void end_secrets(struct secrets *s)
{
    for (size_t i = 0; i < s->n; i++)
        libvirt_secret_end(&s->v[i]);
}

/* The domain as it is to be, its disks with the secrets that they need. */
static int build_domain(struct arena *a, virConnectPtr conn, const struct domain_spec *spec,
                        struct secrets *secrets, const char **ret_xml, struct err *e)
{
    struct domain_disk disks[DOMAIN_DISKS_MAX];
    struct domain_spec keyed = *spec;
    int r = 0;
    CHECK(spec->n_disks <= DOMAIN_DISKS_MAX);
    for (size_t i = 0; r == 0 && i < spec->n_disks; i++) {
        struct libvirt_secret *secret = &secrets->v[secrets->n++];
        disks[i] = spec->disks[i];
        disks[i].secret = secret->uuid;
        r = libvirt_secret_begin(conn, disks[i].key, secret, e);
    }
    keyed.disks = disks;
    return r < 0 ? r : domain_xml_build(a, &keyed, ret_xml, e);
}

static int libvirt_create_paused(struct hypervisor *h, const struct domain_spec *spec,
                                 struct err *e)
{
    _cleanup_arena_ struct arena *a = arena_new();
    _cleanup_connect_ virConnectPtr conn = NULL;
    _cleanup_domain_ virDomainPtr domain = NULL;
    _cleanup_(end_secrets) struct secrets secrets = {0};
    const char *xml = NULL;
    int r = connection_get(libvirt_of(h)->connection, &conn, e);
    for (size_t i = 0; i < spec->n_disks && r == 0; i++)
        r = libvirt_disk_stands(&spec->disks[i], e);
    if (r == 0)
        r = build_domain(a, conn, spec, &secrets, &xml, e);
    if (r < 0)
        return r;
    domain = virDomainCreateXML(conn, xml, VIR_DOMAIN_START_PAUSED);
    if (domain != NULL) {
        libvirt_share(domain, spec->instance_id, spec->vcpus);
        return 0;
    }
    r = connection_error(conn, e, "create domain", spec->instance_id);
    /* libvirt has no error of its own for a name that is taken by an active domain. */
    if (r != -ENOTCONN)
        domain = virDomainLookupByName(conn, spec->instance_id);
    if (domain != NULL)
        return err_set(e, EEXIST, "there is a domain %s", spec->instance_id);
    return r;
}

static int libvirt_resume(struct hypervisor *h, const char *instance_id, struct err *e)
{
    _cleanup_connect_ virConnectPtr conn = NULL;
    _cleanup_domain_ virDomainPtr domain = NULL;
    int r = libvirt_look_up(h, instance_id, &conn, &domain, e);
    if (r < 0)
        return r;
    int state = VIR_DOMAIN_NOSTATE;
    if (virDomainGetState(domain, &state, NULL, 0) < 0)
        return libvirt_domain_error(conn, domain, e, "resume domain", instance_id);
    if (state != VIR_DOMAIN_RUNNING && virDomainResume(domain) < 0)
        return libvirt_domain_error(conn, domain, e, "resume domain", instance_id);
    /*
     * libvirt gives the same reason ("user") to a domain that was started paused and to one that
     * was suspended by hand, so the difference is written into the domain. Afterwards, never
     * before: should this be lost, a guest that somebody suspends is resumed at worst.
     */
    (void)virDomainSetMetadata(domain, VIR_DOMAIN_METADATA_ELEMENT, "<resumed/>", "croft",
                               DOMAIN_XML_RESUMED, VIR_DOMAIN_AFFECT_LIVE);
    return 0;
}

static int libvirt_suspend(struct hypervisor *h, const char *instance_id, struct err *e)
{
    _cleanup_connect_ virConnectPtr conn = NULL;
    _cleanup_domain_ virDomainPtr domain = NULL;
    int state = VIR_DOMAIN_NOSTATE;
    int r = libvirt_look_up(h, instance_id, &conn, &domain, e);
    if (r < 0)
        return r;
    if (virDomainGetState(domain, &state, NULL, 0) < 0 ||
        (state == VIR_DOMAIN_RUNNING && virDomainSuspend(domain) < 0))
        return libvirt_domain_error(conn, domain, e, "suspend domain", instance_id);
    return 0;
}

static int libvirt_shutdown(struct hypervisor *h, const char *instance_id, struct err *e)
{
    _cleanup_connect_ virConnectPtr conn = NULL;
    _cleanup_domain_ virDomainPtr domain = NULL;
    int r = libvirt_look_up(h, instance_id, &conn, &domain, e);
    if (r < 0)
        return r;
    if (virDomainShutdownFlags(domain, VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN) < 0)
        return libvirt_domain_error(conn, domain, e, "shut down domain", instance_id);
    /*
     * A guest may hear the button and do nothing (no logind, or one that is not that far yet), so
     * its agent is asked as well. Without an agent libvirt knows that at once; one that hangs costs
     * AGENT_SECONDS. Whether it worked shows when the domain ends.
     */
    (void)virDomainAgentSetResponseTimeout(domain, AGENT_SECONDS, 0);
    (void)virDomainShutdownFlags(domain, VIR_DOMAIN_SHUTDOWN_GUEST_AGENT);
    return 0;
}

static int libvirt_reset(struct hypervisor *h, const char *instance_id, struct err *e)
{
    _cleanup_connect_ virConnectPtr conn = NULL;
    _cleanup_domain_ virDomainPtr domain = NULL;
    int r = libvirt_look_up(h, instance_id, &conn, &domain, e);
    if (r == 0 && virDomainReset(domain, 0) < 0)
        r = libvirt_domain_error(conn, domain, e, "reset domain", instance_id);
    return r;
}

static int libvirt_reboot(struct hypervisor *h, const char *instance_id, struct err *e)
{
    _cleanup_connect_ virConnectPtr conn = NULL;
    _cleanup_domain_ virDomainPtr domain = NULL;
    int r = libvirt_look_up(h, instance_id, &conn, &domain, e);
    if (r == 0 && virDomainReboot(domain, VIR_DOMAIN_REBOOT_ACPI_POWER_BTN) < 0)
        r = libvirt_domain_error(conn, domain, e, "reboot domain", instance_id);
    return r;
}

static int libvirt_destroy(struct hypervisor *h, const char *instance_id, struct err *e)
{
    _cleanup_connect_ virConnectPtr conn = NULL;
    _cleanup_domain_ virDomainPtr domain = NULL;
    struct err why = {0};
    int r = libvirt_look_up(h, instance_id, &conn, &domain, &why);
    if (r == 0 && virDomainDestroy(domain) < 0)
        r = libvirt_domain_error(conn, domain, &why, "end domain", instance_id);
    if (r < 0 && r != -ENOENT)
        return err_set(e, why.code, "%s", why.message);
    return 0;
}

static int state_of(virConnectPtr conn, virDomainPtr domain, const char *instance_id,
                    enum domain_state *ret_state, struct err *e)
{
    int state = VIR_DOMAIN_NOSTATE;
    if (virDomainGetState(domain, &state, NULL, 0) < 0)
        return libvirt_domain_error(conn, domain, e, "look at domain", instance_id);
    if (state == VIR_DOMAIN_SHUTOFF || state == VIR_DOMAIN_CRASHED) {
        *ret_state = DOMAIN_GONE;
        return 0;
    }
    if (state != VIR_DOMAIN_PAUSED) {
        *ret_state = DOMAIN_RUNNING;
        return 0;
    }
    char *mark = virDomainGetMetadata(domain, VIR_DOMAIN_METADATA_ELEMENT, DOMAIN_XML_RESUMED,
                                      VIR_DOMAIN_AFFECT_LIVE);
    if (mark == NULL && virGetLastErrorCode() != VIR_ERR_NO_DOMAIN_METADATA)
        return libvirt_domain_error(conn, domain, e, "look at domain", instance_id);
    *ret_state = mark == NULL ? DOMAIN_PAUSED_NEW : DOMAIN_RUNNING;
    free(mark);
    return 0;
}

static int libvirt_state(struct hypervisor *h, const char *instance_id,
                         enum domain_state *ret_state, struct err *e)
{
    _cleanup_connect_ virConnectPtr conn = NULL;
    _cleanup_domain_ virDomainPtr domain = NULL;
    struct err why = {0};
    int r = libvirt_look_up(h, instance_id, &conn, &domain, &why);
    if (r == 0)
        r = state_of(conn, domain, instance_id, ret_state, &why);
    if (r == -ENOENT) {
        *ret_state = DOMAIN_GONE;
        return 0;
    }
    return r < 0 ? err_set(e, why.code, "%s", why.message) : 0;
}

/* Ours carries our metadata, with its own name in it: a copy that somebody made of one is not. */
static int is_ours(virConnectPtr conn, virDomainPtr domain, const char *name, bool *ret_ours,
                   struct err *e)
{
    char *metadata =
        virDomainGetMetadata(domain, VIR_DOMAIN_METADATA_ELEMENT, DOMAIN_XML_INSTANCE, 0);
    if (metadata == NULL) {
        *ret_ours = false;
        return virGetLastErrorCode() == VIR_ERR_NO_DOMAIN_METADATA
                   ? 0
                   : libvirt_domain_error(conn, domain, e, "look at domain", name);
    }
    const char *at = strstr(metadata, name);
    *ret_ours = at != NULL && at > metadata && at[-1] == '>' && at[strlen(name)] == '<';
    free(metadata);
    return 0;
}

static bool is_stalled(virDomainPtr domain)
{
    int state = VIR_DOMAIN_NOSTATE;
    int reason = 0;
    return virDomainGetState(domain, &state, &reason, 0) == 0 && state == VIR_DOMAIN_PAUSED &&
           reason == VIR_DOMAIN_PAUSED_IOERROR;
}

static int add_seen(virConnectPtr conn, virDomainPtr domain, struct arena *a,
                    struct domain_list *list, struct err *e)
{
    const char *name = virDomainGetName(domain);
    bool ours = false;
    enum domain_state state = DOMAIN_GONE;
    int r = is_ours(conn, domain, name, &ours, e);
    if (r == 0 && ours)
        r = state_of(conn, domain, name, &state, e);
    if (r < 0)
        return r == -ENOENT ? 0 : r; /* it ended while we looked */
    if (ours && state != DOMAIN_GONE) {
        struct domain_seen *seen = arena_append(a, list);
        seen->instance_id = arena_strdup(a, name);
        seen->state = state;
        seen->stalled = is_stalled(domain);
    }
    return 0;
}

static int libvirt_list(struct hypervisor *h, struct arena *a, struct domain_list *ret_list,
                        struct err *e)
{
    _cleanup_connect_ virConnectPtr conn = NULL;
    int r = connection_get(libvirt_of(h)->connection, &conn, e);
    if (r < 0)
        return r;
    virDomainPtr *domains = NULL;
    struct domain_list list = {0};
    int n = virConnectListAllDomains(conn, &domains, VIR_CONNECT_LIST_DOMAINS_ACTIVE);
    if (n < 0)
        return connection_error(conn, e, "list", "the domains");
    if (n > DOMAINS_MAX)
        r = err_set(e, E2BIG, "there are more than %d domains", DOMAINS_MAX);
    for (int i = 0; i < n; i++) {
        if (r == 0)
            r = add_seen(conn, domains[i], a, &list, e);
        (void)virDomainFree(domains[i]);
    }
    free(domains);
    if (r == 0)
        *ret_list = list;
    return r;
}

static int libvirt_console(struct hypervisor *h, const char *instance_id,
                           const char *console_socket, int *ret_fd, struct err *e)
{
    return console_open(console_socket, instance_id, ret_fd, e);
}

static void libvirt_free(struct hypervisor *h)
{
    struct libvirt_hypervisor *v = libvirt_of(h);
    connection_free(v->connection);
    (void)pthread_mutex_destroy(&v->lock);
    free(v);
}

static const struct hypervisor_ops libvirt_ops = {
    .name = "libvirt",
    .host_info = libvirt_host_info,
    .create_paused = libvirt_create_paused,
    .resume = libvirt_resume,
    .suspend = libvirt_suspend,
    .shutdown = libvirt_shutdown,
    .reset = libvirt_reset,
    .reboot = libvirt_reboot,
    .destroy = libvirt_destroy,
    .state = libvirt_state,
    .list = libvirt_list,
    .nic_attach = libvirt_nic_attach,
    .nic_connect = libvirt_nic_connect,
    .nic_detach = libvirt_nic_detach,
    .disk_attach = libvirt_disk_attach,
    .disk_detach = libvirt_disk_detach,
    .disk_resize = libvirt_disk_resize,
    .disk_limit = libvirt_disk_limit,
    .disks_freeze = libvirt_disks_freeze,
    .disk_merge = libvirt_disk_merge,
    .disk_flatten = libvirt_disk_flatten,
    .console = libvirt_console,
    .screenshot = libvirt_screenshot,
    .free = libvirt_free,
};

static bool look_for_kvm(void)
{
    struct err why = {0};
    bool kvm = host_has_kvm(&why);
    if (!kvm)
        log_warning("no KVM on this server (%s): guests run in software emulation, many times "
                    "slower",
                    why.message);
    if (!host_kvm_is_shared())
        log_warning("/dev/kvm is open to root alone: libvirt probes QEMU anew on every call and a "
                    "start takes minutes hint=\"chgrp kvm /dev/kvm && chmod 660 /dev/kvm\"");
    return kvm;
}

int libvirt_hypervisor_new(const char *uri, domain_event_fn event, void *ctx,
                           struct hypervisor **ret, struct err *e)
{
    domain_xml_set_up();
    struct libvirt_hypervisor *v = calloc(1, sizeof(*v));
    if (v == NULL)
        return err_errno(e, ENOMEM, "cannot connect to libvirt");
    v->base.ops = &libvirt_ops;
    v->kvm = look_for_kvm();
    (void)pthread_mutex_init(&v->lock, NULL);
    int r = connection_new(uri == NULL ? LIBVIRT_URI : uri, event, ctx, &v->connection, e);
    if (r < 0) {
        (void)pthread_mutex_destroy(&v->lock);
        free(v);
        return r;
    }
    *ret = &v->base;
    return 0;
}
