#pragma once
/*
 * What a call did, or with a dry run would do, told for people who want to learn: the rows it
 * changes and, from the jobs it enqueues, what the workers make of them (files, domain XML, rules,
 * leases, and the commands that a person could type for the same).
 *
 * The workers are played: for each job, in order, the plans of plan.h are made from the rows as
 * they are within the transaction, the rows that an end leaves are written, and all of that is
 * undone. So what is told comes of the same functions that act. Nothing of the machine is asked but
 * `host`.
 *
 * Of a read that names objects of a VPC's network by their ids, it is told what of them stands in
 * the kernel.
 *
 * Values of quiet columns, the user's own user data and keys are left out, and so are rows of other
 * accounts. At most EXPLAIN_OBJECTS_MAX rows and EXPLAIN_JOBS_MAX jobs are told in full, and of one
 * file EXPLAIN_FILE_MAX bytes; a sentence tells when there is more.
 */
#include "jobs/jobs.h"
#include "store/changes.h"
#include "wire/croft_model.h"

#define EXPLAIN_OBJECTS_MAX 100
#define EXPLAIN_JOBS_MAX    8
#define EXPLAIN_FILE_MAX    ((size_t)64 << 10)

struct explain_call {
    const struct jobs_config *config;
    struct host_info host;
    const char *account_id; /* the caller's */
    const char *action;
    bool dry_run;
    struct wire_strings ids; /* that a read was asked for by: what stands of them is told, too */
};

/*
 * After the action, before its transaction ends; `changes` is what tx_watched() gave. It is as it
 * was afterwards. What cannot be told becomes a note; nothing fails but the transaction.
 */
const struct croft_Explanation *explain(const struct explain_call *call, struct tx *tx,
                                        const struct changes *changes, struct arena *a);
