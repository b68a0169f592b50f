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
#include <unistd.h>

#include "api/api.h"
#include "backup.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/confine.h"
#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/metric.h"
#include "base/text.h"
#include "certificate.h"
#include "config.h"
#include "crash_drivers.h"
#include "hypervisor/fake.h"
#include "hypervisor/libvirt.h"
#include "jobs/bootstrap.h"
#include "jobs/flow_plan.h"
#include "jobs/jobs.h"
#include "jobs/public_addresses.h"
#include "journal.h"
#include "libraries.h"
#include "metadata/calls.h"
#include "metadata/metadata.h"
#include "network/fake.h"
#include "network/flow_log.h"
#include "network/netd_calls.h"
#include "network/remote.h"
#include "owner.h"
#include "storage/fake.h"
#include "storage/files.h"
#include "store/tables.h"

#define DEFAULT_LISTEN  "127.0.0.1:8773"
#define STOP_TIMEOUT_MS 5000
#define GUEST_MTU       1500
#define TRIM_SECONDS    10
#define TLS_LOOK_MS     ((int64_t)12 * 3600 * 1000)
#define BUSY_MAX_MS     ((int64_t)6 * 3600 * 1000) /* an export of a large disk takes hours */

struct daemon {
    struct arena *arena;
    int argc;
    char **argv;
    int64_t tls_looked_at; /* monotonic */
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
    int lock; /* of the state directory */
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

static void tune_log(const struct config *c)
{
    enum log_level level = LOG_LEVEL_INFO;
    int r = log_level_from_name(c->log_level, &level);
    CHECK(r == 0);
    log_set_level(level);
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

/* The server's own certificate, if it is to have one; and what there is, told to the API. */
static int set_up_tls(struct daemon *d, struct err *e)
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

static int give_up(const struct daemon *d, struct err *e)
{
    if (geteuid() == 0 && !streq(d->config.hypervisor, "fake"))
        log_warning("croftd-runs-as-root: its place is the user croft, with croft-netd beside it");
    return confine(&confinement_croftd, e);
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
    crash_storage(d->storage);
    crash_network(d->network);
    crash_hypervisor(d->hypervisor);
    r = jobs_start(d->jobs, d->hypervisor, e);
    if (r == 0)
        r = make_recorder(d, e);
    if (r == 0)
        r = set_up_tls(d, e);
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
    if (d->lock >= 0)
        (void)close(d->lock);
}

/* --- while it runs */

static void tell_problems(const struct config_problems *p)
{
    for (size_t i = 0; i < p->n; i++)
        log_error("config-refused where=\"%s\" reason=\"%s\"", p->v[i].where, p->v[i].what);
}

/* Requests, guests and connections go on meanwhile; with an error all is as it was. */
static void reload(struct daemon *d)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct config fresh;
    struct config_problems problems;
    struct config_changes changes;
    struct err e = {0};
    (void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld", (long long)clock_monotonic_us());
    if (config_load(a, d->argc, d->argv, &fresh, &problems) < 0) {
        tell_problems(&problems);
        log_error("config-kept: the one from before stays in force");
    } else {
        config_reload(&d->config, &fresh, d->arena, a, &changes);
        for (size_t i = 0; i < changes.n; i++)
            if (changes.v[i].in_force)
                log_info("config-changed key=%s", changes.v[i].key);
            else
                log_warning("config-needs-restart key=%s: it is as before", changes.v[i].key);
        struct api_config api_config = {0};
        tune_log(&d->config);
        tune_jobs(&d->config, &d->jobs_config);
        jobs_retune(d->jobs, &d->jobs_config);
        tune_api(&d->config, &api_config);
        api_retune(d->api, &api_config);
        if (set_up_tls(d, &e) < 0)
            log_error("tls-certificate-kept reason=\"%s\"", e.message);
        log_info("config-reloaded changes=%zu", changes.n);
    }
    (void)sd_notify(0, "READY=1");
}

/*
 * The workers take turns at looking for work at least every JOBS_AUDIT_MS, unless each has a job
 * that takes long. The store is asked, too: a process that cannot read it is of no use.
 */
static bool is_alive(struct daemon *d)
{
    struct jobs_progress p;
    jobs_progress(d->jobs, &p);
    tx_end(store_read(d->store));
    int64_t quiet = clock_monotonic() - p.looked_at;
    return quiet < (p.all_busy ? BUSY_MAX_MS : (int64_t)3 * JOBS_AUDIT_MS);
}

/* A certificate of our own that ends soon is made anew. */
static void look_after_tls(struct daemon *d)
{
    struct err e = {0};
    int64_t now = clock_monotonic();
    if (!streq(d->config.tls, "auto") || now < d->tls_looked_at + TLS_LOOK_MS)
        return;
    d->tls_looked_at = now;
    if (set_up_tls(d, &e) < 0)
        log_error("tls-certificate-kept reason=\"%s\"", e.message);
}

static int wait_seconds(void)
{
    uint64_t watchdog_us = 0;
    if (sd_watchdog_enabled(/* unset_environment= */ 0, &watchdog_us) <= 0)
        return TRIM_SECONDS;
    int third = (int)(watchdog_us / 3000000);
    return third < 1 ? 1 : third < TRIM_SECONDS ? third : TRIM_SECONDS;
}

static void serve_until_told(struct daemon *d, const sigset_t *signals)
{
    const struct timespec often = {.tv_sec = wait_seconds()};
    int got = 0;
    d->tls_looked_at = clock_monotonic();
    do {
        got = sigtimedwait(signals, NULL, &often);
        if (got == SIGHUP)
            reload(d);
        look_after_tls(d);
        memory_give_back();
        if (is_alive(d))
            (void)sd_notify(0, "WATCHDOG=1");
        else
            log_error("workers-hang: nobody looks for work any more; the watchdog will end this");
    } while (got != SIGTERM && got != SIGINT);
    log_info("croftd-stops signal=%s: guests keep running", got == SIGTERM ? "SIGTERM" : "SIGINT");
}

static int run_backup(const struct config *c, const char *file,
                      int (*run)(struct arena *a, const struct config *c, const char *file,
                                 struct err *e))
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct err e = {0};
    int r = run(a, c, file, &e);
    if (r == 0)
        r = owner_give_back(c->state_dir, &e);
    if (r == 0)
        return 0;
    (void)fprintf(stderr, "croftd: %s\n", e.message);
    return 1;
}

/* --help, --version, --check-config and what is wrong: the status to end with, -1 to go on. */
static int answer_command_line(const struct config *c, const struct config_problems *p, int r)
{
    if (r < 0) {
        for (size_t i = 0; i < p->n; i++)
            (void)fprintf(stderr, "croftd: %s: %s\n", p->v[i].where, p->v[i].what);
        return 2;
    }
    if (c->show_help)
        config_print_help();
    else if (c->show_version)
        (void)printf("croftd %s\n", CROFT_VERSION);
    else if (c->check_only)
        (void)printf("The configuration is right.\n");
    else if (c->backup_file != NULL)
        return run_backup(c, c->backup_file, backup_make);
    else if (c->restore_file != NULL)
        return run_backup(c, c->restore_file, backup_restore);
    else
        return -1;
    return 0;
}

int main(int argc, char **argv)
{
    (void)prctl(PR_SET_DUMPABLE, 0); /* memory has secrets: none of it goes into a core file */
    memory_keep_free();
    libraries_set_up();
    _cleanup_arena_ struct arena *arena = arena_new();
    struct daemon d = {.arena = arena, .argc = argc, .argv = argv, .lock = -1};
    struct config_problems problems = {0};
    struct err e = {0};
    int r = config_load(arena, argc, argv, &d.config, &problems);
    int status = answer_command_line(&d.config, &problems, r);
    if (status >= 0)
        return status;
    journal_begin();
    tune_log(&d.config);

    /* Blocked before the first thread, so that sigwait() alone gets them. */
    sigset_t signals;
    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGTERM);
    (void)sigaddset(&signals, SIGINT);
    (void)sigaddset(&signals, SIGHUP);
    (void)pthread_sigmask(SIG_BLOCK, &signals, NULL);
    (void)signal(SIGPIPE, SIG_IGN);

    status = 1;
    if (give_up(&d, &e) == 0 && start(&d, &e) == 0) {
        log_info("croftd-serves version=%s account=%s", CROFT_VERSION, d.facts.account_id);
        (void)sd_notify(0, "READY=1");
        serve_until_told(&d, &signals);
        (void)sd_notify(0, "STOPPING=1");
        status = 0;
    } else {
        log_error("croftd-cannot-start reason=\"%s\"", e.message);
    }
    stop(&d);
    return status;
}
