#include "api/action.h"

#include <string.h>

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
