/*
 * KEY NAME, PUBLIC KEY, and user data in base64: what RunInstances decodes, and the seed that is
 * made with it.
 */
#include <openssl/evp.h>

#include "base/base64.h"
#include "base/text.h"
#include "core/key_material.h"
#include "fuzz.h"
#include "seed/iso9660.h"
#include "seed/seed.h"

/* libcrypto's decoder takes whole groups of four without white space: the same bytes come out. */
static void check_decoded(struct arena *a, const char *text, size_t len, const char *data,
                          size_t size)
{
    char *plain = arena_alloc(a, len + 4);
    size_t n = 0;
    for (size_t i = 0; i < len; i++)
        if (strchr(" \t\r\n", text[i]) == NULL)
            plain[n++] = text[i];
    while (n % 4 != 0)
        plain[n++] = '=';
    unsigned char *expected = arena_alloc(a, n + 1);
    if (n > 0) /* it counts what the padding stands for */
        CHECK(EVP_DecodeBlock(expected, (unsigned char *)plain, (int)n) >= (int)size);
    CHECK(size == 0 || memcmp(expected, data, size) == 0);
    CHECK(data[size] == '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_arena_ struct arena *a = arena_new();
    const char *key_name = fuzz_line(a, &data, &size);
    const char *public_key = fuzz_line(a, &data, &size);
    char *user_data = NULL;
    size_t len = 0;
    bool decoded = base64_decode(a, (const char *)data, size, &user_data, &len) == 0;
    if (decoded) {
        check_decoded(a, (const char *)data, size, user_data, len);
        char *text = base64_encode(a, user_data, len);
        char *again = NULL;
        size_t again_len = 0;
        CHECK(base64_decode(a, text, strlen(text), &again, &again_len) == 0);
        CHECK(again_len == len && memcmp(again, user_data, len) == 0);
    }
    struct seed_facts facts = {
        .instance_id = "i-0123456789abcdef0",
        .hostname = "ip-172-31-0-10",
        .domain = "ec2.internal",
        .public_key = str_empty(public_key) ? NULL : public_key,
        .key_name = str_empty(key_name) ? NULL : key_name,
        .mac = "0a:00:00:00:00:01",
        .private_ip = "172.31.0.10",
        .mtu = 1500,
        .region = "us-east-1",
        .zone = "us-east-1a",
        .instance_type = "t3.micro",
        .image_id = "ami-0123456789abcdef0",
        .user_data = decoded ? user_data : NULL,
        .user_data_len = len,
    };
    struct seed_texts texts = {0};
    struct err e = {0};
    int r = seed_build(a, NULL, &facts, &texts, &e);
    if (r < 0) {
        /* A name that RunInstances finds, and a key that was read, never spoil a seed. */
        CHECK(!str_empty(key_name) || !str_empty(public_key));
        CHECK(!key_name_is_legal(key_name) || !str_empty(public_key));
        return 0;
    }
    if (decoded)
        CHECK(texts.user_data_len == len && memcmp(texts.user_data, user_data, len) == 0);
    const struct iso9660_file files[] = {
        {"meta-data", texts.meta_data, strlen(texts.meta_data)},
        {"user-data", texts.user_data, texts.user_data_len},
    };
    _cleanup_buf_ struct buf image = BUF_INIT(4 << 20);
    CHECK(iso9660_build("cidata", files, ARRAY_SIZE(files), &image) == 0);
    return 0;
}
