/* croft key add, create, ls, rm; and the key pair that croft launch makes on the spot. */
#include "croft/keys.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/file.h"
#include "base/text.h"
#include "croft/keyfiles.h"
#include "croft/options.h"
#include "croft/output.h"
#include "croft/screen.h"
#include "croft/table.h"
#include "croft/verbs.h"

#define OWN_KEYS_MAX 9

const char *key_file_kept(struct cli *c, const char *key_name)
{
    struct err e;
    const char *path;

    if (key_file_path(c->arena, key_name, &path, &e) < 0)
        return NULL;
    return access(path, R_OK) == 0 ? path : NULL;
}

static int import(struct cli *c, const char *name, const char *public_key, size_t len)
{
    _cleanup_json_ json_t *reply = NULL;

    return cli_call(c, "ImportKeyPair",
                    json_pack("{s:s, s:s}", "KeyName", name, "PublicKeyMaterial",
                              base64_encode(c->arena, public_key, len)),
                    NULL, &reply);
}

/* Creates the pair and keeps its private half; when it cannot be kept, the pair is deleted again.
 */
static int create(struct cli *c, const char *name, const char *type, const char **ret_path)
{
    _cleanup_json_ json_t *reply = NULL, *ignored = NULL;
    struct err e = {0};
    const char *path, *material;
    int status;

    if (key_file_path(c->arena, name, &path, &e) < 0 || data_make(c->arena, path, &e) < 0) {
        complain("%s", e.message);
        return STATUS_UNREACHED;
    }
    if (file_exists(path)) {
        complain("%s is there already, and is not written over", path);
        return STATUS_FAILED;
    }
    status = cli_call(c, "CreateKeyPair", json_pack("{s:s, s:s}", "KeyName", name, "KeyType", type),
                      NULL, &reply);
    if (status != STATUS_OK)
        return status;
    material = json_text(reply, "KeyMaterial");
    if (material == NULL || key_file_save(c->arena, name, material, ret_path, &e) < 0) {
        complain("%s", material == NULL ? "the answer has no private key" : e.message);
        (void)cli_call(c, "DeleteKeyPair", json_pack("{s:s}", "KeyName", name), NULL, &ignored);
        return STATUS_UNREACHED;
    }
    return STATUS_OK;
}

/* base64 with or without its padding: EC2 shows it, OpenSSH leaves it out. */
static bool same_fingerprint(const char *x, const char *y)
{
    size_t n = strcspn(x, "="), m = strcspn(y, "=");
    return n == m && strncmp(x, y, n) == 0;
}

static int fingerprint_of(struct cli *c, const char *name, const char **ret_fingerprint)
{
    _cleanup_json_ json_t *reply = NULL;
    const json_t *pair;
    int status = cli_call(c, "DescribeKeyPairs",
                          json_pack("{s:o}", "Filters", filter_of("key-name", name)), NULL, &reply);

    if (status != STATUS_OK)
        return status;
    pair = json_array_get(json_items(reply, "KeyPairs"), 0);
    *ret_fingerprint =
        pair == NULL ? NULL : arena_strdup(c->arena, json_text(pair, "KeyFingerprint"));
    return STATUS_OK;
}

/* *ret_usable: the pair and the file belong together, and are both there now. */
static int try_own(struct cli *c, const char *name, bool *ret_usable)
{
    const char *there = NULL, *path, *fingerprint = NULL, *public_key = NULL;
    struct err e = {0};
    int status;

    *ret_usable = false;
    if (key_file_path(c->arena, name, &path, &e) < 0) {
        complain("%s", e.message);
        return STATUS_UNREACHED;
    }
    status = fingerprint_of(c, name, &there);
    if (status != STATUS_OK)
        return status;
    if (!file_exists(path)) {
        if (there != NULL)
            return STATUS_OK;
        status = create(c, name, "ed25519", &path);
        if (status == STATUS_OK) {
            note("Made the key pair %s and kept its private half in %s", name, path);
            *ret_usable = true;
        }
        return status;
    }
    if (key_file_describe(c->arena, path, &fingerprint, &public_key, &e) < 0)
        return STATUS_OK;
    if (there == NULL) {
        status = import(c, name, public_key, strlen(public_key));
        if (status == STATUS_OK)
            note("Imported the key pair %s from %s", name, path);
        *ret_usable = status == STATUS_OK;
        return status;
    }
    *ret_usable = fingerprint != NULL && same_fingerprint(fingerprint, there);
    return STATUS_OK;
}

int key_pair_ready(struct cli *c, const char **ret_name)
{
    for (int i = 1; i <= OWN_KEYS_MAX; i++) {
        const char *name = i == 1 ? "croft" : arena_printf(c->arena, "croft-%d", i);
        bool usable;
        int status = try_own(c, name, &usable);

        if (status != STATUS_OK)
            return status;
        if (usable) {
            *ret_name = name;
            return STATUS_OK;
        }
    }
    complain("croft ... croft-%d are all keys of others: name one with --key", OWN_KEYS_MAX);
    return STATUS_FAILED;
}

static int run_add(struct cli *c, int argc, char **argv)
{
    _cleanup_buf_ struct buf content = BUF_INIT(KEY_FILE_MAX);
    struct words words;
    struct err e = {0};
    int status = options_parse(c, "key", NULL, 0, 0, argc, argv, &words);

    if (status != STATUS_OK)
        return status;
    if (words.n != 2)
        return usage_error("key", "croft key add NAME FILE");
    if (file_read(streq(words.v[1], "-") ? "/dev/stdin" : words.v[1], &content, &e) < 0) {
        complain("%s", e.message);
        return STATUS_UNREACHED;
    }
    if (strstr(buf_str(&content), "PRIVATE KEY") != NULL)
        return usage_error("key",
                           "%s is a private key, which stays with you; its public half is "
                           "usually beside it, in %s.pub",
                           words.v[1], words.v[1]);
    status = import(c, words.v[0], buf_str(&content), content.len);
    if (status == STATUS_OK)
        printf("%s: imported\n", words.v[0]);
    return status;
}

static int run_create(struct cli *c, int argc, char **argv)
{
    const char *type = "ed25519", *path;
    const struct option_row rows[] = {{"--type", "-t", .value = &type}};
    struct words words;
    int status = options_parse(c, "key", rows, ARRAY_SIZE(rows), 0, argc, argv, &words);

    if (status != STATUS_OK)
        return status;
    if (words.n != 1)
        return usage_error("key", "croft key create NAME");
    status = create(c, words.v[0], type, &path);
    if (status == STATUS_OK)
        printf("%s\n", path);
    return status;
}

static int run_ls(struct cli *c, int argc, char **argv)
{
    static const struct column columns[] = {{"NAME", .shrinks = true},
                                            {"TYPE"},
                                            {"ID"},
                                            {"FILE", .shrinks = true},
                                            {"FINGERPRINT", .shrinks = true, .goes = true}};
    struct table t = {.columns = columns, .n_columns = ARRAY_SIZE(columns)};
    _cleanup_json_ json_t *reply = NULL;
    struct words words;
    json_t *pair;
    size_t i;
    int status = options_parse(c, "key", NULL, 0, 0, argc, argv, &words);

    if (status == STATUS_OK)
        status = cli_call(c, "DescribeKeyPairs", NULL, NULL, &reply);
    if (status != STATUS_OK)
        return status;
    if (c->output == OUTPUT_JSON)
        return output_json(json_items(reply, "KeyPairs"));
    json_array_foreach(json_object_get(reply, "KeyPairs"), i, pair)
    {
        const char *name = json_text(pair, "KeyName");

        *table_add(c->arena, &t) =
            (struct table_row){{{name},
                                {json_text(pair, "KeyType")},
                                {json_text(pair, "KeyPairId")},
                                {name == NULL ? NULL : key_file_kept(c, name)},
                                {json_text(pair, "KeyFingerprint")}}};
    }
    table_print(c->arena, &t);
    return STATUS_OK;
}

static int run_rm(struct cli *c, int argc, char **argv)
{
    struct words words;
    int status = options_parse(c, "key", NULL, 0, 0, argc, argv, &words);

    if (status == STATUS_OK && words.n == 0)
        return usage_error("key", "croft key rm NAME...");
    for (size_t i = 0; i < words.n && status == STATUS_OK; i++) {
        _cleanup_json_ json_t *reply = NULL;
        const char *there, *path;

        status = fingerprint_of(c, words.v[i], &there);
        if (status != STATUS_OK)
            break;
        if (there == NULL) {
            complain("there is no key pair '%s'", words.v[i]);
            return STATUS_FAILED;
        }
        status =
            cli_call(c, "DeleteKeyPair", json_pack("{s:s}", "KeyName", words.v[i]), NULL, &reply);
        if (status != STATUS_OK)
            break;
        printf("%s: removed\n", words.v[i]);
        path = key_file_kept(c, words.v[i]);
        if (path != NULL)
            note("Instances that have the key still take it, so %s stays", path);
    }
    return status;
}

const struct verb key_verbs[] = {
    {"add", run_add, "NAME FILE|-", "Imports a public key", NULL},
    {"create", run_create, "NAME [--type ed25519|rsa]",
     "Makes a key pair, keeps the private half and prints where", NULL},
    {"ls", run_ls, "", "Lists the key pairs, and the files kept for them", NULL},
    {"rm", run_rm, "NAME...", "Removes key pairs; files stay", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};
