#include "wire/form.h"

#include "base/text.h"

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* The decoded text, terminated; NULL for a % without two hex digits behind it. */
static char *decode(struct arena *a, const char *text, size_t len, size_t *ret_len)
{
    char *out = arena_alloc(a, len + 1);
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (c == '+') {
            c = ' ';
        } else if (c == '%') {
            int high = i + 2 < len ? hex_digit(text[i + 1]) : -1;
            int low = i + 2 < len ? hex_digit(text[i + 2]) : -1;
            if (high < 0 || low < 0)
                return NULL;
            c = (char)(high << 4 | low);
            i += 2;
        }
        out[n++] = c;
    }
    *ret_len = n;
    return out;
}

static int add_pair(struct arena *a, const char *text, size_t len, struct form *form,
                    struct fault *f)
{
    if (form->n == FORM_PAIRS_MAX)
        return fault(f, FAULT_RESOURCE_COUNT_EXCEEDED, "A request has at most %d parameters",
                     FORM_PAIRS_MAX);
    const char *equals = memchr(text, '=', len);
    size_t name_len = equals == NULL ? len : (size_t)(equals - text);
    size_t decoded_len = 0;
    char *name = decode(a, text, name_len, &decoded_len);
    if (name == NULL || !text_is_clean_utf8(name, decoded_len))
        return fault(f, FAULT_MALFORMED_QUERY_STRING,
                     "The name of parameter number %zu is not form-encoded UTF-8", form->n + 1);
    struct form_pair pair = {.name = name, .value = ""};
    if (equals != NULL) {
        pair.value = decode(a, equals + 1, len - name_len - 1, &pair.len);
        if (pair.value == NULL)
            return fault(f, FAULT_MALFORMED_QUERY_STRING,
                         "The value of the parameter %.200s has a '%%' that is not followed by "
                         "two hexadecimal digits",
                         name);
    }
    *arena_append(a, form) = pair;
    return 0;
}

int form_parse(struct arena *a, const char *text, size_t len, struct form *form, struct fault *f)
{
    for (size_t at = 0; at < len;) {
        const char *end = memchr(text + at, '&', len - at);
        size_t pair_len = end == NULL ? len - at : (size_t)(end - (text + at));
        if (pair_len > 0 && add_pair(a, text + at, pair_len, form, f) < 0)
            return -1;
        at += pair_len + 1;
    }
    return 0;
}

const char *form_get(const struct form *form, const char *name)
{
    for (size_t i = 0; i < form->n; i++)
        if (streq(form->v[i].name, name))
            return form->v[i].value;
    return NULL;
}
