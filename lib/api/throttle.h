#pragma once
/* Refuses requests of accounts that ask too often; limits.def says how often is too often. */
#include "api/authenticate.h"

/* Takes a token for the request, once it is known whose it is and what it asks for. */
int throttle_request(struct api *api, const struct api_request *r, const struct caller *caller,
                     struct fault *f);
/* Takes those for the instances that it is about, once it is decoded. */
int throttle_resources(struct api *api, const struct api_request *r, const struct caller *caller,
                       const void *in, struct fault *f);
