#include "api/user_data.h"

#include <string.h>

#include "base/base64.h"
#include "core/quota.h"

int user_data_check(struct call *c, const char *text, struct fault *f)
{
    if (text == NULL)
        return 0;
    char *data = NULL;
    size_t len = 0;
    if (base64_decode(c->arena, text, strlen(text), &data, &len) < 0)
        return fault(f, FAULT_INVALID_USER_DATA_MALFORMED, "Invalid BASE64 encoding of user data");
    if (len > USER_DATA_MAX)
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "User data is limited to %d bytes; this is %zu", USER_DATA_MAX, len);
    return 0;
}
