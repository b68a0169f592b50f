#include "client/download.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"
#include "client/client_internal.h"

#define REDIRECTS_MAX   10L
#define RANGE_NOT_THERE 416L

struct transfer {
    CURL *curl;
    struct buf *text; /* or: */
    int fd;
    int64_t done; /* bytes that are in the file */
    int64_t max;
    client_progress *progress;
    void *ctx;
    int failed; /* -errno of the receiving side */
};

DEFINE_CLEANUP(cleanup_curl, CURL, curl_easy_cleanup)
#define _cleanup_curl_ _cleanup_(cleanup_curl)

static size_t on_data(char *data, size_t size, size_t n, void *arg)
{
    struct transfer *t = arg;
    size_t len = size * n;
    if (t->done + (int64_t)len > t->max)
        t->failed = -EFBIG;
    else if (t->text != NULL)
        buf_add(t->text, data, len);
    else
        t->failed = write_all(t->fd, data, len);
    if (t->failed < 0)
        return 0;
    t->done += (int64_t)len;
    return len;
}

static int on_progress(void *arg, curl_off_t total, curl_off_t now, curl_off_t up, curl_off_t ups)
{
    struct transfer *t = arg;
    (void)up, (void)ups;
    if (t->progress == NULL || total <= 0)
        return 0;
    return t->progress(t->ctx, t->done, t->done - (int64_t)now + (int64_t)total);
}

static CURL *aim(const char *url, struct transfer *t)
{
    client_init();
    CURL *curl = curl_easy_init();
    if (curl == NULL)
        return NULL;
    (void)curl_easy_setopt(curl, CURLOPT_URL, url);
    (void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    (void)curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    (void)curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR,
                           has_prefix(url, "https:") ? "https" : "http,https");
    (void)curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_MAXREDIRS, REDIRECTS_MAX);
    (void)curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_USERAGENT, "croft/" CROFT_VERSION);
    (void)curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CLIENT_CONNECT_TIMEOUT_MS);
    (void)curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)DOWNLOAD_STALL_S);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_data);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, t);
    t->curl = curl;
    return curl;
}

static int failed(const struct transfer *t, CURLcode code, const char *url, struct err *e)
{
    long status = 0;
    (void)curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
    switch (code) {
    case CURLE_OK:
        return 0;
    case CURLE_HTTP_RETURNED_ERROR:
        return err_set(e, EREMOTEIO, "%s: the server answered %ld", url, status);
    case CURLE_ABORTED_BY_CALLBACK:
        return err_set(e, ECANCELED, "%s: interrupted", url);
    case CURLE_OPERATION_TIMEDOUT:
        return err_set(e, ETIMEDOUT, "%s: nothing came for %d seconds", url, DOWNLOAD_STALL_S);
    case CURLE_WRITE_ERROR:
        if (t->failed == -EFBIG)
            return err_set(e, EFBIG, "%s is larger than %lld bytes", url, (long long)t->max);
        return err_errno(e, -t->failed, "what came from %s could not be kept", url);
    default:
        return err_set(e, EIO, "%s: %s", url, curl_easy_strerror(code));
    }
}

int download_text(const char *url, struct buf *to, struct arena *a, const char **ret_url,
                  struct err *e)
{
    struct transfer t = {.text = to, .max = (int64_t)to->max};
    _cleanup_curl_ CURL *curl = aim(url, &t);
    char *found = NULL;
    if (curl == NULL)
        return err_set(e, EIO, "libcurl has no handle left");
    int r = failed(&t, curl_easy_perform(curl), url, e);
    if (r < 0)
        return r;
    (void)curl_easy_getinfo(curl, CURLINFO_EFFECTIVE_URL, &found);
    *ret_url = arena_strdup(a, found == NULL ? url : found);
    return 0;
}

int download_look(const char *url, struct download_facts *ret, struct err *e)
{
    struct transfer t = {.fd = -1};
    _cleanup_curl_ CURL *curl = aim(url, &t);
    curl_off_t size = -1;
    curl_off_t modified = -1;
    if (curl == NULL)
        return err_set(e, EIO, "libcurl has no handle left");
    (void)curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_FILETIME, 1L);
    int r = failed(&t, curl_easy_perform(curl), url, e);
    if (r < 0)
        return r;
    (void)curl_easy_getinfo(curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &size);
    (void)curl_easy_getinfo(curl, CURLINFO_FILETIME_T, &modified);
    *ret = (struct download_facts){.size = size, .modified = modified};
    return 0;
}

/* From where the file ends. *ret_again: the server gives no parts, and the file is empty now. */
static int go_on(const char *url, struct transfer *t, bool *ret_again, struct err *e)
{
    _cleanup_curl_ CURL *curl = aim(url, t);
    long status = 0;
    *ret_again = false;
    if (curl == NULL)
        return err_set(e, EIO, "libcurl has no handle left");
    int64_t before = t->done;
    (void)curl_easy_setopt(curl, CURLOPT_RESUME_FROM_LARGE, (curl_off_t)before);
    (void)curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    (void)curl_easy_setopt(curl, CURLOPT_XFERINFODATA, t);
    (void)curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    CURLcode code = curl_easy_perform(curl);
    (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    if (code == CURLE_HTTP_RETURNED_ERROR && status == RANGE_NOT_THERE && before > 0)
        return 0; /* all of it was there */
    if (code != CURLE_RANGE_ERROR || before == 0)
        return failed(t, code, url, e);
    *ret_again = true;
    t->done = 0;
    return ftruncate(t->fd, 0) < 0 ? err_errno(e, errno, "cannot begin the file anew") : 0;
}

int download_file(const char *url, const char *path, int64_t max, client_progress *progress,
                  void *ctx, struct err *e)
{
    _cleanup_close_ int fd =
        open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    struct stat file;
    bool again = false;
    if (fd < 0 || fstat(fd, &file) < 0)
        return err_errno(e, errno, "%s", path);
    struct transfer t = {
        .fd = fd, .done = file.st_size, .max = max, .progress = progress, .ctx = ctx};
    int r = go_on(url, &t, &again, e);
    if (r == 0 && again)
        r = go_on(url, &t, &again, e);
    if (r == 0 && fsync(fd) < 0)
        r = err_errno(e, errno, "%s", path);
    return r;
}
