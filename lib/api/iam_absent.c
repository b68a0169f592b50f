/*
 * What a user of AWS may have and nobody has here: a password, devices of a second factor, keys and
 * certificates of other services. Clients ask for them on their way, as before they delete a user
 * (docs/decisions/0010): the lists are empty, and what has a name does not exist.
 */
#include "api/iam.h"
#include "base/text.h"

static int no_login_profile(struct call *c, const char *user_name, struct fault *f)
{
    const struct iam_user *user = iam_find_user_or_caller(c, user_name, f);
    return user == NULL ? -1
                        : fault(f, FAULT_NO_SUCH_ENTITY,
                                "Login Profile for User %s cannot be found.", user->name);
}

int act_iam_GetLoginProfile(struct call *c, const iam_GetLoginProfile_in *in,
                            iam_GetLoginProfile_out *out, struct fault *f)
{
    (void)out;
    return no_login_profile(c, in->user_name, f);
}

int act_iam_DeleteLoginProfile(struct call *c, const iam_DeleteLoginProfile_in *in,
                               iam_DeleteLoginProfile_out *out, struct fault *f)
{
    (void)out;
    return no_login_profile(c, in->user_name, f);
}

/* An empty page of what a user has, or the account itself, which is nobody's name. */
static int none_of_user(struct call *c, const char *user_name, struct opt_int max_items,
                        const char *marker, struct page *ret_page, struct fault *f)
{
    bool is_account = user_name == NULL && c->principal->kind == PRINCIPAL_ROOT;
    return !is_account && iam_find_user_or_caller(c, user_name, f) == NULL
               ? -1
               : iam_page_begin(c, max_items, marker, ret_page, f);
}

#define EMPTY_LIST_ACTIONS(Name)                                                                   \
    int act_iam_##Name(struct call *c, const iam_##Name##_in *in, iam_##Name##_out *out,           \
                       struct fault *f)                                                            \
    {                                                                                              \
        struct page page;                                                                          \
        if (none_of_user(c, in->user_name, in->max_items, in->marker, &page, f) < 0)               \
            return -1;                                                                             \
        IAM_PAGE_END(c, &page, out);                                                               \
        return 0;                                                                                  \
    }
EMPTY_LIST_ACTIONS(ListMFADevices)
EMPTY_LIST_ACTIONS(ListSSHPublicKeys)
EMPTY_LIST_ACTIONS(ListServiceSpecificCredentials)
EMPTY_LIST_ACTIONS(ListSigningCertificates)
#undef EMPTY_LIST_ACTIONS

int act_iam_ListVirtualMFADevices(struct call *c, const iam_ListVirtualMFADevices_in *in,
                                  iam_ListVirtualMFADevices_out *out, struct fault *f)
{
    struct page page;
    if (iam_page_begin(c, in->max_items, in->marker, &page, f) < 0)
        return -1;
    IAM_PAGE_END(c, &page, out);
    return 0;
}

int act_iam_ListServerCertificates(struct call *c, const iam_ListServerCertificates_in *in,
                                   iam_ListServerCertificates_out *out, struct fault *f)
{
    struct page page;
    if (iam_check_path_prefix(in->path_prefix, f) < 0 ||
        iam_page_begin(c, in->max_items, in->marker, &page, f) < 0)
        return -1;
    IAM_PAGE_END(c, &page, out);
    return 0;
}
