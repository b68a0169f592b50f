#pragma once
/* What flow logs are to record, worked out from rows: each interface that a log is about. */
#include "network/flow_log.h"
#include "store/store.h"

/* The plan of a struct flow_recorder_config; ctx is the struct store. */
int flow_plan_read(void *ctx, struct arena *a, uint64_t *version, struct flow_plan *ret_plan,
                   struct err *e);
