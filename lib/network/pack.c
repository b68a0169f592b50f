#include "network/pack.h"

#include <errno.h>
#include <string.h>

#define ALIGNMENT 16 /* of what an arena gives out */

#define AT(type, base, offset) ((type *)((char *)(base) + (offset)))
#define IN(type, base, offset) ((const type *)((const char *)(base) + (offset)))

/* --- writing */

static void put_u32(struct buf *out, size_t n)
{
    uint32_t value = n > UINT32_MAX ? UINT32_MAX : (uint32_t)n;
    buf_add(out, &value, sizeof(value));
}

static void put_field(const struct field *f, const void *from, struct buf *out)
{
    switch (f->kind) {
    case FIELD_TEXT: { /* its length and one; 0 is NULL */
        const char *text = *IN(char *const, from, f->at);
        size_t len = text == NULL ? 0 : strlen(text);
        put_u32(out, text == NULL ? 0 : len + 1);
        buf_add(out, text == NULL ? "" : text, len);
        break;
    }
    case FIELD_NUMBER:
        buf_add(out, IN(int64_t, from, f->at), sizeof(int64_t));
        break;
    case FIELD_FLAG:
        buf_add_char(out, *IN(bool, from, f->at) ? 1 : 0);
        break;
    case FIELD_CHOICE: {
        int64_t value = *IN(int, from, f->at);
        buf_add(out, &value, sizeof(value));
        break;
    }
    case FIELD_STRUCT:
        pack_write(f->shape, IN(char, from, f->at), out);
        break;
    case FIELD_LIST: {
        size_t n = *IN(size_t, from, f->count);
        const char *elements = *IN(char *const, from, f->at);
        put_u32(out, n);
        for (size_t i = 0; i < n; i++)
            pack_write(f->shape, elements + i * f->shape->size, out);
        break;
    }
    case FIELD_BYTES: {
        size_t n = *IN(size_t, from, f->count);
        put_u32(out, n);
        buf_add(out, n == 0 ? "" : *IN(char *const, from, f->at), n);
        break;
    }
    }
}

void pack_write(const struct shape *shape, const void *from, struct buf *out)
{
    for (size_t i = 0; i < shape->n_fields; i++)
        put_field(&shape->fields[i], from, out);
}

/* --- reading */

struct reader {
    struct arena *arena;
    const char *data;
    size_t left;
    size_t room; /* bytes of memory that it may still take */
    struct err *e;
};

static int refuse(struct reader *r, const struct shape *shape, const struct field *f,
                  const char *why)
{
    return err_set(r->e, EINVAL, "%s.%s: %s", shape->name, f->name, why);
}

static bool take(struct reader *r, void *to, size_t len)
{
    if (r->left < len)
        return false;
    memcpy(to, r->data, len);
    r->data += len;
    r->left -= len;
    return true;
}

static void *room_for(struct reader *r, size_t size)
{
    size_t takes = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (takes > r->room)
        return NULL;
    r->room -= takes;
    return arena_alloc(r->arena, size);
}

static int too_much(struct reader *r)
{
    return err_set(r->e, EFBIG, "it takes more than %zu MiB of memory", PACK_ROOM >> 20);
}

static int get_text(struct reader *r, const struct shape *shape, const struct field *f, void *to)
{
    uint32_t size = 0;
    if (!take(r, &size, sizeof(size)))
        return refuse(r, shape, f, "it ends early");
    if (size == 0) {
        if (!f->may_be_null)
            return refuse(r, shape, f, "it is missing");
        *AT(const char *, to, f->at) = NULL;
        return 0;
    }
    size_t len = size - 1;
    size_t most = f->most > 0 ? (size_t)f->most : WORD_MAX;
    if (len > most || len > r->left)
        return refuse(r, shape, f, len > most ? "it is too long" : "it ends early");
    char *text = room_for(r, size);
    if (text == NULL)
        return too_much(r);
    (void)take(r, text, len);
    text[len] = '\0';
    if (strlen(text) != len || !word_is(f->word, text))
        return err_set(r->e, EINVAL, "%s.%s: it is not %s", shape->name, f->name,
                       word_kind_name(f->word));
    *AT(const char *, to, f->at) = text;
    return 0;
}

static int get_number(struct reader *r, const struct shape *shape, const struct field *f, void *to)
{
    int64_t value = 0;
    if (!take(r, &value, sizeof(value)))
        return refuse(r, shape, f, "it ends early");
    if (value < f->least || value > f->most)
        return refuse(r, shape, f, "it is out of range");
    if (f->kind == FIELD_CHOICE)
        *AT(int, to, f->at) = (int)value;
    else
        *AT(int64_t, to, f->at) = value;
    return 0;
}

static int get_flag(struct reader *r, const struct shape *shape, const struct field *f, void *to)
{
    uint8_t value = 0;
    if (!take(r, &value, sizeof(value)))
        return refuse(r, shape, f, "it ends early");
    if (value > 1)
        return refuse(r, shape, f, "it is neither true nor false");
    *AT(bool, to, f->at) = value == 1;
    return 0;
}

static int get(struct reader *r, const struct shape *shape, void *to);

static int get_list(struct reader *r, const struct shape *shape, const struct field *f, void *to)
{
    uint32_t n = 0;
    if (!take(r, &n, sizeof(n)))
        return refuse(r, shape, f, "it ends early");
    /* An element has a byte at least. */
    if (n > f->most || n > r->left)
        return refuse(r, shape, f, n > f->most ? "it is too long" : "it ends early");
    char *elements = n == 0 ? NULL : room_for(r, n * f->shape->size);
    if (n > 0 && elements == NULL)
        return too_much(r);
    for (uint32_t i = 0; i < n; i++) {
        int code = get(r, f->shape, elements + i * f->shape->size);
        if (code < 0)
            return code;
    }
    *AT(char *, to, f->at) = elements;
    *AT(size_t, to, f->count) = n;
    return 0;
}

/* A NUL that does not count stands behind them. */
static int get_bytes(struct reader *r, const struct shape *shape, const struct field *f, void *to)
{
    uint32_t n = 0;
    if (!take(r, &n, sizeof(n)))
        return refuse(r, shape, f, "it ends early");
    if (n > f->most || n > r->left)
        return refuse(r, shape, f, n > f->most ? "it is too long" : "it ends early");
    char *bytes = room_for(r, (size_t)n + 1);
    if (bytes == NULL)
        return too_much(r);
    (void)take(r, bytes, n);
    *AT(const char *, to, f->at) = bytes;
    *AT(size_t, to, f->count) = n;
    return 0;
}

static int get(struct reader *r, const struct shape *shape, void *to)
{
    int code = 0;
    for (size_t i = 0; i < shape->n_fields && code == 0; i++) {
        const struct field *f = &shape->fields[i];
        switch (f->kind) {
        case FIELD_TEXT:
            code = get_text(r, shape, f, to);
            break;
        case FIELD_NUMBER:
        case FIELD_CHOICE:
            code = get_number(r, shape, f, to);
            break;
        case FIELD_FLAG:
            code = get_flag(r, shape, f, to);
            break;
        case FIELD_STRUCT:
            code = get(r, f->shape, AT(char, to, f->at));
            break;
        case FIELD_LIST:
            code = get_list(r, shape, f, to);
            break;
        case FIELD_BYTES:
            code = get_bytes(r, shape, f, to);
            break;
        }
    }
    return code;
}

int pack_read_next(struct arena *a, const struct shape *shape, const void *data, size_t len,
                   size_t *at, void *to, struct err *e)
{
    if (*at > len || len > PACK_MAX)
        return err_set(e, EFBIG, "%s is too long", shape->name);
    struct reader r = {
        .arena = a, .data = (const char *)data + *at, .left = len - *at, .room = PACK_ROOM, .e = e};
    int code = get(&r, shape, to);
    if (code == 0)
        *at = len - r.left;
    return code;
}

int pack_read(struct arena *a, const struct shape *shape, const void *data, size_t len, void *to,
              struct err *e)
{
    size_t at = 0;
    int r = pack_read_next(a, shape, data, len, &at, to, e);
    return r < 0 || at == len ? r
                              : err_set(e, EINVAL, "%s: something stands behind it", shape->name);
}

/* FNV-1a */
static uint64_t mix(uint64_t hash, uint64_t value)
{
    for (int i = 0; i < 8; i++, value >>= 8)
        hash = (hash ^ (value & 255)) * 1099511628211U;
    return hash;
}

static uint64_t mix_text(uint64_t hash, const char *text)
{
    for (; *text != '\0'; text++)
        hash = mix(hash, (unsigned char)*text);
    return hash;
}

uint64_t pack_fingerprint(const struct shape *shape, uint64_t before)
{
    uint64_t hash = mix_text(before, shape->name);
    for (size_t i = 0; i < shape->n_fields; i++) {
        const struct field *f = &shape->fields[i];
        hash = mix(mix(mix_text(hash, f->name), f->kind), f->word);
        hash = mix(mix(mix(hash, f->may_be_null), (uint64_t)f->least), (uint64_t)f->most);
        if (f->shape != NULL)
            hash = pack_fingerprint(f->shape, hash);
    }
    return hash;
}
