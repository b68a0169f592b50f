#include "core/image.h"

#include "base/cleanup.h"

static const struct state states[] = {
    [IMAGE_PENDING] = {"pending", 0,
                       STATE_BIT(IMAGE_AVAILABLE) | STATE_BIT(IMAGE_FAILED) |
                           STATE_BIT(IMAGE_DEREGISTERED)},
    [IMAGE_AVAILABLE] = {"available", 0, STATE_BIT(IMAGE_DEREGISTERED)},
    [IMAGE_FAILED] = {"failed", 0, STATE_BIT(IMAGE_DEREGISTERED)},
    [IMAGE_DEREGISTERED] = {"deregistered", 0, 0},
};

const struct state_table image_states = {"image", states, ARRAY_SIZE(states)};

int image_enter_state(struct image *i, enum image_state to, struct err *e)
{
    return state_move(&image_states, &i->state, to, e);
}
