#include "hypervisor/picture.h"

#include <errno.h>
#include <png.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Behind stdio.h, which it takes for granted. */
#include <jpeglib.h>

#define JPEG_QUALITY 80

static int no_picture(struct err *e)
{
    return err_set(e, EINVAL, "the screen came in no format that is known here");
}

static unsigned char *room_for(int64_t width, int64_t height)
{
    if (width < 1 || height < 1 || width > PICTURE_SIDE_MAX || height > PICTURE_SIDE_MAX)
        return NULL;
    return malloc((size_t)(3 * width * height));
}

static int read_png(const void *data, size_t len, struct picture *ret, struct err *e)
{
    png_image image = {.version = PNG_IMAGE_VERSION};
    if (png_image_begin_read_from_memory(&image, data, len) == 0)
        return no_picture(e);
    image.format = PNG_FORMAT_RGB;
    unsigned char *rgb = room_for(image.width, image.height);
    if (rgb == NULL || png_image_finish_read(&image, NULL, rgb, 0, NULL) == 0) {
        png_image_free(&image);
        free(rgb);
        return no_picture(e);
    }
    *ret = (struct picture){(int)image.width, (int)image.height, rgb};
    return 0;
}

/* "P6", three numbers with blanks between them (and comments, which QEMU writes none of), a blank.
 */
static bool read_number(const char **at, const char *end, int64_t *ret)
{
    const char *p = *at;
    int64_t n = 0;
    while (p < end && (*p == ' ' || *p == '\n'))
        p++;
    if (p == end || *p < '0' || *p > '9')
        return false;
    for (; p < end && *p >= '0' && *p <= '9' && n <= PICTURE_SIDE_MAX; p++)
        n = n * 10 + (*p - '0');
    *at = p;
    *ret = n;
    return true;
}

static int read_ppm(const char *data, size_t len, struct picture *ret, struct err *e)
{
    const char *at = data + 2;
    const char *end = data + len;
    int64_t width = 0;
    int64_t height = 0;
    int64_t depth = 0;
    if (!read_number(&at, end, &width) || !read_number(&at, end, &height) ||
        !read_number(&at, end, &depth) || depth != 255 || at == end)
        return no_picture(e);
    at++;
    unsigned char *rgb = room_for(width, height);
    if (rgb == NULL || end - at != 3 * width * height) {
        free(rgb);
        return no_picture(e);
    }
    memcpy(rgb, at, (size_t)(end - at));
    *ret = (struct picture){(int)width, (int)height, rgb};
    return 0;
}

int picture_read(const void *data, size_t len, struct picture *ret, struct err *e)
{
    static const unsigned char png[] = {0x89, 'P', 'N', 'G'};
    if (len > sizeof(png) && memcmp(data, png, sizeof(png)) == 0)
        return read_png(data, len, ret, e);
    if (len > 2 && memcmp(data, "P6", 2) == 0)
        return read_ppm(data, len, ret, e);
    return no_picture(e);
}

/* libjpeg ends the process at an error unless told otherwise. */
struct jpeg_failure {
    struct jpeg_error_mgr manager; /* the first member: libjpeg knows this one */
    jmp_buf back;
};

static void fail(j_common_ptr common)
{
    longjmp(((struct jpeg_failure *)common->err)->back, 1);
}

static void say_nothing(j_common_ptr common)
{
    (void)common;
}

int picture_to_jpeg(const struct picture *p, struct buf *out, struct err *e)
{
    struct jpeg_compress_struct jpeg;
    struct jpeg_failure failure;
    unsigned char *made = NULL;
    unsigned long len = 0;
    memset(&jpeg, 0, sizeof(jpeg));
    jpeg.err = jpeg_std_error(&failure.manager);
    failure.manager.error_exit = fail;
    failure.manager.output_message = say_nothing;
    if (setjmp(failure.back) != 0) {
        jpeg_destroy_compress(&jpeg);
        return err_set(e, ENOMEM, "cannot make a JPEG of the screen");
    }
    jpeg_create_compress(&jpeg);
    jpeg_mem_dest(&jpeg, &made, &len);
    jpeg.image_width = (JDIMENSION)p->width;
    jpeg.image_height = (JDIMENSION)p->height;
    jpeg.input_components = 3;
    jpeg.in_color_space = JCS_RGB;
    jpeg_set_defaults(&jpeg);
    jpeg_set_quality(&jpeg, JPEG_QUALITY, TRUE);
    jpeg_start_compress(&jpeg, TRUE);
    while (jpeg.next_scanline < jpeg.image_height) {
        JSAMPROW row = p->rgb + (size_t)3 * jpeg.next_scanline * (size_t)p->width;
        (void)jpeg_write_scanlines(&jpeg, &row, 1);
    }
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    buf_add(out, made, len);
    free(made);
    return out->failed ? err_set(e, ENOSPC, "the JPEG of the screen is too large") : 0;
}
