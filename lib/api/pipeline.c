#include "api/api.h"

#include <stdio.h>
#include <string.h>

#include "api/authenticate.h"
#include "api/authorize.h"
#include "api/bulk.h"
#include "api/limiter.h"
#include "api/monitoring.h"
#include "api/permissions.h"
#include "api/throttle.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/crash_point.h"
#include "base/log.h"
#include "base/metric.h"
#include "base/text.h"
#include "jobs/explain.h"
#include "wire/digest.h"

#define EXPLAIN_HEADER "x-croft-explain"

/*
 * Theory of operation
 *
 * One function per step, in the order of api.h; the first fault ends the request. A write action
 * runs in a transaction that also holds its jobs and its client token, so either all of it is there
 * after a crash or nothing. A dry run is the same run, thrown away. Nothing is answered before the
 * commit, and after it nothing can fail but the sending.
 */

static struct opt_bool member_bool(const struct wire_action *shape, const void *in,
                                   const char *name)
{
    const struct wire_field *field =
        shape->input == NULL ? NULL : wire_field_by_member(shape->input, name);
    if (field == NULL || field->kind != WIRE_BOOL)
        return (struct opt_bool){0};
    return *(const struct opt_bool *)((const char *)in + field->offset);
}

static const char *member_text(const struct wire_action *shape, const void *in, const char *name)
{
    const struct wire_field *field =
        shape->input == NULL ? NULL : wire_field_by_member(shape->input, name);
    if (field == NULL || field->kind != WIRE_STR || field->list)
        return NULL;
    return *(const char *const *)((const char *)in + field->offset);
}

/* Looks the client token up: sets c->replay when this request has been answered before. */
static int token_begin(struct call *c, const struct action *action, const char *token,
                       struct client_token *ret_new, struct fault *f)
{
    static const char *const without[] = {"ClientToken", "DryRun", NULL};
    char digest[WIRE_DIGEST_SIZE];
    wire_digest(c->arena, c->action->input, c->in, without, digest);
    const char *account = c->principal->account_id;
    const char *region = c->region->name;
    struct client_token *known = store_token(c->tx, c->arena, account, region, action->name, token);
    if (known == NULL) {
        *ret_new = (struct client_token){
            .account_id = account,
            .region = region,
            .action = action->name,
            .token = token,
            .digest = arena_strdup(c->arena, digest),
            .created_at = c->now,
        };
        return 0;
    }
    if (!streq(known->digest, digest))
        return fault(f, FAULT_IDEMPOTENT_PARAMETER_MISMATCH,
                     "Arguments on this idempotent request are inconsistent with arguments used in "
                     "previous request(s).");
    c->replay = known->result;
    return 0;
}

/* The ids that a read names. */
static struct wire_strings ids_asked(struct call *c, const struct action *action)
{
    struct wire_strings ids = {0};
    const struct wire_struct *in = c->action->input;
    for (size_t i = 0; action->class == READ && in != NULL && i < in->n; i++) {
        const struct wire_field *f = &in->fields[i];
        if (!f->list || f->id_prefix == NULL)
            continue;
        const struct wire_strings *list =
            (const struct wire_strings *)((const char *)c->in + f->offset);
        for (size_t k = 0; k < list->n; k++)
            *arena_append(c->arena, &ids) = list->v[k];
    }
    return ids;
}

/* What the action did so far, for a client that asked (see jobs/explain.h). */
static const struct croft_Explanation *explained(struct call *c, const struct action *action,
                                                 bool dry_run)
{
    struct explain_call call = {
        .config = c->config->jobs,
        .account_id = c->principal->account_id,
        .action = c->action->name,
        .dry_run = dry_run,
        .ids = ids_asked(c, action),
    };
    c->config->host(c->config->ctx, &call.host);
    return explain(&call, c->tx, tx_watched(c->tx), c->arena);
}

static int run_in_transaction(struct call *c, struct api_request *r, void *out, struct fault *f)
{
    const struct action *action = r->action;
    bool dry_run = wire_true(member_bool(c->action, c->in, "DryRun"));
    const char *token =
        (action->flags & TOKEN) != 0 ? member_text(c->action, c->in, "ClientToken") : NULL;
    struct client_token new_token = {0};
    if (authorize(c, f) < 0)
        return -1;
    if (token != NULL && token_begin(c, action, token, &new_token, f) < 0)
        return -1;
    if (r->explain)
        tx_watch(c->tx, c->arena);
    if (action->run(c, c->in, out, f) < 0)
        return -1;
    if (r->explain)
        r->explanation = explained(c, action, dry_run);
    if (dry_run)
        return fault(f, FAULT_DRY_RUN_OPERATION,
                     "Request would have succeeded, but DryRun flag is set.");
    if (new_token.token != NULL) {
        CHECK(c->result != NULL); /* an action with a token says what it made */
        new_token.result = c->result;
        store_insert_client_token(c->tx, &new_token);
    }
    return 0;
}

/* Whose rows say who may do what. */
static bool changes_permissions(const struct wire_service *service)
{
    static const char *const services[] = {"iam", "sts", "organizations", NULL};
    return text_is_among(service->name, services);
}

static int run_action(struct api *api, struct api_request *r, const struct caller *caller,
                      const void *in, void **ret_out, struct fault *f)
{
    struct arena *a = r->http->arena;
    bool write = r->action->class == WRITE;
    const struct wire_struct *output = r->shape->output;
    void *out = arena_alloc(a, output == NULL ? sizeof(struct wire_nothing) : output->size);
    struct call c = {
        .config = &api->config,
        .action = r->shape,
        .principal = &caller->principal,
        .region = caller->region,
        .generation = permissions_generation(api->config.permissions),
        .tx = write ? store_write(api->config.store) : store_read(api->config.store),
        .arena = a,
        .request_id = r->http->request_id,
        .last_uses = api->last_uses,
        .now = clock_now(),
        .http = r->http,
        .in = in,
    };
    crash_work(r->action->name);
    int result = run_in_transaction(&c, r, out, f);
    if (result < 0 && !tx_failed(c.tx)) {
        tx_end(c.tx);
        return -1;
    }
    struct err e = {0};
    struct last_uses_taken uses = {0};
    if (write)
        last_uses_write(api->last_uses, c.tx, a, &uses);
    int committed = tx_commit(c.tx, &e);
    crash_work(NULL);
    if (committed < 0) {
        last_uses_return(api->last_uses, &uses);
        log_error("store-failed request=%s action=%s reason=\"%s\"", c.request_id, r->action->name,
                  e.message);
        fault_clear(f);
        r->explanation = NULL;
        return fault(f, FAULT_INTERNAL_ERROR,
                     "The server could not save the change; nothing was done");
    }
    /* Before the answer, so that who has it finds what it changed in force. */
    if (write && changes_permissions(r->service))
        permissions_changed(api->config.permissions);
    if (write)
        api->config.wake(api->config.ctx);
    *ret_out = out;
    return 0;
}

/* Uses that have waited long for another change are written by themselves. */
static void write_last_uses(struct api *api, struct arena *a)
{
    struct err e = {0};
    struct last_uses_taken uses;
    struct tx *tx = store_write(api->config.store);
    last_uses_write(api->last_uses, tx, a, &uses);
    if (tx_commit(tx, &e) == 0)
        return;
    last_uses_return(api->last_uses, &uses);
    log_warning("last-uses-not-saved reason=\"%s\"", e.message);
}

static void note_use(struct api *api, const struct api_request *r, const struct caller *caller)
{
    const struct principal *p = &caller->principal;
    struct last_use use = {clock_now(), r->service->name, caller->region->name};
    bool due = false;
    if (p->kind == PRINCIPAL_ROLE)
        due = last_uses_note(api->last_uses, p->id, &use);
    else if (p->access_key_id != NULL && p->session == NULL) /* temporary ones have no row */
        due = last_uses_note(api->last_uses, p->access_key_id, &use);
    if (due)
        write_last_uses(api, r->http->arena);
}

static int serve(struct api *api, struct api_request *r, struct caller *caller, void **ret_out,
                 struct fault *f)
{
    void *in = NULL;
    if (authenticate(api, r->http, false, caller, f) < 0) {
        if (r->service == NULL) /* it refuses in its own words */
            r->service = wire_service_find(caller->service);
        return -1;
    }
    if (request_route(r, caller->service, f) < 0 || throttle_request(api, r, caller, f) < 0)
        return -1;
    note_use(api, r, caller);
    if (request_decode(r, &in, f) < 0 || throttle_resources(api, r, caller, in, f) < 0)
        return -1;
    return run_action(api, r, caller, in, ret_out, f);
}

/* Changes, and what was refused to somebody, are worth a line each; reads are too many, as are
 * requests that come too often: throttle.c tells of their account. */
static enum log_level level_of(const struct api_request *r, const struct fault *f, int status)
{
    if (fault_is_set(f) && f->code == FAULT_REQUEST_LIMIT_EXCEEDED)
        return LOG_LEVEL_DEBUG;
    if (status >= 500)
        return LOG_LEVEL_WARNING;
    if (fault_is_set(f) && (status == 401 || status == 403 || f->code == FAULT_AUTH_FAILURE))
        return LOG_LEVEL_INFO;
    return r->action != NULL && r->action->class == WRITE ? LOG_LEVEL_INFO : LOG_LEVEL_DEBUG;
}

/* One line for each decision. Values are of our making or were checked before: none can end it. */
static void log_call(const struct api_request *r, const struct caller *caller,
                     const struct fault *f, int status, int64_t took_us)
{
    bool failed = fault_is_set(f);
    const char *who = caller->principal.arn;
    log_write(level_of(r, f, status),
              "call action=%s request=%s status=%d%s%s took_ms=%lld who=%s from=%s",
              r->action == NULL ? "-" : r->action->name, r->http->request_id, status,
              failed ? " code=" : "", failed ? fault_code_name(f->code) : "",
              (long long)took_us / 1000, who == NULL ? "-" : who, r->http->peer->address);
}

static void handle(void *ctx, const struct http_request *http, struct http_response *resp)
{
    struct api *api = ctx;
    if (monitoring_handle(api, http, resp) || bulk_handle(api, http, resp))
        return;
    int64_t began = clock_monotonic_us();
    struct api_request r = {.http = http,
                            .door = request_door(http),
                            .service = request_target(http),
                            .explain = streq(headers_get(&http->headers, EXPLAIN_HEADER), "1")};
    struct caller caller = {0};
    struct fault f = {0};
    void *out = NULL;
    if (serve(api, &r, &caller, &out, &f) == 0)
        request_answer(&r, out, resp);
    else
        request_refuse(&r, &f, resp);
    int64_t took = clock_monotonic_us() - began;
    size_t action = action_index(r.action);
    metric_count(METRIC_REQUESTS, action, fault_is_set(&f) ? (size_t)f.code : FAULT_CODE_MAX);
    metric_observe(METRIC_REQUEST_TIME, action, took);
    log_call(&r, &caller, &f, resp->status, took);
}

/* Refusals of the HTTP server itself, in the form of the door that was knocked at. */
static void render_error(void *ctx, const struct http_request *http, int status,
                         const char *message, struct http_response *resp)
{
    (void)ctx;
    static const struct {
        int status;
        enum fault_code code;
    } codes[] = {
        {413, FAULT_REQUEST_ENTITY_TOO_LARGE},
        {431, FAULT_REQUEST_ENTITY_TOO_LARGE},
        {503, FAULT_REQUEST_LIMIT_EXCEEDED},
        {500, FAULT_INTERNAL_ERROR},
    };
    enum fault_code code = FAULT_MALFORMED_QUERY_STRING;
    for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
        if (codes[i].status == status)
            code = codes[i].code;
    struct api_request r = {.http = http,
                            .door = http->path == NULL ? DOOR_QUERY : request_door(http)};
    struct fault f = {0};
    (void)fault(&f, code, "%s", message);
    metric_count(METRIC_REQUESTS, action_index(NULL), f.code);
    request_refuse(&r, &f, resp);
    resp->status = status;
}

static bool is_slow(void *ctx, const struct http_request *http)
{
    (void)ctx;
    return bulk_is_slow(http);
}

static int begin_upload(void *ctx, const struct http_request *http, struct http_response *resp,
                        struct http_sink *ret_sink)
{
    return bulk_begin_upload(ctx, http, resp, ret_sink);
}

const struct http_callbacks *api_http_callbacks(void)
{
    static const struct http_callbacks callbacks = {
        .handle = handle,
        .is_slow = is_slow,
        .render_error = render_error,
        .begin_upload = begin_upload,
    };
    return &callbacks;
}

struct api *api_new(const struct api_config *config)
{
    struct api *api = calloc(1, sizeof(*api));
    CHECK(api != NULL && config->regions.n > 0);
    api->config = *config;
    monitoring_labels();
    api->config.permissions = permissions_new();
    api->started_at = clock_now();
    (void)pthread_mutex_init(&api->certificate.lock, NULL);
    api->last_uses = last_uses_new();
    api->limiter = limiter_new(LIMITER_BUCKETS_MAX);
    api->region_names = calloc(config->regions.n + 1, sizeof(*api->region_names));
    CHECK_MEMORY(api->region_names != NULL);
    for (size_t i = 0; i < config->regions.n; i++)
        api->region_names[i] = config->regions.v[i].name;
    size_t n_global = 0;
    for (size_t i = 0; wire_service_at(i) != NULL; i++) {
        api->service_names[i] = wire_service_at(i)->name;
        if (wire_service_at(i)->region != NULL)
            api->global_names[n_global++] = wire_service_at(i)->name;
    }
    api->sigv4 = sigv4_new(&(struct sigv4_config){
        .regions = api->region_names,
        .services = api->service_names,
        .global_services = api->global_names,
        .find = authenticate_find_key,
        .admit = authenticate_admit,
        .ctx = api,
        .version_2 = config->signature_v2,
    });
    return api;
}

void api_retune(struct api *api, const struct api_config *config)
{
    struct api_config *to = &api->config;
    to->reserve_memory_mib = config->reserve_memory_mib;
    to->max_instances = config->max_instances;
    to->spot_notice_ms = config->spot_notice_ms;
    to->monitoring = config->monitoring;
    to->api_rate = config->api_rate;
    to->api_rate_owner = config->api_rate_owner;
    to->no_seed = config->no_seed;
}

void api_set_certificate(struct api *api, const char *fingerprint, int64_t ends)
{
    (void)pthread_mutex_lock(&api->certificate.lock);
    (void)snprintf(api->certificate.fingerprint, sizeof(api->certificate.fingerprint), "%s",
                   fingerprint);
    api->certificate.ends = ends;
    (void)pthread_mutex_unlock(&api->certificate.lock);
}

void api_free(struct api *api)
{
    if (api == NULL)
        return;
    _cleanup_arena_ struct arena *a = arena_new();
    write_last_uses(api, a);
    last_uses_free(api->last_uses);
    limiter_free(api->limiter);
    sigv4_free(api->sigv4);
    permissions_free(api->config.permissions);
    free(api->region_names);
    (void)pthread_mutex_destroy(&api->certificate.lock);
    free(api);
}
