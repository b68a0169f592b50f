#include "core/volume.h"

#include "base/cleanup.h"

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

const struct state_table volume_states = {"volume", states, ARRAY_SIZE(states)};
const struct state_table attachment_states = {"attachment", attachments, ARRAY_SIZE(attachments)};

int volume_enter_state(struct volume *v, enum volume_state to, struct err *e)
{
    return state_move(&volume_states, &v->state, to, e);
}

int volume_enter_attachment_state(struct volume *v, enum attachment_state to, struct err *e)
{
    return state_move(&attachment_states, &v->attachment_state, to, e);
}
