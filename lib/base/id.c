#include "base/id.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "base/check.h"

void random_bytes(void *data, size_t len)
{
    char *p = data;
    while (len > 0) {
        ssize_t n = getrandom(p, len, 0);
        if (n < 0)
            continue; /* EINTR is the only way to fail with flags 0 and a good pointer */
        p += n;
        len -= (size_t)n;
    }
}

void hex_encode(const void *data, size_t len, char *out)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *p = data;
    for (size_t i = 0; i < len; i++) {
        out[2 * i] = digits[p[i] >> 4];
        out[2 * i + 1] = digits[p[i] & 15];
    }
    out[2 * len] = '\0';
}

char *random_text(struct arena *a, size_t n, const char *letters)
{
    size_t size = strlen(letters);
    CHECK(size > 0 && 256 % size == 0);
    unsigned char *raw = arena_alloc(a, n);
    random_bytes(raw, n);
    char *text = arena_alloc(a, n + 1);
    for (size_t i = 0; i < n; i++)
        text[i] = letters[raw[i] % size];
    return text;
}

void id_new(const char *prefix, char out[ID_SIZE])
{
    unsigned char raw[9];
    char hex[2 * sizeof(raw) + 1];
    random_bytes(raw, sizeof(raw));
    hex_encode(raw, sizeof(raw), hex);
    int n = snprintf(out, ID_SIZE, "%s-%.17s", prefix, hex);
    CHECK(n > 0 && n < ID_SIZE);
}

const char *id_make(struct arena *a, const char *prefix)
{
    char id[ID_SIZE];
    id_new(prefix, id);
    return arena_strdup(a, id);
}

bool id_is_wellformed(const char *id, const char *prefix)
{
    size_t len = strlen(prefix);
    if (strncmp(id, prefix, len) != 0 || id[len] != '-')
        return false;
    const char *digits = id + len + 1;
    size_t n = strspn(digits, "0123456789abcdef");
    return digits[n] == '\0' && (n == 8 || n == 17);
}

void uuid_new(char out[UUID_SIZE])
{
    unsigned char r[16];
    random_bytes(r, sizeof(r));
    r[6] = (unsigned char)((r[6] & 0x0f) | 0x40); /* RFC 9562: version 4 */
    r[8] = (unsigned char)((r[8] & 0x3f) | 0x80); /* and its variant */
    int n = snprintf(out, UUID_SIZE,
                     "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", r[0],
                     r[1], r[2], r[3], r[4], r[5], r[6], r[7], r[8], r[9], r[10], r[11], r[12],
                     r[13], r[14], r[15]);
    CHECK(n == UUID_SIZE - 1);
}
