/*
 * Service-linked roles: clients make them before they ask for spot instances and the like. Here a
 * service does its work without one, so that such a role has a trust policy and no rights.
 */
#include <string.h>

#include "api/iam.h"
#include "base/id.h"
#include "base/text.h"

#define TASK_SETTING                                                                               \
    "linked-role-deletion:" /* of an account, and the role's name: the task's id                   \
                             */

static const struct {
    const char *service;
    const char *name;
    bool takes_suffix;
} linked[] = {
    {"autoscaling.amazonaws.com", "AWSServiceRoleForAutoScaling", true},
    {"ec2-instance-connect.amazonaws.com", "AWSServiceRoleForEC2InstanceConnect", false},
    {"ec2fleet.amazonaws.com", "AWSServiceRoleForEC2Fleet", false},
    {"ec2scheduled.amazonaws.com", "AWSServiceRoleForEC2ScheduledInstances", false},
    {"elasticloadbalancing.amazonaws.com", "AWSServiceRoleForElasticLoadBalancing", false},
    {"spot.amazonaws.com", "AWSServiceRoleForEC2Spot", false},
    {"spotfleet.amazonaws.com", "AWSServiceRoleForEC2SpotFleet", false},
};

int act_iam_CreateServiceLinkedRole(struct call *c, const iam_CreateServiceLinkedRole_in *in,
                                    iam_CreateServiceLinkedRole_out *out, struct fault *f)
{
    size_t i = 0;
    while (i < ARRAY_SIZE(linked) && !streq(linked[i].service, in->aws_service_name))
        i++;
    if (i == ARRAY_SIZE(linked))
        return fault(f, FAULT_INVALID_INPUT,
                     "The service %.128s has no service-linked role on this server",
                     in->aws_service_name);
    if (in->custom_suffix != NULL && !linked[i].takes_suffix)
        return fault(f, FAULT_INVALID_INPUT, "Custom suffix is not allowed for %s",
                     linked[i].service);
    if (in->custom_suffix != NULL && iam_check_name("customSuffix", in->custom_suffix, f) < 0)
        return -1;
    struct iam_role role = {
        .path = arena_printf(c->arena, IAM_LINKED_ROLE_PATH "%s/", linked[i].service),
        .name = in->custom_suffix == NULL
                    ? linked[i].name
                    : arena_printf(c->arena, "%s_%s", linked[i].name, in->custom_suffix),
        .description = in->description,
        .assume_role_policy =
            arena_printf(c->arena,
                         "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
                         "\"Principal\":{\"Service\":\"%s\"},\"Action\":\"sts:AssumeRole\"}]}",
                         linked[i].service),
    };
    if (store_iam_role_named(c->tx, c->arena, c->principal->account_id, role.name) != NULL)
        return fault(f, FAULT_INVALID_INPUT,
                     "Service role name %s has been taken in this account, please try a different "
                     "suffix.",
                     role.name);
    if (iam_insert_role(c, &role, f) < 0)
        return -1;
    out->role = IAM_NEW(c, iam_role_view(c, &role, true));
    return 0;
}

/* "task/aws-service-role/SERVICE/NAME/" and what makes it this one. */
static const char *task_id(struct call *c, const struct iam_role *row, const char *uuid)
{
    return arena_printf(c->arena, "task%s%s/%s", row->path, row->name, uuid);
}

/* No service holds on to a role, so that it has gone when the call returns. */
int act_iam_DeleteServiceLinkedRole(struct call *c, const iam_DeleteServiceLinkedRole_in *in,
                                    iam_DeleteServiceLinkedRole_out *out, struct fault *f)
{
    char uuid[UUID_SIZE];
    const struct iam_role *row = iam_find_role(c, in->role_name, f);
    if (row == NULL)
        return -1;
    if (!has_prefix(row->path, IAM_LINKED_ROLE_PATH))
        return fault(f, FAULT_NO_SUCH_ENTITY, "%s is not a service-linked role.", row->name);
    uuid_new(uuid);
    out->deletion_task_id = task_id(c, row, uuid);
    store_put_setting_of_account(c->tx,
                                 &(struct account_setting){
                                     .account_id = c->principal->account_id,
                                     .region = GLOBAL_REGION,
                                     .name = arena_printf(c->arena, TASK_SETTING "%s", row->name),
                                     .value = out->deletion_task_id,
                                 });
    iam_forget_role(c, row);
    return 0;
}

/* "…/NAME/UUID": NAME, or NULL. */
static const char *name_in_task(struct call *c, const char *id)
{
    const char *uuid = strrchr(id, '/');
    char *head = uuid == NULL ? NULL : arena_strndup(c->arena, id, (size_t)(uuid - id));
    const char *name = head == NULL ? NULL : strrchr(head, '/');
    return name == NULL ? NULL : name + 1;
}

int act_iam_GetServiceLinkedRoleDeletionStatus(struct call *c,
                                               const iam_GetServiceLinkedRoleDeletionStatus_in *in,
                                               iam_GetServiceLinkedRoleDeletionStatus_out *out,
                                               struct fault *f)
{
    const char *name = name_in_task(c, in->deletion_task_id);
    const char *last =
        name == NULL
            ? NULL
            : store_setting_of_account(c->tx, c->arena, c->principal->account_id, GLOBAL_REGION,
                                       arena_printf(c->arena, TASK_SETTING "%s", name));
    if (!streq(last, in->deletion_task_id))
        return fault(f, FAULT_NO_SUCH_ENTITY, "The deletion task %.512s cannot be found.",
                     in->deletion_task_id);
    out->status = "SUCCEEDED";
    return 0;
}
