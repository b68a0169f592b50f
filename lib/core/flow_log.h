#pragma once
/*
 * Flow logs (AWS: "Logging IP traffic using VPC Flow Logs"): what is recorded of a VPC, a subnet or
 * an interface, in which form, and in which file.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

#define FLOW_LOGS_PER_RESOURCE 10 /* AWS: "Amazon VPC quotas" gives two; a bound is enough here */
#define FLOW_LOG_FORMAT_MAX    1024
/* AWS's default, version 2. */
#define FLOW_LOG_FORMAT                                                                            \
    "${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} "        \
    "${protocol} ${packets} ${bytes} ${start} ${end} ${action} ${log-status}"

struct flow_log {
    const char *id; /* fl-… */
    const char *account_id;
    const char *region;
    const char *resource_id;      /* vpc-, subnet- or eni- */
    const char *traffic_type;     /* ACCEPT, REJECT, ALL */
    const char *destination_type; /* cloud-watch-logs, s3 */
    const char *log_group_name;   /* NULL: not of CloudWatch Logs */
    const char *log_destination;  /* an ARN; NULL: none */
    const char *log_format;
    int64_t max_aggregation_interval; /* seconds */
    const char *permission_arn;       /* kept and shown: files of the server need none */
    const char *cross_account_role;
    int64_t created_at;
};

enum flow_field {
#define FLOW_FIELD(id, name, version) FLOW_FIELD_##id,
#include "core/flow_fields.def"
#undef FLOW_FIELD
    _FLOW_FIELD_MAX
};

/*
 * The next field of a format: "${name}" with one blank between. 1 with the field and its AWS
 * version, and *at behind it; 0 at the end; -1 where it is malformed or names no field.
 */
int flow_log_format_next(const char **at, enum flow_field *ret_field, int *ret_version);
/* The highest version that its fields belong to; -1: it is malformed. */
int flow_log_format_version(const char *format);
/*
 * The file of an interface below the directory of flow logs: LOG-GROUP/eni-…-all, or
 * s3/BUCKET/PREFIX/eni-…-all. Nothing of what a caller chose leaves that directory: characters that
 * names of files should not have become "_", and so do dots at the beginning.
 */
const char *flow_log_file(struct arena *a, const struct flow_log *log, const char *interface_id);
