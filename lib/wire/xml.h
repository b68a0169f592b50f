#pragma once
/*
 * The XML answers of the query protocols.
 *
 * ec2: <XResponse xmlns="BASE/VERSION/"> with <requestId> first and the members behind it; the
 * version is the one the client asked for, and libcloud finds nothing without the slash. Errors are
 * <Response><Errors><Error><Code/><Message/></Error></Errors><RequestID/></Response>, without a
 * namespace. query (sts): <XResponse><XResult>...</XResult><ResponseMetadata>, <ErrorResponse>.
 *
 * Members that are not set are left out: an empty element ends botocore's number parser. Lists of
 * the top level are always there. A reply without members, or whose member Return is not set, says
 * <return>true</return>. Times are cut to seconds, as EC2 shows them. Characters that XML forbids
 * become '?'.
 */
#include "base/arena.h"
#include "base/buf.h"
#include "core/fault.h"
#include "wire/model.h"

#define XML_CONTENT_TYPE "text/xml;charset=UTF-8"

/* Appends to `out`; 0, or -EOVERFLOW when it does not fit. version NULL: the current one. `beside`
 * is the last element of the root; NULL: nothing. */
int xml_encode_reply(struct arena *a, const struct wire_action *action, const char *version,
                     const char *request_id, const void *output, const struct wire_beside *beside,
                     struct buf *out);
/* service NULL (the request did not get so far): the form of ec2. */
int xml_encode_fault(struct arena *a, const struct wire_service *service, const struct fault *f,
                     const char *request_id, const struct wire_beside *beside, struct buf *out);
