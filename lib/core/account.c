#include "core/account.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/id.h"
#include "base/text.h"

const struct quota_kind quota_kinds[_QUOTA_MAX] = {
#define ACCOUNT_QUOTA(id, word, service, code, name, fault)                                        \
    [QUOTA_##id] = {word, service, code, name, fault},
#include "core/account_quotas.def"
#undef ACCOUNT_QUOTA
};

const char *account_id_make(struct arena *a)
{
    uint64_t n = 0;
    random_bytes(&n, sizeof(n));
    /* The bias of the remainder is of no account. */
    return arena_printf(a, "%012llu", (unsigned long long)(100000000000U + n % 900000000000U));
}

static int parse_one(char *pair, struct quota_values *values, struct err *e)
{
    char *equals = strchr(pair, '=');
    if (equals != NULL) {
        *equals = '\0';
        for (size_t i = 0; i < _QUOTA_MAX; i++)
            if (streq(quota_kinds[i].word, pair) && parse_int64(equals + 1, &values->of[i]) == 0 &&
                values->of[i] > 0 && values->of[i] <= QUOTA_UNBOUNDED)
                return 0;
    }
    return err_set(e, EINVAL,
                   "a quota is one of instances, memory, vcpus, spot-vcpus, addresses, disk and "
                   "vpcs, '=' and a number from 1 to %d, not '%.32s'",
                   QUOTA_UNBOUNDED, pair);
}

int quota_values_parse(struct arena *a, const char *text, struct quota_values *ret_values,
                       struct err *e)
{
    struct quota_values values = {0};
    char *copy = arena_strdup(a, text);
    char *rest = NULL;
    for (char *pair = strtok_r(copy, " \t", &rest); pair != NULL;
         pair = strtok_r(NULL, " \t", &rest))
        if (parse_one(pair, &values, e) < 0)
            return -EINVAL;
    *ret_values = values;
    return 0;
}

const struct quota_kind *quota_of_code(const char *service, const char *code)
{
    for (size_t i = 0; i < _QUOTA_MAX; i++)
        if (streq(quota_kinds[i].service, service) && streq(quota_kinds[i].code, code))
            return &quota_kinds[i];
    return NULL;
}
