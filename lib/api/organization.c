/*
 * Accounts of the server, in the words of AWS Organizations: the owner's account is the management
 * account, and each other one a member that it made. There is one organization, which nobody makes.
 */
#include <string.h>

#include "api/instance_power.h"
#include "api/page.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/log.h"
#include "base/text.h"
#include "core/identity.h"
#include "jobs/vpc_rows.h"

#define ACCOUNTS_MAX 1000
/* The role that the owner's account takes in a new one (AWS: "CreateAccount", RoleName). */
#define DEFAULT_ROLE  "OrganizationAccountAccessRole"
#define ADMINISTRATOR "arn:aws:iam::aws:policy/AdministratorAccess"
#define HOUR_SECONDS  3600
/* AWS: "IAM and AWS STS quotas", names. */
#define NAME_LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+=,.@-"

static bool is_owner(const struct call *c)
{
    return streq(c->principal->account_id, c->config->account_id);
}

static int check_owner(const struct call *c, struct fault *f)
{
    return is_owner(c) ? 0
                       : fault(f, FAULT_ACCOUNT_OPERATION_DENIED,
                               "You don't have permissions to access this resource: only account "
                               "%s, the owner's, has accounts",
                               c->config->account_id);
}

/* There is one, so its id follows from the owner's account. */
static const char *organization_id(const struct call *c)
{
    return arena_printf(c->arena, "o-%s", c->config->account_id + 2);
}

static const char *account_arn(const struct call *c, const char *account_id)
{
    return arena_printf(c->arena, "arn:aws:organizations::%s:account/%s/%s", c->config->account_id,
                        organization_id(c), account_id);
}

static struct organizations_Account view(const struct call *c, const struct account *a)
{
    return (struct organizations_Account){
        .id = a->id,
        .arn = account_arn(c, a->id),
        .email = a->email,
        .name = a->name,
        .status = a->status,
        .state = a->status,
        .joined_method = a->request_id == NULL ? "INVITED" : "CREATED",
        .joined_timestamp = wire_time(a->created_at),
    };
}

static struct organizations_CreateAccountStatus view_request(const struct account *a)
{
    return (struct organizations_CreateAccountStatus){
        .id = a->request_id,
        .account_name = a->name,
        .state = "SUCCEEDED",
        .requested_timestamp = wire_time(a->created_at),
        .completed_timestamp = wire_time(a->created_at),
        .account_id = a->id,
    };
}

static struct account *find(struct call *c, const char *id, struct fault *f)
{
    struct account *a = check_owner(c, f) < 0 ? NULL : store_account(c->tx, c->arena, id);
    if (a == NULL && !fault_is_set(f))
        (void)fault(f, FAULT_ACCOUNT_NOT_FOUND,
                    "There is no account '%.12s' in the organization of this server", id);
    return a;
}

static const char *new_account_id(struct call *c)
{
    const char *id = NULL;
    do {
        id = account_id_make(c->arena);
    } while (store_account(c->tx, c->arena, id) != NULL);
    return id;
}

static int check_new(struct call *c, const organizations_CreateAccount_in *in, struct fault *f)
{
    const char *at = strchr(in->email, '@');
    if (at == NULL || at == in->email || at[1] == '\0' || strpbrk(in->email, " \t\r\n") != NULL)
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "The email address must have a name, an @ and a host");
    if (in->role_name != NULL && in->role_name[strspn(in->role_name, NAME_LETTERS)] != '\0')
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "A role's name has letters, digits and _+=,.@- alone");
    if (store_count_accounts(c->tx, "email", in->email) > 0)
        return fault(f, FAULT_CONSTRAINT_VIOLATION,
                     "EMAIL_ALREADY_EXISTS: another account has this email address");
    if (store_count_accounts(c->tx) >= ACCOUNTS_MAX)
        return fault(f, FAULT_CONSTRAINT_VIOLATION,
                     "ACCOUNT_NUMBER_LIMIT_EXCEEDED: a server has at most %d accounts",
                     ACCOUNTS_MAX);
    return 0;
}

/* Whoever may do all in the owner's account may do all in the new one, by taking this role. */
static void insert_role(struct call *c, const struct account *a, const char *name)
{
    struct iam_role role = {
        .id = iam_id_make(c->arena, IAM_ROLE),
        .account_id = a->id,
        .path = "/",
        .name = name == NULL ? DEFAULT_ROLE : name,
        .assume_role_policy = arena_printf(
            c->arena,
            "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":"
            "{\"AWS\":\"%s\"},\"Action\":\"sts:AssumeRole\"}]}",
            iam_root_arn(c->arena, c->config->account_id)),
        .max_session_duration = HOUR_SECONDS,
        .created_at = c->now,
    };
    store_insert_iam_role(c->tx, &role);
    store_insert_iam_attachment(c->tx, &(struct iam_attachment){role.id, ADMINISTRATOR, a->id});
}

int act_organizations_CreateAccount(struct call *c, const organizations_CreateAccount_in *in,
                                    organizations_CreateAccount_out *out, struct fault *f)
{
    if (check_owner(c, f) < 0 || check_new(c, in, f) < 0)
        return -1;
    struct account a = {
        .id = new_account_id(c),
        .name = in->account_name,
        .email = in->email,
        .status = ACCOUNT_ACTIVE,
        .request_id = id_make(c->arena, "car"),
        .created_at = c->now,
    };
    store_insert_account(c->tx, &a);
    insert_role(c, &a, in->role_name);
    for (size_t i = 0; i < c->config->regions.n; i++)
        (void)default_vpc_insert(c->tx, c->arena, a.id, &c->config->regions.v[i], c->now);
    out->create_account_status = arena_new_of(c->arena, struct organizations_CreateAccountStatus);
    *out->create_account_status = view_request(&a);
    return 0;
}

/*
 * Nobody of a closed account is let in any more, and its instances are stopped; what it has stays
 * where it is (AWS: for 90 days).
 */
int act_organizations_CloseAccount(struct call *c, const organizations_CloseAccount_in *in,
                                   organizations_CloseAccount_out *out, struct fault *f)
{
    (void)out;
    struct account *a = find(c, in->account_id, f);
    if (a == NULL)
        return -1;
    if (streq(a->id, c->config->account_id))
        return fault(f, FAULT_CONSTRAINT_VIOLATION,
                     "CANNOT_CLOSE_MANAGEMENT_ACCOUNT: the owner's account stays open");
    if (!streq(a->status, ACCOUNT_ACTIVE))
        return fault(f, FAULT_ACCOUNT_ALREADY_CLOSED, "The account %s is closed", a->id);
    struct instance_list l = store_instances(c->tx, c->arena, "account_id", a->id);
    for (size_t i = 0; i < l.n; i++) {
        if (l.v[i].state == INSTANCE_PENDING)
            return fault(f, FAULT_CONSTRAINT_VIOLATION,
                         "The instance '%s' of the account is starting; try again when it runs",
                         l.v[i].id);
        if (l.v[i].state == INSTANCE_RUNNING && instance_power_off(c, &l.v[i], f) < 0)
            return -1;
    }
    a->status = ACCOUNT_SUSPENDED;
    store_update_account(c->tx, a);
    return 0;
}

int act_organizations_DescribeAccount(struct call *c, const organizations_DescribeAccount_in *in,
                                      organizations_DescribeAccount_out *out, struct fault *f)
{
    const struct account *a = find(c, in->account_id, f);
    if (a == NULL)
        return -1;
    out->account = arena_new_of(c->arena, struct organizations_Account);
    *out->account = view(c, a);
    return 0;
}

int act_organizations_ListAccounts(struct call *c, const organizations_ListAccounts_in *in,
                                   organizations_ListAccounts_out *out, struct fault *f)
{
    struct page page;
    if (check_owner(c, f) < 0 ||
        page_begin(c, in->max_results, in->next_token, false, &page, f) < 0)
        return -1;
    struct account_list l = store_accounts(c->tx, c->arena);
    for (size_t i = 0; i < l.n && !page.more; i++)
        if (page_admit(&page, l.v[i].id))
            *arena_append(c->arena, &out->accounts) = view(c, &l.v[i]);
    out->next_token = page_end(c, &page);
    return 0;
}

int act_organizations_DescribeCreateAccountStatus(
    struct call *c, const organizations_DescribeCreateAccountStatus_in *in,
    organizations_DescribeCreateAccountStatus_out *out, struct fault *f)
{
    if (check_owner(c, f) < 0)
        return -1;
    struct account_list l =
        store_accounts(c->tx, c->arena, "request_id", in->create_account_request_id);
    if (l.n == 0)
        return fault(f, FAULT_CREATE_ACCOUNT_STATUS_NOT_FOUND,
                     "No account was made by the request '%.36s'", in->create_account_request_id);
    out->create_account_status = arena_new_of(c->arena, struct organizations_CreateAccountStatus);
    *out->create_account_status = view_request(&l.v[0]);
    return 0;
}

/* An account is made within the call, so all that there are have succeeded. */
static bool asks_for_succeeded(const struct wire_strings *states)
{
    for (size_t i = 0; i < states->n; i++)
        if (streq(states->v[i], "SUCCEEDED"))
            return true;
    return states->n == 0;
}

int act_organizations_ListCreateAccountStatus(struct call *c,
                                              const organizations_ListCreateAccountStatus_in *in,
                                              organizations_ListCreateAccountStatus_out *out,
                                              struct fault *f)
{
    struct page page;
    if (check_owner(c, f) < 0 ||
        page_begin(c, in->max_results, in->next_token, false, &page, f) < 0)
        return -1;
    struct account_list l = store_accounts(c->tx, c->arena);
    for (size_t i = 0; i < l.n && !page.more && asks_for_succeeded(&in->states); i++)
        if (l.v[i].request_id != NULL && page_admit(&page, l.v[i].id))
            *arena_append(c->arena, &out->create_account_statuses) = view_request(&l.v[i]);
    out->next_token = page_end(c, &page);
    return 0;
}

int act_organizations_DescribeOrganization(struct call *c,
                                           const organizations_DescribeOrganization_in *in,
                                           organizations_DescribeOrganization_out *out,
                                           struct fault *f)
{
    (void)in;
    (void)f;
    const struct account *owner = store_account(c->tx, c->arena, c->config->account_id);
    CHECK(owner != NULL);
    struct organizations_Organization *o =
        arena_new_of(c->arena, struct organizations_Organization);
    *o = (struct organizations_Organization){
        .id = organization_id(c),
        .arn = arena_printf(c->arena, "arn:aws:organizations::%s:organization/%s", owner->id,
                            organization_id(c)),
        .feature_set = "ALL",
        .master_account_arn = account_arn(c, owner->id),
        .master_account_id = owner->id,
        .master_account_email = owner->email,
    };
    out->organization = o;
    return 0;
}
