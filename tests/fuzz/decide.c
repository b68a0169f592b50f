/*
 * ACTION, RESOURCE, a line KEY=VALUE, and a policy: every decision is one that the document bears
 * out, and what two documents of the same text say together is what one says.
 */
#include <string.h>
#include <strings.h>

#include "auth/policy_decide.h"
#include "base/text.h"
#include "fuzz.h"

struct given {
    const char *key;
    const char *value;
};

static bool find(void *ctx, const char *key, struct policy_texts *ret_values)
{
    struct given *g = ctx;
    if (g->key == NULL || strcasecmp(g->key, key) != 0)
        return false;
    *ret_values = (struct policy_texts){&g->value, 1};
    return true;
}

static void check(const struct policy_question *q, const struct policy *p)
{
    size_t allow = 0;
    size_t deny = 0;
    for (size_t i = 0; i < p->n_statements; i++) {
        bool applies = policy_applies(q, p, i);
        allow += applies && p->statements[i].is_allow;
        deny += applies && !p->statements[i].is_allow;
    }
    enum policy_verdict want = deny > 0    ? POLICY_DENIED
                               : allow > 0 ? POLICY_ALLOWED
                                           : POLICY_NOT_ALLOWED;
    const struct policy_source both[] = {{POLICY_LAYER_IDENTITY, "one", p},
                                         {POLICY_LAYER_BOUNDARY, "two", p}};
    for (size_t n = 1; n <= ARRAY_SIZE(both); n++) {
        struct policy_decision d = policy_decide(q, both, n);
        CHECK(d.verdict == want);
        CHECK((d.source == NULL) == (want == POLICY_NOT_ALLOWED));
        if (d.source != NULL)
            CHECK(policy_applies(q, p, d.statement) &&
                  p->statements[d.statement].is_allow == (want == POLICY_ALLOWED));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_arena_ struct arena *a = arena_new();
    const char *action = fuzz_line(a, &data, &size);
    const char *resource = fuzz_line(a, &data, &size);
    char *key = fuzz_line(a, &data, &size);
    char *equals = strchr(key, '=');
    struct given given = {0};
    if (equals != NULL) {
        *equals = '\0';
        given = (struct given){key, equals + 1};
    }
    struct policy_question q = {
        .action = action, .resource = resource, .find = find, .ctx = &given};
    const struct policy *p =
        policy_parse(a, (const char *)data, size, POLICY_OF_IDENTITY, &(struct err){0});
    if (p != NULL)
        check(&q, p);
    return 0;
}
