#include "api/action.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/text.h"

/* Each action's function has its own types; these are the same functions with one type. */
#define ACTION(service, name, class, flags)                                                        \
    static int run_##service##_##name(struct call *c, const void *in, void *out, struct fault *f)  \
    {                                                                                              \
        return act_##service##_##name(c, in, out, f);                                              \
    }
#include "api/actions.def"
#undef ACTION

static const struct action actions[] = {
#define ACTION(service, name, class, flags)                                                        \
    {&service##_service, #name, class, flags, run_##service##_##name},
#include "api/actions.def"
#undef ACTION
};

const struct action *action_find(const struct wire_service *service, const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(actions); i++)
        if (actions[i].service == service && strcmp(actions[i].name, name) == 0)
            return &actions[i];
    return NULL;
}

size_t action_count(void)
{
    return ARRAY_SIZE(actions);
}

size_t action_index(const struct action *action)
{
    return action == NULL ? ARRAY_SIZE(actions) : (size_t)(action - actions);
}

const char *action_label(size_t i)
{
    static _Thread_local char label[128];
    if (i >= ARRAY_SIZE(actions))
        return "none";
    int n = snprintf(label, sizeof(label), "%s:%s", actions[i].service->name, actions[i].name);
    CHECK(n > 0 && (size_t)n < sizeof(label));
    return label;
}
