#pragma once
/*
 * What is not an action: GET /health, GET /v1/status, PUT /v1/uploads (the file of an image),
 * GET /v1/tunnel/INSTANCE/PORT and GET /v1/console/INSTANCE (bytes both ways).
 */
#include <jansson.h>

#include "api/authenticate.h"

/* True when the request was one of these; then resp is filled in. */
bool bulk_handle(struct api *api, const struct http_request *http, struct http_response *resp);
/* Does it wait for a guest? */
bool bulk_is_slow(const struct http_request *http);
/* Answers with the object, and lets go of it. */
void bulk_answer_json(json_t *object, struct http_response *resp);
/* http_callbacks.begin_upload */
int bulk_begin_upload(struct api *api, const struct http_request *http, struct http_response *resp,
                      struct http_sink *ret_sink);
