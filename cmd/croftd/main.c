/*
 * croftd: options, assembly, main loop. What it does is in lib/; here the parts are put together,
 * in the order in which they need each other, and taken apart again.
 */
#include <errno.h>
#include <grp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>

#include "api/api.h"
#include "base/check.h"
#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/metric.h"
#include "base/text.h"
#include "config.h"
#include "hypervisor/fake.h"
#include "hypervisor/libvirt.h"
#include "jobs/bootstrap.h"
#include "jobs/flow_plan.h"
#include "jobs/jobs.h"
#include "jobs/public_addresses.h"
#include "metadata/metadata.h"
#include "network/fake.h"
#include "network/flow_log.h"
#include "network/linux.h"
#include "storage/fake.h"
#include "storage/files.h"
#include "store/tables.h"

#define DEFAULT_LISTEN  "127.0.0.1:8773"
#define STOP_TIMEOUT_MS 5000
#define GUEST_MTU       1500
#define TRIM_SECONDS    10

struct daemon {
    struct arena *arena;
    struct config config;
    struct store *store;
    struct storage *storage;
    struct network *network;
    struct jobs_config jobs_config;
    struct jobs *jobs;
    struct metadata *metadata;
    struct flow_recorder *recorder; /* NULL with the fake network */
    struct hypervisor *hypervisor;
    struct peer_gate *peers;
    struct api *api;
    struct http_server *http;
    struct bootstrap_result facts;
    struct server_key server_key;
};

/* The root's access key, for whoever may read the state directory, when there is none yet. */
static int write_credentials(const struct daemon *d, struct err *e)
{
    int r = 0;
    if (d->facts.access_key_id == NULL)
        return 0;
    const char *path = arena_printf(d->arena, "%s/credentials", d->config.state_dir);
    const char *text =
        arena_printf(d->arena, "[default]\naws_access_key_id = %s\naws_secret_access_key = %s\n",
                     d->facts.access_key_id, d->facts.secret_access_key);
    if (!file_exists(path)) /* the owner may have put others there */
        r = file_write(path, text, strlen(text), 0600, e);
    /* Once: an owner who takes the file away does not find it again. */
    return r < 0 ? r : bootstrap_key_shown(d->store, e);
}

static int open_store(struct daemon *d, struct err *e)
{
    const struct config *c = &d->config;
    int r = dir_make(c->state_dir, 0711, e);
    if (r == 0)
        r = dir_make(c->runtime_dir, 0755, e);
    if (r == 0)
        r = dir_make(arena_printf(d->arena, "%s/console", c->runtime_dir), 0711, e);
    if (r == 0)
        r = store_open(arena_printf(d->arena, "%s/croft.db", c->state_dir), &d->store, e);
    if (r == 0)
        r = bootstrap_key(d->store, arena_printf(d->arena, "%s/server.key", c->state_dir), d->arena,
                          &d->server_key, e);
    if (r == 0)
        r = bootstrap(d->store, &c->regions, &d->server_key, c->libvirt_uri, d->arena, &d->facts,
                      e);
    if (r == 0)
        r = public_addresses_check(d->store, &c->public_addresses, e);
    return r == 0 ? write_credentials(d, e) : r;
}

static int open_storage(struct daemon *d, struct err *e)
{
    if (streq(d->config.storage, "files"))
        return files_storage_new(d->config.state_dir, &d->storage, e);
    int r = fake_storage_new(&d->storage);
    return r < 0 ? err_errno(e, -r, "cannot make the fake storage") : 0;
}

static int open_fake_network(struct daemon *d, struct err *e)
{
    log_warning("hypervisor=fake storage=%s: nothing is started; for tests only",
                d->config.storage);
    const char *sockets = arena_printf(d->arena, "%s/metadata", d->config.runtime_dir);
    int r = dir_make(sockets, 0700, e);
    if (r == 0)
        d->network = fake_network_new(sockets);
    return r;
}

static int open_drivers(struct daemon *d, struct err *e)
{
    const struct config *c = &d->config;
    int r = open_storage(d, e);
    if (r < 0)
        return r;
    if (streq(c->hypervisor, "fake"))
        return open_fake_network(d, e);
    struct linux_network_config network = {
        .runtime_dir = c->runtime_dir,
        .public_addresses = c->public_addresses,
        .uplink = c->uplink,
        .resolver = c->resolver,
        .ipv6_prefix = c->ipv6_prefix,
    };
    return linux_network_new(&network, &d->network, e);
}

/* Calls of guests; there is an API before there is a network that they could come from. */
static void handle_of_guest(void *ctx, const struct http_request *req, struct http_response *resp)
{
    const struct daemon *d = ctx;
    api_http_callbacks()->handle(d->api, req, resp);
}

static void refuse_guest(void *ctx, const struct http_request *req, int status, const char *message,
                         struct http_response *resp)
{
    const struct daemon *d = ctx;
    api_http_callbacks()->render_error(d->api, req, status, message, resp);
}

/* Before the jobs, which make the networks that it listens in. */
static int make_metadata(struct daemon *d, struct err *e)
{
    static const struct http_callbacks of_guests = {.handle = handle_of_guest,
                                                    .render_error = refuse_guest};
    struct metadata_config config = {
        .store = d->store,
        .network = d->network,
        .certificate_path = arena_printf(d->arena, "%s/instance-identity.pem", d->config.state_dir),
        .server_key = &d->server_key,
        .credentials_ms = d->config.credentials_ms,
        .api = d->config.serve_guests ? &of_guests : NULL,
        .api_ctx = d,
    };
    return metadata_new(&config, &d->metadata, e);
}

static void report_flow_log(void *ctx, const char *message)
{
    (void)ctx;
    log_warning("flow-log: %s", message);
}

static int make_recorder(struct daemon *d, struct err *e)
{
    struct flow_recorder_config config = {
        .directory = arena_printf(d->arena, "%s/flow-logs", d->config.state_dir),
        .plan = flow_plan_read,
        .report = report_flow_log,
        .ctx = d->store,
    };
    return streq(d->config.hypervisor, "fake") ? 0 : flow_recorder_new(&config, &d->recorder, e);
}

static void network_changed(void *ctx, const char *vpc_id)
{
    struct daemon *d = ctx;
    metadata_network_changed(d->metadata, vpc_id);
}

static int try_spot(void *ctx, const char *request_id, struct err *e)
{
    struct daemon *d = ctx;
    return api_try_spot(d->api, request_id, e);
}

static const char *disk_io(const struct daemon *d)
{
    if (!streq(d->config.disk_io, "auto"))
        return d->config.disk_io;
    return d->storage->ops->has_io_uring(d->storage) ? DISK_IO_URING : DISK_IO_THREADS;
}

static int make_jobs(struct daemon *d, struct err *e)
{
    const struct config *c = &d->config;
    /* The built-in one is made; one that the owner names is his to make. */
    int r = has_prefix(c->bucket_directory, c->state_dir) && streq(c->storage, "files")
                ? dir_make(c->bucket_directory, 0711, e)
                : 0;
    if (r < 0)
        return r;
    d->jobs_config = (struct jobs_config){
        .store = d->store,
        .storage = d->storage,
        .network = d->network,
        .host_id = d->facts.host_id,
        .runtime_dir = c->runtime_dir,
        .bucket_directory = c->bucket_directory,
        .template_dir = c->seed_templates,
        .mtu = GUEST_MTU,
        .reserve_memory_mib = c->reserve_memory_mib,
        .spot_notice_ms = c->spot_notice_ms,
        .snapshot_freeze = c->freeze_file_systems,
        .disk_io = disk_io(d),
        .disk_full_percent = c->disk_full_percent,
        .volume_limits = c->volume_limits_factor,
        .instance_types = c->instance_types,
        .server_key = &d->server_key,
        .try_spot = try_spot,
        .network_changed = network_changed,
        .ctx = d,
    };
    d->jobs = jobs_new(&d->jobs_config);
    return streq(c->hypervisor, "fake")
               ? fake_hypervisor_new(jobs_on_domain_event, d->jobs, &d->hypervisor)
               : libvirt_hypervisor_new(c->libvirt_uri, jobs_on_domain_event, d->jobs,
                                        &d->hypervisor, e);
}

/* The owner's, or the one that was made at random on the first day. */
static struct cidr6 ipv6_prefix(const struct daemon *d)
{
    struct cidr6 prefix;
    int r = cidr6_parse(
        d->config.ipv6_prefix != NULL ? d->config.ipv6_prefix : d->facts.ipv6_prefix, &prefix);
    CHECK(r == 0);
    return prefix;
}

static void make_api(struct daemon *d)
{
    const struct config *c = &d->config;
    d->peers = peer_gate_new(c->group, d->facts.account_id);
    d->api = api_new(&(struct api_config){
        .store = d->store,
        .storage = d->storage,
        .network = d->network,
        .hypervisor = d->hypervisor,
        .regions = c->regions,
        .account_id = d->facts.account_id,
        .host_id = d->facts.host_id,
        .runtime_dir = c->runtime_dir,
        .page_secret = d->facts.page_secret,
        .instance_types = c->instance_types,
        .public_addresses = c->public_addresses,
        .ipv6_prefix = ipv6_prefix(d),
        .reserve_memory_mib = c->reserve_memory_mib,
        .max_instances = c->max_instance_count,
        .quotas = c->account_quotas,
        .spot_notice_ms = c->spot_notice_ms,
        .jobs = &d->jobs_config,
        .peers = d->peers,
        .server_key = &d->server_key,
        .no_seed = streq(c->seed, "never"),
        .signature_v2 = c->take_signature_v2,
        .monitoring = c->monitoring,
        .host = jobs_host,
        .progress = jobs_progress,
        .wake = jobs_wake,
        .ctx = d->jobs,
    });
}

static gid_t group_id(const char *name)
{
    struct group *g = getgrnam(name);
    return g == NULL ? (gid_t)-1 : g->gr_gid;
}

static struct http_listener handed_in(const struct config *c, int fd)
{
    bool is_unix = sd_is_socket(fd, AF_UNIX, SOCK_STREAM, /* listening= */ 1) > 0;
    return (struct http_listener){
        .fd = fd,
        .unix_gid = (gid_t)-1,
        .tls_cert = is_unix ? NULL : c->tls_cert,
        .tls_key = is_unix ? NULL : c->tls_key,
    };
}

/* Sockets handed in, and those that the options ask for; without either, the defaults. */
static int listen_everywhere(struct daemon *d, struct err *e)
{
    const struct config *c = &d->config;
    struct http_listener listeners[HTTP_LISTENERS_MAX];
    size_t n = 0;
    int handed = sd_listen_fds(/* unset_environment= */ 1);
    if (handed < 0)
        return err_errno(e, -handed, "cannot take the sockets that were handed in");
    for (int i = 0; i < handed && n < HTTP_LISTENERS_MAX - 2; i++)
        listeners[n++] = handed_in(c, SD_LISTEN_FDS_START + i);
    const char *tcp = c->listen != NULL ? c->listen : handed == 0 ? DEFAULT_LISTEN : "none";
    if (!streq(tcp, "none"))
        listeners[n++] = (struct http_listener){
            .fd = -1, .address = tcp, .tls_cert = c->tls_cert, .tls_key = c->tls_key};
    const char *path = c->socket;
    if (path == NULL && handed == 0)
        path = arena_printf(d->arena, "%s/croft.sock", c->runtime_dir);
    if (path != NULL)
        listeners[n++] = (struct http_listener){
            .fd = -1, .address = path, .unix_mode = 0660, .unix_gid = group_id(c->group)};
    struct http_config config = {.listeners = listeners, .n_listeners = n};
    return http_server_new(&config, api_http_callbacks(), d->api, &d->http, e);
}

static int start(struct daemon *d, struct err *e)
{
    int r = open_store(d, e);
    if (r == 0)
        r = open_drivers(d, e);
    if (r == 0)
        r = make_metadata(d, e);
    if (r == 0)
        r = make_jobs(d, e);
    if (r < 0)
        return r;
    make_api(d); /* before the workers: they launch through it */
    metrics_start();
    r = jobs_start(d->jobs, d->hypervisor, e);
    if (r == 0)
        r = make_recorder(d, e);
    return r < 0 ? r : listen_everywhere(d, e);
}

static void stop(struct daemon *d)
{
    if (d->http != NULL)
        http_server_stop(d->http, STOP_TIMEOUT_MS);
    http_server_free(d->http);
    if (d->jobs != NULL)
        jobs_stop(d->jobs);
    metadata_free(d->metadata);
    flow_recorder_free(d->recorder);
    api_free(d->api);
    peer_gate_free(d->peers);
    if (d->hypervisor != NULL)
        d->hypervisor->ops->free(d->hypervisor);
    jobs_free(d->jobs);
    if (d->network != NULL)
        d->network->ops->free(d->network);
    if (d->storage != NULL)
        d->storage->ops->free(d->storage);
    store_close(d->store);
}

static void wait_for_end(const sigset_t *signals)
{
    const struct timespec often = {.tv_sec = TRIM_SECONDS};
    int got = 0;
    do { /* SIGHUP: there is nothing to reload, the configuration is read at the start */
        got = sigtimedwait(signals, NULL, &often);
        memory_give_back();
    } while (got != SIGTERM && got != SIGINT);
    log_info("croftd-stops signal=%s: guests keep running", got == SIGTERM ? "SIGTERM" : "SIGINT");
}

int main(int argc, char **argv)
{
    (void)prctl(PR_SET_DUMPABLE, 0); /* memory has secrets: none of it goes into a core file */
    memory_keep_free();
    _cleanup_arena_ struct arena *arena = arena_new();
    struct daemon d = {.arena = arena};
    struct err e = {0};
    if (config_load(arena, argc, argv, &d.config, &e) < 0) {
        (void)fprintf(stderr, "croftd: %s\n", e.message);
        return 2;
    }
    if (d.config.show_help || d.config.show_version) {
        if (d.config.show_help)
            config_print_help();
        else
            (void)printf("croftd %s\n", CROFT_VERSION);
        return 0;
    }
    enum log_level level = LOG_LEVEL_INFO;
    if (log_level_from_name(d.config.log_level, &level) < 0) {
        (void)fprintf(stderr, "croftd: there is no log level '%s'\n", d.config.log_level);
        return 2;
    }
    log_set_level(level);

    /* Blocked before the first thread, so that sigwait() alone gets them. */
    sigset_t signals;
    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGTERM);
    (void)sigaddset(&signals, SIGINT);
    (void)sigaddset(&signals, SIGHUP);
    (void)pthread_sigmask(SIG_BLOCK, &signals, NULL);
    (void)signal(SIGPIPE, SIG_IGN);

    int status = 1;
    if (start(&d, &e) == 0) {
        log_info("croftd-serves version=%s account=%s", CROFT_VERSION, d.facts.account_id);
        (void)sd_notify(0, "READY=1");
        wait_for_end(&signals);
        (void)sd_notify(0, "STOPPING=1");
        status = 0;
    } else {
        log_error("croftd-cannot-start reason=\"%s\"", e.message);
    }
    stop(&d);
    return status;
}
