/* Screens: from PNG and PPM to JPEG. */
#include "hypervisor/picture.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "unit.h"

static int read_text(const char *data, size_t len, struct picture *ret)
{
    struct err e = {0};
    return picture_read(data, len, ret, &e);
}

START_TEST(what_qemu_dumps_is_read_pixel_by_pixel)
{
    static const char ppm[] = "P6\n2 1\n255\n\xff\x00\x01\x02\x03\x04";
    /* Two pixels, one red and one blue. */
    static const unsigned char png[] = {
        0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48,
        0x44, 0x52, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x01, 0x08, 0x02, 0x00, 0x00,
        0x00, 0x7b, 0x40, 0xe8, 0xdd, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x44, 0x41, 0x54, 0x78,
        0x9c, 0x63, 0xf8, 0xcf, 0x00, 0x04, 0xff, 0x01, 0x07, 0x00, 0x01, 0xff, 0xe2, 0x23,
        0x9e, 0x59, 0x00, 0x00, 0x00, 0x00, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82,
    };
    struct picture p = {0};
    ck_assert_int_eq(read_text(ppm, sizeof(ppm) - 1, &p), 0);
    ck_assert_int_eq(p.width, 2);
    ck_assert_int_eq(p.height, 1);
    ck_assert_mem_eq(p.rgb, "\xff\x00\x01\x02\x03\x04", 6);
    free(p.rgb);
    ck_assert_int_eq(read_text((const char *)png, sizeof(png), &p), 0);
    ck_assert_int_eq(p.width, 2);
    ck_assert_int_eq(p.height, 1);
    ck_assert_mem_eq(p.rgb, "\xff\x00\x00\x00\x00\xff", 6);
    free(p.rgb);
}
END_TEST

START_TEST(what_is_no_screen_is_refused)
{
    static const char *const bad[] = {
        "",
        "P6",
        "P6\n",
        "P6 2 1 255",
        "P6 2 1 65535 ",
        "P6 2 1 255 12345",
        "P6 2 1 255 1234567",
        "P6 0 1 255 ",
        "P6 4097 1 255 ",
        "P6 99999999999999999999 1 255 ",
        "P5 1 1 255 1",
        "\x89PNG\r\n\x1a\nrest",
        "GIF89a",
    };
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct picture p = {0};
        ck_assert_msg(read_text(bad[i], strlen(bad[i]), &p) == -EINVAL, "%s", bad[i]);
        ck_assert_ptr_null(p.rgb);
    }
}
END_TEST

START_TEST(a_jpeg_has_its_size_and_its_bound)
{
    unsigned char rgb[3 * 48 * 32];
    _cleanup_buf_ struct buf out = BUF_INIT(PICTURE_JPEG_MAX);
    _cleanup_buf_ struct buf small = BUF_INIT(64);
    struct picture p = {48, 32, rgb};
    struct err e = {0};
    memset(rgb, 0x80, sizeof(rgb));
    ck_assert_int_eq(picture_to_jpeg(&p, &out, &e), 0);
    ck_assert_mem_eq(out.data, "\xff\xd8\xff", 3);
    ck_assert_mem_eq(out.data + out.len - 2, "\xff\xd9", 2);
    /* The frame header: precision, height, width. */
    const char *frame = memmem(out.data, out.len, "\xff\xc0\x00\x11\x08", 5);
    ck_assert_ptr_nonnull(frame);
    ck_assert_mem_eq(frame + 5, "\x00\x20\x00\x30", 4);
    ck_assert_int_eq(picture_to_jpeg(&p, &small, &e), -ENOSPC);
}
END_TEST

UNIT_SUITE(what_qemu_dumps_is_read_pixel_by_pixel, what_is_no_screen_is_refused,
           a_jpeg_has_its_size_and_its_bound)
