#pragma once
/* The rules of access: who is answered, with a token or without. */
#include "http/server.h"
#include "metadata/secrets.h"
#include "store/store.h"

/* Answers a request that came from an address in a VPC. */
void metadata_answer(struct store *store, const struct secrets *secrets, const char *vpc_id,
                     const struct http_request *req, struct http_response *resp);
