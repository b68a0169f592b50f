#pragma once
/* The verbs: one table in each noun's file; a run of them ends with a row without a name. */
#include "croft/cli.h"

extern const struct verb instance_verbs[];   /* instances.c: ls, stop, start, reboot, rm */
extern const struct verb launch_verbs[];     /* launch.c */
extern const struct verb ssh_verbs[];        /* ssh.c */
extern const struct verb tunnel_verbs[];     /* tunnel.c: tunnel, ssh-config */
extern const struct verb console_verbs[];    /* console.c */
extern const struct verb configure_verbs[];  /* configure.c */
extern const struct verb image_verbs[];      /* images.c: what `croft image` takes */
extern const struct verb key_verbs[];        /* keys.c: what `croft key` takes */
extern const struct verb status_verbs[];     /* status.c */
extern const struct verb backup_verbs[];     /* backup.c: backup, restore */
extern const struct verb wait_verbs[];       /* wait.c */
extern const struct verb explain_verbs[];    /* explain.c */
extern const struct verb why_verbs[];        /* why.c */
extern const struct verb resolve_verbs[];    /* resolve.c */
extern const struct verb completion_verbs[]; /* completion.c */

/* `croft image add`: a noun and the table of what it takes. */
struct noun {
    const char *name;
    const struct verb *verbs;
    const char *help;
};
extern const struct noun nouns[]; /* the last has no name */
/* The tables of all plain verbs, in the order of the help; ends with NULL. */
extern const struct verb *const verb_tables[];

/* NULL when there is none. */
const struct verb *verb_find(const struct verb *table, const char *name);

/* action.c: any action of the model. argv[0] is the verb. */
int action_run(struct cli *c, const struct wire_action *action, int argc, char **argv);
/* help.c. `croft help [WORD...]` */
int help_run(struct cli *c, int argc, char **argv);
void help_of_action(struct cli *c, const struct wire_action *action);
void help_of_verb(const char *noun, const struct verb *verb);
