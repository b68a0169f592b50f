#include "core/volume.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

static const struct state states[] = {
    [VOLUME_CREATING] = {"creating", 0,
                         STATE_BIT(VOLUME_AVAILABLE) | STATE_BIT(VOLUME_IN_USE) |
                             STATE_BIT(VOLUME_DELETING) | STATE_BIT(VOLUME_ERROR)},
    [VOLUME_AVAILABLE] = {"available", 0, STATE_BIT(VOLUME_IN_USE) | STATE_BIT(VOLUME_DELETING)},
    [VOLUME_IN_USE] = {"in-use", 0, STATE_BIT(VOLUME_AVAILABLE) | STATE_BIT(VOLUME_DELETING)},
    [VOLUME_DELETING] = {"deleting", 0, STATE_BIT(VOLUME_DELETED)},
    [VOLUME_DELETED] = {"deleted", 0, 0},
    [VOLUME_ERROR] = {"error", 0, STATE_BIT(VOLUME_DELETING)},
};

static const struct state attachments[] = {
    [ATTACHMENT_DETACHED] = {"detached", 0, STATE_BIT(ATTACHMENT_ATTACHING)},
    [ATTACHMENT_ATTACHING] = {"attaching", 0,
                              STATE_BIT(ATTACHMENT_ATTACHED) | STATE_BIT(ATTACHMENT_DETACHING) |
                                  STATE_BIT(ATTACHMENT_DETACHED)},
    [ATTACHMENT_ATTACHED] = {"attached", 0,
                             STATE_BIT(ATTACHMENT_DETACHING) | STATE_BIT(ATTACHMENT_DETACHED)},
    [ATTACHMENT_DETACHING] = {"detaching", 0,
                              STATE_BIT(ATTACHMENT_DETACHED) | STATE_BIT(ATTACHMENT_ATTACHED)},
};

static const struct state modifications[] = {
    [MODIFICATION_MODIFYING] = {"modifying", 0,
                                STATE_BIT(MODIFICATION_OPTIMIZING) |
                                    STATE_BIT(MODIFICATION_COMPLETED) |
                                    STATE_BIT(MODIFICATION_FAILED)},
    [MODIFICATION_OPTIMIZING] = {"optimizing", 0, STATE_BIT(MODIFICATION_COMPLETED)},
    [MODIFICATION_COMPLETED] = {"completed", 0, 0},
    [MODIFICATION_FAILED] = {"failed", 0, 0},
};

const struct state_table volume_states = {"volume", states, ARRAY_SIZE(states)};
const struct state_table attachment_states = {"attachment", attachments, ARRAY_SIZE(attachments)};
const struct state_table modification_states = {"modification", modifications,
                                                ARRAY_SIZE(modifications)};

bool volume_is_moving(const struct volume *v)
{
    /* What a launch makes, its instance's job makes. */
    bool made_here = v->state == VOLUME_CREATING && v->instance_id == NULL;
    bool attaches = v->state == VOLUME_IN_USE && v->attachment_state != ATTACHMENT_ATTACHED;
    return made_here || attaches || v->state == VOLUME_DELETING;
}

int volume_enter_state(struct volume *v, enum volume_state to, struct err *e)
{
    return state_move(&volume_states, &v->state, to, e);
}

int volume_enter_attachment_state(struct volume *v, enum attachment_state to, struct err *e)
{
    return state_move(&attachment_states, &v->attachment_state, to, e);
}

int modification_enter_state(struct volume_modification *m, enum modification_state to,
                             struct err *e)
{
    return state_move(&modification_states, &m->state, to, e);
}

void volume_apply_modification(struct volume *v, const struct volume_modification *m)
{
    v->volume_type = m->target_type;
    v->size_gib = m->target_size_gib;
    v->iops = m->target_iops;
    v->throughput = m->target_throughput;
}

bool volume_device_name_ok(const char *name)
{
    const char *rest = has_prefix(name, "/dev/sd")    ? name + 7
                       : has_prefix(name, "/dev/xvd") ? name + 8
                                                      : NULL;
    if (rest == NULL || *rest < 'a' || *rest > 'z')
        return false;
    rest++;
    if (*rest >= 'a' && *rest <= 'z')
        rest++;
    rest += strspn(rest, "0123456789");
    return *rest == '\0';
}
