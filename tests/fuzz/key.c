/* A public key as it is imported. What is taken is written as a line that reads back the same. */
#include "base/text.h"
#include "core/key_material.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct fault f = {0};
    struct key_material key = {0};
    (void)key_name_is_legal(arena_strndup(a, (const char *)data, size));
    if (key_material_read(a, (const char *)data, size, "a name", &key, &f) < 0) {
        CHECK(fault_is_set(&f) && text_is_clean_utf8(f.message, strlen(f.message)));
        return 0;
    }
    CHECK(key.public_key != NULL && key.fingerprint != NULL && key.private_key == NULL);
    CHECK(strchr(key.public_key, '\n') == NULL);
    struct key_material again = {0};
    CHECK(key_material_read(a, key.public_key, strlen(key.public_key), "a name", &again, &f) == 0);
    CHECK(streq(key.fingerprint, again.fingerprint) && streq(key.public_key, again.public_key) &&
          streq(key.key_type, again.key_type));
    return 0;
}
