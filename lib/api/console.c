#include "api/lookup.h"
#include "base/base64.h"
#include "base/log.h"

#define CONSOLE_MAX ((size_t)64 << 10) /* AWS: GetConsoleOutput brings the last 64 KB */

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
