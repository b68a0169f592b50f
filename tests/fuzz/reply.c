/*
 * ACTION, and a reply as JSON: the XML of it is well-formed whatever is in it, and its JSON decodes
 * to the same reply.
 */
#include <libxml/parser.h>

#include "fuzz.h"
#include "wire/digest.h"
#include "wire/json.h"
#include "wire/xml.h"

static void check_xml(const struct buf *xml)
{
    xmlDocPtr document = xmlReadMemory(xml->data, (int)xml->len, NULL, NULL,
                                       XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_HUGE);
    CHECK(document != NULL);
    xmlFreeDoc(document);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_arena_ struct arena *a = arena_new();
    const struct wire_action *action = fuzz_action(a, &data, &size);
    struct fault f = {0};
    _cleanup_buf_ struct buf xml = BUF_INIT(64 << 20);
    if (action->output == NULL) {
        /* A fault with the input for its sentence. */
        (void)fault(&f, FAULT_INVALID_PARAMETER_VALUE, "x%.*s", (int)(size < 2000 ? size : 2000),
                    (const char *)data);
        CHECK(xml_encode_fault(a, action->service, &f, "id", NULL, &xml) == 0);
        check_xml(&xml);
        _cleanup_buf_ struct buf json = BUF_INIT(1 << 20);
        CHECK(json_encode_fault(a, &f, NULL, &json) == 0);
        return 0;
    }
    void *out = NULL;
    if (json_decode_reply(a, action->output, (const char *)data, size, &out, &f) < 0) {
        CHECK(fault_is_set(&f));
        return 0;
    }
    CHECK(xml_encode_reply(a, action, NULL, "id", out, NULL, &xml) == 0);
    check_xml(&xml);

    char first[WIRE_DIGEST_SIZE];
    char second[WIRE_DIGEST_SIZE];
    wire_digest(a, action->output, out, NULL, first);
    _cleanup_buf_ struct buf json = BUF_INIT(JSON_TEXT_MAX);
    CHECK(json_encode(a, action->output, out, JSON_SORTED, &json) == 0);
    void *again = NULL;
    CHECK(json_decode_reply(a, action->output, buf_str(&json), json.len, &again, &f) == 0);
    wire_digest(a, action->output, again, NULL, second);
    CHECK(strcmp(first, second) == 0);
    return 0;
}
