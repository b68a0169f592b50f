/* Flow logs: made, shown, deleted. What they record is jobs/flow_plan.h's and network/flow_log.h's.
 */
#include "core/flow_log.h"

#include <string.h>

#include "api/filter.h"
#include "api/lookup.h"
#include "api/page.h"
#include "api/tagging.h"
#include "base/id.h"
#include "base/text.h"

#define RESOURCES_MAX  1000 /* AWS: CreateFlowLogs, ResourceId */
#define INTERVAL_LONG  600
#define INTERVAL_SHORT 60

static const char *const taggable[] = {"vpc-flow-log", NULL};

static int check_destination(const ec2_CreateFlowLogs_in *in, struct flow_log *l, struct fault *f)
{
    l->destination_type =
        in->log_destination_type == NULL ? "cloud-watch-logs" : in->log_destination_type;
    if (in->log_group_name != NULL && in->log_destination != NULL)
        return fault(f, FAULT_INVALID_PARAMETER,
                     "Please only provide LogGroupName or only provide LogDestination.");
    if (streq(l->destination_type, "s3")) {
        if (in->log_group_name != NULL)
            return fault(f, FAULT_INVALID_PARAMETER,
                         "LogDestination type must be cloud-watch-logs if LogGroupName is "
                         "provided.");
        if (in->log_destination == NULL)
            return fault(f, FAULT_INVALID_PARAMETER,
                         "LogDestination can't be empty if "
                         "LogGroupName is not provided.");
        if (!has_prefix(in->log_destination, "arn:aws:s3:::") ||
            strlen(in->log_destination) == strlen("arn:aws:s3:::"))
            return fault(f, FAULT_INVALID_PARAMETER,
                         "LogDestination: '%.200s' is not the ARN of a bucket",
                         in->log_destination);
        if (in->deliver_logs_permission_arn != NULL)
            return fault(f, FAULT_INVALID_PARAMETER,
                         "DeliverLogsPermissionArn is not applicable for s3 delivery");
        l->log_destination = in->log_destination;
        return 0;
    }
    if (!streq(l->destination_type, "cloud-watch-logs"))
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "Value (%s) for parameter LogDestinationType is not possible: flow logs are "
                     "files of the server, for the types cloud-watch-logs and s3",
                     l->destination_type);
    if (in->log_destination == NULL && in->log_group_name == NULL)
        return fault(f, FAULT_INVALID_PARAMETER,
                     "LogDestination can't be empty if LogGroupName is not provided.");
    if (in->deliver_logs_permission_arn == NULL)
        return fault(f, FAULT_INVALID_PARAMETER,
                     "DeliverLogsPermissionArn can't be empty if LogDestinationType is "
                     "cloud-watch-logs.");
    l->log_destination = in->log_destination;
    l->log_group_name = in->log_group_name;
    /* arn:aws:logs:us-east-1:123456789012:log-group:NAME */
    const char *name =
        in->log_destination == NULL ? NULL : strstr(in->log_destination, ":log-group:");
    if (in->log_destination != NULL && (name == NULL || name[strlen(":log-group:")] == '\0'))
        return fault(f, FAULT_INVALID_PARAMETER,
                     "LogDestination: '%.200s' is not the ARN of a log group", in->log_destination);
    if (name != NULL)
        l->log_group_name = name + strlen(":log-group:");
    return 0;
}

static int check_form(struct call *c, const ec2_CreateFlowLogs_in *in, struct flow_log *l,
                      struct fault *f)
{
    (void)c;
    l->traffic_type = in->traffic_type;
    if (in->traffic_type == NULL)
        return fault(f, FAULT_MISSING_PARAMETER,
                     "The request must contain the parameter TrafficType");
    l->max_aggregation_interval =
        in->max_aggregation_interval.set ? in->max_aggregation_interval.v : INTERVAL_LONG;
    if (l->max_aggregation_interval != INTERVAL_LONG &&
        l->max_aggregation_interval != INTERVAL_SHORT)
        return fault(f, FAULT_INVALID_PARAMETER,
                     "Invalid Flow Log Max Aggregation Interval: it must be %d or %d seconds",
                     INTERVAL_SHORT, INTERVAL_LONG);
    l->log_format = in->log_format == NULL ? FLOW_LOG_FORMAT : in->log_format;
    if (strlen(l->log_format) > FLOW_LOG_FORMAT_MAX || flow_log_format_version(l->log_format) < 0)
        return fault(f, FAULT_INVALID_PARAMETER,
                     "Unknown fields provided: LogFormat has fields of versions 2 to 5, as "
                     "${srcaddr}, with a blank between");
    return check_destination(in, l, f);
}

/* Is the resource of this type there? */
static int check_resource(struct call *c, const char *type, const char *id, struct fault *f)
{
    struct wire_strings ids = {&id, 1};
    const char *prefix = streq(type, "VPC") ? "vpc" : streq(type, "Subnet") ? "subnet" : "eni";
    if (!id_is_wellformed(id, prefix))
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "Value (%.64s) for parameter ResourceId is not the id of a %s", id, type);
    if (streq(type, "VPC")) {
        struct vpc_list l;
        return lookup_vpcs(c, &ids, &l, f);
    }
    if (streq(type, "Subnet")) {
        struct subnet_list l;
        return lookup_subnets(c, &ids, &l, f);
    }
    struct network_interface_list l;
    return lookup_network_interfaces(c, &ids, &l, f);
}

static int check_new(struct call *c, const struct flow_log *l, struct fault *f)
{
    struct flow_log_list there = store_flow_logs(c->tx, c->arena, "resource_id", l->resource_id);
    if (there.n >= FLOW_LOGS_PER_RESOURCE)
        return fault(f, FAULT_FLOW_LOGS_LIMIT_EXCEEDED,
                     "The maximum number of flow logs of '%s' is %d", l->resource_id,
                     FLOW_LOGS_PER_RESOURCE);
    for (size_t i = 0; i < there.n; i++)
        if (streq(there.v[i].destination_type, l->destination_type) &&
            streq(there.v[i].log_group_name, l->log_group_name) &&
            streq(there.v[i].log_destination, l->log_destination) &&
            streq(there.v[i].traffic_type, l->traffic_type))
            return fault(f, FAULT_FLOW_LOG_ALREADY_EXISTS,
                         "Error. There is an existing Flow Log with the same configuration and "
                         "log destination.");
    return 0;
}

int act_ec2_CreateFlowLogs(struct call *c, const ec2_CreateFlowLogs_in *in,
                           ec2_CreateFlowLogs_out *out, struct fault *f)
{
    out->client_token = in->client_token;
    wire_list_empty(&out->unsuccessful);
    if (c->replay != NULL) {
        const char *id = c->replay;
        while (*id != '\0') {
            size_t len = strcspn(id, " ");
            *arena_append(c->arena, &out->flow_log_ids) = arena_strndup(c->arena, id, len);
            id += len + (id[len] == ' ');
        }
        c->result = c->replay;
        return 0;
    }
    if (!streq(in->resource_type, "VPC") && !streq(in->resource_type, "Subnet") &&
        !streq(in->resource_type, "NetworkInterface"))
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "There are no resources of the type %s to record", in->resource_type);
    struct flow_log form = {
        .account_id = c->principal->account_id,
        .region = c->region->name,
        .permission_arn = in->deliver_logs_permission_arn,
        .cross_account_role = in->deliver_cross_account_role,
        .created_at = c->now,
    };
    if (check_form(c, in, &form, f) < 0 ||
        tags_from_specifications(c, &in->tag_specifications, taggable, f) < 0)
        return -1;
    struct wire_strings resources = strings_sorted(c->arena, &in->resource_ids);
    if (resources.n == 0)
        return fault(f, FAULT_MISSING_PARAMETER,
                     "The request must contain the parameter ResourceId");
    if (resources.n > RESOURCES_MAX)
        return fault(f, FAULT_INVALID_PARAMETER_VALUE, "At most %d resources can be named",
                     RESOURCES_MAX);
    for (size_t i = 0; i < resources.n; i++)
        if (check_resource(c, in->resource_type, resources.v[i], f) < 0)
            return -1;
    const char *ids = "";
    for (size_t i = 0; i < resources.n; i++) {
        struct flow_log l = form;
        l.id = id_make(c->arena, "fl");
        l.resource_id = resources.v[i];
        if (check_new(c, &l, f) < 0)
            return -1;
        store_insert_flow_log(c->tx, &l);
        tags_put(c, &in->tag_specifications, taggable[0], l.id);
        *arena_append(c->arena, &out->flow_log_ids) = l.id;
        ids = arena_printf(c->arena, "%s%s%s", ids, i > 0 ? " " : "", l.id);
    }
    c->result = ids;
    return 0;
}

/* AWS: DescribeFlowLogs, "Filters". */
static const struct filter_path flow_log_filters[] = {
    {"deliver-log-status", "DeliverLogsStatus"},
    {"flow-log-id", "FlowLogId"},
    {"log-destination-type", "LogDestinationType"},
    {"log-group-name", "LogGroupName"},
    {"resource-id", "ResourceId"},
    {"traffic-type", "TrafficType"},
};

int act_ec2_DescribeFlowLogs(struct call *c, const ec2_DescribeFlowLogs_in *in,
                             ec2_DescribeFlowLogs_out *out, struct fault *f)
{
    struct filters filters = {&in->filter, flow_log_filters, ARRAY_SIZE(flow_log_filters),
                              &ec2_FlowLog_struct, NULL};
    struct flow_log_list rows;
    struct page page;
    if (filters_check(&filters, f) < 0 ||
        page_begin(c, in->max_results, in->next_token, in->flow_log_ids.n > 0, &page, f) < 0 ||
        lookup_flow_logs(c, &in->flow_log_ids, &rows, f) < 0)
        return -1;
    for (size_t i = 0; i < rows.n && !page.more; i++) {
        const struct flow_log *l = &rows.v[i];
        struct ec2_FlowLog log = {
            .creation_time = wire_time(l->created_at),
            .deliver_logs_permission_arn = l->permission_arn,
            .deliver_cross_account_role = l->cross_account_role,
            .deliver_logs_status = "SUCCESS",
            .flow_log_id = l->id,
            .flow_log_status = "ACTIVE",
            .log_group_name = l->log_group_name,
            .resource_id = l->resource_id,
            .traffic_type = l->traffic_type,
            .log_destination_type = l->destination_type,
            .log_destination = l->log_destination,
            .log_format = l->log_format,
            .max_aggregation_interval = wire_int(l->max_aggregation_interval),
        };
        tags_of(c, l->id, &log.tags);
        wire_list_empty(&log.tags);
        if (filters_match(&filters, &log, NULL) && page_admit(&page, l->id))
            *arena_append(c->arena, &out->flow_logs) = log;
    }
    out->next_token = page_end(c, &page);
    return 0;
}

int act_ec2_DeleteFlowLogs(struct call *c, const ec2_DeleteFlowLogs_in *in,
                           ec2_DeleteFlowLogs_out *out, struct fault *f)
{
    struct flow_log_list rows;
    if (in->flow_log_ids.n == 0)
        return fault(f, FAULT_MISSING_PARAMETER,
                     "The request must contain the parameter FlowLogId");
    if (lookup_flow_logs(c, &in->flow_log_ids, &rows, f) < 0)
        return -1;
    for (size_t i = 0; i < rows.n; i++) {
        store_delete_flow_logs(c->tx, "id", rows.v[i].id);
        tags_drop(c, rows.v[i].id);
    }
    wire_list_empty(&out->unsuccessful);
    return 0;
}
