#include "api/call.h"

int act_sts_GetCallerIdentity(struct call *c, const sts_GetCallerIdentity_in *in,
                              sts_GetCallerIdentity_out *out, struct fault *f)
{
    out->user_id = c->principal->user_id;
    out->account = c->principal->account_id;
    out->arn = c->principal->arn;
    return 0;
}
