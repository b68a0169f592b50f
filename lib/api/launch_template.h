#pragma once
/*
 * Launch templates: their rows, and what launches take from them.
 *
 * The data of a version is kept as one text of JSON, in the shape that replies have
 * (ResponseLaunchTemplateData). The request's shape, the reply's and RunInstances' own name their
 * members alike, so wire_fill() brings one into the other; a unit test holds the three together.
 */
#include "api/call.h"

/* The version of a template that a launch was asked for with. */
struct launch_source {
    const char *template_id; /* NULL: none */
    int64_t version;
};

/*
 * The template that a request names, by its id or by its name and not by both; or NULL with the
 * fault.
 */
struct launch_template *launch_template_find(struct call *c, const char *id, const char *name,
                                             struct fault *f);
/* The number that a request means: "3", "$Latest", "$Default", or nothing for the default. */
int launch_template_number(const struct launch_template *t, const char *text, int64_t *ret_number,
                           struct fault *f);
/* The version of this number, in `a`; or NULL with the fault. */
struct launch_template_version *launch_template_version_get(struct call *c, struct arena *a,
                                                            const struct launch_template *t,
                                                            int64_t number, struct fault *f);

/*
 * Makes the next version of a template from a request's data, over those of `source` (NULL: none),
 * and updates the template's row. *ret_warning: what of it no launch would succeed with, or NULL.
 */
int launch_template_version_make(struct call *c, struct launch_template *t, const char *description,
                                 const struct ec2_RequestLaunchTemplateData *data,
                                 const struct launch_template_version *source,
                                 struct ec2_ValidationWarning **ret_warning, struct fault *f);

/* A request's data over a source's, checked; the text to keep is in the call's arena. */
int launch_template_data_make(struct call *c, const struct ec2_RequestLaunchTemplateData *data,
                              const struct launch_template_version *source, const char **ret_text,
                              struct ec2_ValidationWarning **ret_warning, struct fault *f);
/* The data of a version, in `a`. */
struct ec2_ResponseLaunchTemplateData *
launch_template_data_read(struct arena *a, const struct launch_template_version *v);

/*
 * The request of a launch with what its template gives; the request itself when it names none.
 * *ret_source says where it is from.
 */
int launch_template_apply(struct call *c, const ec2_RunInstances_in *in,
                          const ec2_RunInstances_in **ret_in, struct launch_source *ret_source,
                          struct fault *f);
/* Tags the instances of a launch with their source, as EC2 does; also those in the reply. */
void launch_template_mark(struct call *c, const struct launch_source *source,
                          ec2_RunInstances_out *out);
