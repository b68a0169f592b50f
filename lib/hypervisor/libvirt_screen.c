/* What a guest shows on its screen. */
#include <errno.h>

#include "base/buf.h"
#include "hypervisor/libvirt_internal.h"
#include "hypervisor/picture.h"

#define KEY_LEFT_SHIFT 42 /* of Linux: it changes nothing, and wakes a console that is blank */
#define KEY_MS         50
#define CHUNK          65536

static void cleanup_stream(virStreamPtr *s)
{
    if (*s != NULL)
        (void)virStreamFree(*s);
}

static int receive(virStreamPtr stream, struct buf *out)
{
    for (;;) {
        char *room = buf_reserve(out, CHUNK);
        int n = room == NULL ? -1 : virStreamRecv(stream, room, CHUNK);
        if (n < 0) {
            (void)virStreamAbort(stream);
            return -1;
        }
        if (n == 0)
            return virStreamFinish(stream);
        out->len += (size_t)n;
    }
}

int libvirt_screenshot(struct hypervisor *h, const char *instance_id, bool wake,
                       struct buf *ret_jpeg, struct err *e)
{
    _cleanup_connect_ virConnectPtr conn = NULL;
    _cleanup_domain_ virDomainPtr domain = NULL;
    _cleanup_buf_ struct buf file = BUF_INIT(PICTURE_BYTES_MAX);
    _cleanup_(cleanup_stream) virStreamPtr stream = NULL;
    struct picture picture = {0};
    int r = libvirt_look_up(h, instance_id, &conn, &domain, e);
    if (r < 0)
        return r;
    unsigned int key = KEY_LEFT_SHIFT;
    if (wake && virDomainSendKey(domain, VIR_KEYCODE_SET_LINUX, KEY_MS, &key, 1, 0) < 0)
        return libvirt_domain_error(conn, domain, e, "press a key of", instance_id);
    stream = virStreamNew(conn, 0);
    char *type = stream == NULL ? NULL : virDomainScreenshot(domain, stream, 0, 0);
    if (type == NULL || receive(stream, &file) < 0)
        r = libvirt_domain_error(conn, domain, e, "look at the screen of", instance_id);
    free(type);
    if (r == 0)
        r = picture_read(file.data, file.len, &picture, e);
    if (r == 0)
        r = picture_to_jpeg(&picture, ret_jpeg, e);
    free(picture.rgb);
    return r;
}
