#include "daemon.h"

#include <grp.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "backup.h"
#include "base/check.h"
#include "base/file.h"
#include "base/log.h"
#include "base/metric.h"
#include "base/text.h"
#include "certificate.h"
#include "crash_drivers.h"
#include "hypervisor/fake.h"
#include "hypervisor/libvirt.h"
#include "jobs/flow_plan.h"
#include "jobs/public_addresses.h"
#include "metadata/calls.h"
#include "network/fake.h"
#include "network/netd_calls.h"
#include "network/remote.h"
#include "storage/fake.h"
#include "storage/files.h"
#include "store/tables.h"

#define DEFAULT_LISTEN  "127.0.0.1:8773"
#define STOP_TIMEOUT_MS 5000
#define GUEST_MTU       1500

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
        r = state_lock(d->arena, c->state_dir, &d->lock, e);
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

static int open_console(void *ctx, const char *instance_id, bool older, int *ret_fd, struct err *e)
{
    return remote_open_console(ctx, instance_id, older, ret_fd, e);
}

static void report_netd(void *ctx, const char *message)
{
    (void)ctx;
    log_warning("netd: %s", message);
}

static int open_drivers(struct daemon *d, struct err *e)
{
    const struct config *c = &d->config;
    int r = open_storage(d, e);
    if (r < 0)
        return r;
    if (streq(c->hypervisor, "fake"))
        return open_fake_network(d, e);
    struct remote_network_config network = {
        .socket_path = arena_printf(d->arena, "%s/" NETD_SOCKET, c->runtime_dir),
        .report = report_netd,
    };
    r = remote_network_new(&network, &d->network, e);
    if (r == 0 && streq(c->storage, "files"))
        files_storage_set_helper(d->storage, &(struct files_helper){open_console, d->network});
    return r;
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
        .socket_path = arena_printf(d->arena, "%s/" METADATA_SOCKET, d->config.runtime_dir),
        .certificate_path = arena_printf(d->arena, "%s/instance-identity.pem", d->config.state_dir),
        .server_key = &d->server_key,
        .credentials_ms = d->config.credentials_ms,
        .api = d->config.guest_api ? &of_guests : NULL,
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
        .network = d->network,
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

/* What of it may change comes from here, now and at each reload. */
static void tune_jobs(const struct config *c, struct jobs_config *to)
{
    to->reserve_memory_mib = c->reserve_memory_mib;
    to->spot_notice_ms = c->spot_notice_ms;
    to->snapshot_freeze = c->snapshot_freeze;
    to->disk_full_percent = c->disk_full_percent;
    to->volume_limits = c->volume_limits;
}

static void tune_api(const struct config *c, struct api_config *to)
{
    to->reserve_memory_mib = c->reserve_memory_mib;
    to->max_instances = c->max_instances;
    to->spot_notice_ms = c->spot_notice_ms;
    to->no_seed = streq(c->seed, "never");
    to->monitoring = c->monitoring;
    to->api_rate = c->api_rate;
    to->api_rate_owner = c->api_rate_owner;
}

void daemon_tune_log(const struct config *c)
{
    enum log_level level = LOG_LEVEL_INFO;
    int r = log_level_from_name(c->log_level, &level);
    CHECK(r == 0);
    log_set_level(level);
}

void daemon_retune(struct daemon *d)
{
    struct api_config api_config = {0};
    daemon_tune_log(&d->config);
    tune_jobs(&d->config, &d->jobs_config);
    jobs_retune(d->jobs, &d->jobs_config);
    tune_api(&d->config, &api_config);
    api_retune(d->api, &api_config);
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
        .keep_strays = keep_strays_path(d->arena, c->state_dir),
        .mtu = GUEST_MTU,
        .disk_io = disk_io(d),
        .instance_types = c->instance_types,
        .server_key = &d->server_key,
        .try_spot = try_spot,
        .network_changed = network_changed,
        .ctx = d,
    };
    tune_jobs(c, &d->jobs_config);
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
    struct api_config config = {
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
        .quotas = c->account_quotas,
        .jobs = &d->jobs_config,
        .peers = d->peers,
        .server_key = &d->server_key,
        .signature_v2 = c->signature_v2,
        .host = jobs_host,
        .progress = jobs_progress,
        .wake = jobs_wake,
        .ctx = d->jobs,
    };
    tune_api(c, &config);
    d->api = api_new(&config);
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

int daemon_set_up_tls(struct daemon *d, struct err *e)
{
    struct config *c = &d->config;
    char fingerprint[FINGERPRINT_SIZE];
    int64_t ends = 0;
    int r = 0;
    if (streq(c->tls, "auto")) {
        struct certificate own;
        r = certificate_ensure(d->arena, c->state_dir, &own, e);
        if (r < 0)
            return r;
        c->tls_cert = own.path;
        c->tls_key = own.key_path;
    }
    if (c->tls_cert == NULL)
        return 0;
    r = certificate_describe(c->tls_cert, fingerprint, &ends, e);
    if (r == 0 && d->http != NULL)
        r = http_tls_load(c->tls_cert, c->tls_key, e);
    if (r < 0)
        return r;
    api_set_certificate(d->api, fingerprint, ends);
    log_info("tls-certificate file=%s sha256=%s", c->tls_cert, fingerprint);
    return 0;
}

int daemon_start(struct daemon *d, struct err *e)
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
    crash_storage(d->storage);
    crash_network(d->network);
    crash_hypervisor(d->hypervisor);
    r = jobs_start(d->jobs, d->hypervisor, e);
    if (r == 0)
        r = make_recorder(d, e);
    if (r == 0)
        r = daemon_set_up_tls(d, e);
    return r < 0 ? r : listen_everywhere(d, e);
}

void daemon_stop(struct daemon *d)
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
    if (d->lock >= 0)
        (void)close(d->lock);
}
