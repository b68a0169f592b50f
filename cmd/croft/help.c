/* `croft help`: of the verbs from their tables, of the actions from the model. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "croft/args.h"
#include "croft/convert.h"
#include "croft/names.h"
#include "croft/screen.h"
#include "croft/verbs.h"

#define NAME_COLUMNS 14
#define VALUES_SHOWN 8 /* of an enumeration */

static void heading(const char *text)
{
    printf("%s%s%s\n", screen_colour(stdout, COLOUR_BOLD), text, screen_plain(stdout));
}

void help_of_verb(const char *noun, const struct verb *verb)
{
    printf("Usage: croft %s%s%s%s%s\n\n%s.\n", noun == NULL ? "" : noun, noun == NULL ? "" : " ",
           verb->name, *verb->usage == '\0' ? "" : " ", verb->usage, verb->help);
    if (verb->details != NULL)
        printf("\n%s\n", verb->details);
}

static void help_of_noun(const struct noun *noun)
{
    printf("%s.\n\n", noun->help);
    for (const struct verb *verb = noun->verbs; verb->name != NULL; verb++)
        printf("  croft %s %s %s\n      %s.\n", noun->name, verb->name, verb->usage, verb->help);
}

static const char *type_of(struct arena *a, const struct wire_field *field)
{
    static const char *const names[] = {
        [WIRE_STR] = "TEXT",        [WIRE_INT] = "N",
        [WIRE_LONG] = "N",          [WIRE_DOUBLE] = "N",
        [WIRE_BOOL] = "true|false", [WIRE_TIME] = "TIME",
        [WIRE_BLOB] = "BYTES",      [WIRE_STRUCT] = "STRUCTURE",
    };
    return field->list ? arena_printf(a, "%s ...", names[field->kind]) : names[field->kind];
}

static const char *status_of(const struct wire_field *field)
{
    switch (field->status) {
    case WIRE_IGNORE:
        return "taken, without effect here";
    case WIRE_REFUSE:
        return field->passes != NULL ? "refused, but for what is the case anyway" : "refused";
    case WIRE_REFUSE_TRUE:
        return "refused, but for false";
    case WIRE_YES:
    case WIRE_OUT:
        break;
    }
    return NULL;
}

/* Name=TEXT,Values=TEXT,TEXT: one level of what the shorthand may hold. */
static const char *shorthand_of(struct arena *a, const struct wire_struct *s)
{
    const char *text = "";

    for (size_t i = 0; i < s->n; i++) {
        const struct wire_field *field = &s->fields[i];
        const char *value = type_of(a, field);

        if (!is_input(field) || field->status != WIRE_YES)
            continue;
        if (field->kind == WIRE_STRUCT)
            value = field->list ? "[{...},...]" : "{...}";
        else if (field->list)
            value = "TEXT,TEXT";
        text = arena_printf(a, "%s%s%s=%s", text, *text == '\0' ? "" : ",", field->member, value);
    }
    return text;
}

static const char *notes_of(struct arena *a, const struct flag *flag)
{
    const struct wire_field *field = flag->field;
    const char *status = status_of(field), *notes = flag->required ? "required" : "";
    const char *values = "";
    size_t n = 0;

    if (status != NULL)
        notes = arena_printf(a, "%s%s%s", notes, *notes == '\0' ? "" : "; ", status);
    for (; field->values != NULL && field->values[n] != NULL && n < VALUES_SHOWN; n++)
        values = arena_printf(a, "%s%s%s", values, n == 0 ? "" : " | ", field->values[n]);
    if (n > 0)
        notes = arena_printf(a, "%s%s%s%s", notes, *notes == '\0' ? "" : "; ", values,
                             field->values[n] != NULL ? " ..." : "");
    if (field->kind == WIRE_STRUCT && field->status == WIRE_YES)
        notes = arena_printf(a, "%s%s%s", notes, *notes == '\0' ? "" : "; ",
                             shorthand_of(a, field->sub));
    return notes;
}

static void help_of_flag(struct arena *a, const struct flag *flag)
{
    if (flag->field == NULL) {
        const char *value = flag->kind == FLAG_SWITCH ? "" : " VALUE";
        printf("  --%s%s\n      %s\n", flag->name, flag->kind == FLAG_GENERAL ? "" : value,
               flag->help);
        return;
    }
    printf("  --%s", flag->name);
    if (flag->kind != FLAG_ON && flag->kind != FLAG_OFF)
        printf(flag->kind == FLAG_VALUE_ON ? " [%s]" : " %s", type_of(a, flag->field));
    putchar('\n');
    if (flag->kind != FLAG_OFF && *notes_of(a, flag) != '\0')
        printf("      %s\n", notes_of(a, flag));
}

void help_of_action(struct cli *c, const struct wire_action *action)
{
    struct flags flags = flags_of(c->arena, action);

    printf("Usage: croft %s [--FLAG VALUE ...]\n\n", name_of_member(c->arena, action->name));
    printf("%s of %s, as `aws %s %s` takes it.\n\n", action->name, action->service->name,
           action->service->name, name_of_member(c->arena, action->name));
    for (size_t i = 0; i < flags.n; i++) {
        if (!flags.v[i].hidden)
            help_of_flag(c->arena, &flags.v[i]);
    }
    if (action->output != NULL) {
        heading("\nThe answer");
        for (size_t i = 0; i < action->output->n; i++)
            printf("  %s%s\n", action->output->fields[i].member,
                   action->output->fields[i].list ? " (list)" : "");
    }
}

static void list_actions(struct cli *c)
{
    const struct wire_service *service;
    size_t column = 0;

    heading("Actions, with the flags of `aws ec2` (croft help ACTION)");
    for (size_t s = 0; (service = wire_service_at(s)) != NULL; s++) {
        for (size_t i = 0; i < service->n_actions; i++) {
            const char *name = name_of_member(c->arena, service->actions[i].name);
            if (column + strlen(name) + 2 > 78) {
                putchar('\n');
                column = 0;
            }
            column += (size_t)printf("  %s", name);
        }
    }
    putchar('\n');
}

static void overview(struct cli *c)
{
    puts("croft: virtual machines on this server, as EC2 has them\n");
    heading("Verbs (croft help VERB)");
    for (size_t t = 0; verb_tables[t] != NULL; t++) {
        for (const struct verb *verb = verb_tables[t]; verb->name != NULL; verb++)
            printf("  %-*s %s\n", NAME_COLUMNS, verb->name, verb->help);
    }
    for (const struct noun *noun = nouns; noun->name != NULL; noun++)
        printf("  %-*s %s\n", NAME_COLUMNS, noun->name, noun->help);
    putchar('\n');
    list_actions(c);
    putchar('\n');
    heading("Options of every verb");
    puts("  --output json|table|text   a table on a terminal, json elsewhere\n"
         "  --endpoint PATH|URL        the daemon's socket, or http(s) with AWS credentials\n"
         "  --region NAME, --profile NAME\n"
         "  --explain                  what each call did, and how to type the same\n"
         "\nThe manual is croft(1).");
}

int help_run(struct cli *c, int argc, char **argv)
{
    const struct wire_action *action;

    if (argc < 2) {
        overview(c);
        return STATUS_OK;
    }
    for (size_t t = 0; verb_tables[t] != NULL; t++) {
        const struct verb *verb = verb_find(verb_tables[t], argv[1]);
        if (verb != NULL) {
            help_of_verb(NULL, verb);
            return STATUS_OK;
        }
    }
    for (const struct noun *noun = nouns; noun->name != NULL; noun++) {
        const struct verb *verb = argc > 2 ? verb_find(noun->verbs, argv[2]) : NULL;

        if (!streq(noun->name, argv[1]))
            continue;
        if (verb != NULL)
            help_of_verb(noun->name, verb);
        else
            help_of_noun(noun);
        return STATUS_OK;
    }
    action = action_of_verb(c->arena, argv[1]);
    if (action == NULL)
        return usage_error(NULL, "there is no help of '%s'", argv[1]);
    help_of_action(c, action);
    return STATUS_OK;
}
