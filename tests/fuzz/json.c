/* ACTION, and a JSON body: json_decode(), and encoding what it took gives the same request. */
#include "wire/json.h"
#include "fuzz.h"
#include "wire/digest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_arena_ struct arena *a = arena_new();
    const struct wire_action *action = fuzz_action(a, &data, &size);
    struct fault f = {0};
    void *in = NULL;
    if (json_decode(a, action, (const char *)data, size, &in, &f) < 0) {
        CHECK(fault_is_set(&f));
        return 0;
    }
    CHECK(!fault_is_set(&f) && in != NULL);
    if (action->input == NULL)
        return 0;
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
