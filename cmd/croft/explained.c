#include "croft/explained.h"

#include <stdio.h>

#include "croft/output.h"
#include "croft/screen.h"

#define MEMBER "CroftExplanation"

struct explained {
    struct {
        const char **v;
        size_t n;
    } texts; /* one a call */
};

void explained_hold(struct cli *c)
{
    c->explained = arena_new_of(c->arena, struct explained);
}

const char *explained_text(const struct cli *c)
{
    size_t n = c->explained->texts.n;

    return n == 0 ? NULL : c->explained->texts.v[n - 1];
}

static void print(const char *text)
{
    screen_progress_end();
    (void)fflush(stdout);
    fprintf(stderr, "\n%s", text);
}

static bool has_content(const json_t *explanation)
{
    return json_array_size(json_object_get(explanation, "Objects")) > 0 ||
           json_array_size(json_object_get(explanation, "Steps")) > 0;
}

static void take(struct cli *c, json_t *explanation)
{
    const char *text = json_text(explanation, "Text");

    if (text == NULL)
        return;
    if (c->explained != NULL)
        *arena_append(c->arena, &c->explained->texts) = arena_strdup(c->arena, text);
    else if (has_content(explanation))
        print(text);
}

void explained_reply(struct cli *c, json_t *reply)
{
    json_t *explanation = json_object_get(reply, MEMBER);

    if (explanation == NULL)
        return;
    if (c->explained != NULL && c->output == OUTPUT_JSON) {
        json_object_del(explanation, "Text"); /* the structure says the same */
        return;
    }
    take(c, explanation);
    json_object_del(reply, MEMBER);
}

static void output_explanation(json_t *explanation)
{
    _cleanup_json_ json_t *answer = json_pack("{s:O}", MEMBER, explanation);

    output_json(answer);
}

void explained_refusal(struct cli *c, const struct client_reply *reply)
{
    _cleanup_json_ json_t *root = json_loadb(buf_str(&reply->body), reply->body.len, 0, NULL);
    json_t *explanation = json_object_get(root, MEMBER);

    if (explanation == NULL)
        return;
    if (c->explained == NULL || c->output != OUTPUT_JSON) {
        take(c, explanation);
        return;
    }
    json_object_del(explanation, "Text");
    output_explanation(explanation);
}

void explained_show(struct cli *c, const struct wire_action *action, json_t *reply)
{
    json_t *explanation = json_object_get(reply, MEMBER);

    for (size_t i = 0; i < c->explained->texts.n; i++)
        print(c->explained->texts.v[i]);
    /* An answer without members was not printed, and the explanation with it. */
    if (explanation != NULL && action->output == NULL)
        output_explanation(explanation);
}
