/*
 * What the daemons say to each other: the first byte says which call of croft-netd's, or which
 * shape of croft-metadata's, the second whether it is a call or its answer. What is taken is
 * written the same way again, so there is one way to say it.
 */
#include "metadata/calls.h"
#include "network/netd_calls.h"
#include "network/pack.h"

#include <string.h>

#include "fuzz.h"

static const struct shape *shape_of(uint8_t which, bool is_answer)
{
    static const struct shape *const metadata[] = {&shape_question, &shape_reply, &shape_guest,
                                                   &shape_network, &shape_hello};
    size_t n = which % (NETD_CALLS + ARRAY_SIZE(metadata));
    if (n >= NETD_CALLS)
        return metadata[n - NETD_CALLS];
    return is_answer ? netd_calls[n].answer : netd_calls[n].request;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    _cleanup_arena_ struct arena *a = arena_new();
    _cleanup_buf_ struct buf again = BUF_INIT(PACK_MAX);
    const struct shape *shape = shape_of(data[0], data[1] % 2 != 0);
    void *made = arena_alloc(a, shape->size + 1);
    struct err e = {0};
    int r = pack_read(a, shape, data + 2, size - 2, made, &e);
    if (r < 0) {
        CHECK(e.code == -r && e.message[0] != '\0');
        return 0;
    }
    pack_write(shape, made, &again);
    CHECK(!again.failed && again.len == size - 2);
    CHECK(size == 2 || memcmp(buf_str(&again), data + 2, size - 2) == 0);
    return 0;
}
