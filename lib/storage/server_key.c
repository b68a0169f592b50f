#include "storage/server_key.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/id.h"

static int make(const char *path, struct server_key *ret_key, struct err *e)
{
    struct server_key key;
    random_bytes(key.bytes, sizeof(key.bytes));
    int r = file_write(path, key.bytes, sizeof(key.bytes), 0600, e);
    if (r == 0)
        *ret_key = key;
    OPENSSL_cleanse(&key, sizeof(key));
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
                       "%s is not there, and encrypted disks have keys that nothing else opens: "
                       "bring it back from a backup",
                       path);
    }
    if (!S_ISREG(st.st_mode) || (st.st_mode & 077) != 0)
        return err_set(e, EPERM, "%s must be a file that its owner alone may read: chmod 600",
                       path);
    _cleanup_buf_ struct buf content = BUF_INIT(sizeof(ret_key->bytes));
    int r = file_read(path, &content, e);
    if (r == 0 && content.len != sizeof(ret_key->bytes))
        r = err_set(e, EINVAL, "%s does not hold a key of %zu bytes", path, sizeof(ret_key->bytes));
    if (r == 0)
        memcpy(ret_key->bytes, content.data, sizeof(ret_key->bytes));
    if (content.len > 0)
        OPENSSL_cleanse(content.data, content.len);
    return r;
}
