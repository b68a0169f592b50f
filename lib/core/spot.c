#include "core/spot.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/cleanup.h"
#include "base/text.h"

static const struct state states[] = {
    [SPOT_OPEN] = {"open", 0,
                   STATE_BIT(SPOT_ACTIVE) | STATE_BIT(SPOT_CANCELLED) | STATE_BIT(SPOT_FAILED)},
    [SPOT_ACTIVE] = {"active", 0,
                     STATE_BIT(SPOT_OPEN) | STATE_BIT(SPOT_DISABLED) | STATE_BIT(SPOT_CLOSED) |
                         STATE_BIT(SPOT_CANCELLED)},
    [SPOT_DISABLED] = {"disabled", 0,
                       STATE_BIT(SPOT_OPEN) | STATE_BIT(SPOT_ACTIVE) | STATE_BIT(SPOT_CLOSED) |
                           STATE_BIT(SPOT_CANCELLED)},
    [SPOT_CLOSED] = {"closed", 0, 0},
    [SPOT_CANCELLED] = {"cancelled", 0, 0},
    [SPOT_FAILED] = {"failed", 0, 0},
};

const struct state_table spot_states = {"spot request", states, ARRAY_SIZE(states)};

#define IN(s) STATE_BIT(SPOT_##s)

static const struct state statuses[] = {
#define SPOT_STATUS(id, code, where, message) [SPOT_##id] = {code, 0, where},
#include "core/spot_statuses.def"
#undef SPOT_STATUS
};

static const char *const messages[] = {
#define SPOT_STATUS(id, code, where, message) [SPOT_##id] = (message),
#include "core/spot_statuses.def"
#undef SPOT_STATUS
};

const struct state_table spot_statuses = {"spot request's status", statuses, ARRAY_SIZE(statuses)};

static bool is_end(enum spot_state s)
{
    switch (s) {
    case SPOT_CLOSED:
    case SPOT_CANCELLED:
    case SPOT_FAILED:
        return true;
    case SPOT_OPEN:
    case SPOT_ACTIVE:
    case SPOT_DISABLED:
    case _SPOT_STATE_MAX:
        return false;
    }
    return false;
}

int spot_request_enter(struct spot_request *r, enum spot_state to, enum spot_status status,
                       const char *message, int64_t now, bool *ret_changed, struct err *e)
{
    if ((statuses[status].next & STATE_BIT(to)) == 0)
        return err_set(e, EPERM, "no spot request is %s with the status %s", states[to].name,
                       statuses[status].name);
    int before = r->state;
    int code = state_move(&spot_states, &r->state, to, e);
    if (code < 0)
        return code;
    if (message == NULL)
        message = messages[status];
    bool changed =
        before != (int)to || r->status != (int)status || !streq(r->status_message, message);
    if (changed) {
        r->status = status;
        r->status_message = message;
        r->status_at = now;
    }
    if (is_end(to) && r->ended_at == 0)
        r->ended_at = now;
    if (ret_changed != NULL)
        *ret_changed = changed;
    return 0;
}

bool spot_notice_of(const struct instance *i, struct spot_notice *ret_notice)
{
    if (i->interruption_at == 0)
        return false;
    *ret_notice = (struct spot_notice){.action = i->interruption_action, .at = i->interruption_at};
    return true;
}

/*
 * A straight line through AWS's own prices (us-east-1, Linux): m5.large, of 2 vCPUs and 8 GiB, is
 * 0.096 by it as at AWS, c5.large 0.082 (0.085) and r5.large 0.123 (0.126). Burstable types cost by
 * memory alone (t3.micro 0.0104, as at AWS); Graviton is a fifth less.
 */
#define PRICE_OF_VCPU       34400
#define PRICE_OF_GIB        3400
#define PRICE_OF_BURST_GIB  10400
#define PRICE_ARM64_PERCENT 80

int64_t spot_on_demand_price(const struct instance_type *type)
{
    int64_t price = type->burstable
                        ? PRICE_OF_BURST_GIB * type->memory_mib / 1024
                        : PRICE_OF_VCPU * type->vcpus + PRICE_OF_GIB * type->memory_mib / 1024;
    if (streq(type->architecture, "arm64"))
        price = price * PRICE_ARM64_PERCENT / 100;
    return price < 1 ? 1 : price;
}

#define IDLE_PERCENT INT64_C(30) /* of the price on demand, when the server is empty */
#define USED_STEP    5

int64_t spot_used_percent(int64_t used, int64_t size)
{
    if (size <= 0 || used >= size)
        return 100;
    if (used <= 0)
        return 0;
    return used * 100 / size / USED_STEP * USED_STEP;
}

int64_t spot_price(int64_t on_demand, int64_t used_percent)
{
    int64_t price = on_demand * (IDLE_PERCENT * 100 + (100 - IDLE_PERCENT) * used_percent) / 10000;
    return price < 1 ? 1 : price;
}

int spot_price_parse(const char *text, int64_t *ret_price)
{
    int64_t price = 0;
    size_t digits = 0;
    int64_t unit = 1000000;
    const char *at = text;
    for (; *at >= '0' && *at <= '9'; at++, digits++) {
        price = price * 10 + (*at - '0');
        if (price > SPOT_PRICE_MAX / unit)
            return -EINVAL;
    }
    price *= unit;
    if (*at == '.')
        for (at++; *at >= '0' && *at <= '9'; at++, digits++) {
            unit /= 10; /* beyond millionths: nothing */
            price += (*at - '0') * unit;
        }
    if (*at != '\0' || digits == 0 || price < 1 || price > SPOT_PRICE_MAX)
        return -EINVAL;
    *ret_price = price;
    return 0;
}

void spot_price_format(int64_t price, char out[SPOT_PRICE_TEXT_SIZE])
{
    (void)snprintf(out, SPOT_PRICE_TEXT_SIZE, "%lld.%06lld", (long long)(price / 1000000),
                   (long long)(price % 1000000));
}

static int largest_first(const void *a, const void *b)
{
    int64_t x = ((const struct spot_candidate *)a)->mib;
    int64_t y = ((const struct spot_candidate *)b)->mib;
    return x > y ? -1 : x < y;
}

/* What the `k` largest free that are neither chosen nor passed over; v is sorted by size. */
static int64_t best(const struct spot_candidate *v, size_t n, size_t k)
{
    int64_t sum = 0;
    for (size_t i = 0; i < n && k > 0; i++)
        if (!v[i].chosen && !v[i].passed) {
            sum += v[i].mib;
            k--;
        }
    return sum;
}

/* The youngest that is neither chosen nor passed over. */
static struct spot_candidate *youngest(struct spot_candidate *v, size_t n)
{
    struct spot_candidate *found = NULL;
    for (size_t i = 0; i < n; i++)
        if (!v[i].chosen && !v[i].passed &&
            (found == NULL || v[i].launched_at > found->launched_at))
            found = &v[i];
    return found;
}

/*
 * `k` is the least number that can do it, as the k largest show. Then from the youngest on each is
 * taken with whom, and with the largest of those not yet looked at, it is still possible.
 */
bool spot_choose(struct spot_candidate *v, size_t n, int64_t mib)
{
    int64_t all = 0;
    for (size_t i = 0; i < n; i++) {
        all += v[i].mib;
        v[i].chosen = v[i].passed = false;
    }
    if (all < mib) {
        for (size_t i = 0; i < n; i++)
            v[i].chosen = true;
        return false;
    }
    if (n > 1)
        qsort(v, n, sizeof(*v), largest_first);
    size_t k = 0;
    while (best(v, n, k) < mib)
        k++;
    for (int64_t freed = 0; freed < mib;) {
        struct spot_candidate *next = youngest(v, n);
        CHECK(next != NULL && k > 0);
        next->chosen = true;
        if (freed + next->mib + best(v, n, k - 1) >= mib) {
            freed += next->mib;
            k--;
        } else {
            next->chosen = false;
            next->passed = true;
        }
    }
    return true;
}

void spot_let_off(struct spot_candidate *v, size_t n, int64_t mib)
{
    int64_t freed = 0;
    for (size_t i = 0; i < n; i++)
        freed += v[i].chosen ? v[i].mib : 0;
    for (;;) {
        size_t oldest = n;
        for (size_t i = 0; i < n; i++)
            if (v[i].chosen && freed - v[i].mib >= mib &&
                (oldest == n || v[i].launched_at < v[oldest].launched_at))
                oldest = i;
        if (oldest == n)
            return;
        v[oldest].chosen = false;
        freed -= v[oldest].mib;
    }
}
