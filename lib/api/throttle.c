#include "api/throttle.h"

#include <stdio.h>

#include "api/limiter.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "wire/ec2_model.h"

enum kind {
#define LIMIT(id, ...) KIND_##id,
#include "api/limits.def"
    _KIND_MAX
};

struct named_limit {
    const char *name; /* of its bucket: an action, or a kind of actions */
    struct limit limit;
};

static const struct named_limit kinds[] = {
#define LIMIT(id, size, refill, what) {#id, {size, refill}},
#include "api/limits.def"
};

static const char *const intensive[] = {
#define INTENSIVE_ACTION(name) #name,
#include "api/limits.def"
    NULL,
};

static const struct named_limit actions[] = {
#define ACTION_LIMIT(name, size, refill) {#name, {size, refill}},
#include "api/limits.def"
};

#define RESOURCE_LIMIT(name, member, size, refill)                                                 \
    static int64_t count_##name(const void *in)                                                    \
    {                                                                                              \
        return (int64_t)((const ec2_##name##_in *)in)->member;                                     \
    }
#include "api/limits.def"

static const struct {
    struct named_limit of;
    int64_t (*count)(const void *in);
} resources[] = {
#define RESOURCE_LIMIT(name, member, size, refill) {{#name, {size, refill}}, count_##name},
#include "api/limits.def"
};

static const struct named_limit *limit_of(const struct action *action)
{
    for (size_t i = 0; i < ARRAY_SIZE(actions); i++)
        if (streq(actions[i].name, action->name))
            return &actions[i];
    if (text_is_among(action->name, intensive))
        return &kinds[KIND_INTENSIVE];
    return &kinds[action->class == READ ? KIND_READS : KIND_CHANGES];
}

/* How many times EC2's limits the account has; 0: none at all. */
static int64_t rate_of(const struct api *api, const struct caller *caller)
{
    bool is_owner = streq(caller->principal.account_id, api->config.account_id);
    return is_owner ? api->config.api_rate_owner : api->config.api_rate;
}

static int take(struct api *api, const struct api_request *r, const struct caller *caller,
                const struct named_limit *of, const char *what, int64_t n, struct fault *f)
{
    int64_t rate = rate_of(api, caller);
    struct limit limit = {of->limit.size * rate, of->limit.refill * rate};
    char name[LIMITER_NAME_MAX];
    bool tell = false;
    (void)snprintf(name, sizeof(name), "%s %s %s %s %s", caller->principal.account_id,
                   caller->region->name, r->service->name, of->name, what);
    if (limiter_take(api->limiter, name, &limit, n, clock_monotonic_us(), &tell) == 0)
        return 0;
    if (tell) /* once in a while: a flood of requests is not to be one of lines */
        log_warning("throttled account=%s region=%s service=%s action=%s bucket=%s limit=%s",
                    caller->principal.account_id, caller->region->name, r->service->name,
                    r->action->name, of->name, what);
    return fault(f, FAULT_REQUEST_LIMIT_EXCEEDED,
                 "Request limit exceeded. Account %s has been throttled on %s:%s because it "
                 "exceeded its %s rate limit.",
                 caller->principal.account_id, r->service->name, r->action->name, what);
}

int throttle_request(struct api *api, const struct api_request *r, const struct caller *caller,
                     struct fault *f)
{
    return rate_of(api, caller) == 0 ? 0
                                     : take(api, r, caller, limit_of(r->action), "request", 1, f);
}

int throttle_resources(struct api *api, const struct api_request *r, const struct caller *caller,
                       const void *in, struct fault *f)
{
    if (rate_of(api, caller) == 0)
        return 0;
    for (size_t i = 0; i < ARRAY_SIZE(resources); i++) {
        if (!streq(resources[i].of.name, r->action->name))
            continue;
        int64_t n = resources[i].count(in);
        return n <= 0 ? 0 : take(api, r, caller, &resources[i].of, "resource", n, f);
    }
    return 0;
}
