#pragma once
/*
 * AWS Signature Version 2, which clients from before 2014 send (libcloud by default, VM::EC2, boto
 * 2): every parameter of the query string and the form is signed, with HMAC-SHA256 or HMAC-SHA1,
 * and so are method, host and path. No header but Host is bound, no day limits the key, and neither
 * service nor region is named: it counts as a request to EC2 in the default region.
 *
 * sigv4_verify() comes here for a request that has neither an Authorization header nor X-Amz-*
 * parameters, and refuses it unless the owner has switched version 2 on.
 */
#include "auth/sigv4.h"

#define SIGV2_SERVICE "ec2"

/* Is there a parameter of version 2 (or its forerunners), in the query string or the form? */
bool sigv2_is_signed(const struct sigv4_request *r);
/* As sigv4_verify(). Taken for "/" alone, without X-Amz-Target: nothing unsigned may choose. */
int sigv2_verify(struct sigv4 *s, const struct sigv4_request *r, int64_t now, struct arena *a,
                 struct sigv4_caller *ret_caller, struct fault *f);
