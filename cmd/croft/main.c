/* croft: the command line of Croft. Finds the verb; the verbs are in the files of their nouns. */
#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "croft/names.h"
#include "croft/screen.h"
#include "croft/verbs.h"

static bool wants_help(int argc, char **argv)
{
    return argc > 1 && (streq(argv[1], "help") || streq(argv[1], "--help") || streq(argv[1], "-h"));
}

static int run_verb(struct cli *c, const char *noun, const struct verb *verb, int argc, char **argv)
{
    if (wants_help(argc, argv)) {
        help_of_verb(noun, verb);
        return STATUS_OK;
    }
    if (c->dry_run)
        return usage_error(verb->name, "--dry-run goes with an action, as in run-instances");
    return verb->run(c, argc, argv);
}

static int run_noun(struct cli *c, const struct noun *noun, int argc, char **argv)
{
    struct nearest nearest = {.name = argc > 1 ? argv[1] : ""};
    const struct verb *verb;

    if (argc < 2 || wants_help(argc, argv)) {
        char *words[] = {(char[]){"help"}, argv[0], NULL};
        int status = help_run(c, 2, words);
        return argc < 2 ? STATUS_USAGE : status;
    }
    verb = verb_find(noun->verbs, argv[1]);
    if (verb != NULL)
        return run_verb(c, noun->name, verb, argc - 1, argv + 1);
    for (verb = noun->verbs; verb->name != NULL; verb++)
        nearest_offer(&nearest, verb->name);
    if (nearest.best != NULL)
        return usage_error(noun->name, "croft %s has no '%s'; is it '%s'?", noun->name, argv[1],
                           nearest.best);
    return usage_error(noun->name, "croft %s has no '%s'", noun->name, argv[1]);
}

static int unknown_verb(struct cli *c, const char *name)
{
    const struct wire_service *service;
    struct nearest nearest = {.name = name};

    for (size_t t = 0; verb_tables[t] != NULL; t++) {
        for (const struct verb *verb = verb_tables[t]; verb->name != NULL; verb++)
            nearest_offer(&nearest, verb->name);
    }
    for (const struct noun *noun = nouns; noun->name != NULL; noun++)
        nearest_offer(&nearest, noun->name);
    for (size_t s = 0; (service = wire_service_at(s)) != NULL; s++) {
        for (size_t i = 0; i < service->n_actions; i++)
            nearest_offer(&nearest, name_of_member(c->arena, service->actions[i].name));
        for (size_t i = 0; i < service->n_operations; i++) {
            if (streq(name_of_member(c->arena, service->operations[i]), name))
                return usage_error(NULL, "Croft does not have %s, which AWS has",
                                   service->operations[i]);
        }
    }
    if (nearest.best != NULL)
        return usage_error(NULL, "there is no '%s'; is it '%s'?", name, nearest.best);
    return usage_error(NULL, "there is no '%s'", name);
}

static int dispatch(struct cli *c, int argc, char **argv)
{
    const struct wire_action *action;

    if (argc == 0) {
        help_run(c, 1, (char *[]){(char[]){"help"}, NULL});
        return STATUS_USAGE;
    }
    if (streq(argv[0], "help") || streq(argv[0], "--help") || streq(argv[0], "-h"))
        return help_run(c, argc, argv);
    if (streq(argv[0], "--version") || streq(argv[0], "version")) {
        puts("croft " CROFT_VERSION);
        return STATUS_OK;
    }
    for (size_t t = 0; verb_tables[t] != NULL; t++) {
        const struct verb *verb = verb_find(verb_tables[t], argv[0]);
        if (verb != NULL)
            return run_verb(c, NULL, verb, argc, argv);
    }
    for (const struct noun *noun = nouns; noun->name != NULL; noun++) {
        if (streq(noun->name, argv[0]))
            return run_noun(c, noun, argc, argv);
    }
    action = action_of_verb(c->arena, argv[0]);
    if (action == NULL)
        return unknown_verb(c, argv[0]);
    if (wants_help(argc, argv)) {
        help_of_action(c, action);
        return STATUS_OK;
    }
    return action_run(c, action, argc, argv);
}

/* Whoever closed the pipe had enough; any other failure means that the answer was lost. */
static int close_stdout(int status)
{
    errno = 0;
    if ((fflush(stdout) != 0 || ferror(stdout)) && errno != EPIPE && errno != 0) {
        complain("cannot write the answer: %s", strerrordesc_np(errno));
        return STATUS_UNREACHED;
    }
    return status;
}

int main(int argc, char **argv)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct cli c = {.arena = a, .program = argv[0]};
    int first = 1, status = -1;

    (void)setlocale(LC_CTYPE, "");
    if (MB_CUR_MAX == 1)
        (void)setlocale(LC_CTYPE, "C.UTF-8");
    /* A tunnel or a pipe that the other end closed is an error of write(), not our end. */
    (void)signal(SIGPIPE, SIG_IGN);
    for (; first < argc && status < 0; first++) {
        int global = global_option(&c, argc, argv, &first);

        if (global == 0 && streq(argv[first], "--dry-run"))
            global = c.dry_run = true;
        if (global < 0)
            status = STATUS_USAGE;
        else if (global == 0)
            break;
    }
    if (status < 0)
        status = dispatch(&c, argc - first, argv + first);
    screen_progress_end();
    client_free(c.client);
    return close_stdout(status);
}
