#include "metadata/calls.h"

#include <errno.h>
#include <pthread.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "network/pack.h"

#define METHOD_MAX 32
#define ID_MAX     (UUID_SIZE - 1)

static const struct field shape_hello_fields[] = {
    SHAPE_NUMBER(metadata_hello, session, 1, INT64_MAX),
};
SHAPE_OF(shape_hello, struct metadata_hello);

static const struct field shape_network_fields[] = {
    SHAPE_NUMBER(metadata_network, network, 1, UINT32_MAX),
};
SHAPE_OF(shape_network, struct metadata_network);

static const struct field shape_guest_fields[] = {
    SHAPE_NUMBER(metadata_guest, network, 1, UINT32_MAX),
    SHAPE_TEXT(metadata_guest, address, WORD_ADDRESS),
};
SHAPE_OF(shape_guest, struct metadata_guest);

static const struct field shape_field_fields[] = {
    SHAPE_TEXT(header, name, WORD_TOKEN),
    SHAPE_LONG(header, value, WORD_LINE, METADATA_HEADER_MAX),
};
static SHAPE_OF(shape_field, struct header);

static const struct field shape_question_fields[] = {
    SHAPE_NUMBER(metadata_question, network, 1, UINT32_MAX),
    SHAPE_TEXT(metadata_question, address, WORD_ADDRESS),
    SHAPE_LONG(metadata_question, request_id, WORD_TOKEN, ID_MAX),
    SHAPE_LONG(metadata_question, method, WORD_LINE, METHOD_MAX),
    SHAPE_LONG(metadata_question, path, WORD_LINE, METADATA_HEADER_MAX),
    SHAPE_LONG(metadata_question, query, WORD_LINE, METADATA_HEADER_MAX),
    SHAPE_LIST(metadata_question, headers, shape_field, METADATA_HEADERS),
    SHAPE_BYTES(metadata_question, body, METADATA_BODY_MAX),
    SHAPE_NUMBER(metadata_question, status, 0, 599),
    SHAPE_TEXT(metadata_question, message, WORD_LINE),
};
SHAPE_OF(shape_question, struct metadata_question);

static const struct field shape_reply_fields[] = {
    SHAPE_NUMBER(metadata_reply, status, 100, 599),
    SHAPE_MAYBE(metadata_reply, content_type, WORD_LINE),
    SHAPE_LIST(metadata_reply, headers, shape_field, METADATA_HEADERS),
    SHAPE_BYTES(metadata_reply, body, METADATA_ANSWER_MAX),
    SHAPE_FLAG(metadata_reply, close),
    SHAPE_NUMBER(metadata_reply, hop_limit, 0, 255),
    SHAPE_FLAG(metadata_reply, has_tunnel),
};
SHAPE_OF(shape_reply, struct metadata_reply);

static uint64_t fingerprint;

static void take_fingerprint(void)
{
    static const struct shape *const all[] = {&shape_hello, &shape_network, &shape_guest,
                                              &shape_question, &shape_reply};
    fingerprint = METADATA_CALLS;
    for (size_t i = 0; i < ARRAY_SIZE(all); i++)
        fingerprint = pack_fingerprint(all[i], fingerprint);
}

static uint64_t find_fingerprint(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, take_fingerprint);
    return fingerprint;
}

const struct message_set metadata_messages = {.fingerprint = find_fingerprint,
                                              .calls = METADATA_CALLS,
                                              .between = "croftd and croft-metadata"};

int metadata_send(int socket, enum metadata_call call, const struct shape *shape, const void *what,
                  int fd, struct err *e)
{
    _cleanup_buf_ struct buf packed = BUF_INIT(PACK_MAX);
    if (shape != NULL)
        pack_write(shape, what, &packed);
    return message_send(socket, &metadata_messages, call, &packed, fd, e);
}

int metadata_receive(int socket, struct arena *a, enum metadata_call call,
                     const struct shape *shape, void *ret, int *ret_fd, struct err *e)
{
    _cleanup_buf_ struct buf got = BUF_INIT(PACK_MAX);
    _cleanup_close_ int fd = -1;
    unsigned came = METADATA_CALLS;
    int r = message_receive(socket, &metadata_messages, &came, &got, &fd, e);
    if (r == 0 && (came != call || (fd >= 0 && ret_fd == NULL)))
        r = err_set(e, EPROTO, "something else was to come");
    if (r == 0 && shape != NULL)
        r = pack_read(a, shape, buf_str(&got), got.len, ret, e);
    if (r == 0 && ret_fd != NULL)
        *ret_fd = TAKE_FD(fd);
    return r;
}

bool metadata_is_call(const struct http_request *req)
{
    bool is_root = streq(req->path, "/");
    return (is_root && !str_empty(req->query)) ||
           (streq(req->method, "POST") && (is_root || has_prefix(req->path, "/v1/")));
}
