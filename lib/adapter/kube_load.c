#include "adapter/kube_load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "codec/yaml_json.h"

#define ACCOUNT_DIRECTORY "/var/run/secrets/kubernetes.io/serviceaccount"

enum { PATH_MAX_BYTES = 4096, SCOPE_MAX_BYTES = 256, PIECE = 4096 };

/* The files that were read. */
struct sources {
    struct kube_config_file files[KUBE_CONFIG_FILES_MAX];
    char *paths[KUBE_CONFIG_FILES_MAX];
    struct buf texts[KUBE_CONFIG_FILES_MAX];
    size_t n;
};

struct kube_place kube_place_from_environment(void)
{
    return (struct kube_place){
        .files = getenv("KUBECONFIG"),
        .home = getenv("HOME"),
        .host = getenv("KUBERNETES_SERVICE_HOST"),
        .port = getenv("KUBERNETES_SERVICE_PORT"),
        .scope = getenv("POD_NAMESPACE"),
        .account = ACCOUNT_DIRECTORY,
    };
}

static void sources_release(struct sources *s)
{
    for (size_t i = 0; i < s->n; i++) {
        if (s->texts[i].p)
            secret_wipe(s->texts[i].p, s->texts[i].n);
        buf_release(&s->texts[i]);
        free(s->paths[i]);
    }
}

static bool is_set(const char *text)
{
    return text && text[0] != '\0';
}

static enum err_code read_all(FILE *f, struct buf *out, struct err *err)
{
    size_t n;

    setvbuf(f, NULL, _IONBF, 0);
    do {
        if (!buf_reserve(out, PIECE))
            return err_set(err, ERR_LIMIT, "longer than %zu bytes", out->limit);
        n = fread(out->p + out->n, 1, PIECE, f);
        out->n += n;
    } while (n > 0);
    return ferror(f) ? err_set(err, ERR_INVALID, "cannot be read: %s", strerror(errno)) : ERR_OK;
}

static enum err_code read_file(const char *path, struct buf *out, struct err *err)
{
    FILE *f = fopen(path, "rb");
    enum err_code rc;

    if (!f)
        return err_set(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_INVALID,
                       "%s: cannot be opened: %s", path, strerror(errno));
    rc = read_all(f, out, err);
    fclose(f);
    return rc == ERR_OK ? ERR_OK : err_wrap(err, rc, "%s", path);
}

static enum err_code add(struct sources *s, struct str path, struct err *err)
{
    enum err_code rc;

    if (s->n == KUBE_CONFIG_FILES_MAX)
        return err_set(err, ERR_LIMIT, "more than %d kubeconfig files", KUBE_CONFIG_FILES_MAX);
    s->paths[s->n] = mem_copy_text(path.p, path.n);
    buf_init(&s->texts[s->n], YAML_JSON_BYTES_MAX + PIECE);
    s->n++;
    rc = read_file(s->paths[s->n - 1], &s->texts[s->n - 1], err);
    s->files[s->n - 1] =
        (struct kube_config_file){ s->paths[s->n - 1], buf_str(&s->texts[s->n - 1]) };
    if (rc == ERR_NOT_FOUND) {
        free(s->paths[--s->n]);
        buf_release(&s->texts[s->n]);
    }
    return rc;
}

static enum err_code add_list(struct sources *s, const char *list, struct err *err)
{
    for (;;) {
        const struct str path = { list, strcspn(list, ":") };
        const enum err_code rc = path.n > 0 ? add(s, path, err) : ERR_NOT_FOUND;

        if (rc != ERR_OK && rc != ERR_NOT_FOUND)
            return rc;
        if (list[path.n] == '\0')
            break;
        list += path.n + 1;
    }
    return s->n > 0 ? ERR_OK : err_set(err, ERR_NOT_FOUND, "no file that KUBECONFIG names exists");
}

static enum err_code add_home(struct sources *s, const char *home, struct err *err)
{
    char path[PATH_MAX_BYTES];
    const int n = snprintf(path, sizeof(path), "%s/.kube/config", home);

    if (n < 0 || (size_t)n >= sizeof(path))
        return err_set(err, ERR_INVALID, "HOME is too long");
    return add(s, str_from(path), err);
}

/* The namespace of the pod, as its service account knows it. */
static enum err_code load_account(const struct kube_place *place, struct kube_login *ret_login,
                                  struct err *err)
{
    CLEANUP(buf_release) struct buf scope = { 0 };
    char path[PATH_MAX_BYTES];
    struct str s = str_from(place->scope);

    buf_init(&scope, SCOPE_MAX_BYTES + PIECE);
    snprintf(path, sizeof(path), "%s/namespace", place->account);
    if (s.n == 0 && read_file(path, &scope, NULL) == ERR_OK) {
        s = buf_str(&scope);
        while (s.n > 0 && (s.p[s.n - 1] == '\n' || s.p[s.n - 1] == ' '))
            s.n--;
    }
    return kube_config_in_cluster(place->host, place->port, place->account, s, ret_login, err);
}

static enum err_code find(const struct kube_place *place, struct sources *s, struct err *err)
{
    if (is_set(place->kubeconfig))
        return add(s, str_from(place->kubeconfig), err);
    if (is_set(place->files))
        return add_list(s, place->files, err);
    if (is_set(place->home))
        return add_home(s, place->home, err);
    return err_set(err, ERR_NOT_FOUND, "neither KUBECONFIG nor HOME is set");
}

enum err_code kube_load(const struct kube_place *place, struct kube_login *ret_login,
                        struct err *err)
{
    CLEANUP(sources_release) struct sources s = { 0 };
    const enum err_code rc = find(place, &s, err);
    const bool in_pod = is_set(place->host) && is_set(place->port);

    if (rc == ERR_NOT_FOUND && in_pod && !is_set(place->kubeconfig) && !is_set(place->files))
        return load_account(place, ret_login, err);
    if (rc != ERR_OK)
        return err_wrap(err, rc, "kubeconfig");
    return kube_config_resolve(s.files, s.n, place->context, ret_login, err);
}

enum err_code kube_load_contexts(const struct kube_place *place, kube_context_fn *each, void *self,
                                 struct err *err)
{
    CLEANUP(sources_release) struct sources s = { 0 };
    const enum err_code rc = find(place, &s, err);

    if (rc != ERR_OK)
        return err_wrap(err, rc, "kubeconfig");
    return kube_config_each_context(s.files, s.n, each, self, err);
}
