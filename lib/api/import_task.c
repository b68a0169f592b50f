#include "api/import_task.h"

#include <string.h>

#include "api/lookup.h"
#include "base/text.h"
#include "jobs/transfer.h"

#define ACTIVE_MAX     20 /* AWS: "VM Import/Export requirements": of imports at a time */
#define BUCKET_MIN     3  /* S3: "Bucket naming rules" */
#define BUCKET_MAX     63
#define KEY_MAX        1024
#define BUCKET_LETTERS "abcdefghijklmnopqrstuvwxyz0123456789.-"

static bool key_ok(const char *key)
{
    for (const char *part = key;; part++) {
        size_t len = strcspn(part, "/");
        if (len == 0 || len > 255 || (len == 1 && part[0] == '.') ||
            (len == 2 && part[0] == '.' && part[1] == '.'))
            return false;
        part += len;
        if (*part == '\0')
            return true;
    }
}

int bucket_check(const char *bucket, const char *key, struct fault *f)
{
    size_t len = strlen(bucket);
    if (len < BUCKET_MIN || len > BUCKET_MAX || bucket[strspn(bucket, BUCKET_LETTERS)] != '\0' ||
        bucket[0] == '.' || bucket[0] == '-')
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "'%.64s' is no name of a bucket: 3 to 63 small letters, digits, '.' and '-'",
                     bucket);
    if (strlen(key) > KEY_MAX || !key_ok(key))
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "'%.64s' is no key of an object: a path without empty parts, '.' and '..'",
                     key);
    return 0;
}

int transfer_check_quota(struct call *c, struct fault *f)
{
    const char *account = c->principal->account_id;
    size_t active = store_count_import_tasks(c->tx, "account_id", account, "state", "active") +
                    store_count_export_tasks(c->tx, "account_id", account, "state", "active");
    if (active >= ACTIVE_MAX)
        return fault(f, FAULT_RESOURCE_LIMIT_EXCEEDED,
                     "There are %d imports and exports at work already", ACTIVE_MAX);
    return 0;
}

const char *transfer_percent(struct call *c, int state, int64_t percent)
{
    bool said = state == TRANSFER_ACTIVE || state == TRANSFER_COMPLETED;
    return said ? arena_printf(c->arena, "%lld", (long long)percent) : NULL;
}

int transfer_cancel(const char *id, int *state, struct fault *f)
{
    if (state_move(&transfer_states, state, TRANSFER_DELETING, NULL) == 0)
        return 0;
    return fault(f, FAULT_INCORRECT_STATE, "The task '%s' cannot be cancelled: it is %s", id,
                 state_name(&transfer_states, *state));
}

int act_ec2_CancelImportTask(struct call *c, const ec2_CancelImportTask_in *in,
                             ec2_CancelImportTask_out *out, struct fault *f)
{
    if (in->import_task_id == NULL)
        return fault(f, FAULT_MISSING_PARAMETER,
                     "The request must contain the parameter ImportTaskId");
    struct import_task *t = lookup_import_task(c, in->import_task_id, f);
    if (t == NULL)
        return -1;
    out->previous_state = state_name(&transfer_states, t->state);
    if (transfer_cancel(t->id, &t->state, f) < 0)
        return -1;
    store_update_import_task(c->tx, t);
    store_enqueue(c->tx, IMPORT_JOB, t->id, c->now);
    out->import_task_id = t->id;
    out->state = state_name(&transfer_states, t->state);
    return 0;
}
