#include "wire/xml.h"

#include <errno.h>
#include <inttypes.h>
#include <libxml/parser.h>
#include <libxml/xmlwriter.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/text.h"
#include "wire/check.h"

/*
 * Theory of operation: libxml2's writer runs over an output buffer of its own that hands finished
 * pieces to the caller's buf. Whether anything failed is asked once, at the end: the buf knows.
 */
struct writer {
    struct arena *a;
    xmlTextWriterPtr xml;
    struct buf *out;
    struct buf element; /* the one being put together; no larger than the whole may be */
};

static int add_to_buf(void *context, const char *data, int len)
{
    struct buf *out = context;
    buf_add(out, data, (size_t)len);
    return out->failed ? -1 : len;
}

/* libxml2 fills its tables of encodings at first use, and not safely from two threads at once. */
static pthread_once_t libxml2_once = PTHREAD_ONCE_INIT;

static void writer_open(struct writer *w, struct arena *a, struct buf *out)
{
    (void)pthread_once(&libxml2_once, xmlInitParser);
    w->a = a;
    w->out = out;
    w->element = (struct buf)BUF_INIT(out->max);
    xmlOutputBufferPtr to = xmlOutputBufferCreateIO(add_to_buf, NULL, out, NULL);
    CHECK(to != NULL);
    w->xml = xmlNewTextWriter(to);
    CHECK(w->xml != NULL);
    (void)xmlTextWriterStartDocument(w->xml, "1.0", "UTF-8", NULL);
}

static int writer_close(struct writer *w)
{
    (void)xmlTextWriterEndDocument(w->xml);
    xmlFreeTextWriter(w->xml);
    bool failed = w->element.failed || w->out->failed;
    buf_done(&w->element);
    return failed ? -EOVERFLOW : 0;
}

static void start(struct writer *w, const char *name)
{
    (void)xmlTextWriterStartElement(w->xml, BAD_CAST name);
}

static void end(struct writer *w)
{
    (void)xmlTextWriterFullEndElement(w->xml);
}

/*
 * One write for a whole element without children: four fifths of a reply are such elements, and
 * the writer's own stack of open elements is what costs time.
 */
static void element(struct writer *w, const char *name, const char *text)
{
    if (!text_is_clean_utf8(text, strlen(text))) {
        char *copy = arena_strdup(w->a, text);
        check_clean(copy);
        text = copy;
    }
    xmlChar *escaped = NULL;
    if (strpbrk(text, "<>&\"\r") != NULL) {
        escaped = xmlEncodeSpecialChars(NULL, BAD_CAST text);
        CHECK(escaped != NULL);
    }
    struct buf *b = &w->element;
    b->len = 0;
    buf_add_char(b, '<');
    buf_add_str(b, name);
    buf_add_char(b, '>');
    buf_add_str(b, escaped != NULL ? (const char *)escaped : text);
    buf_add_str(b, "</");
    buf_add_str(b, name);
    buf_add_char(b, '>');
    xmlFree(escaped);
    if (!b->failed)
        (void)xmlTextWriterWriteRawLen(w->xml, BAD_CAST b->data, (int)b->len);
}

static void write_struct(struct writer *w, const struct wire_struct *s, const char *base, bool top);

static void write_value(struct writer *w, const struct wire_field *field, const char *name,
                        const char *slot)
{
    char text[64];
    switch (field->kind) {
    case WIRE_STR: {
        const char *value = *(const char *const *)slot;
        element(w, name, value == NULL ? "" : value);
        return;
    }
    case WIRE_INT:
    case WIRE_LONG:
        (void)snprintf(text, sizeof(text), "%" PRId64,
                       field->list ? *(const int64_t *)slot : ((const struct opt_int *)slot)->v);
        break;
    case WIRE_DOUBLE:
        /* 15 digits are exact for every decimal number that a table of ours holds. */
        (void)snprintf(text, sizeof(text), "%.15g",
                       field->list ? *(const double *)slot : ((const struct opt_double *)slot)->v);
        break;
    case WIRE_BOOL:
        (void)snprintf(text, sizeof(text), "%s",
                       ((const struct opt_bool *)slot)->v ? "true" : "false");
        break;
    case WIRE_TIME: {
        int64_t ms = ((const struct opt_time *)slot)->v;
        clock_format_iso8601(ms - (ms % 1000 + 1000) % 1000, text);
        break;
    }
    case WIRE_BLOB: {
        const struct wire_blob *blob = (const struct wire_blob *)slot;
        element(w, name, base64_encode(w->a, blob->data, blob->len));
        return;
    }
    case WIRE_STRUCT:
        start(w, name);
        write_struct(w, field->sub, field->list ? slot : *(const char *const *)slot, false);
        end(w);
        return;
    }
    element(w, name, text);
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
        end(w);
    }
}

int xml_encode_reply(struct arena *a, const struct wire_action *action, const char *version,
                     const char *request_id, const void *output, struct buf *out)
{
    const struct wire_service *service = action->service;
    struct writer w;
    writer_open(&w, a, out);
    start(&w, arena_printf(a, "%sResponse", action->name));
    const char *xmlns =
        arena_printf(a, "%s%s/", service->xmlns, version == NULL ? service->versions[0] : version);
    (void)xmlTextWriterWriteAttribute(w.xml, BAD_CAST "xmlns", BAD_CAST xmlns);
    if (service->protocol == WIRE_EC2) {
        element(&w, "requestId", request_id);
        if (action->output == NULL)
            element(&w, "return", "true");
        else
            write_struct(&w, action->output, output, true);
    } else {
        if (action->output != NULL) {
            start(&w, arena_printf(a, "%sResult", action->name));
            write_struct(&w, action->output, output, true);
            end(&w);
        }
        start(&w, "ResponseMetadata");
        element(&w, "RequestId", request_id);
        end(&w);
    }
    end(&w);
    return writer_close(&w);
}

int xml_encode_fault(struct arena *a, const struct wire_service *service, const struct fault *f,
                     const char *request_id, struct buf *out)
{
    bool ec2 = service == NULL || service->protocol == WIRE_EC2;
    struct writer w;
    writer_open(&w, a, out);
    if (ec2) {
        start(&w, "Response");
        start(&w, "Errors");
    } else {
        start(&w, "ErrorResponse");
        const char *xmlns = arena_printf(a, "%s%s/", service->xmlns, service->versions[0]);
        (void)xmlTextWriterWriteAttribute(w.xml, BAD_CAST "xmlns", BAD_CAST xmlns);
    }
    start(&w, "Error");
    if (!ec2)
        element(&w, "Type", fault_http_status(f->code) < 500 ? "Sender" : "Receiver");
    element(&w, "Code", fault_code_name(f->code));
    element(&w, "Message", f->message);
    end(&w);
    if (ec2)
        end(&w);
    element(&w, ec2 ? "RequestID" : "RequestId", request_id);
    end(&w);
    return writer_close(&w);
}
