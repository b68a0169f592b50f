#include "api/page.h"

#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <string.h>

#include "base/base64.h"
#include "base/buf.h"
#include "base/check.h"
#include "wire/digest.h"

/*
 * A token is base64url(MAC, key). What the MAC covers besides the key is in the request itself, so
 * the token carries neither the query nor the caller, and is of use to no other.
 */
#define MAC_SIZE   32
#define SIGNED_MAX 8192
#define TOKEN_MAX  4096

/* Parameters that may differ between the pages of one query. */
static const char *const of_no_query[] = {"NextToken", "MaxResults", "Marker",
                                          "MaxItems",  "DryRun",     NULL};

static void mac(struct call *c, const char *key, unsigned char out[MAC_SIZE])
{
    char digest[WIRE_DIGEST_SIZE];
    wire_digest(c->arena, c->action->input, c->in, of_no_query, digest);
    _cleanup_buf_ struct buf text = BUF_INIT(SIGNED_MAX);
    const char *const parts[] = {
        c->action->service->name, c->action->name, c->principal->account_id,
        c->region->name,          digest,          key};
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
        buf_add(&text, parts[i], strlen(parts[i]) + 1);
    CHECK(!text.failed && c->config->page_secret != NULL);
    unsigned int len = 0;
    unsigned char *done =
        HMAC(EVP_sha256(), c->config->page_secret, (int)strlen(c->config->page_secret),
             (const unsigned char *)text.data, text.len, out, &len);
    CHECK(done != NULL && len == MAC_SIZE);
}

static void translate(char *text, char from, char to)
{
    for (char *at = strchr(text, from); at != NULL; at = strchr(at, from))
        *at = to;
}

static const char *token_decode(struct call *c, const char *token)
{
    size_t len = strlen(token);
    if (len == 0 || len > TOKEN_MAX || token[strcspn(token, "+/= \t\r\n")] != '\0')
        return NULL;
    char *text = arena_printf(c->arena, "%s%.*s", token, (int)((4 - len % 4) % 4), "===");
    translate(text, '-', '+');
    translate(text, '_', '/');
    char *data = NULL;
    size_t size = 0;
    if (base64_decode(c->arena, text, strlen(text), &data, &size) < 0 || size <= MAC_SIZE)
        return NULL;
    const char *key = data + MAC_SIZE;
    unsigned char expected[MAC_SIZE];
    if (strlen(key) != size - MAC_SIZE)
        return NULL;
    mac(c, key, expected);
    return CRYPTO_memcmp(expected, data, MAC_SIZE) == 0 ? key : NULL;
}

int page_begin(struct call *c, struct opt_int max_results, const char *next_token, bool has_ids,
               struct page *ret_page, struct fault *f)
{
    if (has_ids && (max_results.set || next_token != NULL))
        return fault(f, FAULT_INVALID_PARAMETER_COMBINATION,
                     "A list of ids cannot be used with the parameter %s",
                     max_results.set ? "MaxResults" : "NextToken");
    struct page p = {.left = PAGE_SIZE_MAX};
    if (max_results.set && max_results.v < p.left)
        p.left = max_results.v;
    if (p.left < 1)
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "Value (%lld) for parameter MaxResults is invalid. It must be positive",
                     (long long)max_results.v);
    if (next_token != NULL) {
        p.after = token_decode(c, next_token);
        if (p.after == NULL)
            return fault(f, FAULT_INVALID_PAGINATION_TOKEN,
                         "The NextToken is not one that this query with these parameters brought");
    }
    *ret_page = p;
    return 0;
}

bool page_has_passed(const struct page *p, const char *key)
{
    return p->after != NULL && strcmp(key, p->after) <= 0;
}

bool page_admit(struct page *p, const char *key)
{
    if (page_has_passed(p, key))
        return false;
    if (p->left == 0) {
        p->more = true;
        return false;
    }
    p->left--;
    p->last = key;
    return true;
}

const char *page_end(struct call *c, const struct page *p)
{
    if (!p->more)
        return NULL;
    size_t len = strlen(p->last);
    unsigned char *token = arena_alloc(c->arena, MAC_SIZE + len);
    mac(c, p->last, token);
    memcpy(token + MAC_SIZE, p->last, len);
    char *text = base64_encode(c->arena, token, MAC_SIZE + len);
    translate(text, '+', '-');
    translate(text, '/', '_');
    text[strcspn(text, "=")] = '\0';
    return text;
}
