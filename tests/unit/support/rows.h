#pragma once
/*
 * Random changes of the rows that ports of TEST_VPC are planned from, one table at a time: no
 * trigger of store/port_changes.sql is to hide another's absence.
 */
#include "support/calls.h"

#define ROWS_FAR_GROUP "sg-0b0b0b0b0b0b0b0b0" /* of the other VPC */

struct rows {
    struct calls *k;
    unsigned int dice; /* the seed */
    struct arena *a;   /* of a change */
    struct tx *tx;
};

/* What the changes need beside what every test has. */
void rows_begin(struct rows *w);
/* In a transaction of its own. */
void rows_change(struct rows *w);
