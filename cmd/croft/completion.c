/*
 * croft completion: words for the shell, from the tables that the verbs, actions and waiters are
 * run from. The shells' scripts only ask `croft completion words`, so they never fall behind.
 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "core/instance_type.h"
#include "croft/args.h"
#include "croft/instances.h"
#include "croft/names.h"
#include "croft/verbs.h"
#include "croft/waiter.h"

static const char bash_script[] =
    "# Completion of croft for bash: made by `croft completion bash`.\n"
    "_croft() {\n"
    "    local IFS=$'\\n'\n"
    "    COMPREPLY=($(croft completion words "
    "\"${COMP_WORDS[@]:1:COMP_CWORD}\" 2>/dev/null | cut -f1))\n"
    "}\n"
    "complete -o default -F _croft croft\n";

static const char zsh_script[] =
    "#compdef croft\n"
    "# Completion of croft for zsh: made by `croft completion zsh`.\n"
    "_croft() {\n"
    "    local -a found\n"
    "    local word help\n"
    "    croft completion words \"${(@)words[2,CURRENT]}\" 2>/dev/null |\n"
    "        while IFS=$'\\t' read -r word help; do\n"
    "            found+=(\"${word//:/\\\\:}:$help\")\n"
    "        done\n"
    "    if (( $#found )); then _describe croft found; else _files; fi\n"
    "}\n"
    "_croft \"$@\"\n";

/* What stands behind `croft`, the last word being the one to complete. */
struct line {
    struct cli *cli;
    int argc;
    char **argv;
    const char *begun;
};

static void offer(const struct line *l, const char *word, const char *help)
{
    if (has_prefix(word, l->begun))
        printf("%s\t%s\n", word, help == NULL ? "" : help);
}

static void offer_commands(const struct line *l)
{
    const struct wire_service *service;

    for (size_t t = 0; verb_tables[t] != NULL; t++) {
        for (const struct verb *verb = verb_tables[t]; verb->name != NULL; verb++)
            offer(l, verb->name, verb->help);
    }
    for (const struct noun *noun = nouns; noun->name != NULL; noun++)
        offer(l, noun->name, noun->help);
    offer(l, "help", "Of verbs and actions");
    for (size_t s = 0; (service = wire_service_at(s)) != NULL; s++) {
        for (size_t i = 0; i < service->n_actions; i++)
            offer(l, name_of_member(l->cli->arena, service->actions[i].name),
                  service->actions[i].name);
    }
}

static void offer_globals(const struct line *l)
{
    static const char *const names[] = {"--output",  "--endpoint", "--region",
                                        "--profile", "--explain",  "--help"};

    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        offer(l, names[i], "");
}

static void offer_outputs(const struct line *l)
{
    static const char *const names[] = {"json", "table", "text"};

    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        offer(l, names[i], "");
}

/* The options that a verb's usage names. */
static void offer_options(const struct line *l, const struct verb *verb)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz-";

    for (const char *at = strstr(verb->usage, "--"); at != NULL; at = strstr(at, "--")) {
        size_t len = strspn(at, letters);

        if (len > 2)
            offer(l, arena_strndup(l->cli->arena, at, len), "");
        at += len;
    }
}

/* By name where a verb takes either, by id where an action wants it. */
static void offer_guests(const struct line *l, bool ids)
{
    struct guests guests;

    if (guests_describe(l->cli, NULL, &guests) != STATUS_OK)
        return;
    for (size_t i = 0; i < guests.n; i++) {
        const struct guest *g = &guests.v[i];

        if (!streq(g->state, "terminated"))
            offer(l, ids || str_empty(g->name) ? g->id : g->name, ids ? g->name : g->state);
    }
}

static void complete_verb(const struct line *l, const struct verb *verb)
{
    if (l->begun[0] == '-') {
        offer_options(l, verb);
        offer_globals(l);
    } else if (strstr(verb->usage, "NAME") != NULL && l->argc == 2) {
        offer_guests(l, false);
    }
}

static const struct flag *flag_named(const struct flags *flags, const char *word)
{
    for (size_t i = 0; has_prefix(word, "--") && i < flags->n; i++) {
        if (streq(flags->v[i].name, word + 2))
            return &flags->v[i];
    }
    return NULL;
}

static void offer_values(const struct line *l, const struct wire_field *field)
{
    struct instance_type_table types = instance_type_builtin();

    for (size_t i = 0; field->values != NULL && field->values[i] != NULL; i++)
        offer(l, field->values[i], "");
    for (size_t i = 0; streq(field->member, "InstanceType") && i < types.n; i++)
        offer(l, types.v[i].name, types.v[i].architecture);
    if (streq(field->id_prefix, "i"))
        offer_guests(l, true);
}

static void complete_action(const struct line *l, const struct wire_action *action)
{
    struct arena *a = l->cli->arena;
    struct flags flags = flags_of(a, action);
    const struct flag *before = flag_named(&flags, l->argv[l->argc - 2]);
    const struct wire_field *field = before == NULL ? NULL : before->field;

    if (l->begun[0] != '-') {
        if (field != NULL)
            offer_values(l, field);
        return;
    }
    for (size_t i = 0; i < flags.n; i++) {
        const struct flag *flag = &flags.v[i];

        if (!flag->hidden && (flag->field == NULL || flag->field->status == WIRE_YES))
            offer(l, arena_printf(a, "--%s", flag->name),
                  flag->help != NULL ? flag->help
                  : flag->required   ? "required"
                                     : "");
    }
    offer_globals(l);
}

static void complete_wait(const struct line *l)
{
    const struct waiter *w = l->argc > 2 ? waiter_find(l->argv[1]) : NULL;
    struct line rest = {l->cli, l->argc - 1, l->argv + 1, l->begun};

    if (w != NULL)
        complete_action(&rest, wire_action_find(wire_service_find("ec2"), w->action));
    for (w = l->argc == 2 ? waiter_next(NULL) : NULL; w != NULL; w = waiter_next(w))
        offer(l, w->name, w->action);
}

static void complete_noun(const struct line *l, const struct noun *noun)
{
    const struct verb *verb = l->argc > 2 ? verb_find(noun->verbs, l->argv[1]) : NULL;

    if (verb != NULL && l->begun[0] == '-')
        offer_options(l, verb);
    for (verb = noun->verbs; l->argc == 2 && verb->name != NULL; verb++)
        offer(l, verb->name, verb->help);
}

static void complete(const struct line *l)
{
    const struct wire_action *action;
    const char *command = l->argv[0];

    if (l->argc >= 2 && streq(l->argv[l->argc - 2], "--output")) {
        offer_outputs(l);
        return;
    }
    if (l->argc == 1 || (streq(command, "help") && l->argc == 2)) {
        offer_commands(l);
        if (l->begun[0] == '-')
            offer_globals(l);
        return;
    }
    if (streq(command, "wait")) {
        complete_wait(l);
        return;
    }
    for (const struct noun *noun = nouns; noun->name != NULL; noun++) {
        if (streq(noun->name, command)) {
            complete_noun(l, noun);
            return;
        }
    }
    for (size_t t = 0; verb_tables[t] != NULL; t++) {
        const struct verb *verb = verb_find(verb_tables[t], command);
        if (verb != NULL) {
            complete_verb(l, verb);
            return;
        }
    }
    action = action_of_verb(l->cli->arena, command);
    if (action != NULL)
        complete_action(l, action);
}

static int run_completion(struct cli *c, int argc, char **argv)
{
    int first = 2;

    if (argc == 2 && streq(argv[1], "bash")) {
        fputs(bash_script, stdout);
        return STATUS_OK;
    }
    if (argc == 2 && streq(argv[1], "zsh")) {
        fputs(zsh_script, stdout);
        return STATUS_OK;
    }
    if (argc < 3 || !streq(argv[1], "words"))
        return usage_error("completion", "croft completion takes bash or zsh");
    /* The options before the verb lead to the server whose instances are offered. */
    for (int i = first; i < argc - 1 && global_option(c, argc - 1, argv, &i) > 0; i++)
        first = i + 1;
    complete(&(struct line){c, argc - first, argv + first, argv[argc - 1]});
    return STATUS_OK;
}

const struct verb completion_verbs[] = {
    {"completion", run_completion, "bash | zsh", "A script that completes croft's words",
     "bash: source <(croft completion bash)\n"
     "zsh:  croft completion zsh > a file _croft in a directory of $fpath"},
    {NULL, NULL, NULL, NULL, NULL},
};
