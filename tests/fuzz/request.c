/*
 * What croftd asks of croft-netd, and what that answers: the first byte says which call, the second
 * which of the two. What is taken is written the same way again, so there is one way to say it.
 */
#include "network/netd_calls.h"
#include "network/pack.h"

#include <string.h>

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    _cleanup_arena_ struct arena *a = arena_new();
    _cleanup_buf_ struct buf again = BUF_INIT(PACK_MAX);
    const struct netd_description *d = &netd_calls[data[0] % NETD_CALLS];
    const struct shape *shape = data[1] % 2 == 0 ? d->request : d->answer;
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
