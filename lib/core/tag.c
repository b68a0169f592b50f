#include "core/tag.h"

#include <string.h>

#include "base/text.h"

bool tag_key_is_path(const char *key)
{
    static const char allowed[] =
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_+=,.@:";
    return *key != '\0' && key[strspn(key, allowed)] == '\0' && !streq(key, ".") &&
           !streq(key, "..") && !streq(key, "_index");
}
