#pragma once
/* What the files about instances share: facts of one run, and the one way to record a new state. */
#include "jobs/plan.h"
#include "jobs/worker.h"

int instance_facts_load(struct jobs *j, struct arena *a, const char *instance_id,
                        struct instance_facts *ret_facts, struct err *e);

/*
 * Records a state, unless the instance has left `from` meanwhile (somebody stops or terminates it
 * while it is being started): then nothing is written and *ret_moved is false, and the job, whose
 * generation has grown, will run again. `change` may alter the row and its belongings in the same
 * transaction.
 */
typedef void instance_change(struct tx *tx, struct arena *a, struct instance *i, void *ctx);
int instance_record(struct jobs *j, struct arena *a, const char *instance_id,
                    enum instance_state from, enum instance_state to, instance_change *change,
                    void *ctx, bool *ret_moved, struct err *e);

/* Why an instance is where it is: code "Server.InternalError", message "Server.InternalError: …".
 */
struct reason {
    const char *code;
    const char *text;
};
void instance_set_reason(struct arena *a, struct instance *i, const struct reason *reason);

/* Looks for its domain; DOMAIN_GONE when there is none. */
int instance_domain(struct jobs *j, const char *instance_id, enum domain_state *ret_state,
                    struct err *e);

/* Attaches and detaches interfaces of a running one; again: a guest has yet to let go. */
int instance_converge_interfaces(struct jobs *j, struct arena *a, const struct job *job,
                                 const struct instance_facts *facts, struct outcome *ret_outcome,
                                 struct err *e);
int instance_start(struct jobs *j, struct arena *a, const struct job *job,
                   struct instance_facts *facts, struct outcome *ret_outcome, struct err *e);
/* A file that is being frozen or copied is not given to a guest. */
bool instance_disks_are_at_rest(const struct instance_facts *facts);
/* Creates the domain, unless it is there, plugs it in and lets it run. */
int instance_wake(struct jobs *j, struct arena *a, const struct instance_facts *facts,
                  struct err *e);
/*
 * Asks the guest to power off, again and again: one that is still booting does not hear the first
 * time. True in *ret_pull when it has had its time.
 */
int instance_ask_to_stop(struct jobs *j, struct arena *a, const struct instance *i, bool *ret_pull,
                         struct err *e);
#define INSTANCE_ASK_MS 5000 /* between two of these; the event that it is off comes in between */
/* Of a running one: shuts it down for a freeze, and lets it run again after that. */
int instance_rest(struct jobs *j, struct arena *a, const struct instance_facts *facts,
                  struct outcome *ret_outcome, struct err *e);
int instance_stop(struct jobs *j, struct arena *a, struct instance_facts *facts,
                  struct outcome *ret_outcome, struct err *e);
int instance_terminate(struct jobs *j, struct arena *a, struct instance_facts *facts,
                       struct outcome *ret_outcome, struct err *e);
