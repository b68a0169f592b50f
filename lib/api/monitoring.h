#pragma once
/*
 * GET /metrics (Prometheus) and GET /healthz (200 or 503, with the checks as JSON). Monitors have
 * no credentials, so the configuration says who may read them (enum monitoring), and neither says
 * anything of an account: totals, no ids and no names.
 */
#include "api/authenticate.h"

#define MONITORING_WORDS "loopback, socket, everyone or no"

/* 0, or -EINVAL for another word than these. */
int monitoring_parse(const char *text, enum monitoring *ret_monitoring);
/* Tells base/metric.h what values labels have. */
void monitoring_labels(void);
/* True when the request was one of these; then resp is filled in. */
bool monitoring_handle(struct api *api, const struct http_request *http,
                       struct http_response *resp);
