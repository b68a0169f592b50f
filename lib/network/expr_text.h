#pragma once
/*
 * The JSON that our rules are made of (expr.h), in the language of nft(8), for people to read and
 * to type. Only for JSON of our own: it knows the forms that expr.h makes, and what it does not
 * know it shows as JSON.
 */
#include "base/buf.h"

/* "ip saddr 203.0.113.0/24 tcp dport 22 accept", of a JSON list of statements. */
void expr_text_rule(struct buf *out, const char *statements);
/* "ifname . ether_addr", of a set's type. */
void expr_text_type(struct buf *out, const char *type);
/* "type filter hook forward priority 0; policy drop;", of a base chain's members. */
void expr_text_base(struct buf *out, const char *members);
