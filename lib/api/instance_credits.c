/*
 * DescribeInstanceCreditSpecifications, ModifyInstanceCreditSpecification,
 * GetDefaultCreditSpecification, ModifyDefaultCreditSpecification.
 *
 * Processors are shared here without accounting, so credits are a word that an instance keeps. It
 * keeps it, too, when it is resized to a type that has none.
 */
#include "api/instance_credits.h"

#include <string.h>

#include "api/filter.h"
#include "api/lookup.h"
#include "api/page.h"
#include "api/setting.h"
#include "base/check.h"
#include "base/id.h"
#include "base/text.h"

static const char *setting_of_family(struct call *c, const char *family)
{
    return arena_printf(c->arena, "credits.%s", family);
}

/* T2 begins with standard, its successors with unlimited (AWS: "Default credit specification"). */
static const char *default_of_family(struct call *c, const char *family)
{
    const char *chosen = setting_get(c, setting_of_family(c, family));
    if (chosen != NULL)
        return chosen;
    return streq(family, "t2") ? "standard" : "unlimited";
}

const char *credits_default_of_type(struct call *c, const struct instance_type *type)
{
    if (type == NULL || !type->burstable)
        return NULL;
    return default_of_family(c, arena_strndup(c->arena, type->name, strcspn(type->name, ".")));
}

static int check_credits(const char *credits, struct fault *f)
{
    if (credits == NULL)
        return fault(f, FAULT_MISSING_PARAMETER,
                     "The request must contain the parameter CpuCredits");
    if (streq(credits, "standard") || streq(credits, "unlimited"))
        return 0;
    return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                 "Value (%.64s) for parameter CpuCredits is invalid. It must be standard or "
                 "unlimited",
                 credits);
}

int credits_of_launch(struct call *c, const struct ec2_CreditSpecificationRequest *asked,
                      const struct instance_type *type, const char **ret, struct fault *f)
{
    const char *credits = credits_default_of_type(c, type);
    if (asked != NULL) {
        if (check_credits(asked->cpu_credits, f) < 0)
            return -1;
        if (credits == NULL)
            return fault(f, FAULT_INSTANCE_CREDIT_SPECIFICATION_NOT_SUPPORTED,
                         "The %s instance type does not support CPU credits.", type->name);
        credits = asked->cpu_credits;
    }
    *ret = credits;
    return 0;
}

static bool is_burstable(struct call *c, const struct instance *i)
{
    const struct instance_type *type =
        instance_type_find(&c->config->instance_types, i->instance_type);
    return type != NULL && type->burstable;
}

/* NULL: it has none. A row of schema 1 has what its family begins with. */
static const char *credits_of(struct call *c, const struct instance *i)
{
    if (i->cpu_credits != NULL)
        return i->cpu_credits;
    return credits_default_of_type(
        c, instance_type_find(&c->config->instance_types, i->instance_type));
}

static const struct filter_path credit_filters[] = {
    {"instance-id", "InstanceId"},
};

/* Those that are named, or all that are not at standard (AWS says so of the action). */
int act_ec2_DescribeInstanceCreditSpecifications(
    struct call *c, const ec2_DescribeInstanceCreditSpecifications_in *in,
    ec2_DescribeInstanceCreditSpecifications_out *out, struct fault *f)
{
    struct filters filters = FILTERS(in, credit_filters, InstanceCreditSpecification);
    bool named = in->instance_ids.n > 0;
    struct instance_list rows;
    struct page page;
    if (filters_check(&filters, f) < 0 ||
        page_begin(c, in->max_results, in->next_token, named, &page, f) < 0 ||
        lookup_instances(c, &in->instance_ids, &rows, f) < 0)
        return -1;
    for (size_t k = 0; k < rows.n && !page.more; k++) {
        struct ec2_InstanceCreditSpecification item = {rows.v[k].id, credits_of(c, &rows.v[k])};
        if (named && item.cpu_credits == NULL)
            return fault(f, FAULT_INSTANCE_CREDIT_SPECIFICATION_NOT_SUPPORTED,
                         "The instance '%s' is of type %s, which has no CPU credits",
                         item.instance_id, rows.v[k].instance_type);
        if ((named || streq(item.cpu_credits, "unlimited")) &&
            filters_match(&filters, &item, NULL) && page_admit(&page, item.instance_id))
            *arena_append(c->arena, &out->instance_credit_specifications) = item;
    }
    out->next_token = page_end(c, &page);
    return 0;
}

/* What becomes of one instance of many; a client token keeps these, a character each. */
enum outcome {
    DONE = '.',
    MALFORMED = 'm',
    NOT_FOUND = 'n',
    OVER = 'o',
    NO_CREDITS = 'c',
};

static enum outcome modify_item(struct call *c,
                                const struct ec2_InstanceCreditSpecificationRequest *item)
{
    struct fault missing = {0};
    if (!id_is_wellformed(item->instance_id, "i"))
        return MALFORMED;
    struct instance *i = lookup_instance(c, item->instance_id, &missing);
    if (i == NULL)
        return NOT_FOUND;
    if (i->state == INSTANCE_TERMINATED || i->state == INSTANCE_SHUTTING_DOWN)
        return OVER;
    if (!is_burstable(c, i))
        return NO_CREDITS;
    i->cpu_credits = item->cpu_credits;
    store_update_instance(c->tx, i);
    return DONE;
}

static int explain(enum outcome outcome, const char *id, struct fault *f)
{
    switch (outcome) {
    case DONE:
        return 0;
    case MALFORMED:
        return fault(f, FAULT_INVALID_INSTANCE_ID_MALFORMED, "Invalid id: \"%.64s\"", id);
    case NOT_FOUND:
        return fault(f, FAULT_INVALID_INSTANCE_ID_NOT_FOUND, "The instance ID '%s' does not exist",
                     id);
    case OVER:
        return fault(f, FAULT_INCORRECT_INSTANCE_STATE,
                     "The instance '%s' is terminated, or about to be", id);
    case NO_CREDITS:
        return fault(f, FAULT_INSTANCE_CREDIT_SPECIFICATION_NOT_SUPPORTED,
                     "The instance '%s' is not of a type with CPU credits", id);
    }
    NEVER();
}

static void report_item(struct call *c, const char *instance_id, enum outcome outcome,
                        ec2_ModifyInstanceCreditSpecification_out *out)
{
    struct fault f = {0};
    if (explain(outcome, instance_id, &f) == 0) {
        arena_append(c->arena, &out->successful_instance_credit_specifications)->instance_id =
            instance_id;
        return;
    }
    struct ec2_UnsuccessfulInstanceCreditSpecificationItem *item =
        arena_append(c->arena, &out->unsuccessful_instance_credit_specifications);
    item->instance_id = instance_id;
    item->error =
        arena_new_of(c->arena, struct ec2_UnsuccessfulInstanceCreditSpecificationItemError);
    item->error->code = fault_code_name(f.code);
    item->error->message = arena_strdup(c->arena, f.message);
}

/* One instance's fault does not stop the others. */
int act_ec2_ModifyInstanceCreditSpecification(struct call *c,
                                              const ec2_ModifyInstanceCreditSpecification_in *in,
                                              ec2_ModifyInstanceCreditSpecification_out *out,
                                              struct fault *f)
{
    size_t n = in->instance_credit_specifications.n;
    const struct ec2_InstanceCreditSpecificationRequest *items =
        in->instance_credit_specifications.v;
    for (size_t k = 0; k < n; k++)
        if (check_credits(items[k].cpu_credits, f) < 0)
            return -1;
    char *outcomes = arena_alloc(c->arena, n + 1);
    for (size_t k = 0; k < n; k++) {
        enum outcome outcome =
            c->replay != NULL ? (enum outcome)c->replay[k] : modify_item(c, &items[k]);
        report_item(c, items[k].instance_id, outcome, out);
        outcomes[k] = (char)outcome;
    }
    outcomes[n] = '\0';
    c->result = outcomes;
    return 0;
}

static struct ec2_InstanceFamilyCreditSpecification *family_view(struct call *c, const char *family)
{
    struct ec2_InstanceFamilyCreditSpecification *view =
        arena_new_of(c->arena, struct ec2_InstanceFamilyCreditSpecification);
    view->instance_family = family;
    view->cpu_credits = default_of_family(c, family);
    return view;
}

int act_ec2_GetDefaultCreditSpecification(struct call *c,
                                          const ec2_GetDefaultCreditSpecification_in *in,
                                          ec2_GetDefaultCreditSpecification_out *out,
                                          struct fault *f)
{
    (void)f;
    out->instance_family_credit_specification = family_view(c, in->instance_family);
    return 0;
}

int act_ec2_ModifyDefaultCreditSpecification(struct call *c,
                                             const ec2_ModifyDefaultCreditSpecification_in *in,
                                             ec2_ModifyDefaultCreditSpecification_out *out,
                                             struct fault *f)
{
    if (check_credits(in->cpu_credits, f) < 0)
        return -1;
    setting_put(c, setting_of_family(c, in->instance_family), in->cpu_credits);
    out->instance_family_credit_specification = family_view(c, in->instance_family);
    return 0;
}
