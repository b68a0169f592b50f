/*
 * replay PATH...: runs the target over each file, and over the files of each directory. A crash
 * ends the process; the file at hand has been named on stderr.
 */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/file.h"
#include "fuzz.h"

#define FILE_MAX ((size_t)4 << 20)

static size_t replayed;

static bool replay_file(const char *path)
{
    struct err e = {0};
    _cleanup_buf_ struct buf text = BUF_INIT(FILE_MAX);
    (void)fprintf(stderr, "%s\n", path);
    if (file_read(path, &text, &e) < 0) {
        (void)fprintf(stderr, "%s\n", e.message);
        return false;
    }
    /* In memory of its own size, so that a read past its end is one past an allocation. */
    uint8_t *data = malloc(text.len > 0 ? text.len : 1);
    CHECK(data != NULL);
    if (text.len > 0)
        memcpy(data, text.data, text.len);
    (void)LLVMFuzzerTestOneInput(data, text.len);
    free(data);
    replayed++;
    return true;
}

static bool replay_directory(const char *path)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct dirent **names = NULL;
    int n = scandir(path, &names, NULL, alphasort);
    bool good = n >= 0;
    for (int i = 0; i < n; i++) {
        if (names[i]->d_name[0] != '.')
            good = replay_file(arena_printf(a, "%s/%s", path, names[i]->d_name)) && good;
        free(names[i]);
    }
    free(names);
    return good;
}

int main(int argc, char **argv)
{
    bool good = true;
    for (int i = 1; i < argc; i++) {
        struct stat st;
        if (stat(argv[i], &st) < 0) /* a target that has never crashed has no folder of crashes */
            good = errno == ENOENT && strstr(argv[i], "/crashes/") != NULL && good;
        else
            good = (S_ISDIR(st.st_mode) ? replay_directory(argv[i]) : replay_file(argv[i])) && good;
    }
    (void)fprintf(stderr, "%zu files\n", replayed);
    return good && replayed > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
