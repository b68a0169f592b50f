#include "core/transfer.h"

#include "base/cleanup.h"
#include "base/text.h"

static const struct state states[] = {
    [TRANSFER_ACTIVE] = {"active", 0,
                         STATE_BIT(TRANSFER_DELETING) | STATE_BIT(TRANSFER_DELETED) |
                             STATE_BIT(TRANSFER_ERROR) | STATE_BIT(TRANSFER_COMPLETED)},
    [TRANSFER_DELETING] = {"deleting", 0, STATE_BIT(TRANSFER_DELETED)},
    [TRANSFER_DELETED] = {"deleted", 0, 0},
    [TRANSFER_ERROR] = {"error", 0, 0},
    [TRANSFER_COMPLETED] = {"completed", 0, 0},
};

const struct state_table transfer_states = {"transfer", states, ARRAY_SIZE(states)};

bool import_is_of_image(const struct import_task *t)
{
    return has_prefix(t->id, IMPORT_IMAGE_PREFIX "-");
}

int64_t import_disk_gib(const struct import_disk *d)
{
    const int64_t gib = (int64_t)1 << 30;
    return (d->size_bytes + gib - 1) / gib;
}

bool transfer_is_over(int state)
{
    return state != TRANSFER_ACTIVE && state != TRANSFER_DELETING;
}
