/* EC2 Instance Connect: keys for a minute. */
#include "core/instance_connect.h"

#include <string.h>

#include "api/lookup.h"
#include "api/setting.h"
#include "base/text.h"
#include "core/key_material.h"

/* The instance that somebody wants to get at, if it runs. */
static const struct instance *running(struct call *c, const char *id, struct fault *f)
{
    const struct instance *i = lookup_instance(c, id, f);
    if (i != NULL && i->state != INSTANCE_RUNNING) {
        (void)fault(f, FAULT_INCORRECT_INSTANCE_STATE, "The instance '%s' is %s, not running", id,
                    instance_state_name((enum instance_state)i->state));
        return NULL;
    }
    return i;
}

/* One that is sent again is good for another minute; how many there are at a time has a bound. */
static int put_key(struct call *c, const struct instance *i, const char *os_user,
                   const char *public_key, struct fault *f)
{
    store_delete_managed_ssh_keys_before(c->tx, c->now);
    store_delete_managed_ssh_keys(c->tx, "instance_id", i->id, "os_user", os_user, "public_key",
                                  public_key);
    if (store_count_managed_ssh_keys(c->tx, "instance_id", i->id) >= MANAGED_KEYS_MAX)
        return fault(f, FAULT_THROTTLING,
                     "The instance '%s' has %d keys that were sent within the last minute, which "
                     "is the limit",
                     i->id, MANAGED_KEYS_MAX);
    struct managed_ssh_key row = {
        .id = c->request_id,
        .instance_id = i->id,
        .os_user = os_user,
        .public_key = public_key,
        .caller = c->principal->arn,
        .expires_at = c->now + MANAGED_KEY_MS,
    };
    store_insert_managed_ssh_key(c->tx, &row);
    return 0;
}

int act_ec2_instance_connect_SendSSHPublicKey(struct call *c,
                                              const ec2_instance_connect_SendSSHPublicKey_in *in,
                                              ec2_instance_connect_SendSSHPublicKey_out *out,
                                              struct fault *f)
{
    struct key_material material;
    if (!os_user_is_legal(in->instance_os_user))
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "Value for parameter InstanceOSUser is invalid. It must be the name of a user "
                     "in the instance, such as ec2-user");
    if (key_material_read(c->arena, in->ssh_public_key, strlen(in->ssh_public_key),
                          "ec2-instance-connect", &material, f) < 0)
        return -1;
    const struct instance *i = running(c, in->instance_id, f);
    if (i == NULL)
        return -1;
    if (in->availability_zone != NULL && !streq(in->availability_zone, i->zone))
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "Value (%s) for parameter AvailabilityZone is invalid. The instance '%s' is "
                     "in %s",
                     in->availability_zone, i->id, i->zone);
    if (put_key(c, i, in->instance_os_user, material.public_key, f) < 0)
        return -1;
    out->request_id = c->request_id;
    out->success = wire_bool(true);
    return 0;
}

/*
 * The console is behind `croft console`, whose callers are known by their signature, and not behind
 * SSH: the key opens nothing. So a program that sends one and goes on is told what EC2 tells it.
 */
int act_ec2_instance_connect_SendSerialConsoleSSHPublicKey(
    struct call *c, const ec2_instance_connect_SendSerialConsoleSSHPublicKey_in *in,
    ec2_instance_connect_SendSerialConsoleSSHPublicKey_out *out, struct fault *f)
{
    struct key_material material;
    if (key_material_read(c->arena, in->ssh_public_key, strlen(in->ssh_public_key),
                          "serial-console", &material, f) < 0 ||
        running(c, in->instance_id, f) == NULL)
        return -1;
    if (setting_get(c, SETTING_SERIAL_CONSOLE) == NULL)
        return fault(f, FAULT_SERIAL_CONSOLE_ACCESS_DISABLED,
                     "Access to the serial console over the network is off for this account in "
                     "region %s. EnableSerialConsoleAccess turns it on",
                     c->region->name);
    out->request_id = c->request_id;
    out->success = wire_bool(true);
    return 0;
}
