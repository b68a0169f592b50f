#pragma once
/* What a refusal of IMDS looks like. Pure. */
#include "http/server.h"

/* Some tools know EC2 by the headers that all answers have. */
void metadata_add_usual_headers(struct http_response *resp, struct arena *a);
void metadata_add_header(struct http_response *resp, struct arena *a, const char *name,
                         const char *value);
/* A refusal, instead of what is there. */
void metadata_refuse(struct http_response *resp, struct arena *a, int status);
