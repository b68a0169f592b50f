#pragma once
/* Starting an instance, for whoever does it: StartInstances, and the spot market. */
#include "api/call.h"

/* A stopped instance: its room is taken, its addresses drawn, and it is pending; or the fault. */
int instance_power_on(struct call *c, struct instance *i, struct fault *f);
