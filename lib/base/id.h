#pragma once
/*
 * Random identifiers. EC2's are a prefix, a dash and 17 lower-case hexadecimal digits; ids of the
 * old form have 8 and are well-formed, too (AWS: "Resource IDs").
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

#define ID_SIZE   40 /* longest prefix we use, the dash, 17 digits, NUL */
#define UUID_SIZE 37

/* Fills `data` from the kernel's generator; never fails. */
void random_bytes(void *data, size_t len);
/* As they are in ids of IAM, and secrets. */
#define BASE32_LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
#define BASE64_LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
/* `n` of the letters, whose number must divide 256: so none is likelier than another. */
char *random_text(struct arena *a, size_t n, const char *letters);
/* id_new("i", id) writes "i-0123456789abcdef0". */
void id_new(const char *prefix, char out[ID_SIZE]);
/* The same in an arena. */
const char *id_make(struct arena *a, const char *prefix);
/* Is `id` well-formed for the prefix: "i-" and 8 or 17 lower-case hex digits? */
bool id_is_wellformed(const char *id, const char *prefix);
void uuid_new(char out[UUID_SIZE]);
void hex_encode(const void *data, size_t len, char *out /* 2*len+1 */);
