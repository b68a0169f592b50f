#pragma once
/* What the caller's account has chosen for all it has in the region of the call. */
#include "api/call.h"

/* Whether the serial console answers over the network: on, or not there. */
#define SETTING_SERIAL_CONSOLE "serial-console"
/* What must not be shared with everybody, in the words of the *BlockPublicAccess* actions. */
#define SETTING_IMAGE_BLOCK    "image-block-public-access"
#define SETTING_SNAPSHOT_BLOCK "snapshot-block-public-access"
/* Whether new volumes are encrypted without being asked to: on, or not there. */
#define SETTING_ENCRYPTION "ebs-encryption-by-default"

static inline const char *setting_get(struct call *c, const char *name)
{
    return store_setting_of_account(c->tx, c->arena, c->principal->account_id, c->region->name,
                                    name);
}

/* A value of NULL takes the choice back. */
static inline void setting_put(struct call *c, const char *name, const char *value)
{
    store_put_setting_of_account(
        c->tx, &(struct account_setting){c->principal->account_id, c->region->name, name, value});
}
