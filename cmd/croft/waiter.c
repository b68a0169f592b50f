#include "croft/waiter.h"

#include <string.h>

#include "base/text.h"

// clang-format off
#define WAITER(waiter_name, action_name, s) {WAITER_ITSELF, .name = (waiter_name), .action = (action_name), .seconds = (s)},
#define ALL(v, text, where)                 {MATCH_ALL, .verdict = (v), .value = (text), .path = (where)},
#define ANY(v, text, where)                 {MATCH_ANY, .verdict = (v), .value = (text), .path = (where)},
#define SOME(v, where)                      {MATCH_SOME, .verdict = (v), .path = (where)},
#define NONE(v, where)                      {MATCH_NONE, .verdict = (v), .path = (where)},
#define REFUSED(v, code)                    {MATCH_REFUSED, .verdict = (v), .value = (code)},
#define ANSWERED(v)                         {MATCH_ANSWERED, .verdict = (v)},
// clang-format on
const struct waiter waiters[] = {
#include "croft/waiters.def"
    {WAITER_ITSELF, .name = NULL},
};

const struct waiter *waiter_next(const struct waiter *w)
{
    for (w = w == NULL ? waiters : w + 1; w->match != WAITER_ITSELF; w++)
        ;
    return w->name == NULL ? NULL : w;
}

const struct waiter *waiter_find(const char *name)
{
    for (const struct waiter *w = waiter_next(NULL); w != NULL; w = waiter_next(w)) {
        if (streq(w->name, name))
            return w;
    }
    return NULL;
}

/* The values at a path: how many there are, and how many of them are the text. */
struct count {
    size_t all, same;
};

static void count_values(const json_t *value, const char *path, const char *text, struct count *n)
{
    if (json_is_array(value)) {
        for (size_t i = 0; i < json_array_size(value); i++)
            count_values(json_array_get(value, i), path, text, n);
    } else if (*path == '\0') {
        n->all += value != NULL && !json_is_null(value) &&
                  !(json_is_string(value) && json_string_length(value) == 0);
        n->same += text != NULL && streq(json_string_value(value), text);
    } else {
        size_t len = strcspn(path, ".");
        count_values(json_object_getn(value, path, len), path + len + (path[len] == '.'), text, n);
    }
}

static bool holds(const struct waiter *row, const json_t *reply, const char *code)
{
    struct count n = {0};

    if (row->match == MATCH_REFUSED)
        return reply == NULL && streq(row->value, code);
    if (reply == NULL)
        return false;
    if (row->path != NULL)
        count_values(reply, row->path, row->value, &n);
    switch (row->match) {
    case MATCH_ALL:
        return n.all > 0 && n.same == n.all;
    case MATCH_ANY:
        return n.same > 0;
    case MATCH_SOME:
        return n.all > 0;
    case MATCH_NONE:
        return n.all == 0;
    case MATCH_ANSWERED:
        return true;
    case MATCH_REFUSED:
    case WAITER_ITSELF:
        break;
    }
    return false;
}

enum wait_verdict waiter_judge(const struct waiter *w, const json_t *reply, const char *code,
                               const struct waiter **ret_why)
{
    for (const struct waiter *row = w + 1; row->match != WAITER_ITSELF; row++) {
        if (holds(row, reply, code)) {
            *ret_why = row;
            return row->verdict;
        }
    }
    *ret_why = NULL;
    return reply == NULL ? WAIT_FAILED : WAIT_ON;
}
