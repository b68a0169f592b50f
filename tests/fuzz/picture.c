/* A screen as QEMU gives it. What is read has its size, and becomes a JPEG. */
#include "hypervisor/picture.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_buf_ struct buf jpeg = BUF_INIT(PICTURE_JPEG_MAX);
    struct picture p = {0};
    struct err e = {0};
    if (picture_read(data, size, &p, &e) < 0) {
        CHECK(p.rgb == NULL && e.message[0] != '\0');
        return 0;
    }
    CHECK(p.width >= 1 && p.width <= PICTURE_SIDE_MAX && p.height >= 1 &&
          p.height <= PICTURE_SIDE_MAX);
    if (picture_to_jpeg(&p, &jpeg, &e) == 0)
        CHECK(jpeg.len > 4 && memcmp(jpeg.data, "\xff\xd8", 2) == 0);
    free(p.rgb);
    return 0;
}
