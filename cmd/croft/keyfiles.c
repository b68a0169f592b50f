#include "croft/keyfiles.h"

#include <fcntl.h>
#include <libssh/libssh.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "base/file.h"
#include "base/id.h"
#include "base/text.h"

/* Who is meant: the caller of sudo, or whoever runs us. False when sudo is not at work. */
static bool sudo_user(uid_t *ret_uid, gid_t *ret_gid)
{
    const char *uid = getenv("SUDO_UID"), *gid = getenv("SUDO_GID");
    int64_t u, g;

    if (geteuid() != 0 || str_empty(uid) || str_empty(gid) || parse_int64(uid, &u) < 0 ||
        parse_int64(gid, &g) < 0 || u <= 0 || g < 0 || u > UINT32_MAX - 1 || g > UINT32_MAX - 1)
        return false;
    *ret_uid = (uid_t)u;
    *ret_gid = (gid_t)g;
    return true;
}

static int home_of(struct arena *a, uid_t uid, const char **ret_home, struct err *e)
{
    char *data = arena_alloc(a, 16384);
    struct passwd entry, *found = NULL;
    int r = getpwuid_r(uid, &entry, data, 16384, &found);

    if (r != 0 || found == NULL || str_empty(entry.pw_dir))
        return err_set(e, ENOENT, "user %u has no home directory", (unsigned)uid);
    *ret_home = entry.pw_dir;
    return 0;
}

int user_home(struct arena *a, const char **ret_home, struct err *e)
{
    const char *home = getenv("HOME");
    uid_t uid;
    gid_t gid;
    bool by_sudo = sudo_user(&uid, &gid);

    if (by_sudo || str_empty(home))
        return home_of(a, by_sudo ? uid : getuid(), ret_home, e);
    *ret_home = home;
    return 0;
}

static int data_folder(struct arena *a, const char **ret_path, struct err *e)
{
    const char *home = NULL, *data = getenv("XDG_DATA_HOME");
    uid_t uid;
    gid_t gid;
    bool by_sudo = sudo_user(&uid, &gid);
    int r = 0;

    if (!by_sudo && !str_empty(data) && data[0] == '/') {
        *ret_path = arena_printf(a, "%s/croft", data);
        return 0;
    }
    r = user_home(a, &home, e);
    if (r == 0)
        *ret_path = arena_printf(a, "%s/.local/share/croft", home);
    return r;
}

int data_path(struct arena *a, const char *name, const char **ret_path, struct err *e)
{
    const char *folder;
    int r = data_folder(a, &folder, e);

    if (r == 0)
        *ret_path = arena_printf(a, "%s/%s", folder, name);
    return r;
}

int data_give(const char *path, struct err *e)
{
    uid_t uid;
    gid_t gid;

    /* Not through a link: root would give away what it points to. */
    if (sudo_user(&uid, &gid) && lchown(path, uid, gid) < 0)
        return err_errno(e, errno, "cannot give %s to user %u", path, (unsigned)uid);
    return 0;
}

/* Each folder that is missing is made, 0700 as the XDG base directories are, and given away. */
int data_make(struct arena *a, const char *path, struct err *e)
{
    char *folder = arena_strdup(a, path);

    for (char *slash = strchr(folder + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(folder, 0700) == 0) {
            int r = data_give(folder, e);
            if (r < 0)
                return r;
        } else if (errno != EEXIST) {
            return err_errno(e, errno, "cannot make %s", folder);
        }
        *slash = '/';
    }
    return 0;
}

int key_file_path(struct arena *a, const char *key_name, const char **ret_path, struct err *e)
{
    /* EC2 allows any ASCII in a name; a path takes no slash, and no leading dot. */
    if (str_empty(key_name) || strchr(key_name, '/') != NULL || key_name[0] == '.' ||
        strlen(key_name) > 200)
        return err_set(e, EINVAL, "the key name '%s' cannot be a file name", key_name);
    return data_path(a, arena_printf(a, "keys/%s.pem", key_name), ret_path, e);
}

int key_file_save(struct arena *a, const char *key_name, const char *material,
                  const char **ret_path, struct err *e)
{
    _cleanup_close_ int fd = -1;
    const char *path = NULL;
    int r = key_file_path(a, key_name, &path, e);

    if (r == 0)
        r = data_make(a, path, e);
    if (r < 0)
        return r;
    CHECK(path != NULL);
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return err_errno(e, errno, "cannot make %s", path);
    r = write_all(fd, material, strlen(material));
    if (r == 0 && material[0] != '\0' && material[strlen(material) - 1] != '\n')
        r = write_all(fd, "\n", 1);
    if (r == 0 && fsync(fd) < 0)
        r = -errno;
    if (r < 0) {
        (void)unlink(path);
        return err_errno(e, -r, "cannot write %s", path);
    }
    r = data_give(path, e);
    if (r == 0)
        *ret_path = path;
    return r;
}

int key_file_describe(struct arena *a, const char *path, const char **ret_fingerprint,
                      const char **ret_public, struct err *e)
{
    const char *fingerprint = NULL, *public_key;
    ssh_key key = NULL;
    unsigned char *hash = NULL;
    size_t len = 0;
    char *text = NULL;

    if (access(path, R_OK) < 0)
        return err_errno(e, errno, "%s", path);
    if (ssh_pki_import_privkey_file(path, NULL, NULL, NULL, &key) != SSH_OK)
        return err_set(e, EINVAL, "%s is no private key, or has a passphrase", path);
    if (ssh_pki_export_pubkey_base64(key, &text) != SSH_OK) {
        ssh_key_free(key);
        return err_set(e, EINVAL, "%s is no private key", path);
    }
    public_key = arena_printf(a, "%s %s", ssh_key_type_to_char(ssh_key_type(key)), text);
    ssh_string_free_char(text);
    if (ssh_key_type(key) == SSH_KEYTYPE_ED25519 &&
        ssh_get_publickey_hash(key, SSH_PUBLICKEY_HASH_SHA256, &hash, &len) == SSH_OK) {
        text = ssh_get_fingerprint_hash(SSH_PUBLICKEY_HASH_SHA256, hash, len);
        fingerprint = arena_strdup(a, has_prefix(text, "SHA256:") ? text + 7 : text);
        ssh_string_free_char(text);
        ssh_clean_pubkey_hash(&hash);
    }
    ssh_key_free(key);
    *ret_fingerprint = fingerprint;
    *ret_public = public_key;
    return 0;
}
