#include "croft/verbs.h"

#include "base/text.h"

const struct verb *const verb_tables[] = {
    launch_verbs,    instance_verbs,   ssh_verbs,    console_verbs, tunnel_verbs,
    status_verbs,    wait_verbs,       why_verbs,    explain_verbs, resolve_verbs,
    configure_verbs, completion_verbs, backup_verbs, NULL};

const struct noun nouns[] = {
    {"image", image_verbs, "Images: download one, add a file, list, remove"},
    {"key", key_verbs, "Key pairs: import, create, list, remove"},
    {NULL, NULL, NULL},
};

const struct verb *verb_find(const struct verb *table, const char *name)
{
    for (; table->name != NULL; table++) {
        if (streq(table->name, name))
            return table;
    }
    return NULL;
}
