#pragma once
/*
 * --explain: what the server says that a call did, beside its answer (docs/explain.md).
 *
 * The text goes to stderr, so that pipes get the answer alone. Verbs for people show what each of
 * their calls did as it happens, but for calls that only looked. Actions show it after the answer;
 * with --output json it is part of the answer instead, as a structure.
 */
#include "croft/cli.h"

/* An action runs: its explanations wait for explained_show(). */
void explained_hold(struct cli *c);
/* Takes the explanation out of a reply; of a refusal, which a dry run's answer is. */
void explained_reply(struct cli *c, json_t *reply);
void explained_refusal(struct cli *c, const struct client_reply *reply);
/* The text of what came last, after explained_hold(); NULL: nothing. */
const char *explained_text(const struct cli *c);
/* After the answer was printed. */
void explained_show(struct cli *c, const struct wire_action *action, json_t *reply);
