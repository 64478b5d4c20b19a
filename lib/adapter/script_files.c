#include "adapter/script_files.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "base/mem.h"

enum {
    PATH_MAX_BYTES = 4096,
    BODY_MAX_BYTES = SCRIPT_TEXT_MAX_BYTES + 16 * 1024, /* and what stands around the text */
};

struct script_files {
    struct script scripts[SCRIPTS_MAX];
    struct buf bodies[SCRIPTS_MAX];
    struct script_set set;
};

/* The name in "<name>.lua"; false for any other file. */
static bool name_of(const char *file, struct str *ret)
{
    static const char suffix[] = ".lua";
    const size_t n = strlen(file), suffix_n = sizeof(suffix) - 1;

    if (n <= suffix_n || strcmp(file + n - suffix_n, suffix) != 0)
        return false;
    *ret = (struct str){ file, n - suffix_n };
    return true;
}

static bool hash(struct str text, char ret[SCRIPT_SHA_CHARS + 1])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;

    if (EVP_Digest(text.p, text.n, digest, &n, EVP_sha256(), NULL) != 1 ||
        n * 2 != SCRIPT_SHA_CHARS)
        return false;
    for (unsigned i = 0; i < n; i++)
        snprintf(ret + (size_t)i * 2, 3, "%02x", digest[i]);
    return true;
}

static enum err_code read_text(const char *path, struct buf *ret, struct err *err)
{
    enum err_code rc = ERR_OK;
    FILE *f = fopen(path, "rb");

    if (!f)
        return err_set(err, ERR_INVALID, "%s: %s", path, strerror(errno));
    errno = 0;
    if (buf_reserve(ret, SCRIPT_TEXT_MAX_BYTES + 1))
        ret->n = fread(ret->p, 1, SCRIPT_TEXT_MAX_BYTES + 1, f);
    if (ferror(f))
        rc = err_set(err, ERR_INVALID, "%s: %s", path, strerror(errno));
    else if (ret->n > SCRIPT_TEXT_MAX_BYTES)
        rc = err_set(err, ERR_INVALID, "%s: more than %d bytes", path, SCRIPT_TEXT_MAX_BYTES);
    else if (ret->n == 0)
        rc = err_set(err, ERR_INVALID, "%s: empty", path);
    else if (ret->p[0] == '#')
        rc = err_set(err, ERR_INVALID, "%s: begins with '#'; it must be Lua alone", path);
    fclose(f);
    return rc;
}

static enum err_code add(struct script_files *files, const char *path, struct str name,
                         struct err *err)
{
    CLEANUP(buf_release) struct buf text = { 0 };
    struct script *script = &files->scripts[files->set.n];
    struct buf *body = &files->bodies[files->set.n];
    enum err_code rc;

    if (!script_name_is_valid(name))
        return err_set(err, ERR_INVALID,
                       "%s: a name has up to %d letters, digits, '-', '.' and '_'", path,
                       SCRIPT_NAME_MAX);
    buf_init(&text, SCRIPT_TEXT_MAX_BYTES + 1);
    rc = read_text(path, &text, err);
    if (rc != ERR_OK)
        return rc;
    buf_init(body, BODY_MAX_BYTES);
    if (!script_compose(buf_str(&text), body) || !hash(buf_str(&text), script->sha)) {
        buf_release(body);
        return err_set(err, ERR_UNAVAILABLE, "%s: cannot be prepared", path);
    }
    memcpy(script->name, name.p, name.n);
    script->body = buf_str(body);
    files->set.n++;
    return ERR_OK;
}

static enum err_code read_all(struct script_files *files, const char *directory, DIR *d,
                              struct err *err)
{
    char path[PATH_MAX_BYTES];
    const struct dirent *entry;
    struct str name;
    enum err_code rc;

    while ((entry = readdir(d)) != NULL) {
        if (!name_of(entry->d_name, &name))
            continue;
        snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
        if (files->set.n == SCRIPTS_MAX)
            return err_set(err, ERR_INVALID, "%s: more than %d scripts", directory, SCRIPTS_MAX);
        rc = add(files, path, name, err);
        if (rc != ERR_OK)
            return rc;
    }
    return ERR_OK;
}

enum err_code script_files_new(const char *directory, struct script_files **ret, struct err *err)
{
    struct script_files *files;
    enum err_code rc;
    DIR *d = opendir(directory);

    if (!d)
        return err_set(err, ERR_INVALID, "%s: %s", directory, strerror(errno));
    files = mem_new(1, sizeof(*files));
    files->set.scripts = files->scripts;
    rc = read_all(files, directory, d, err);
    closedir(d);
    if (rc == ERR_OK && files->set.n == 0)
        rc = err_set(err, ERR_INVALID, "%s: has no file <name>.lua", directory);
    if (rc == ERR_OK)
        *ret = files;
    else
        script_files_free(files);
    return rc;
}

void script_files_free(struct script_files *files)
{
    if (!files)
        return;
    for (size_t i = 0; i < files->set.n; i++)
        buf_release(&files->bodies[i]);
    free(files);
}

const struct script_set *script_files_set(const struct script_files *files)
{
    return &files->set;
}
