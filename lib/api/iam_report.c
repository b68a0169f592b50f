/* The credential report: one line of CSV for each user of an account, and for its root. */
#include <stdlib.h>
#include <string.h>

#include "api/iam.h"
#include "api/last_use.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/text.h"

#define REPORT_SETTING "credential-report" /* when it was asked for */
#define REPORT_AGE_MAX ((int64_t)4 * 3600 * 1000)
#define REPORT_MAX     ((size_t)4 << 20)
#define NOT_HERE       "N/A"
/* AWS: "Get credential reports for your AWS account" */
#define HEAD                                                                                       \
    "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,"       \
    "password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,"             \
    "access_key_1_last_used_date,access_key_1_last_used_region,access_key_1_last_used_service,"    \
    "access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,"                   \
    "access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,"                  \
    "cert_1_last_rotated,cert_2_active,cert_2_last_rotated\n"

static const char *time_text(struct call *c, int64_t at)
{
    char text[CLOCK_ISO8601_SIZE];
    if (at == 0)
        return NOT_HERE;
    clock_format_iso8601(at - at % 1000, text);
    /* 2026-01-02T03:04:05.000Z, of which reports have the seconds and an offset. */
    return arena_printf(c->arena, "%.19s+00:00", text);
}

static void add_key(struct call *c, struct buf *csv, const struct access_key *key)
{
    if (key == NULL) {
        buf_add_str(csv, ",false,N/A,N/A,N/A,N/A");
        return;
    }
    struct last_use use = last_use_of_key(c->last_uses, c->arena, key);
    buf_printf(csv, ",%s,%s,%s,%s,%s", key->active ? "true" : "false",
               time_text(c, key->created_at), time_text(c, use.at),
               use.at == 0 ? NOT_HERE : use.region, use.at == 0 ? NOT_HERE : use.service);
}

/* Names have no commas: iam_check_name(). */
static void add_line(struct call *c, struct buf *csv, const char *name, const char *arn,
                     int64_t created_at, const char *user_id)
{
    struct access_key_list keys = store_access_keys(c->tx, c->arena, "user_id", user_id);
    buf_printf(csv, "%s,%s,%s,false,N/A,N/A,N/A,false", name, arn, time_text(c, created_at));
    for (size_t i = 0; i < IAM_KEYS_PER_USER; i++)
        add_key(c, csv, i < keys.n ? &keys.v[i] : NULL);
    buf_add_str(csv, ",false,N/A,false,N/A\n");
}

int act_iam_GenerateCredentialReport(struct call *c, const struct wire_nothing *in,
                                     iam_GenerateCredentialReport_out *out, struct fault *f)
{
    (void)in, (void)f;
    store_put_setting_of_account(c->tx,
                                 &(struct account_setting){
                                     .account_id = c->principal->account_id,
                                     .region = GLOBAL_REGION,
                                     .name = REPORT_SETTING,
                                     .value = arena_printf(c->arena, "%lld", (long long)c->now),
                                 });
    out->state = "COMPLETE";
    return 0;
}

/* It is made when it is read: so it says what is true then. */
int act_iam_GetCredentialReport(struct call *c, const struct wire_nothing *in,
                                iam_GetCredentialReport_out *out, struct fault *f)
{
    (void)in;
    const char *account = c->principal->account_id;
    int64_t at = 0;
    const char *asked =
        store_setting_of_account(c->tx, c->arena, account, GLOBAL_REGION, REPORT_SETTING);
    if (asked == NULL || parse_int64(asked, &at) < 0)
        return fault(f, FAULT_REPORT_NOT_PRESENT,
                     "There is no credential report; GenerateCredentialReport makes one");
    if (at + REPORT_AGE_MAX < c->now)
        return fault(f, FAULT_REPORT_EXPIRED,
                     "The credential report has expired; GenerateCredentialReport makes a new one");
    _cleanup_buf_ struct buf csv = BUF_INIT(REPORT_MAX);
    buf_add_str(&csv, HEAD);
    add_line(c, &csv, "<root_account>", iam_root_arn(c->arena, account), 0, account);
    struct iam_user_list users = store_iam_users(c->tx, c->arena, "account_id", account);
    const struct iam_ordered *ordered = IAM_ORDER(c, users);
    for (size_t i = 0; i < users.n; i++) {
        const struct iam_user *user = ordered[i].row;
        add_line(c, &csv, user->name, iam_user_arn(c->arena, user), user->created_at, user->id);
    }
    if (csv.failed)
        return fault(f, FAULT_INTERNAL_ERROR, "The report is larger than this server makes one");
    out->content = (struct wire_blob){arena_strndup(c->arena, csv.data, csv.len), csv.len};
    out->report_format = "text/csv";
    out->generated_time = wire_time(c->now);
    return 0;
}
