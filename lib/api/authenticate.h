#pragma once
/*
 * Who sent a request: the peer of a unix socket, or the owner of the access key that signed it.
 * Also the region that the request is for: the signature's, or over the unix socket the header
 * X-Croft-Region, else the default one.
 */
#include <pthread.h>

#include "api/last_use.h"
#include "api/request.h"

struct api {
    struct api_config config;
    struct sigv4 *sigv4;
    const char **region_names;                        /* NULL-terminated */
    const char *service_names[WIRE_SERVICES_MAX + 1]; /* likewise */
    const char *global_names[WIRE_SERVICES_MAX + 1];  /* of those services that are in no region */
    struct last_uses *last_uses;
    struct limiter *limiter;
    int64_t started_at;
    struct {
        pthread_mutex_t lock;
        char fingerprint[128]; /* "": no TLS */
        int64_t ends;
    } certificate;
};

struct caller {
    struct principal principal;
    const struct region *region;
    const char *service; /* of the signature; NULL: none named. Also there if that is not right */
};

/* `streamed`: the body has not been read and is vouched for by its signed digest. */
int authenticate(struct api *api, const struct http_request *http, bool streamed,
                 struct caller *ret_caller, struct fault *f);
/* sigv4_find over the store's access keys and temporary ones; ctx is the struct api. */
int authenticate_find_key(void *ctx, const char *access_key_id, struct arena *a,
                          struct credential **ret_credential);
/*
 * sigv4_admit: opens session tokens, and looks whether what the session is of is still there. A
 * refusal is in the words of the service: EC2 has others than STS and IAM.
 */
int authenticate_admit(void *ctx, struct credential *credential, const char *token,
                       const char *service, int64_t now, struct arena *a, struct fault *f);
