#include <errno.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "jobs/detach.h"
#include "jobs/instance.h"
#include "jobs/interface_rows.h"

/*
 * Interfaces of a running instance that come and go.
 *
 * One that comes is put into the guest with its link down, because its tap appears in the server's
 * own namespace; when it has moved to its VPC the link goes up. One that goes is asked of the
 * guest, which may take its time; a guest that is deaf keeps it, unless the caller forces it. Each
 * step looks at what is there first, so that a run that was cut short is run again.
 */

#define DETACH_FORCE_MS 20000 /* then its tap is taken from the guest instead */

/* Records the end of an attachment's change, unless it has changed again meanwhile. */
static int record(struct jobs *j, struct arena *a, const struct network_interface *was,
                  enum attachment_state to, struct err *e)
{
    struct tx *tx = store_write(j->config.store);
    struct network_interface *n = store_network_interface(tx, a, was->id);
    bool moves = n != NULL && streq(n->attachment_id, was->attachment_id) &&
                 n->attachment_state == was->attachment_state;
    if (moves && to == ATTACHMENT_DETACHED) {
        interface_let_go(tx, n);
        store_enqueue(tx, "vpc", n->vpc_id, 0);
    } else if (moves) {
        n->attachment_state = (int)to;
        store_update_network_interface(tx, n);
    }
    int r = tx_commit(tx, e);
    if (r == 0 && moves)
        log_info("interface-attachment interface=%s instance=%s state=%s", was->id,
                 was->instance_id, state_name(&attachment_states, (int)to));
    return r;
}

static int attach(struct jobs *j, struct arena *a, const struct job *job,
                  const struct network_interface *n, struct err *e)
{
    struct hypervisor *h = j->hypervisor;
    struct domain_nic nic = {n->tap, n->mac, j->config.mtu};
    int r = h->ops->nic_attach(h, n->instance_id, &nic, e);
    if (r == 0)
        r = vpc_plug(j, n->vpc_id, n->id, e);
    if (r == 0)
        r = h->ops->nic_connect(h, n->instance_id, &nic, e);
    if (r == 0)
        return record(j, a, n, ATTACHMENT_ATTACHED, e);
    if (!attach_is_given_up(job, r))
        return r;
    log_error("interface-attach-failed interface=%s instance=%s reason=\"%s\"", n->id,
              n->instance_id, e->message);
    return record(j, a, n, ATTACHMENT_DETACHED, e);
}

static int detach(struct jobs *j, struct arena *a, const struct job *job,
                  const struct network_interface *n, struct outcome *ret_outcome, struct err *e)
{
    struct hypervisor *h = j->hypervisor;
    struct domain_nic nic = {n->tap, n->mac, j->config.mtu};
    bool gone = false;
    const struct detach_turn turn = detach_turn(job, n->detach_forced);
    int r = h->ops->nic_detach(h, n->instance_id, &nic, turn.ask, &gone, e);
    if (r < 0)
        return r;
    bool forced = n->detach_forced && clock_now() > n->attached_at + DETACH_FORCE_MS;
    if (!gone && forced) {
        r = j->config.network->ops->unplug(j->config.network, n->vpc_id, n->tap, e);
        if (r < 0)
            return r;
        log_warning("interface-detach-forced interface=%s instance=%s: the guest did not let go",
                    n->id, n->instance_id);
        gone = true;
    }
    if (gone)
        return record(j, a, n, ATTACHMENT_DETACHED, e);
    *ret_outcome = (struct outcome){.again = true, .when = clock_now() + turn.again_ms};
    return 0;
}

int instance_converge_interfaces(struct jobs *j, struct arena *a, const struct job *job,
                                 const struct instance_facts *facts, struct outcome *ret_outcome,
                                 struct err *e)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < facts->interfaces.n; i++) {
        const struct network_interface *n = &facts->interfaces.v[i];
        if (n->attachment_state == ATTACHMENT_ATTACHING)
            r = attach(j, a, job, n, e);
        else if (n->attachment_state == ATTACHMENT_DETACHING)
            r = detach(j, a, job, n, ret_outcome, e);
    }
    return r;
}
