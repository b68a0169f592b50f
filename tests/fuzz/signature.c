/*
 * A request, signed or not, as a client sends it:
 *
 *     POST / QUERY
 *     Header: value
 *
 *     body
 *
 * The clock stands still at the time of the vectors of tests/golden/sigv4 and sigv2, whose keys are
 * known here.
 * What is accepted is not accepted when the secret is another one.
 */
#include <errno.h>

#include "auth/sigv4.h"
#include "base/text.h"
#include "fuzz.h"

#define NOW ((int64_t)1767323045000)

static const char *secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

static int find(void *ctx, const char *access_key_id, struct arena *a,
                struct credential **ret_credential)
{
    (void)ctx;
    bool is_temporary = streq(access_key_id, "ASIDEXAMPLE");
    if (!is_temporary && !streq(access_key_id, "AKIDEXAMPLE"))
        return -ENOENT;
    struct credential *c = arena_new_of(a, struct credential);
    *c = (struct credential){
        .access_key_id = access_key_id,
        .secret_access_key = secret,
    };
    *ret_credential = c;
    return 0;
}

static int admit(void *ctx, struct credential *credential, const char *token, const char *service,
                 int64_t now, struct arena *a, struct fault *f)
{
    (void)ctx;
    (void)now;
    (void)a;
    bool is_temporary = streq(credential->access_key_id, "ASIDEXAMPLE");
    if (streq(token, is_temporary ? "FwoGZXIvYXdzEB4aD/+=session token" : NULL))
        return 0;
    return fault(f, FAULT_INVALID_CLIENT_TOKEN_ID, "not for %s", service);
}

static struct sigv4 *sigv4_of(void)
{
    static const char *const regions[] = {"us-east-1", "eu-central-1", NULL};
    static const char *const services[] = {"ec2", "sts", NULL};
    static struct sigv4 *made;
    if (made == NULL)
        made = sigv4_new(&(struct sigv4_config){.regions = regions,
                                                .services = services,
                                                .find = find,
                                                .admit = admit,
                                                .version_2 = true});
    return made;
}

/* The rest of a word; *text is behind it. */
static const char *word(char **text)
{
    char *begin = *text;
    *text += strcspn(*text, " ");
    if (**text != '\0')
        *(*text)++ = '\0';
    return begin;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_arena_ struct arena *a = arena_new();
    char *first = fuzz_line(a, &data, &size);
    const char *method = word(&first);
    const char *path = word(&first);
    struct headers headers = {0};
    for (;;) {
        char *name = fuzz_line(a, &data, &size);
        if (*name == '\0')
            break;
        char *value = strchr(name, ':');
        if (value == NULL)
            continue;
        *value++ = '\0';
        value += strspn(value, " \t");
        *arena_append(a, &headers) = (struct header){name, value};
    }
    struct sigv4_request r = {
        .method = method,
        .path = path,
        .query = first,
        .headers = &headers,
        .body = data,
        .body_len = size,
        .streamed = streq(method, "PUT"),
    };
    struct sigv4_caller caller = {0};
    struct fault f = {0};
    (void)sigv4_is_signed(&r);
    if (sigv4_verify(sigv4_of(), &r, NOW, a, &caller, &f) < 0) {
        CHECK(fault_is_set(&f));
        CHECK(strstr(f.message, secret) == NULL);
        return 0;
    }
    CHECK(!fault_is_set(&f) && caller.credential != NULL && caller.region != NULL);
    const char *good = secret;
    secret = "another";
    CHECK(sigv4_verify(sigv4_of(), &r, NOW, a, &caller, &f) < 0);
    secret = good;
    return 0;
}
