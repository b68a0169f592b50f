/*
 * Quotas of accounts, in the words of Service Quotas. The owner's account reads those of another
 * with the AccountId that Croft adds, and what it asks for is given at once; others' requests wait
 * for it to do so.
 */
#include "api/page.h"
#include "api/quota.h"
#include "base/id.h"
#include "base/text.h"

#define REQUESTS_MAX 100 /* that wait, of an account */
#define PENDING      "PENDING"
#define APPROVED     "APPROVED"

static const struct {
    const char *code;
    const char *name;
} services[] = {
    {"ebs", "Amazon Elastic Block Store (Amazon EBS)"},
    {"ec2", "Amazon Elastic Compute Cloud (Amazon EC2)"},
    {"vpc", "Amazon Virtual Private Cloud (Amazon VPC)"},
};

static const char *service_name(const char *code)
{
    for (size_t i = 0; i < ARRAY_SIZE(services); i++)
        if (streq(services[i].code, code))
            return services[i].name;
    return NULL;
}

static int no_service(const char *code, struct fault *f)
{
    return fault(f, FAULT_NO_SUCH_RESOURCE, "There is no service '%.63s' with quotas here", code);
}

static const struct quota_kind *find(const char *service, const char *code, struct fault *f)
{
    const struct quota_kind *kind = quota_of_code(service, code);
    if (kind == NULL && service_name(service) == NULL)
        (void)no_service(service, f);
    else if (kind == NULL)
        (void)fault(f, FAULT_NO_SUCH_RESOURCE, "The service '%s' has no quota '%.128s'", service,
                    code);
    return kind;
}

/* The account that a request is about: the caller's, or any for the owner's. NULL with the fault.
 */
static const char *about(struct call *c, const char *account_id, struct fault *f)
{
    const char *own = c->principal->account_id;
    if (account_id == NULL || streq(account_id, own))
        return own;
    if (!streq(own, c->config->account_id))
        (void)fault(f, FAULT_ACCOUNT_OPERATION_DENIED,
                    "Only account %s, the owner's, may name another account",
                    c->config->account_id);
    else if (store_account(c->tx, c->arena, account_id) == NULL)
        (void)fault(f, FAULT_NO_SUCH_RESOURCE, "There is no account '%.12s'", account_id);
    return fault_is_set(f) ? NULL : account_id;
}

static const char *arn(const struct call *c, const char *account_id, const struct quota_kind *k)
{
    return arena_printf(c->arena, "arn:aws:servicequotas:%s:%s:%s/%s", c->region->name, account_id,
                        k->service, k->code);
}

static struct servicequotas_ServiceQuota view(struct call *c, const char *account_id,
                                              const struct quota_kind *k, int64_t value)
{
    return (struct servicequotas_ServiceQuota){
        .service_code = k->service,
        .service_name = service_name(k->service),
        .quota_arn = arn(c, account_id, k),
        .quota_code = k->code,
        .quota_name = k->name,
        .value = wire_double((double)value),
        .unit = "None",
        .adjustable = wire_bool(true),
        .global_quota =
            wire_bool(k != &quota_kinds[QUOTA_ADDRESSES] && k != &quota_kinds[QUOTA_VPCS]),
        .quota_applied_at_level = "ACCOUNT",
    };
}

static enum quota index_of(const struct quota_kind *k)
{
    return (enum quota)(k - quota_kinds);
}

int act_servicequotas_GetServiceQuota(struct call *c, const servicequotas_GetServiceQuota_in *in,
                                      servicequotas_GetServiceQuota_out *out, struct fault *f)
{
    const struct quota_kind *k = find(in->service_code, in->quota_code, f);
    const char *account_id = k == NULL ? NULL : about(c, in->account_id, f);
    if (account_id == NULL)
        return -1;
    out->quota = arena_new_of(c->arena, struct servicequotas_ServiceQuota);
    *out->quota = view(c, account_id, k, quota_value(c, account_id, index_of(k)));
    return 0;
}

int act_servicequotas_GetAWSDefaultServiceQuota(
    struct call *c, const servicequotas_GetAWSDefaultServiceQuota_in *in,
    servicequotas_GetAWSDefaultServiceQuota_out *out, struct fault *f)
{
    const struct quota_kind *k = find(in->service_code, in->quota_code, f);
    if (k == NULL)
        return -1;
    const char *account_id = c->principal->account_id;
    out->quota = arena_new_of(c->arena, struct servicequotas_ServiceQuota);
    *out->quota = view(c, account_id, k, quota_otherwise(c, account_id, index_of(k)));
    return 0;
}

/* Those of a service, in the order of their codes; `value` is quota_value() or quota_otherwise().
 */
static void list(struct call *c, const char *account_id, const char *service, const char *code,
                 int64_t (*value)(struct call *, const char *, enum quota), struct page *page,
                 struct servicequotas_ServiceQuotaList *ret)
{
    const char *last = "";
    for (;;) {
        const struct quota_kind *next = NULL;
        for (size_t i = 0; i < _QUOTA_MAX; i++) {
            const struct quota_kind *k = &quota_kinds[i];
            if (streq(k->service, service) && strcmp(k->code, last) > 0 &&
                (next == NULL || strcmp(k->code, next->code) < 0))
                next = k;
        }
        if (next == NULL || page->more)
            return;
        last = next->code;
        if ((code == NULL || streq(code, next->code)) && page_admit(page, next->code))
            *arena_append(c->arena, ret) =
                view(c, account_id, next, value(c, account_id, index_of(next)));
    }
}

int act_servicequotas_ListServiceQuotas(struct call *c,
                                        const servicequotas_ListServiceQuotas_in *in,
                                        servicequotas_ListServiceQuotas_out *out, struct fault *f)
{
    struct page page;
    const char *account_id = about(c, in->account_id, f);
    if (account_id == NULL ||
        (service_name(in->service_code) == NULL && no_service(in->service_code, f) < 0) ||
        (in->quota_code != NULL && find(in->service_code, in->quota_code, f) == NULL) ||
        page_begin(c, in->max_results, in->next_token, false, &page, f) < 0)
        return -1;
    list(c, account_id, in->service_code, in->quota_code, quota_value, &page, &out->quotas);
    out->next_token = page_end(c, &page);
    return 0;
}

int act_servicequotas_ListAWSDefaultServiceQuotas(
    struct call *c, const servicequotas_ListAWSDefaultServiceQuotas_in *in,
    servicequotas_ListAWSDefaultServiceQuotas_out *out, struct fault *f)
{
    struct page page;
    if ((service_name(in->service_code) == NULL && no_service(in->service_code, f) < 0) ||
        page_begin(c, in->max_results, in->next_token, false, &page, f) < 0)
        return -1;
    list(c, c->principal->account_id, in->service_code, NULL, quota_otherwise, &page, &out->quotas);
    out->next_token = page_end(c, &page);
    return 0;
}

int act_servicequotas_ListServices(struct call *c, const servicequotas_ListServices_in *in,
                                   servicequotas_ListServices_out *out, struct fault *f)
{
    struct page page;
    if (page_begin(c, in->max_results, in->next_token, false, &page, f) < 0)
        return -1;
    for (size_t i = 0; i < ARRAY_SIZE(services) && !page.more; i++)
        if (page_admit(&page, services[i].code))
            *arena_append(c->arena, &out->services) =
                (struct servicequotas_ServiceInfo){services[i].code, services[i].name};
    out->next_token = page_end(c, &page);
    return 0;
}

static struct servicequotas_RequestedServiceQuotaChange view_request(struct call *c,
                                                                     const struct quota_request *r)
{
    const struct quota_kind *k = NULL;
    for (size_t i = 0; i < _QUOTA_MAX; i++)
        if (streq(quota_kinds[i].code, r->code))
            k = &quota_kinds[i];
    return (struct servicequotas_RequestedServiceQuotaChange){
        .id = r->id,
        .service_code = k == NULL ? NULL : k->service,
        .service_name = k == NULL ? NULL : service_name(k->service),
        .quota_code = r->code,
        .quota_name = k == NULL ? NULL : k->name,
        .desired_value = wire_double((double)r->desired_value),
        .status = r->status,
        .created = wire_time(r->created_at),
        .last_updated = wire_time(r->updated_at),
        .requester = r->requester,
        .quota_arn = k == NULL ? NULL : arn(c, r->account_id, k),
        .unit = "None",
        .quota_requested_at_level = "ACCOUNT",
    };
}

/* The owner has given it: what others asked of this quota is answered, too. */
static void give(struct call *c, const struct quota_request *r)
{
    store_delete_account_quotas(c->tx, "account_id", r->account_id, "code", r->code);
    store_insert_account_quota(c->tx,
                               &(struct account_quota){r->account_id, r->code, r->desired_value});
    struct quota_request_list l = store_quota_requests(c->tx, c->arena, "account_id", r->account_id,
                                                       "code", r->code, "status", PENDING);
    for (size_t i = 0; i < l.n; i++) {
        if (l.v[i].desired_value > r->desired_value)
            continue;
        l.v[i].status = APPROVED;
        l.v[i].updated_at = c->now;
        store_update_quota_request(c->tx, &l.v[i]);
    }
}

static int check_desired(struct call *c, const char *account_id, const struct quota_kind *k,
                         double desired, bool by_owner, struct fault *f)
{
    if (desired < 1 || desired > QUOTA_UNBOUNDED || (double)(int64_t)desired != desired)
        return fault(f, FAULT_QUOTA_ILLEGAL_ARGUMENT,
                     "The desired value must be a whole number from 1 to %d", QUOTA_UNBOUNDED);
    if (by_owner)
        return 0;
    if (desired <= (double)quota_value(c, account_id, index_of(k)))
        return fault(f, FAULT_QUOTA_ILLEGAL_ARGUMENT,
                     "The desired value must be larger than the current one, %lld",
                     (long long)quota_value(c, account_id, index_of(k)));
    if (store_count_quota_requests(c->tx, "account_id", account_id, "code", k->code, "status",
                                   PENDING) > 0)
        return fault(f, FAULT_QUOTA_REQUESTED,
                     "A request for this quota waits for the owner already");
    return 0;
}

int act_servicequotas_RequestServiceQuotaIncrease(
    struct call *c, const servicequotas_RequestServiceQuotaIncrease_in *in,
    servicequotas_RequestServiceQuotaIncrease_out *out, struct fault *f)
{
    bool by_owner = streq(c->principal->account_id, c->config->account_id);
    const struct quota_kind *k = find(in->service_code, in->quota_code, f);
    const char *account_id = k == NULL ? NULL : about(c, in->account_id, f);
    if (account_id == NULL || check_desired(c, account_id, k, in->desired_value.v, by_owner, f) < 0)
        return -1;
    struct quota_request r = {
        .id = id_make(c->arena, "qr"),
        .account_id = account_id,
        .code = k->code,
        .desired_value = (int64_t)in->desired_value.v,
        .status = by_owner ? APPROVED : PENDING,
        .requester = c->principal->arn,
        .created_at = c->now,
        .updated_at = c->now,
    };
    store_trim_quota_requests(c->tx, account_id, REQUESTS_MAX - 1);
    store_insert_quota_request(c->tx, &r);
    if (by_owner)
        give(c, &r);
    out->requested_quota = arena_new_of(c->arena, struct servicequotas_RequestedServiceQuotaChange);
    *out->requested_quota = view_request(c, &r);
    return 0;
}

int act_servicequotas_GetRequestedServiceQuotaChange(
    struct call *c, const servicequotas_GetRequestedServiceQuotaChange_in *in,
    servicequotas_GetRequestedServiceQuotaChange_out *out, struct fault *f)
{
    const struct quota_request *r = store_quota_request(c->tx, c->arena, in->request_id);
    const char *own = c->principal->account_id;
    if (r == NULL || (!streq(own, r->account_id) && !streq(own, c->config->account_id)))
        return fault(f, FAULT_NO_SUCH_RESOURCE, "There is no request '%.128s'", in->request_id);
    out->requested_quota = arena_new_of(c->arena, struct servicequotas_RequestedServiceQuotaChange);
    *out->requested_quota = view_request(c, r);
    return 0;
}

int act_servicequotas_ListRequestedServiceQuotaChangeHistory(
    struct call *c, const servicequotas_ListRequestedServiceQuotaChangeHistory_in *in,
    servicequotas_ListRequestedServiceQuotaChangeHistory_out *out, struct fault *f)
{
    struct page page;
    const char *account_id = about(c, in->account_id, f);
    if (account_id == NULL || page_begin(c, in->max_results, in->next_token, false, &page, f) < 0)
        return -1;
    struct quota_request_list l = store_quota_requests(c->tx, c->arena, "account_id", account_id);
    for (size_t i = 0; i < l.n && !page.more; i++) {
        struct servicequotas_RequestedServiceQuotaChange r = view_request(c, &l.v[i]);
        if ((in->service_code == NULL || streq(in->service_code, r.service_code)) &&
            (in->status == NULL || streq(in->status, r.status)) && page_admit(&page, r.id))
            *arena_append(c->arena, &out->requested_quotas) = r;
    }
    out->next_token = page_end(c, &page);
    return 0;
}
