#pragma once
/* Vectors of tests/golden/cli: made at development time with the AWS CLI and botocore themselves.
 */
#include <check.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

static inline json_t *cli_vectors(const char *name)
{
    const char *golden = getenv("GOLDEN");
    json_error_t where;
    char path[4096];
    json_t *vectors;

    ck_assert_msg(golden != NULL, "GOLDEN is not set");
    (void)snprintf(path, sizeof(path), "%s/cli/%s.json", golden, name);
    vectors = json_load_file(path, 0, &where);
    ck_assert_msg(vectors != NULL, "%s:%d: %s", path, where.line, where.text);
    return vectors;
}
