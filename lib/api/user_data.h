#pragma once
/* User data of a request that takes it as base64 text. */
#include "api/call.h"

/* Is it base64, and no more than EC2 takes? NULL is. */
int user_data_check(struct call *c, const char *text, struct fault *f);
