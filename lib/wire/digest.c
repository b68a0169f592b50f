#include "wire/digest.h"

#include <openssl/evp.h>
#include <string.h>

#include "base/check.h"
#include "base/id.h"
#include "base/text.h"
#include "wire/json.h"

/* A request lies in an arena, and escaping at most doubles its texts: this is out of reach. */
#define DIGEST_TEXT_MAX (4 * ARENA_BUDGET)

void wire_digest(struct arena *a, const struct wire_struct *s, const void *in,
                 const char *const *without, char out[WIRE_DIGEST_SIZE])
{
    /* All zeroes are an absent member, whatever its kind. */
    char *copy = arena_memdup(a, in, s->size);
    for (size_t i = 0; i < s->n; i++) {
        const struct wire_field *field = &s->fields[i];
        size_t size = field->list ? sizeof(struct wire_strings) : wire_field_size(field);
        if (text_is_among(field->member, without))
            memset(copy + field->offset, 0, size);
    }
    /* The structure's name keeps requests of two actions apart. */
    _cleanup_buf_ struct buf text = BUF_INIT(DIGEST_TEXT_MAX);
    buf_add_str(&text, s->name);
    CHECK(json_encode(a, s, copy, JSON_SORTED, &text) == 0);
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned int len = 0;
    CHECK(EVP_Digest(text.data, text.len, hash, &len, EVP_sha256(), NULL) == 1);
    hex_encode(hash, len, out);
}
