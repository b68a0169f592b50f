/*
 * Lines `SERVICE ACTION JSON` in; for each the reply as XML and as JSON out, each preceded by a
 * line with its length. For tests/tools/wire_replies.py.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "wire/json.h"
#include "wire/xml.h"

static int fail(const char *what)
{
    (void)fprintf(stderr, "wire_render: %s\n", what);
    return 1;
}

static int render(char *line)
{
    _cleanup_arena_ struct arena *a = arena_new();
    char *rest = NULL;
    char *service = strtok_r(line, " ", &rest);
    char *name = strtok_r(NULL, " ", &rest);
    char *json = strtok_r(NULL, "\n", &rest);
    if (service == NULL || name == NULL || json == NULL || wire_service_find(service) == NULL)
        return fail("not a line of three words");
    const struct wire_action *action = wire_action_find(wire_service_find(service), name);
    if (action == NULL)
        return fail("no such action");
    void *output = NULL;
    struct fault f = {0};
    if (action->output != NULL &&
        json_decode_reply(a, action->output, json, strlen(json), &output, &f) < 0)
        return fail(f.message);
    _cleanup_buf_ struct buf xml = BUF_INIT(16 << 20);
    _cleanup_buf_ struct buf back = BUF_INIT(16 << 20);
    if (xml_encode_reply(a, action, NULL, "req-1", output, NULL, &xml) < 0 ||
        json_encode_reply(a, action, output, NULL, &back) < 0)
        return fail("the reply does not fit");
    (void)printf("%zu\n%s%zu\n%s", xml.len, buf_str(&xml), back.len, buf_str(&back));
    return 0;
}

int main(void)
{
    _cleanup_free_ char *line = NULL;
    size_t size = 0;
    while (getline(&line, &size, stdin) > 0)
        if (render(line) != 0)
            return 1;
    return 0;
}
