/*
 * Stands in for libFuzzer: feeds every file of the given directories (or the
 * given files) to the fuzz target once, so that a corpus guards each build.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_MAX_BYTES (1u << 20)
#define PATH_MAX_BYTES  4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path)
{
    /* Exactly as large as the input, so that a sanitizer sees a read past its end. */
    static uint8_t bytes[INPUT_MAX_BYTES];
    FILE *file = fopen(path, "rb");
    uint8_t *input;
    size_t n;

    if (!file) {
        perror(path);
        return 1;
    }
    n = fread(bytes, 1, sizeof(bytes), file);
    fclose(file);

    input = malloc(n > 0 ? n : 1);
    if (!input)
        return 1;
    memcpy(input, bytes, n);
    (void)LLVMFuzzerTestOneInput(input, n);
    free(input);
    return 0;
}

static int replay_directory(DIR *dir, const char *path, unsigned *n_files)
{
    struct dirent *entry;
    int failures = 0;

    while ((entry = readdir(dir))) {
        char file[PATH_MAX_BYTES];

        if (entry->d_name[0] == '.')
            continue;
        snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
        failures += replay_file(file);
        (*n_files)++;
    }
    return failures;
}

int main(int argc, char **argv)
{
    unsigned n_files = 0;
    int failures = 0;

    for (int i = 1; i < argc; i++) {
        DIR *dir = opendir(argv[i]);

        if (dir) {
            failures += replay_directory(dir, argv[i], &n_files);
            closedir(dir);
        } else {
            failures += replay_file(argv[i]);
            n_files++;
        }
    }
    printf("%u inputs replayed, %d unreadable\n", n_files, failures);
    return n_files == 0 || failures > 0;
}
