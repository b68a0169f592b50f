/* DescribeImageAttribute, ModifyImageAttribute, ResetImageAttribute. */
#include <string.h>

#include "api/image_view.h"
#include "api/lookup.h"
#include "api/setting.h"
#include "base/clock.h"
#include "base/text.h"

#define DESCRIPTION_MAX 255 /* AWS: RegisterImage, "Description" */

/* Attributes are the owner's to see and to change. */
static struct image *own_image(struct call *c, const char *id, struct fault *f)
{
    struct image *i = lookup_image(c, id, f);
    if (i != NULL && !streq(i->account_id, c->principal->account_id)) {
        (void)fault(f, FAULT_AUTH_FAILURE, "Not authorized for image:%s", id);
        return NULL;
    }
    return i;
}

static struct ec2_AttributeValue *value(struct call *c, const char *text)
{
    struct ec2_AttributeValue *v = arena_new_of(c->arena, struct ec2_AttributeValue);
    v->value = text;
    return v;
}

int act_ec2_DescribeImageAttribute(struct call *c, const ec2_DescribeImageAttribute_in *in,
                                   ec2_DescribeImageAttribute_out *out, struct fault *f)
{
    const struct image *i = own_image(c, in->image_id, f);
    if (i == NULL)
        return -1;
    const char *name = in->attribute;
    out->image_id = i->id;
    if (streq(name, "description")) {
        out->description = value(c, i->description == NULL ? "" : i->description);
    } else if (streq(name, "launchPermission")) {
        if (i->is_public)
            arena_append(c->arena, &out->launch_permissions)->group = "all";
    } else if (streq(name, "blockDeviceMapping")) {
        struct ec2_Image view = {0};
        image_view(c, i, &view);
        out->block_device_mappings = view.block_device_mappings;
    } else if (streq(name, "bootMode")) {
        out->boot_mode = value(c, i->boot_mode);
    } else if (streq(name, "deregistrationProtection")) {
        out->deregistration_protection = value(c, "disabled");
    } else if (streq(name, "lastLaunchedTime")) {
        char text[CLOCK_ISO8601_SIZE];
        clock_format_iso8601(i->last_launched_at, text);
        out->last_launched_time =
            value(c, i->last_launched_at == 0 ? NULL : arena_strdup(c->arena, text));
    } else if (streq(name, "sriovNetSupport")) {
        out->sriov_net_support = value(c, "simple");
    } else if (streq(name, "kernel")) {
        out->kernel_id = value(c, NULL);
    } else if (streq(name, "ramdisk")) {
        out->ramdisk_id = value(c, NULL);
    } else if (streq(name, "tpmSupport")) {
        out->tpm_support = value(c, NULL);
    } else if (streq(name, "uefiData")) {
        out->uefi_data = value(c, NULL);
    } else if (streq(name, "imdsSupport")) {
        out->imds_support = value(c, NULL);
    }
    /* productCodes: images here have none, and the list is there, empty */
    return 0;
}

/*
 * The group is all, the users are accounts. There are no other accounts than the owner's, who needs
 * no permission: another is refused as EC2 refuses one that does not exist.
 */
static int check_group(const char *group, struct fault *f)
{
    if (streq(group, "all"))
        return 0;
    return fault(f, FAULT_INVALID_AMI_ATTRIBUTE_ITEM_VALUE,
                 "Invalid attribute item value \"%.64s\" for userGroup item type.", group);
}

static int check_user(struct call *c, const char *user, struct fault *f)
{
    if (streq(user, c->config->account_id))
        return 0;
    return fault(
        f, FAULT_INVALID_AMI_ATTRIBUTE_ITEM_VALUE,
        "Invalid attribute item value \"%.64s\" for userId item type. Croft knows no other "
        "account than its owner's",
        user);
}

static int set_public(struct call *c, struct image *i, bool give, struct fault *f)
{
    if (give && setting_get(c, SETTING_IMAGE_BLOCK) != NULL)
        return fault(f, FAULT_OPERATION_NOT_PERMITTED,
                     "You can't publicly share this image because block public access for AMIs is "
                     "enabled for this account. DisableImageBlockPublicAccess ends that");
    if (give && image_is_encrypted(c, i))
        return fault(f, FAULT_INVALID_PARAMETER,
                     "The image '%s' has encrypted snapshots, which cannot be shared: they are "
                     "encrypted with the EBS default key",
                     i->id);
    i->is_public = give;
    return 0;
}

static int change_permissions(struct call *c, struct image *i,
                              const struct ec2_LaunchPermissionList *list, bool give,
                              struct fault *f)
{
    for (size_t k = 0; k < list->n; k++) {
        const struct ec2_LaunchPermission *p = &list->v[k];
        if ((p->group == NULL) == (p->user_id == NULL))
            return fault(f, FAULT_INVALID_PARAMETER_COMBINATION,
                         "A launch permission has either a Group or a UserId");
        if (p->user_id != NULL && check_user(c, p->user_id, f) < 0)
            return -1;
        if (p->group != NULL && set_public(c, i, give, f) < 0)
            return -1;
    }
    return 0;
}

/* The older form: Attribute=launchPermission&OperationType=add&UserGroup.1=all */
static int change_named(struct call *c, struct image *i, const ec2_ModifyImageAttribute_in *in,
                        struct fault *f)
{
    if (streq(in->attribute, "description")) {
        if (in->value == NULL)
            return fault(f, FAULT_MISSING_PARAMETER,
                         "The request must contain the parameter Value");
        i->description = in->value;
        return 0;
    }
    if (!streq(in->attribute, "launchPermission"))
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "The attribute must be description or launchPermission");
    if (in->operation_type == NULL || in->user_groups.n + in->user_ids.n == 0)
        return fault(f, FAULT_MISSING_PARAMETER, "The request must contain the parameter %s",
                     in->operation_type == NULL ? "OperationType" : "UserGroup");
    for (size_t k = 0; k < in->user_ids.n; k++)
        if (check_user(c, in->user_ids.v[k], f) < 0)
            return -1;
    for (size_t k = 0; k < in->user_groups.n; k++) {
        if (check_group(in->user_groups.v[k], f) < 0 ||
            set_public(c, i, streq(in->operation_type, "add"), f) < 0)
            return -1;
    }
    return 0;
}

int act_ec2_ModifyImageAttribute(struct call *c, const ec2_ModifyImageAttribute_in *in,
                                 ec2_ModifyImageAttribute_out *out, struct fault *f)
{
    (void)out;
    struct image *i = own_image(c, in->image_id, f);
    if (i == NULL)
        return -1;
    /* Attribute may repeat what a member of its own says. */
    bool named = in->attribute != NULL && in->description == NULL && in->launch_permission == NULL;
    int changes = named + (in->description != NULL) + (in->launch_permission != NULL);
    if (changes != 1)
        return fault(f, FAULT_INVALID_PARAMETER_COMBINATION,
                     changes == 0 ? "No attributes specified."
                                  : "Only one attribute can be modified at a time");
    if (named && change_named(c, i, in, f) < 0)
        return -1;
    if (in->description != NULL) {
        if (in->description->value == NULL)
            return fault(f, FAULT_MISSING_PARAMETER,
                         "The request must contain the parameter Description.Value");
        i->description = in->description->value;
    }
    if (in->launch_permission != NULL &&
        (change_permissions(c, i, &in->launch_permission->add, true, f) < 0 ||
         change_permissions(c, i, &in->launch_permission->remove, false, f) < 0))
        return -1;
    if (i->description != NULL && utf8_length(i->description) > DESCRIPTION_MAX)
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "The description is limited to %d characters", DESCRIPTION_MAX);
    store_update_image(c->tx, i);
    return 0;
}

int act_ec2_ResetImageAttribute(struct call *c, const ec2_ResetImageAttribute_in *in,
                                ec2_ResetImageAttribute_out *out, struct fault *f)
{
    (void)out;
    struct image *i = own_image(c, in->image_id, f);
    if (i == NULL)
        return -1;
    i->is_public = false; /* launchPermission: there is no other that can be reset */
    store_update_image(c->tx, i);
    return 0;
}
