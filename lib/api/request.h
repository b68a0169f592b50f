#pragma once
/*
 * From HTTP to an action: which door a request came through, which action it names, and how the
 * answer must look. Nothing of its parameters is decoded here.
 */
#include "api/action.h"
#include "wire/croft_model.h"
#include "wire/form.h"

enum door {
    DOOR_QUERY, /* form or query string, XML */
    DOOR_JSON,  /* AWS JSON 1.1: X-Amz-Target */
    DOOR_REST,  /* POST /v1/Action */
};

struct api_request {
    const struct http_request *http;
    enum door door;
    const struct wire_service *service; /* NULL: not known (yet) */
    const char *version;                /* as the client asked; NULL: the current one */
    const struct action *action;
    const struct wire_action *shape;
    struct form form;                            /* of DOOR_QUERY */
    bool explain;                                /* X-Croft-Explain: 1 */
    const struct croft_Explanation *explanation; /* goes beside the answer; NULL: none */
};

/* The door alone, so that even a refused request is answered in its own form. */
enum door request_door(const struct http_request *http);
/* What X-Amz-Target names, NULL: none. So a service is refused in its own words, whoever asks. */
const struct wire_service *request_target(const struct http_request *http);
/*
 * Fills in the rest. `service` is the one of the signature's scope, or NULL. Faults: MissingAction,
 * InvalidAction, UnsupportedOperation (EC2 has it and Croft has not), NoSuchVersion,
 * MalformedQueryString.
 */
int request_route(struct api_request *r, const char *service, struct fault *f);
int request_decode(const struct api_request *r, void **ret_in, struct fault *f);

/* The answer, in the form of the request's door. */
void request_answer(const struct api_request *r, const void *out, struct http_response *resp);
void request_refuse(const struct api_request *r, const struct fault *f, struct http_response *resp);
