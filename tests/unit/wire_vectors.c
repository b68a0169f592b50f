/* What botocore serialises, for every action (tests/tools/wire_vectors.py), comes back whole. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "unit.h"
#include "wire/digest.h"
#include "wire/json.h"
#include "wire/query.h"

#define VECTORS_MIN 100

/* Cuts the line off *rest. */
static char *next_line(char **rest)
{
    char *line = *rest;
    char *end = strchr(line, '\n');
    if (end != NULL)
        *end++ = '\0';
    *rest = end == NULL ? line + strlen(line) : end;
    return line;
}

static char *read_vectors(void)
{
    const char *folder = getenv("GOLDEN");
    ck_assert_ptr_nonnull(folder);
    char path[4096];
    (void)snprintf(path, sizeof(path), "%s/wire/requests.txt", folder);
    FILE *file = fopen(path, "re");
    ck_assert_ptr_nonnull(file);
    size_t size = 8 << 20;
    char *text = calloc(1, size);
    size_t len = fread(text, 1, size - 1, file);
    ck_assert_uint_lt(len, size - 1);
    (void)fclose(file);
    return text;
}

static void check_vector(const char *service, const char *name, const char *form_text,
                         const char *json_text)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct fault f = {0};
    const struct wire_action *action = wire_action_find(wire_service_find(service), name);
    ck_assert_msg(action != NULL, "no action %s", name);
    struct form form = {0};
    void *from_query = NULL;
    void *from_json = NULL;
    ck_assert_int_eq(form_parse(a, form_text, strlen(form_text), &form, &f), 0);
    ck_assert_msg(query_decode(a, action, &form, &from_query, &f) == 0, "%s: %s\n%s", name,
                  f.message, form_text);
    ck_assert_msg(json_decode(a, action, json_text, strlen(json_text), &from_json, &f) == 0,
                  "%s: %s\n%s", name, f.message, json_text);
    const void *in[] = {from_query, from_json};
    char digests[2][WIRE_DIGEST_SIZE];
    for (size_t i = 0; i < ARRAY_SIZE(in); i++) {
        _cleanup_buf_ struct buf out = BUF_INIT(1 << 20);
        ck_assert_int_eq(json_encode(a, action->input, in[i], JSON_SORTED, &out), 0);
        ck_assert_str_eq(buf_str(&out), json_text);
        wire_digest(a, action->input, in[i], NULL, digests[i]);
    }
    ck_assert_str_eq(digests[0], digests[1]);
}

START_TEST(what_botocore_sends_is_what_is_decoded)
{
    _cleanup_free_ char *text = read_vectors();
    char *rest = text;
    int vectors = 0;
    while (*rest != '\0') {
        char *head = next_line(&rest);
        char *form = next_line(&rest);
        char *json = next_line(&rest);
        ck_assert_str_eq(next_line(&rest), "");
        char *name = strchr(head, ' ');
        *name++ = '\0';
        check_vector(head, name, form, json);
        vectors++;
    }
    ck_assert_int_ge(vectors, VECTORS_MIN);
}
END_TEST

UNIT_SUITE(what_botocore_sends_is_what_is_decoded)
