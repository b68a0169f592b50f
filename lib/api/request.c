#include "api/request.h"

#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "wire/json.h"
#include "wire/query.h"
#include "wire/xml.h"

#define REST_PREFIX     "/v1/"
#define TARGET_HEADER   "x-amz-target"
#define JSON_TYPE       "application/json"
#define AWS_JSON_TYPE   "application/x-amz-json-1.1"
#define FORM_TYPE       "application/x-www-form-urlencoded"
#define ACTION_NAME_MAX 100

enum door request_door(const struct http_request *http)
{
    if (has_prefix(http->path, REST_PREFIX))
        return DOOR_REST;
    return headers_get(&http->headers, TARGET_HEADER) != NULL ? DOOR_JSON : DOOR_QUERY;
}

static int find_action(struct api_request *r, const char *name, struct fault *f)
{
    if (r->service == NULL) /* not named: the one that has the action */
        r->service = wire_service_of_action(name);
    if (r->service == NULL)
        r->service = wire_service_find("ec2");
    r->action = action_find(r->service, name);
    r->shape = wire_action_find(r->service, name);
    if (r->action != NULL && r->shape != NULL)
        return 0;
    if (wire_action_is_known(r->service, name))
        return fault(f, FAULT_UNSUPPORTED_OPERATION, "The action %s is not provided by this server",
                     name);
    /* A name that is no name is not worth repeating. */
    if (strlen(name) > ACTION_NAME_MAX || !text_is_clean_utf8(name, strlen(name)))
        return fault(f, FAULT_INVALID_ACTION, "The action is not valid for this web service");
    return fault(f, FAULT_INVALID_ACTION, "The action %s is not valid for this web service", name);
}

static int route_query(struct api_request *r, struct fault *f)
{
    const struct http_request *http = r->http;
    if (!streq(http->path, "/") && !streq(http->path, ""))
        return fault(f, FAULT_INVALID_ACTION, "There is nothing at this path; the API is at /");
    if (form_parse(http->arena, http->query, strlen(http->query), &r->form, f) < 0)
        return -1;
    if (streq(http->method, "POST") && http->body_len > 0) {
        const char *type = headers_get(&http->headers, "content-type");
        if (type != NULL && strncasecmp(type, FORM_TYPE, strlen(FORM_TYPE)) != 0)
            return fault(f, FAULT_MALFORMED_QUERY_STRING,
                         "The content type must be " FORM_TYPE
                         ", or application/x-amz-json-1.1 with an X-Amz-Target header");
        if (form_parse(http->arena, http->body, http->body_len, &r->form, f) < 0)
            return -1;
    } else if (!streq(http->method, "GET") && !streq(http->method, "POST")) {
        return fault(f, FAULT_INVALID_ACTION, "The API takes GET and POST");
    }
    const char *name = form_get(&r->form, "Action");
    if (str_empty(name))
        return fault(f, FAULT_MISSING_ACTION, "The request must contain the parameter Action");
    if (find_action(r, name, f) < 0)
        return -1;
    const char *version = form_get(&r->form, "Version");
    if (!str_empty(version) && !wire_service_serves(r->service, version))
        return fault(f, FAULT_NO_SUCH_VERSION, "The requested version is not supported; use %s",
                     r->service->versions[0]);
    r->version = str_empty(version) ? NULL : version;
    return 0;
}

const struct wire_service *request_target(const struct http_request *http)
{
    const char *target = headers_get(&http->headers, TARGET_HEADER);
    const char *dot = target == NULL ? NULL : strrchr(target, '.');
    return dot == NULL ? NULL : wire_service_of_target(target, (size_t)(dot - target));
}

static int route_json(struct api_request *r, struct fault *f)
{
    const char *target = headers_get(&r->http->headers, TARGET_HEADER);
    const char *dot = target == NULL ? NULL : strrchr(target, '.');
    if (dot == NULL || dot[1] == '\0')
        return fault(f, FAULT_MISSING_ACTION,
                     "X-Amz-Target must be AmazonEC2. and an action's name");
    const struct wire_service *named = request_target(r->http);
    if (named == NULL)
        return fault(f, FAULT_INVALID_ACTION, "X-Amz-Target names no service of this server");
    r->service = named;
    return find_action(r, dot + 1, f);
}

static int route_rest(struct api_request *r, struct fault *f)
{
    const char *name = r->http->path + strlen(REST_PREFIX);
    if (!streq(r->http->method, "POST"))
        return fault(f, FAULT_INVALID_ACTION, "An action takes POST with a JSON body");
    if (*name == '\0')
        return fault(f, FAULT_MISSING_ACTION, "The path must be /v1/ and an action's name");
    return find_action(r, name, f);
}

int request_route(struct api_request *r, const char *service, struct fault *f)
{
    r->service = service == NULL ? NULL : wire_service_find(service);
    switch (r->door) {
    case DOOR_QUERY:
        return route_query(r, f);
    case DOOR_JSON:
        return route_json(r, f);
    case DOOR_REST:
        return route_rest(r, f);
    }
    return -1;
}

int request_decode(const struct api_request *r, void **ret_in, struct fault *f)
{
    const struct http_request *http = r->http;
    if (r->door == DOOR_QUERY)
        return query_decode(http->arena, r->shape, &r->form, ret_in, f);
    return json_decode(http->arena, r->shape, http->body, http->body_len, ret_in, f);
}

static const char *content_type(enum door door)
{
    switch (door) {
    case DOOR_QUERY:
        return XML_CONTENT_TYPE;
    case DOOR_JSON:
        return AWS_JSON_TYPE;
    case DOOR_REST:
        return JSON_TYPE;
    }
    return JSON_TYPE;
}

/* docs/decisions: what an explanation is called beside a reply. */
static const struct wire_beside *beside(const struct api_request *r, struct wire_beside *b)
{
    *b = (struct wire_beside){"CroftExplanation", "croftExplanation", &croft_Explanation_struct,
                              r->explanation};
    return r->explanation == NULL ? NULL : b;
}

void request_answer(const struct api_request *r, const void *out, struct http_response *resp)
{
    struct arena *a = r->http->arena;
    struct wire_beside b;
    int result = r->door == DOOR_QUERY
                     ? xml_encode_reply(a, r->shape, r->version, r->http->request_id, out,
                                        beside(r, &b), &resp->body)
                     : json_encode_reply(a, r->shape, out, beside(r, &b), &resp->body);
    resp->status = 200;
    resp->content_type = content_type(r->door);
    if (result < 0) { /* the server makes an InternalError of it: see http/server.h */
        log_error("reply-too-large request=%s action=%s", r->http->request_id, r->action->name);
        resp->body.failed = true;
    }
}

/* What the service calls it. */
static enum fault_code spoken(const struct wire_service *service, enum fault_code code)
{
    static const struct {
        const struct wire_service *service;
        enum fault_code here;
        enum fault_code there;
    } words[] = {
#define SPOKEN(service, here, there) {&service##_service, FAULT_##here, FAULT_##there},
#include "core/spoken.def"
#undef SPOKEN
    };
    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        if (words[i].service == service && words[i].here == code)
            return words[i].there;
    return code;
}

void request_refuse(const struct api_request *r, const struct fault *f, struct http_response *resp)
{
    struct arena *a = r->http->arena;
    struct fault said = *f;
    said.code = spoken(r->service, f->code);
    buf_reset(&resp->body);
    struct wire_beside b;
    int result = r->door == DOOR_QUERY ? xml_encode_fault(a, r->service, &said, r->http->request_id,
                                                          beside(r, &b), &resp->body)
                                       : json_encode_fault(a, &said, beside(r, &b), &resp->body);
    resp->status = fault_http_status(said.code);
    resp->content_type = content_type(r->door);
    resp->tunnel_fd = -1;
    if (result < 0)
        resp->body.failed = true;
}
