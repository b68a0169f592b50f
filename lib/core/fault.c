#include "core/fault.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/check.h"

static const struct {
    const char *name;
    int status;
} codes[] = {
#define FAULT(id, code, http_status, when) [FAULT_##id] = {code, http_status},
#include "core/faults.def"
#undef FAULT
};

int fault(struct fault *f, enum fault_code code, const char *format, ...)
{
    CHECK(code < FAULT_CODE_MAX);
    if (fault_is_set(f))
        return -1;
    f->code = code;
    va_list ap;
    va_start(ap, format);
    (void)vsnprintf(f->message, sizeof(f->message), format, ap);
    va_end(ap);
    CHECK(f->message[0] != '\0');
    return -1;
}

void fault_clear(struct fault *f)
{
    f->message[0] = '\0';
}

bool fault_is_set(const struct fault *f)
{
    return f->message[0] != '\0';
}

const char *fault_code_name(enum fault_code code)
{
    CHECK(code < FAULT_CODE_MAX);
    return codes[code].name;
}

int fault_http_status(enum fault_code code)
{
    CHECK(code < FAULT_CODE_MAX);
    return codes[code].status;
}
