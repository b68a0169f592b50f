#include "metadata/answer.h"

#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "metadata/refusal.h"
#include "metadata/tree.h"

#define TOKEN_PATH    "/latest/api/token"
#define TOKEN_HEADER  "X-aws-ec2-metadata-token"
#define TTL_HEADER    "X-aws-ec2-metadata-token-ttl-seconds"
#define FORWARDED_FOR "X-Forwarded-For"

static void refuse_method(struct http_response *resp, struct arena *a, const char *allowed)
{
    metadata_refuse(resp, a, 405);
    metadata_add_header(resp, a, "Allow", allowed);
}

static struct token_holder holder_of(const struct guest *g)
{
    return (struct token_holder){g->interface->id, g->instance->id};
}

/*
 * A proxy that lets strangers through says so in X-Forwarded-For, and a container or a proxy
 * outside of the guest is further away than the hop limit (AWS: "Use the Instance Metadata Service
 * to access instance metadata").
 */
static void answer_token(const struct guest *g, const struct http_request *req,
                         struct http_response *resp)
{
    const char *ttl = headers_get(&req->headers, TTL_HEADER);
    struct token_holder holder = holder_of(g);
    char token[TOKEN_SIZE];
    int64_t seconds = 0;
    if (!streq(req->method, "PUT")) {
        refuse_method(resp, g->arena, "OPTIONS, PUT");
        return;
    }
    if (headers_get(&req->headers, FORWARDED_FOR) != NULL) {
        metadata_refuse(resp, g->arena, 403);
        return;
    }
    if (ttl == NULL || parse_int64(ttl, &seconds) < 0 || seconds < 1 || seconds > TOKEN_TTL_MAX_S) {
        metadata_refuse(resp, g->arena, 400);
        return;
    }
    token_make(&g->secrets->token_key, &holder, clock_now() + seconds * 1000, token);
    resp->content_type = "text/plain";
    resp->hop_limit = (int)g->instance->http_put_response_hop_limit;
    metadata_add_usual_headers(resp, g->arena);
    metadata_add_header(resp, g->arena, TTL_HEADER,
                        arena_printf(g->arena, "%lld", (long long)seconds));
    buf_add_str(&resp->body, token);
}

/* A token that is no good is refused even where none is needed. */
static bool may_read(const struct guest *g, const struct http_request *req,
                     struct http_response *resp)
{
    const char *token = headers_get(&req->headers, TOKEN_HEADER);
    struct token_holder holder = holder_of(g);
    int64_t left = 0;
    if (token == NULL)
        return !streq(g->instance->http_tokens, "required");
    if (!token_check(&g->secrets->token_key, &holder, clock_now(), token, &left))
        return false;
    metadata_add_header(resp, g->arena, TTL_HEADER,
                        arena_printf(g->arena, "%lld", (long long)left / 1000));
    return true;
}

static void answer_path(struct guest *g, const struct http_request *req, struct http_response *resp)
{
    struct answer found;
    if (!streq(req->method, "GET") && !streq(req->method, "HEAD")) {
        refuse_method(resp, g->arena, "GET, HEAD");
    } else if (!may_read(g, req, resp)) {
        metadata_refuse(resp, g->arena, 401);
    } else if (!tree_read(g, req->path, &found)) {
        metadata_refuse(resp, g->arena, 404);
    } else {
        resp->content_type = found.type;
        metadata_add_usual_headers(resp, g->arena);
        buf_add(&resp->body, found.value.data, found.value.len);
    }
}

/* AWS: the IPv6 address is an option of its own. */
static bool is_open(const struct guest *g, const char *address)
{
    return streq(g->instance->http_endpoint, "enabled") &&
           (strchr(address, ':') == NULL || streq(g->instance->http_protocol_ipv6, "enabled"));
}

void metadata_answer(struct store *store, const struct secrets *secrets, const char *vpc_id,
                     const struct http_request *req, struct http_response *resp)
{
    struct guest g = {0};
    struct tx *tx = store_read(store);
    if (!guest_find(tx, req->arena, vpc_id, req->peer->address, &g)) {
        metadata_refuse(resp, req->arena, 404);
    } else {
        g.secrets = secrets;
        if (!is_open(&g, req->peer->address))
            metadata_refuse(resp, req->arena, 403);
        else if (tree_is(req->arena, req->path, TOKEN_PATH))
            answer_token(&g, req, resp);
        else
            answer_path(&g, req, resp);
    }
    /* What could not be read is not what does not exist. */
    if (tx_commit(tx, NULL) < 0)
        metadata_refuse(resp, req->arena, 500);
}
