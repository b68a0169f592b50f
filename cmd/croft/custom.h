#pragma once
/*
 * What the AWS CLI adds to ec2's flags by hand (User Guide and `aws ec2 help`): --count of
 * run-instances, the simple form of a rule of a security group, an address for the first network
 * interface, user data that is encoded for the caller.
 */
#include <jansson.h>
#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "croft/args.h"

/* Appends the additions of the action, and hides or removes the members that they stand for. */
void custom_flags(struct arena *a, const struct wire_action *action, struct flags *flags);
/*
 * May the flag stand beside the members that are given in full (--ip-permissions,
 * --network-interfaces)? Asked for each flag before the first custom_put().
 */
int custom_check(const json_t *in, const struct flag *flag, struct err *e);
/* Puts the value of one of them into the request. */
int custom_put(json_t *in, const struct flag *flag, const char *word, struct err *e);
/* Does the member take bytes that are sent as base64, although the model says text? */
bool custom_is_encoded(const struct wire_action *action, const struct wire_field *field);
/* After all flags: defaults, and members that EC2 wants in another place. */
void custom_finish(json_t *in, const struct wire_action *action);
