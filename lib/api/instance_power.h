#pragma once
/* Starting and stopping an instance, for whoever does it: users, the spot market, an account that
 * is closed. */
#include "api/call.h"

/* A stopped instance: its room is taken, its addresses drawn, and it is pending; or the fault. */
int instance_power_on(struct call *c, struct instance *i, struct fault *f);
/* A running one: it is told to shut down. */
int instance_power_off(struct call *c, struct instance *i, struct fault *f);
