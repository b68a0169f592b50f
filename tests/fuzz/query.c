/* ACTION, and a form: form_parse() and query_decode(), and what they took is equal to itself. */
#include "wire/query.h"
#include "fuzz.h"
#include "wire/digest.h"
#include "wire/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_arena_ struct arena *a = arena_new();
    const struct wire_action *action = fuzz_action(a, &data, &size);
    struct form form = {0};
    struct fault f = {0};
    void *in = NULL;
    if (form_parse(a, (const char *)data, size, &form, &f) < 0 ||
        query_decode(a, action, &form, &in, &f) < 0) {
        CHECK(fault_is_set(&f));
        return 0;
    }
    CHECK(!fault_is_set(&f) && in != NULL);
    if (action->input == NULL)
        return 0;

    /* What one door has taken the other one takes, and it is the same request. */
    _cleanup_buf_ struct buf json = BUF_INIT(JSON_TEXT_MAX);
    CHECK(json_encode(a, action->input, in, JSON_SORTED, &json) == 0);
    void *again = NULL;
    CHECK(json_decode(a, action, buf_str(&json), json.len, &again, &f) == 0);
    char first[WIRE_DIGEST_SIZE];
    char second[WIRE_DIGEST_SIZE];
    wire_digest(a, action->input, in, NULL, first);
    wire_digest(a, action->input, again, NULL, second);
    CHECK(strcmp(first, second) == 0);
    return 0;
}
