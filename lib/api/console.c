/* GetConsoleOutput, GetPasswordData, and whether the serial console answers over the network. */
#include "api/lookup.h"
#include "api/setting.h"
#include "base/base64.h"
#include "base/log.h"

#define SCREENSHOT_MAX ((size_t)8 << 20)
#define CONSOLE_MAX    ((size_t)64 << 10) /* AWS: GetConsoleOutput brings the last 64 KB */

int act_ec2_GetConsoleOutput(struct call *c, const ec2_GetConsoleOutput_in *in,
                             ec2_GetConsoleOutput_out *out, struct fault *f)
{
    const struct instance *i = lookup_instance(c, in->instance_id, f);
    if (i == NULL)
        return -1;
    _cleanup_buf_ struct buf text = BUF_INIT(CONSOLE_MAX);
    int64_t when = c->now;
    struct err e = {0};
    struct storage *s = c->config->storage;
    if (s->ops->console_tail(s, i->id, &text, &when, &e) < 0) {
        log_warning("console-unreadable instance=%s reason=\"%s\"", i->id, e.message);
        return fault(f, FAULT_INTERNAL_ERROR, "The console output cannot be read now");
    }
    out->instance_id = i->id;
    out->timestamp = wire_time(when);
    out->output = base64_encode(c->arena, buf_str(&text), text.len);
    return 0;
}

/* EC2: a picture of what runs, in no time that the guest would notice. */
int act_ec2_GetConsoleScreenshot(struct call *c, const ec2_GetConsoleScreenshot_in *in,
                                 ec2_GetConsoleScreenshot_out *out, struct fault *f)
{
    const struct instance *i = lookup_instance(c, in->instance_id, f);
    if (i == NULL)
        return -1;
    if (i->state != INSTANCE_RUNNING)
        return fault(f, FAULT_INCORRECT_INSTANCE_STATE, "The instance '%s' is %s, not running",
                     i->id, instance_state_name((enum instance_state)i->state));
    _cleanup_buf_ struct buf jpeg = BUF_INIT(SCREENSHOT_MAX);
    struct err e = {0};
    struct hypervisor *h = c->config->hypervisor;
    if (h->ops->screenshot(h, i->id, wire_true(in->wake_up), &jpeg, &e) < 0) {
        log_warning("screen-unreadable instance=%s reason=\"%s\"", i->id, e.message);
        return fault(f, FAULT_UNSUPPORTED_OPERATION,
                     "The instance '%s' has no screen that can be looked at", i->id);
    }
    out->instance_id = i->id;
    out->image_data = base64_encode(c->arena, jpeg.data, jpeg.len);
    return 0;
}

/*
 * The password is what Windows makes at its first boot and writes to its console. For an instance
 * of anything else EC2 answers with an empty one, as for Windows before it is there.
 */
int act_ec2_GetPasswordData(struct call *c, const ec2_GetPasswordData_in *in,
                            ec2_GetPasswordData_out *out, struct fault *f)
{
    const struct instance *i = lookup_instance(c, in->instance_id, f);
    if (i == NULL)
        return -1;
    out->instance_id = i->id;
    out->timestamp = wire_time(i->launch_time);
    out->password_data = "";
    return 0;
}

int act_ec2_EnableSerialConsoleAccess(struct call *c, const ec2_EnableSerialConsoleAccess_in *in,
                                      ec2_EnableSerialConsoleAccess_out *out, struct fault *f)
{
    (void)in;
    (void)f;
    setting_put(c, SETTING_SERIAL_CONSOLE, "on");
    out->serial_console_access_enabled = wire_bool(true);
    return 0;
}

int act_ec2_DisableSerialConsoleAccess(struct call *c, const ec2_DisableSerialConsoleAccess_in *in,
                                       ec2_DisableSerialConsoleAccess_out *out, struct fault *f)
{
    (void)in;
    (void)f;
    setting_put(c, SETTING_SERIAL_CONSOLE, NULL);
    out->serial_console_access_enabled = wire_bool(false);
    return 0;
}

int act_ec2_GetSerialConsoleAccessStatus(struct call *c,
                                         const ec2_GetSerialConsoleAccessStatus_in *in,
                                         ec2_GetSerialConsoleAccessStatus_out *out, struct fault *f)
{
    (void)in;
    (void)f;
    out->serial_console_access_enabled = wire_bool(setting_get(c, SETTING_SERIAL_CONSOLE) != NULL);
    out->managed_by = "account";
    return 0;
}
