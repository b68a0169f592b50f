#include "api/launch_template.h"

#include "api/filter.h"
#include "api/lookup.h"
#include "api/page.h"
#include "api/tagging.h"
#include "base/id.h"
#include "base/text.h"

/* The templates themselves; their versions are in launch_template_version.c. */

static const char *const taggable[] = {"launch-template", NULL};

static struct launch_template *template_named(struct call *c, const char *name)
{
    struct launch_template_list l =
        store_launch_templates(c->tx, c->arena, "account_id", c->principal->account_id, "region",
                               c->region->name, "name", name);
    return l.n == 0 ? NULL : l.v;
}

static struct launch_template *find_by_id(struct call *c, const char *id, struct fault *f)
{
    struct launch_template *t = NULL;
    if (lookup_exists(c, resource_get(RESOURCE_LAUNCH_TEMPLATE), id))
        t = store_launch_template(c->tx, c->arena, id);
    else
        (void)fault(f, FAULT_INVALID_LAUNCH_TEMPLATE_ID_NOT_FOUND,
                    "The specified launch template, with template ID %s, does not exist.", id);
    return t;
}

static struct launch_template *find_by_name(struct call *c, const char *name, struct fault *f)
{
    struct launch_template *t = template_named(c, name);
    if (t == NULL)
        (void)fault(f, FAULT_INVALID_LAUNCH_TEMPLATE_NAME_NOT_FOUND,
                    "The specified launch template, with template name %.128s, does not exist.",
                    name);
    return t;
}

struct launch_template *launch_template_find(struct call *c, const char *id, const char *name,
                                             struct fault *f)
{
    if (id != NULL && name != NULL)
        (void)fault(f, FAULT_INVALID_PARAMETER_COMBINATION,
                    "The parameter LaunchTemplateId cannot be used with the parameter "
                    "LaunchTemplateName");
    else if (id != NULL)
        return find_by_id(c, id, f);
    else if (name != NULL)
        return find_by_name(c, name, f);
    else
        (void)fault(
            f, FAULT_MISSING_PARAMETER,
            "The request must contain the parameter LaunchTemplateId or LaunchTemplateName");
    return NULL;
}

int launch_template_number(const struct launch_template *t, const char *text, int64_t *ret_number,
                           struct fault *f)
{
    int64_t number = 0;
    if (str_empty(text) || streq(text, "$Default"))
        number = t->default_version;
    else if (streq(text, "$Latest"))
        number = t->latest_version;
    else if (parse_int64(text, &number) < 0 || number < 1)
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "Invalid launch template version: either '$Default', '$Latest', or a numeric "
                     "version are allowed.");
    *ret_number = number;
    return 0;
}

static struct ec2_LaunchTemplate *view(struct call *c, const struct launch_template *t)
{
    struct ec2_LaunchTemplate *out = arena_new_of(c->arena, struct ec2_LaunchTemplate);
    out->launch_template_id = t->id;
    out->launch_template_name = t->name;
    out->create_time = wire_time(t->created_at);
    out->created_by = t->created_by;
    out->default_version_number = wire_int(t->default_version);
    out->latest_version_number = wire_int(t->latest_version);
    tags_of(c, t->id, &out->tags);
    return out;
}

/* Its length is checked by the model already. */
static int check_new_name(struct call *c, const char *name, struct fault *f)
{
    static const char legal[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "()./_-";
    if (name[strspn(name, legal)] != '\0')
        return fault(f, FAULT_INVALID_LAUNCH_TEMPLATE_NAME_MALFORMED,
                     "A launch template name must be between 3 and 128 characters, and may contain "
                     "letters, numbers, and the following characters: - ( ) . / _.");
    if (template_named(c, name) != NULL)
        return fault(f, FAULT_INVALID_LAUNCH_TEMPLATE_NAME_ALREADY_EXISTS,
                     "Launch template name already in use.");
    if (store_count_launch_templates(c->tx, "account_id", c->principal->account_id, "region",
                                     c->region->name) >= LAUNCH_TEMPLATES_MAX)
        return fault(f, FAULT_RESOURCE_LIMIT_EXCEEDED,
                     "There are %d launch templates in this region, and no more are allowed",
                     LAUNCH_TEMPLATES_MAX);
    return 0;
}

int act_ec2_CreateLaunchTemplate(struct call *c, const ec2_CreateLaunchTemplate_in *in,
                                 ec2_CreateLaunchTemplate_out *out, struct fault *f)
{
    struct launch_template *t = NULL;
    if (c->replay != NULL) {
        t = find_by_id(c, c->replay, f);
    } else {
        if (check_new_name(c, in->launch_template_name, f) < 0 ||
            tags_from_specifications(c, &in->tag_specifications, taggable, f) < 0)
            return -1;
        t = arena_new_of(c->arena, struct launch_template);
        *t = (struct launch_template){
            .id = id_make(c->arena, "lt"),
            .account_id = c->principal->account_id,
            .region = c->region->name,
            .name = in->launch_template_name,
            .created_at = c->now,
            .created_by = c->principal->arn,
            .default_version = 1,
        };
        store_insert_launch_template(c->tx, t);
        if (launch_template_version_make(c, t, in->version_description, in->launch_template_data,
                                         NULL, &out->warning, f) < 0)
            return -1;
        tags_put(c, &in->tag_specifications, taggable[0], t->id);
    }
    if (t == NULL)
        return -1;
    c->result = t->id;
    out->launch_template = view(c, t);
    return 0;
}

int act_ec2_ModifyLaunchTemplate(struct call *c, const ec2_ModifyLaunchTemplate_in *in,
                                 ec2_ModifyLaunchTemplate_out *out, struct fault *f)
{
    struct launch_template *t =
        launch_template_find(c, in->launch_template_id, in->launch_template_name, f);
    if (t == NULL)
        return -1;
    if (c->replay == NULL) {
        int64_t number = 0;
        if (str_empty(in->default_version))
            return fault(f, FAULT_MISSING_PARAMETER,
                         "The request must contain the parameter SetDefaultVersion");
        if (launch_template_number(t, in->default_version, &number, f) < 0 ||
            launch_template_version_get(c, c->arena, t, number, f) == NULL)
            return -1;
        t->default_version = number;
        store_update_launch_template(c->tx, t);
    }
    c->result = t->id;
    out->launch_template = view(c, t);
    return 0;
}

static int by_id(const void *a, const void *b)
{
    return strcmp(((const struct launch_template *)a)->id, ((const struct launch_template *)b)->id);
}

/* Those that the request names, by either, and each once; without names, all. */
static int find_templates(struct call *c, const ec2_DescribeLaunchTemplates_in *in,
                          struct launch_template_list *ret_rows, struct fault *f)
{
    struct launch_template_list rows = {0};
    if (in->launch_template_ids.n == 0 && in->launch_template_names.n == 0)
        rows = store_launch_templates(c->tx, c->arena, "account_id", c->principal->account_id,
                                      "region", c->region->name);
    for (size_t i = 0; i < in->launch_template_ids.n + in->launch_template_names.n; i++) {
        bool has_id = i < in->launch_template_ids.n;
        const struct launch_template *t =
            has_id ? find_by_id(c, in->launch_template_ids.v[i], f)
                   : find_by_name(c, in->launch_template_names.v[i - in->launch_template_ids.n], f);
        if (t == NULL)
            return -1;
        *arena_append(c->arena, &rows) = *t;
    }
    if (rows.n > 1)
        qsort(rows.v, rows.n, sizeof(*rows.v), by_id);
    *ret_rows = rows;
    return 0;
}

static const struct filter_path template_filters[] = {
    {"create-time", "CreateTime"},
    {"launch-template-name", "LaunchTemplateName"},
};

int act_ec2_DescribeLaunchTemplates(struct call *c, const ec2_DescribeLaunchTemplates_in *in,
                                    ec2_DescribeLaunchTemplates_out *out, struct fault *f)
{
    struct filters filters = FILTERS(in, template_filters, LaunchTemplate);
    struct launch_template_list rows;
    struct page page;
    /* Unlike most, this action takes MaxResults with ids, too. */
    if (filters_check(&filters, f) < 0 ||
        page_begin(c, in->max_results, in->next_token, false, &page, f) < 0 ||
        find_templates(c, in, &rows, f) < 0)
        return -1;
    for (size_t i = 0; i < rows.n && !page.more; i++) {
        if (i > 0 && streq(rows.v[i].id, rows.v[i - 1].id))
            continue;
        const struct ec2_LaunchTemplate *t = view(c, &rows.v[i]);
        if (filters_match(&filters, t, NULL) && page_admit(&page, rows.v[i].id))
            *arena_append(c->arena, &out->launch_templates) = *t;
    }
    out->next_token = page_end(c, &page);
    return 0;
}

int act_ec2_DeleteLaunchTemplate(struct call *c, const ec2_DeleteLaunchTemplate_in *in,
                                 ec2_DeleteLaunchTemplate_out *out, struct fault *f)
{
    const struct launch_template *t =
        launch_template_find(c, in->launch_template_id, in->launch_template_name, f);
    if (t == NULL)
        return -1;
    out->launch_template = view(c, t);
    store_delete_launch_template_versions(c->tx, "template_id", t->id);
    store_delete_launch_templates(c->tx, "id", t->id);
    tags_drop(c, t->id);
    return 0;
}
