#include "api/bulk.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "api/authorize.h"
#include "api/health.h"
#include "api/permissions.h"
#include "api/setting.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"

#define UPLOAD_MAX ((uint64_t)256 << 30)
#define CONNECT_TIMEOUT_MS                                                                         \
    1000 /* holds up a worker of the server, so it is short; clients try again */
#define TUNNEL_PATH  "/v1/tunnel/"
#define CONSOLE_PATH "/v1/console/"

static void refuse(const struct http_request *http, const struct fault *f,
                   struct http_response *resp)
{
    struct api_request r = {.http = http, .door = DOOR_REST};
    request_refuse(&r, f, resp);
}

/*
 * These paths are no actions of AWS's; each is asked as the nearest one (docs/permissions.md):
 * about an instance, or all that there may be of a type, or everything.
 */
static int check_permission(struct api *api, const struct http_request *http,
                            const struct caller *caller, const char *action, const char *type,
                            const char *instance, const struct authorize_key *key, struct fault *f)
{
    struct call c = {
        .config = &api->config,
        .principal = &caller->principal,
        .region = caller->region,
        .generation = permissions_generation(api->config.permissions),
        .arena = http->arena,
        .request_id = http->request_id,
        .now = clock_now(),
        .http = http,
    };
    struct authorize_resource r = {
        .arn = type == NULL ? "*" : authorize_arn(&c, type, "*"),
        .type = type,
    };
    c.tx = store_read(api->config.store);
    int result = instance == NULL
                     ? authorize_one(&c, action, &r, f)
                     : authorize_instance(&c, action, instance, key, key == NULL ? 0 : 1, f);
    tx_end(c.tx);
    return result;
}

void bulk_answer_json(json_t *object, struct http_response *resp)
{
    char *text = json_dumps(object, JSON_COMPACT);
    CHECK(text != NULL);
    buf_add_str(&resp->body, text);
    buf_add_char(&resp->body, '\n');
    free(text);
    json_decref(object);
    resp->content_type = "application/json";
}

/* NULL: there is no TLS. */
static json_t *certificate_json(struct api *api)
{
    char ends[CLOCK_ISO8601_SIZE];
    (void)pthread_mutex_lock(&api->certificate.lock);
    clock_format_iso8601(api->certificate.ends, ends);
    json_t *object =
        api->certificate.fingerprint[0] == '\0'
            ? NULL
            : json_pack("{s:s, s:s}", "sha256", api->certificate.fingerprint, "ends", ends);
    (void)pthread_mutex_unlock(&api->certificate.lock);
    return object;
}

static void answer_status(struct api *api, struct arena *a, struct http_response *resp)
{
    struct host_info host;
    api->config.host(api->config.ctx, &host);
    struct tx *tx = store_read(api->config.store);
    struct capacity_used used = store_capacity_used(tx, api->config.host_id);
    int64_t promised_gib = store_promised_gib(tx);
    tx_end(tx);
    struct health health;
    health_look(api, a, &health);
    struct disk_room disk = {0};
    (void)api->config.storage->ops->room(api->config.storage, &disk, NULL);
    json_t *regions = json_array();
    for (size_t i = 0; i < api->config.regions.n; i++)
        json_array_append_new(regions, json_string(api->config.regions.v[i].name));
    int64_t room = host.memory_mib - api->config.reserve_memory_mib - used.memory_mib;
    json_t *answer = json_pack(
        "{s:s, s:s, s:s, s:b, s:i, s:I, s:I, s:I, s:I, s:o, s:I, s:f, s:I, s:I, s:I, s:I, s:o}",
        "version", CROFT_VERSION, "hypervisor", api->config.hypervisor->ops->name,
        "hypervisor_version", host.version == NULL ? "" : host.version, "emulated", !host.kvm,
        "cpus", host.cpus, "memory_mib", (json_int_t)host.memory_mib, "memory_free_mib",
        (json_int_t)(room > 0 ? room : 0), "vcpus_used", (json_int_t)used.vcpus, "instances",
        (json_int_t)used.instances, "regions", regions, "uptime_s",
        (json_int_t)((clock_now() - api->started_at) / 1000), "volume_limits",
        (double)api->config.jobs->volume_limits / VOLUME_LIMITS_ON, "disk_mib",
        (json_int_t)(disk.size >> 20), "disk_free_mib", (json_int_t)(disk.free >> 20),
        "disk_promised_mib", (json_int_t)promised_gib * 1024, "disk_full_percent",
        (json_int_t)api->config.jobs->disk_full_percent, "checks", health_json(&health));
    json_t *certificate = certificate_json(api);
    if (certificate != NULL)
        json_object_set_new(answer, "certificate", certificate);
    bulk_answer_json(answer, resp);
}

/* A running instance of the caller's, with its primary address. */
static struct network_interface *running_interface(struct api *api, const struct caller *caller,
                                                   struct arena *a, const char *instance_id,
                                                   struct fault *f)
{
    if (!id_is_wellformed(instance_id, "i")) {
        (void)fault(f, FAULT_INVALID_INSTANCE_ID_MALFORMED, "Invalid id: \"%s\"", instance_id);
        return NULL;
    }
    struct tx *tx = store_read(api->config.store);
    struct instance *i = store_instance(tx, a, instance_id);
    struct network_interface *n = i == NULL ? NULL : store_primary_interface(tx, a, i->id);
    tx_end(tx);
    if (i == NULL || !streq(i->account_id, caller->principal.account_id) ||
        !streq(i->region, caller->region->name)) {
        (void)fault(f, FAULT_INVALID_INSTANCE_ID_NOT_FOUND, "The instance ID '%s' does not exist",
                    instance_id);
        return NULL;
    }
    if (n != NULL && i->state == INSTANCE_RUNNING)
        return n;
    (void)fault(f, FAULT_INCORRECT_INSTANCE_STATE, "The instance '%s' is %s, not running",
                instance_id, instance_state_name((enum instance_state)i->state));
    return NULL;
}

/* "i-…/22" */
static int open_tunnel(struct api *api, const struct http_request *http,
                       const struct caller *caller, const char *target, int *ret_fd,
                       struct fault *f)
{
    struct arena *a = http->arena;
    const char *slash = strchr(target, '/');
    int64_t port = 0;
    if (slash == NULL || parse_int64(slash + 1, &port) < 0 || port < 1 || port > 65535)
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "The path of a tunnel is " TUNNEL_PATH
                     "INSTANCE/PORT with a port from 1 to 65535");
    const char *id = arena_strndup(a, target, (size_t)(slash - target));
    struct authorize_key key = {"ec2-instance-connect:remotePort", slash + 1};
    if (check_permission(api, http, caller, "ec2-instance-connect:OpenTunnel", "instance", id, &key,
                         f) < 0)
        return -1;
    struct network_interface *n = running_interface(api, caller, a, id, f);
    if (n == NULL)
        return -1;
    struct err e = {0};
    struct network *net = api->config.network;
    if (net->ops->connect(net, n->vpc_id, n->private_ip, (int)port, CONNECT_TIMEOUT_MS, ret_fd,
                          &e) < 0)
        return fault(f, FAULT_INCORRECT_STATE, "Port %lld of %s does not answer: %s",
                     (long long)port, id, e.message);
    return 0;
}

/*
 * Somebody at the server may always reach a console; over the network the account has to allow it
 * first, as in EC2 (EnableSerialConsoleAccess).
 */
static int check_console_access(struct api *api, const struct http_request *http,
                                const struct caller *caller, struct fault *f)
{
    if (http->peer->is_unix)
        return 0;
    struct tx *tx = store_read(api->config.store);
    bool on = store_setting_of_account(tx, http->arena, caller->principal.account_id,
                                       caller->region->name, SETTING_SERIAL_CONSOLE) != NULL;
    tx_end(tx);
    if (on)
        return 0;
    return fault(f, FAULT_UNAUTHORIZED_OPERATION,
                 "Access to the serial console over the network is off for this account in region "
                 "%s. EnableSerialConsoleAccess turns it on; at the server itself it is always "
                 "there",
                 caller->region->name);
}

static int open_console(struct api *api, const struct http_request *http,
                        const struct caller *caller, const char *instance_id, int *ret_fd,
                        struct fault *f)
{
    struct arena *a = http->arena;
    if (check_permission(api, http, caller, "ec2-instance-connect:SendSerialConsoleSSHPublicKey",
                         "instance", instance_id, NULL, f) < 0 ||
        check_console_access(api, http, caller, f) < 0)
        return -1;
    if (running_interface(api, caller, a, instance_id, f) == NULL)
        return -1;
    struct err e = {0};
    struct hypervisor *h = api->config.hypervisor;
    const char *path = arena_printf(a, "%s/console/%s", api->config.runtime_dir, instance_id);
    if (h->ops->console(h, instance_id, path, ret_fd, &e) < 0)
        return fault(f, FAULT_INCORRECT_STATE, "The console of %s does not answer: %s", instance_id,
                     e.message);
    return 0;
}

static void serve_stream(struct api *api, const struct http_request *http,
                         struct http_response *resp)
{
    struct caller caller = {0};
    struct fault f = {0};
    int fd = -1;
    int r = authenticate(api, http, false, &caller, &f);
    if (r == 0 && !http_wants_tunnel(http))
        r = fault(
            &f, FAULT_INVALID_PARAMETER_VALUE,
            "This path needs the headers Connection: Upgrade and Upgrade: " HTTP_TUNNEL_PROTOCOL);
    if (r == 0 && has_prefix(http->path, TUNNEL_PATH))
        r = open_tunnel(api, http, &caller, http->path + strlen(TUNNEL_PATH), &fd, &f);
    else if (r == 0)
        r = open_console(api, http, &caller, http->path + strlen(CONSOLE_PATH), &fd, &f);
    if (r < 0)
        refuse(http, &f, resp);
    else
        resp->tunnel_fd = fd;
    /* The path was split at '?' and may hold anything else: it is not logged when it is refused. */
    log_info("stream path=%s request=%s%s%s who=%s from=%s", r < 0 ? "-" : http->path,
             http->request_id, r < 0 ? " code=" : "", r < 0 ? fault_code_name(f.code) : "",
             caller.principal.arn == NULL ? "-" : caller.principal.arn, http->peer->address);
}

bool bulk_is_slow(const struct http_request *http)
{
    return has_prefix(http->path, TUNNEL_PATH) || has_prefix(http->path, CONSOLE_PATH);
}

bool bulk_handle(struct api *api, const struct http_request *http, struct http_response *resp)
{
    if (!streq(http->method, "GET"))
        return false;
    if (streq(http->path, "/health")) {
        buf_add_str(&resp->body, "ok\n");
        resp->content_type = "text/plain";
        return true;
    }
    if (streq(http->path, "/v1/status")) {
        struct caller caller;
        struct fault f = {0};
        if (authenticate(api, http, false, &caller, &f) < 0 ||
            check_permission(api, http, &caller, "ec2:DescribeAccountAttributes", NULL, NULL, NULL,
                             &f) < 0)
            refuse(http, &f, resp);
        else
            answer_status(api, http->arena, resp);
        return true;
    }
    if (bulk_is_slow(http)) {
        serve_stream(api, http, resp);
        return true;
    }
    return false;
}

/*
 * An upload. Over TCP the signature vouches for a digest of the body, which is compared at the end;
 * until then the file has no name that anything could use.
 */
struct upload {
    struct api *api;
    struct storage_upload *file; /* NULL once writing has failed */
    EVP_MD_CTX *digest;          /* NULL: over the unix socket */
    char expected[65];
    struct err error;
};

static void upload_free(struct upload *u)
{
    EVP_MD_CTX_free(u->digest);
    free(u);
}

static int upload_write(void *sink, const void *data, size_t len)
{
    struct upload *u = sink;
    const struct storage_ops *s = u->api->config.storage->ops;
    if (u->digest != NULL && EVP_DigestUpdate(u->digest, data, len) != 1)
        return -EIO;
    return s->upload_write(u->file, data, len, &u->error);
}

static bool digest_matches(struct upload *u)
{
    if (u->digest == NULL)
        return true;
    unsigned char raw[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    char hex[2 * EVP_MAX_MD_SIZE + 1];
    if (EVP_DigestFinal_ex(u->digest, raw, &len) != 1)
        return false;
    hex_encode(raw, len, hex);
    return streq(hex, u->expected);
}

static void upload_failed(const struct http_request *http, const struct err *e, struct fault *f)
{
    bool full = e->code == ENOSPC;
    log_warning("upload-failed request=%s reason=\"%s\"", http->request_id, e->message);
    (void)fault(f, full ? FAULT_RESOURCE_COUNT_EXCEEDED : FAULT_INTERNAL_ERROR,
                full ? "There is no room left on the server's disk"
                     : "The server could not save the upload");
}

static void upload_finish(void *sink, const struct http_request *http, struct http_response *resp)
{
    struct upload *u = sink;
    const struct storage_ops *s = u->api->config.storage->ops;
    struct fault f = {0};
    char id[UUID_SIZE];
    if (u->error.code != 0 || !digest_matches(u)) {
        s->upload_abort(u->file);
        if (u->error.code == 0)
            (void)fault(&f, FAULT_AUTH_FAILURE, "The body is not the one whose digest was signed");
    } else if (s->upload_finish(u->file, id, &u->error) == 0) {
        bulk_answer_json(json_pack("{s:s}", "UploadId", id), resp);
    }
    if (u->error.code != 0)
        upload_failed(http, &u->error, &f);
    if (fault_is_set(&f))
        refuse(http, &f, resp);
    upload_free(u);
}

static void upload_abort(void *sink)
{
    struct upload *u = sink;
    u->api->config.storage->ops->upload_abort(u->file);
    upload_free(u);
}

int bulk_begin_upload(struct api *api, const struct http_request *http, struct http_response *resp,
                      struct http_sink *ret_sink)
{
    if (!streq(http->path, "/v1/uploads"))
        return 0;
    struct caller caller;
    struct fault f = {0};
    struct err e = {0};
    struct storage_upload *file = NULL;
    struct storage *s = api->config.storage;
    if (authenticate(api, http, true, &caller, &f) < 0 ||
        check_permission(api, http, &caller, "ec2:ImportImage", "image", NULL, NULL, &f) < 0) {
        refuse(http, &f, resp);
        return -1;
    }
    if (s->ops->upload_begin(s, &file, &e) < 0) {
        upload_failed(http, &e, &f);
        refuse(http, &f, resp);
        return -1;
    }
    struct upload *u = calloc(1, sizeof(*u));
    CHECK_MEMORY(u != NULL);
    u->api = api;
    u->file = file;
    if (!http->peer->is_unix) {
        const char *expected = headers_get(&http->headers, "x-amz-content-sha256");
        CHECK(expected != NULL); /* sigv4 wants it of a streamed body */
        (void)snprintf(u->expected, sizeof(u->expected), "%s", expected);
        u->digest = EVP_MD_CTX_new();
        CHECK(u->digest != NULL && EVP_DigestInit_ex(u->digest, EVP_sha256(), NULL) == 1);
    }
    *ret_sink = (struct http_sink){
        .sink = u,
        .max = UPLOAD_MAX,
        .write = upload_write,
        .finish = upload_finish,
        .abort = upload_abort,
    };
    return 1;
}
