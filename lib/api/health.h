#pragma once
/*
 * Is the server well? Checks of what it stands on, each answered within moments: for /healthz,
 * /v1/status and metrics. They say nothing of anybody's instances.
 */
#include <jansson.h>

#include "api/authenticate.h"

enum health_check {
    HEALTH_DATABASE,   /* a read is answered */
    HEALTH_HYPERVISOR, /* libvirt is connected */
    HEALTH_NETWORK,    /* the driver of networks answers */
    HEALTH_DISK,       /* there is room: below disk_full */
    HEALTH_RECONCILER, /* rows and machine have been compared lately */
    _HEALTH_CHECK_MAX
};

struct health {
    struct {
        bool ok;
        const char *detail; /* a sentence, in the arena */
    } checks[_HEALTH_CHECK_MAX];
    bool ok; /* all of them */
};

void health_look(struct api *api, struct arena *a, struct health *ret_health);
/* {"database": {"ok": true, "detail": "it answers"}, ...} */
json_t *health_json(const struct health *h);
/* "database" */
const char *health_check_name(size_t check);
