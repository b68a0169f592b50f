#pragma once
/* What the files about explanations share. */
#include "jobs/explain.h"
#include "jobs/plan.h"
#include "network/explain.h"

/* The network of a VPC, as the steps told so far have left it. */
struct told_vpc {
    const char *vpc_id;
    const struct net_vpc *intent;
};

struct telling {
    const struct explain_call *call;
    struct arena *a;
    struct tx *tx;     /* of the call */
    struct tx *before; /* what was committed before it */
    struct croft_Explanation *out;
    struct {
        struct told_vpc *v;
        size_t n;
    } vpcs;
};

/* Of the network, as the call's configuration has it. */
struct net_explain_options explain_network_options(const struct telling *t);

/* What is done inside a NAT gateway and to its port. */
void tell_gateway(struct telling *t, struct croft_ExplainedStep *step,
                  const struct net_explained_gateway *gateway);
void tell_rows(struct telling *t, const struct changes *changes);
void tell_job(struct telling *t, const struct enqueued *job);
/* explain_disk.c: jobs of disks, and the command that makes the file of a layer. */
void tell_volume(struct telling *t, const char *volume_id);
void tell_image(struct telling *t, const char *image_id);
void tell_root_volume(struct telling *t, const char *task_id);
void tell_snapshot(struct telling *t, const char *freeze_id);
void tell_layers(struct telling *t, const char *object_id);
void tell_layer(struct telling *t, struct croft_ExplainedStep *step, const char *layer_id,
                int64_t size_gib);
/* How the title of what tell_standing() tells begins. */
#define EXPLAIN_STANDS "What stands of "
#define EXPLAIN_WANTED "What is to stand of " /* the machine has not followed */
/* What of the object stands in the kernel; nothing of what is no part of a VPC's network. */
void tell_standing(struct telling *t, const char *id);
/* Does a row of the account come of it? Of a row without an account: yes. */
bool is_own(const struct telling *t, const struct table *table, const void *row);

struct croft_ExplainedStep *tell_step(struct telling *t, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void tell_command(struct telling *t, struct croft_ExplainedStep *step, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* An argv, quoted for a shell. */
void tell_argv(struct telling *t, struct croft_ExplainedStep *step, const char *const *argv);
/* content NULL: the file is removed. */
void tell_file(struct telling *t, struct croft_ExplainedStep *step, const char *path,
               const char *content);
void tell_remark(struct telling *t, struct croft_ExplainedStep *step, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void tell_note(struct telling *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The whole as text. */
const char *explain_text(struct arena *a, const struct croft_Explanation *x);
