#include "auth/server_key.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/id.h"

static int make(const char *path, struct server_key *ret_key, struct err *e)
{
    unsigned char root[SEAL_KEY_BYTES];
    random_bytes(root, sizeof(root));
    int r = file_write(path, root, sizeof(root), 0600, e);
    if (r == 0)
        server_key_derive(root, ret_key);
    OPENSSL_cleanse(root, sizeof(root));
    return r;
}

static int read_file(const char *path, struct server_key *ret_key, struct err *e)
{
    _cleanup_buf_ struct buf content = BUF_INIT(SEAL_KEY_BYTES);
    int r = file_read(path, &content, e);
    if (r == 0 && content.len != SEAL_KEY_BYTES)
        r = err_set(e, EINVAL, "%s does not hold a key of %d bytes", path, SEAL_KEY_BYTES);
    if (r == 0)
        server_key_derive((const unsigned char *)content.data, ret_key);
    if (content.len > 0)
        OPENSSL_cleanse(content.data, content.len);
    return r;
}

int server_key_load(const char *path, bool may_make, struct server_key *ret_key, struct err *e)
{
    struct stat st;
    if (lstat(path, &st) < 0) {
        if (errno != ENOENT)
            return err_errno(e, errno, "cannot look at %s", path);
        if (may_make)
            return make(path, ret_key, e);
        return err_set(e, ENOKEY,
                       "%s is not there, and nothing else opens the secrets in the database: bring "
                       "it back from a backup",
                       path);
    }
    if (!S_ISREG(st.st_mode) || (st.st_mode & 077) != 0)
        return err_set(e, EPERM, "%s must be a file that its owner alone may read: chmod 600",
                       path);
    return read_file(path, ret_key, e);
}
