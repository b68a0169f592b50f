#pragma once
/* What the machine's following, or not, means for groups in VPCs beside their own. */
#include "network/network.h"
#include "store/tables.h"

/*
 * The associations of the VPC that another state is due for, in that state, after the machine was
 * asked for `intent`; `why` it failed (NULL: it worked). A row that says something else than the
 * intent by now is left for the job that comes.
 */
struct security_group_vpc_list group_associations_moved(struct tx *tx, struct arena *a,
                                                        const struct net_vpc *intent,
                                                        const char *why);
/* Writes such a row, or deletes it with the end of its association. */
void group_association_put(struct tx *tx, const struct security_group_vpc *row);
