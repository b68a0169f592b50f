#pragma once
/*
 * Security group rules: from what a caller writes to the one form that rows have, and back to
 * words. Pure. Two rules are the same when they let the same traffic from the same peer pass; the
 * description is no part of that.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "core/fault.h"
#include "core/network.h"

/* AWS's quota: of rules in one direction, for IPv4 and IPv6 each; a rule that names a group counts
 * as one of both. */
#define RULES_PER_DIRECTION  60
#define RULE_DESCRIPTION_MAX 255
#define RULE_WORDS_SIZE      160

/*
 * Protocol and ports: "tcp", "TCP", "6", "all"; NULL for a port that is not given. For icmp and
 * icmpv6 they are type and code. -1 is any. Protocols that have neither get -1 for both, whatever
 * was given (AWS: AuthorizeSecurityGroupIngress, IpProtocol).
 */
int security_rule_set_traffic(struct arena *a, struct security_group_rule *rule,
                              const char *protocol, const int64_t *from, const int64_t *to,
                              struct fault *f);
/* "10.0.0.7/24" becomes 10.0.0.0/24: EC2 clears host bits and says nothing. */
int security_rule_set_cidr_ipv4(struct arena *a, struct security_group_rule *rule, const char *text,
                                struct fault *f);
int security_rule_set_cidr_ipv6(struct arena *a, struct security_group_rule *rule, const char *text,
                                struct fault *f);
/* NULL and "" are none. */
int security_rule_set_description(struct security_group_rule *rule, const char *text,
                                  struct fault *f);

bool security_rule_same(const struct security_group_rule *a, const struct security_group_rule *b);
/* Same direction, protocol and ports: one permission of DescribeSecurityGroups. */
bool security_rule_same_traffic(const struct security_group_rule *a,
                                const struct security_group_rule *b);
/* Has the protocol ports, or a type and a code? */
bool security_rule_has_ports(const struct security_group_rule *rule);
/* "peer: 0.0.0.0/0, TCP, from port: 22, to port: 22, ALLOW", as EC2 names a rule in an error. */
void security_rule_words(const struct security_group_rule *rule, char out[RULE_WORDS_SIZE]);

/* Names and descriptions of groups: 1 to 255 of a-z, A-Z, 0-9, space and ._-:/()#,@[]+=&;{}!$* */
bool security_group_text_is_legal(const char *text);
