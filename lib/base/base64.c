#include "base/base64.h"

#include <errno.h>
#include <stdint.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *base64_encode(struct arena *a, const void *data, size_t len)
{
    const unsigned char *p = data;
    char *out = arena_alloc(a, (len + 2) / 3 * 4 + 1);
    char *to = out;
    for (size_t i = 0; i < len; i += 3) {
        size_t left = len - i;
        uint32_t v = (uint32_t)p[i] << 16;
        if (left > 1)
            v |= (uint32_t)p[i + 1] << 8;
        if (left > 2)
            v |= p[i + 2];
        *to++ = alphabet[v >> 18];
        *to++ = alphabet[v >> 12 & 63];
        *to++ = left > 1 ? alphabet[v >> 6 & 63] : '=';
        *to++ = left > 2 ? alphabet[v & 63] : '=';
    }
    return out;
}

static int digit_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

int base64_decode(struct arena *a, const char *text, size_t len, char **ret_data, size_t *ret_len)
{
    char *out = arena_alloc(a, len / 4 * 3 + 4);
    size_t n = 0;
    uint32_t v = 0;
    int have = 0;
    int padding = 0;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (c == '\n' || c == '\r' || c == ' ' || c == '\t')
            continue;
        if (c == '=') {
            if (++padding > 2)
                return -EINVAL;
            continue;
        }
        int d = digit_value(c);
        if (d < 0 || padding > 0)
            return -EINVAL;
        v = v << 6 | (uint32_t)d;
        if (++have == 4) {
            out[n++] = (char)(v >> 16);
            out[n++] = (char)(v >> 8);
            out[n++] = (char)v;
            v = 0;
            have = 0;
        }
    }
    if (have == 1 || (padding > 0 && have + padding != 4))
        return -EINVAL;
    if (have > 1)
        out[n++] = (char)(v >> (have == 2 ? 4 : 10));
    if (have == 3)
        out[n++] = (char)(v >> 2);
    out[n] = '\0';
    *ret_data = out;
    *ret_len = n;
    return 0;
}
