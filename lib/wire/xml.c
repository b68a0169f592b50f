#include "wire/xml.h"

#include <errno.h>
#include <string.h>

#include "base/base64.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/text.h"
#include "wire/check.h"
#include "wire/value.h"

/*
 * Theory of operation: the text is put straight into the caller's buf, which knows at the end
 * whether all of it fitted. A library for XML would keep a stack of open elements and copy each
 * piece twice; here the recursion over the model is the stack, and what remains of XML is the
 * escaping of texts. The names are the model's and need none.
 */
struct writer {
    struct arena *a;
    struct buf *out;
};

static void writer_open(struct writer *w, struct arena *a, struct buf *out)
{
    *w = (struct writer){a, out};
    buf_add_str(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
}

static int writer_close(struct writer *w)
{
    buf_add_char(w->out, '\n');
    return w->out->failed ? -EOVERFLOW : 0;
}

static void tag(struct writer *w, const char *before, const char *name, const char *after)
{
    size_t lengths[] = {strlen(before), strlen(name), strlen(after)};
    char *to = buf_reserve(w->out, lengths[0] + lengths[1] + lengths[2]);
    if (to == NULL)
        return;
    to = mempcpy(to, before, lengths[0]);
    to = mempcpy(to, name, lengths[1]);
    to = mempcpy(to, after, lengths[2]);
    *to = '\0';
    w->out->len += lengths[0] + lengths[1] + lengths[2];
}

static void start(struct writer *w, const char *name)
{
    tag(w, "<", name, ">");
}

static void start_in(struct writer *w, const char *name, const char *xmlns)
{
    tag(w, "<", name, " xmlns=\"");
    tag(w, "", xmlns, "\">");
}

static void end(struct writer *w, const char *name)
{
    tag(w, "</", name, ">");
}

/* A carriage return by itself would come back as a line feed (XML 1.0, 2.11). */
static const char *escape(char c)
{
    switch (c) {
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '&':
        return "&amp;";
    case '"':
        return "&quot;";
    case '\r':
        return "&#13;";
    default:
        return NULL;
    }
}

static void escaped(struct writer *w, const char *text)
{
    for (;;) {
        size_t plain = strcspn(text, "<>&\"\r");
        buf_add(w->out, text, plain);
        text += plain;
        if (*text == '\0')
            return;
        buf_add_str(w->out, escape(*text++));
    }
}

/* Characters that stand for themselves; the others are looked at more closely. */
static const bool plain[256] = {
    [' ' ... '!'] = true, ['#' ... '%'] = true, ['\'' ... ';'] = true,
    ['='] = true,         ['?' ... '~'] = true,
};

static bool is_plain(const char *text, size_t len)
{
    size_t i = 0;
    while (i < len && plain[(unsigned char)text[i]])
        i++;
    return i == len;
}

/* Four fifths of a reply are elements without children, and nearly all of those are plain. */
static void plain_element(struct writer *w, const char *name, const char *text, size_t len)
{
    size_t name_len = strlen(name);
    size_t size = 2 * name_len + len + strlen("<></>");
    char *to = buf_reserve(w->out, size);
    if (to == NULL)
        return;
    *to++ = '<';
    to = mempcpy(to, name, name_len);
    *to++ = '>';
    to = mempcpy(to, text, len);
    *to++ = '<';
    *to++ = '/';
    to = mempcpy(to, name, name_len);
    *to++ = '>';
    *to = '\0';
    w->out->len += size;
}

static void element(struct writer *w, const char *name, const char *text)
{
    size_t len = strlen(text);
    if (is_plain(text, len)) {
        plain_element(w, name, text, len);
        return;
    }
    if (!text_is_clean_utf8(text, len)) {
        char *copy = arena_strdup(w->a, text);
        check_clean(copy);
        text = copy;
    }
    start(w, name);
    escaped(w, text);
    end(w, name);
}

static void write_struct(struct writer *w, const struct wire_struct *s, const char *base, bool top);

static void write_value(struct writer *w, const struct wire_field *field, const char *name,
                        const char *slot)
{
    char text[VALUE_TEXT_SIZE];
    switch (field->kind) {
    case WIRE_STR:
    case WIRE_INT:
    case WIRE_LONG:
    case WIRE_DOUBLE:
    case WIRE_BOOL: {
        const char *value = value_to_text(field, slot, text);
        element(w, name, value == NULL ? "" : value);
        return;
    }
    case WIRE_TIME: {
        int64_t ms = ((const struct opt_time *)slot)->v;
        clock_format_iso8601(ms - (ms % 1000 + 1000) % 1000, text);
        element(w, name, text);
        return;
    }
    case WIRE_BLOB: {
        const struct wire_blob *blob = (const struct wire_blob *)slot;
        element(w, name, base64_encode(w->a, blob->data, blob->len));
        return;
    }
    case WIRE_STRUCT:
        start(w, name);
        write_struct(w, field->sub, field->list ? slot : *(const char *const *)slot, false);
        end(w, name);
        return;
    }
}

static void write_struct(struct writer *w, const struct wire_struct *s, const char *base, bool top)
{
    CHECK(base != NULL);
    for (size_t i = 0; i < s->n; i++) {
        const struct wire_field *field = &s->fields[i];
        const char *slot = base + field->offset;
        if (field->out == NULL)
            continue;
        if (!field->list) {
            if (wire_field_is_set(field, base))
                write_value(w, field, field->out, slot);
            else if (top && streq(field->member, "Return"))
                element(w, field->out, "true");
            continue;
        }
        const struct wire_strings *list = (const struct wire_strings *)slot;
        if (list->v == NULL && !top)
            continue;
        CHECK(list->n == 0 || list->v != NULL);
        size_t size = wire_field_size(field);
        start(w, field->out);
        for (size_t k = 0; k < list->n; k++)
            write_value(w, field, field->item, (const char *)list->v + k * size);
        end(w, field->out);
    }
}

static void write_beside(struct writer *w, const struct wire_beside *beside)
{
    if (beside == NULL)
        return;
    start(w, beside->element);
    write_struct(w, beside->shape, beside->value, false);
    end(w, beside->element);
}

int xml_encode_reply(struct arena *a, const struct wire_action *action, const char *version,
                     const char *request_id, const void *output, const struct wire_beside *beside,
                     struct buf *out)
{
    const struct wire_service *service = action->service;
    struct writer w;
    writer_open(&w, a, out);
    const char *root = arena_printf(a, "%sResponse", action->name);
    start_in(
        &w, root,
        arena_printf(a, "%s%s/", service->xmlns, version == NULL ? service->versions[0] : version));
    if (service->protocol == WIRE_EC2) {
        element(&w, "requestId", request_id);
        if (action->output == NULL)
            element(&w, "return", "true");
        else
            write_struct(&w, action->output, output, true);
    } else {
        if (action->output != NULL) {
            const char *result = arena_printf(a, "%sResult", action->name);
            start(&w, result);
            write_struct(&w, action->output, output, true);
            end(&w, result);
        }
        start(&w, "ResponseMetadata");
        element(&w, "RequestId", request_id);
        end(&w, "ResponseMetadata");
    }
    write_beside(&w, beside);
    end(&w, root);
    return writer_close(&w);
}

int xml_encode_fault(struct arena *a, const struct wire_service *service, const struct fault *f,
                     const char *request_id, const struct wire_beside *beside, struct buf *out)
{
    bool ec2 = service == NULL || service->protocol == WIRE_EC2;
    struct writer w;
    writer_open(&w, a, out);
    if (ec2) {
        start(&w, "Response");
        start(&w, "Errors");
    } else {
        start_in(&w, "ErrorResponse",
                 arena_printf(a, "%s%s/", service->xmlns, service->versions[0]));
    }
    start(&w, "Error");
    if (!ec2)
        element(&w, "Type", fault_http_status(f->code) < 500 ? "Sender" : "Receiver");
    element(&w, "Code", fault_code_name(f->code));
    element(&w, "Message", f->message);
    end(&w, "Error");
    if (ec2)
        end(&w, "Errors");
    element(&w, ec2 ? "RequestID" : "RequestId", request_id);
    write_beside(&w, beside);
    end(&w, ec2 ? "Response" : "ErrorResponse");
    return writer_close(&w);
}
