/* Signing, for lib/client. The same canonical form as verification; every given header is signed.
 */
#include "auth/sigv4_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"

static int compare_names(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* The names of `h` in lower case, sorted, each once. */
static struct sigv4_names names_of(const struct headers *h, struct arena *a)
{
    struct sigv4_names names = {.v = arena_array(a, h->n, const char *)};
    for (size_t i = 0; i < h->n; i++) {
        char *name = arena_strdup(a, h->v[i].name);
        for (char *p = name; *p != '\0'; p++) {
            if (*p >= 'A' && *p <= 'Z')
                *p = (char)(*p - 'A' + 'a');
        }
        names.v[i] = name;
    }
    if (h->n > 1)
        qsort(names.v, h->n, sizeof(*names.v), compare_names);
    for (size_t i = 0; i < h->n; i++) {
        if (names.n == 0 || strcmp(names.v[names.n - 1], names.v[i]) != 0)
            names.v[names.n++] = names.v[i];
    }
    return names;
}

static const char *names_join(const struct sigv4_names *names, struct arena *a)
{
    const char *all = "";
    for (size_t i = 0; i < names->n; i++)
        all = arena_printf(a, "%s%s%s", all, i > 0 ? ";" : "", names->v[i]);
    return all;
}

static const char *scope_text(const struct sigv4_scope *scope, struct arena *a)
{
    return arena_printf(a, "%s/%s/%s/" SIGV4_TERMINATOR, scope->date, scope->region,
                        scope->service);
}

static const char *sign(struct sigv4 *s, const struct sigv4_request *r, const char *query,
                        const struct sigv4_names *names, const char *payload_hash,
                        const struct sigv4_signing *with, const struct sigv4_scope *scope,
                        const char *time, struct arena *a)
{
    struct sigv4_query q;
    CHECK(sigv4_query_split(query, a, &q) == 0);
    const char *canonical_query = sigv4_canonical_query(&q, false, SIGV4_PRESIGNED, a);
    CHECK(canonical_query != NULL);
    _cleanup_buf_ struct buf canonical = BUF_INIT(SIGV4_CANONICAL_MAX);
    sigv4_canonical_request(r, canonical_query, names, payload_hash, a, &canonical);
    CHECK(!canonical.failed);
    char *signature = arena_alloc(a, SIGV4_HEX_SIZE);
    sigv4_signature(s, with->secret_access_key, scope, time, &canonical, signature);
    return signature;
}

void sigv4_sign(struct sigv4 *s, const struct sigv4_request *r, const struct sigv4_signing *with,
                const char *payload_sha256, struct arena *a, struct headers *ret_add)
{
    char *time = arena_alloc(a, SIGV4_TIME_SIZE);
    sigv4_format_time(with->now, time);
    const struct sigv4_scope scope = {arena_strndup(a, time, 8), with->region, with->service};

    struct headers add = {0};
    *arena_append(a, &add) = (struct header){"X-Amz-Date", time};
    if (payload_sha256 != NULL)
        *arena_append(a, &add) = (struct header){"X-Amz-Content-Sha256", payload_sha256};
    if (with->session_token != NULL)
        *arena_append(a, &add) = (struct header){"X-Amz-Security-Token", with->session_token};

    struct headers all = {0};
    for (size_t i = 0; i < r->headers->n; i++)
        *arena_append(a, &all) = r->headers->v[i];
    for (size_t i = 0; i < add.n; i++)
        *arena_append(a, &all) = add.v[i];
    struct sigv4_request whole = *r;
    whole.headers = &all;

    char hash[SIGV4_HEX_SIZE];
    if (payload_sha256 == NULL)
        sigv4_sha256_hex(s, r->body, r->body_len, hash);
    struct sigv4_names names = names_of(&all, a);
    const char *signature =
        sign(s, &whole, r->query, &names, payload_sha256 != NULL ? payload_sha256 : hash, with,
             &scope, time, a);
    *arena_append(a, &add) = (struct header){
        "Authorization",
        arena_printf(a, SIGV4_ALGORITHM " Credential=%s/%s, SignedHeaders=%s, Signature=%s",
                     with->access_key_id, scope_text(&scope, a), names_join(&names, a), signature),
    };
    *ret_add = add;
}

const char *sigv4_presign(struct sigv4 *s, const struct sigv4_request *r,
                          const struct sigv4_signing *with, int64_t expires_s, struct arena *a)
{
    CHECK(expires_s > 0 && expires_s <= SIGV4_PRESIGNED_MAX);
    char time[SIGV4_TIME_SIZE];
    sigv4_format_time(with->now, time);
    const struct sigv4_scope scope = {arena_strndup(a, time, 8), with->region, with->service};
    struct sigv4_names names = names_of(r->headers, a);

    const char *query = arena_printf(
        a,
        "%s%sX-Amz-Algorithm=" SIGV4_ALGORITHM
        "&X-Amz-Credential=%s&X-Amz-Date=%s&X-Amz-Expires=%lld&X-Amz-SignedHeaders=%s",
        r->query != NULL ? r->query : "", r->query != NULL && r->query[0] != '\0' ? "&" : "",
        sigv4_escape(arena_printf(a, "%s/%s", with->access_key_id, scope_text(&scope, a)), a), time,
        (long long)expires_s, sigv4_escape(names_join(&names, a), a));
    if (with->session_token != NULL)
        query = arena_printf(a, "%s&X-Amz-Security-Token=%s", query,
                             sigv4_escape(with->session_token, a));
    char hash[SIGV4_HEX_SIZE];
    sigv4_sha256_hex(s, "", 0, hash);
    return arena_printf(a, "%s&X-Amz-Signature=%s", query,
                        sign(s, r, query, &names, hash, with, &scope, time, a));
}
