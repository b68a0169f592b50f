#include "core/instance_connect.h"

#include <string.h>

#define LETTERS  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define DIGITS   "0123456789"
#define NAME_MAX 32

/*
 * (^[A-Za-z_][A-Za-z0-9@._-]{0,30}[A-Za-z0-9$_-]?$)|
 * (^(?=.{2,32}$)[0-9]{1,32}[A-Za-z@._-][A-Za-z0-9@._-]*[A-Za-z0-9$_-]?$)
 *
 * So: no number alone, a dollar sign at the end alone and never behind digits alone. A name that
 * begins with a letter and is as long as can be does not end in @ or a full stop.
 */
bool os_user_is_legal(const char *name)
{
    static const char inner[] = LETTERS DIGITS "@._-";
    size_t len = strlen(name);
    size_t digits = strspn(name, DIGITS);
    if (len == 0 || len > NAME_MAX || digits == len)
        return false;
    if (strchr(digits > 0 ? LETTERS "@._-" : LETTERS "_", name[digits]) == NULL)
        return false;
    size_t good = strspn(name, inner);
    if (good < len && (good + 1 != len || name[good] != '$'))
        return false;
    return digits > 0 || len < NAME_MAX || strchr("@.", name[len - 1]) == NULL;
}
