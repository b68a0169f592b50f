#include "croft/output.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/clock.h"
#include "base/text.h"
#include "croft/screen.h"

enum output output_of(const struct cli *c)
{
    if (c->output != OUTPUT_DEFAULT)
        return c->output;
    return screen_is_terminal(stdout) ? OUTPUT_TABLE : OUTPUT_JSON;
}

int output_text(const char *text, size_t len)
{
    /* Failures of stdout are noticed once, at the end of main(). */
    (void)fwrite(text, 1, len, stdout);
    return STATUS_OK;
}

int output_foreign(struct text_filter *f, const char *text, size_t len)
{
    _cleanup_free_ char *shown = NULL;

    if (!screen_is_terminal(stdout))
        return output_text(text, len);
    shown = malloc(len + TEXT_FILTER_HELD);
    if (shown == NULL) {
        complain("not enough memory for the answer");
        return STATUS_UNREACHED;
    }
    return output_text(shown, text_filter(f, text, len, shown));
}

int output_json(const json_t *value)
{
    _cleanup_free_ char *text = json_dumps(value, JSON_INDENT(4) | JSON_ENCODE_ANY);

    if (text == NULL) {
        complain("not enough memory for the answer");
        return STATUS_UNREACHED;
    }
    output_foreign(&(struct text_filter){0}, text, strlen(text));
    return output_text("\n", 1);
}

static json_t *iso_time(struct arena *a, const json_t *value)
{
    char text[CLOCK_ISO8601_SIZE];
    double seconds = json_number_value(value);

    if (!isfinite(seconds) || fabs(seconds) > 1e11)
        return json_deep_copy(value);
    clock_format_iso8601((int64_t)(seconds * 1000 + (seconds < 0 ? -0.5 : 0.5)), text);
    /* 2026-01-02T03:04:05.678Z in; the AWS CLI writes +00:00, and a fraction of six digits. */
    if (strncmp(text + 19, ".000", 4) == 0)
        return json_string(arena_printf(a, "%.19s+00:00", text));
    return json_string(arena_printf(a, "%.23s000+00:00", text));
}

void output_times(struct arena *a, const struct wire_struct *s, json_t *value)
{
    const char *key;
    json_t *member, *item;
    void *next;
    size_t i;

    json_object_foreach_safe(value, next, key, member)
    {
        const struct wire_field *field = wire_field_by_member(s, key);

        if (field == NULL)
            continue;
        if (field->kind == WIRE_TIME && json_is_number(member)) {
            json_object_set_new(value, key, iso_time(a, member));
        } else if (field->kind == WIRE_STRUCT && json_is_object(member)) {
            output_times(a, field->sub, member);
        } else if (field->kind == WIRE_STRUCT) {
            json_array_foreach(member, i, item) output_times(a, field->sub, item);
        }
    }
}

/* botocore decodes it, too: the log is to be read. */
static void decode_console(struct arena *a, json_t *reply)
{
    const char *text = json_text(reply, "Output");
    char *data;
    size_t len;

    if (text == NULL || base64_decode(a, text, strlen(text), &data, &len) < 0)
        return;
    for (size_t i = 0; i < len; i++) {
        if (data[i] == '\0')
            data[i] = ' ';
    }
    /* A guest may print bytes that are no UTF-8. */
    if (json_object_set_new(reply, "Output", json_stringn(data, len)) < 0) {
        for (size_t i = 0; i < len; i++) {
            if ((unsigned char)data[i] >= 0x80)
                data[i] = '?';
        }
        json_object_set_new(reply, "Output", json_stringn(data, len));
    }
}

int output_reply(struct cli *c, const struct wire_action *action, json_t *reply)
{
    _cleanup_buf_ struct buf out = BUF_INIT(OUTPUT_MAX);
    enum output output = output_of(c);

    /* AWS answers those with nothing, and so does its CLI. */
    if (action->output == NULL)
        return STATUS_OK;
    output_times(c->arena, action->output, reply);
    if (streq(action->name, "GetConsoleOutput"))
        decode_console(c->arena, reply);
    if (output == OUTPUT_JSON)
        return output_json(reply);
    if (output == OUTPUT_TEXT)
        text_of_reply(c->arena, reply, &out);
    else
        table_of_reply(c->arena, reply, screen_width(), &out);
    if (out.failed) {
        complain("the answer is too large to be shown this way; --output json shows it");
        return STATUS_UNREACHED;
    }
    return output_foreign(&(struct text_filter){0}, buf_str(&out), out.len);
}
