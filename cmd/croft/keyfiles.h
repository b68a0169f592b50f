#pragma once
/*
 * Private keys that `croft` keeps: DATA/keys/NAME.pem, mode 0600, and the host keys of guests in
 * DATA/known_hosts. DATA is $XDG_DATA_HOME/croft, else ~/.local/share/croft; under sudo that of the
 * user who called it, and what is made there belongs to that user.
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"

#define KEY_FILE_MAX ((size_t)64 << 10)

/* Whose files these are: the caller of sudo, or whoever runs us. */
int user_home(struct arena *a, const char **ret_home, struct err *e);
/* 0 or -errno: there is no home directory. The directory itself is made when it is written to. */
int data_path(struct arena *a, const char *name, const char **ret_path, struct err *e);
/* Makes the directories that the path lies in, below DATA. */
int data_make(struct arena *a, const char *path, struct err *e);
/* Gives the file to the user who called sudo, if any. */
int data_give(const char *path, struct err *e);

/* Where the key pair's private half is, or would be kept. */
int key_file_path(struct arena *a, const char *key_name, const char **ret_path, struct err *e);
/* -EEXIST when there is one: a private key is never written over. */
int key_file_save(struct arena *a, const char *key_name, const char *material,
                  const char **ret_path, struct err *e);
/*
 * Fingerprint of a private key as EC2 shows it: ed25519 by SHA-256; others have none here (NULL).
 * *ret_public is "ssh-ed25519 AAAA...".
 */
int key_file_describe(struct arena *a, const char *path, const char **ret_fingerprint,
                      const char **ret_public, struct err *e);
