#include "adapter/kube_credentials.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static int64_t read_ms(clockid_t id)
{
    struct timespec now;

    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void kube_credentials_init(struct kube_credentials *c, const struct kube_login *login)
{
    *c = (struct kube_credentials){ .login = login, .stale = true };
}

void kube_credentials_release(struct kube_credentials *c)
{
    secret_release(&c->token);
    kube_credential_release(&c->exec);
    *c = (struct kube_credentials){ 0 };
}

void kube_credentials_refused(struct kube_credentials *c)
{
    c->stale = true;
}

static enum err_code read_token(const char *path, struct secret *ret_token, struct err *err)
{
    char bytes[KUBE_TOKEN_MAX_BYTES + 1];
    FILE *f = fopen(path, "rb");
    size_t n;
    bool good;

    if (!f)
        return err_set(err, ERR_DENIED, "the token file '%s' cannot be opened: %s", path,
                       strerror(errno));
    /* Without a buffer there is no second copy to wipe. */
    setvbuf(f, NULL, _IONBF, 0);
    n = fread(bytes, 1, sizeof(bytes), f);
    good = !ferror(f) && n <= KUBE_TOKEN_MAX_BYTES;
    fclose(f);
    while (good && n > 0 && (bytes[n - 1] == '\n' || bytes[n - 1] == '\r'))
        n--;
    for (size_t i = 0; good && i < n; i++)
        good = bytes[i] > ' ' && bytes[i] < 0x7f;
    if (good && n > 0)
        secret_set(ret_token, (struct str){ bytes, n });
    secret_wipe(bytes, sizeof(bytes));
    if (!good || n == 0)
        return err_set(err, ERR_DENIED, "the token file '%s' holds no token", path);
    return ERR_OK;
}

/* A file that cannot be read now leaves the token as it is: it may well be good. */
static enum err_code refresh_token(struct kube_credentials *c, struct err *err)
{
    const int64_t now_ms = read_ms(CLOCK_MONOTONIC);
    enum err_code rc;

    if (!c->stale && now_ms < c->read_at_ms + KUBE_TOKEN_READ_MS)
        return ERR_OK;
    rc = read_token(c->login->token_file, &c->token, err);
    if (rc != ERR_OK && c->token.n == 0)
        return rc;
    c->read_at_ms = now_ms;
    c->stale = false;
    return ERR_OK;
}

static enum err_code refresh_exec(struct kube_credentials *c, struct err *err)
{
    struct kube_credential fresh = { 0 };
    enum err_code rc;

    if (c->has_exec && !c->stale &&
        (c->exec.expires_wall_ms == INT64_MAX ||
         read_ms(CLOCK_REALTIME) < c->exec.expires_wall_ms - KUBE_EXEC_EARLY_MS))
        return ERR_OK;
    rc = kube_exec_run(c->login, &fresh, err);
    if (rc != ERR_OK)
        return err_wrap(err, rc, "exec plugin '%s'", c->login->exec.command);
    kube_credential_release(&c->exec);
    c->exec = fresh;
    c->has_exec = true;
    c->stale = false;
    return ERR_OK;
}

enum err_code kube_credentials_refresh(struct kube_credentials *c, struct err *err)
{
    if (c->login->token_file)
        return refresh_token(c, err);
    if (c->login->exec.command)
        return refresh_exec(c, err);
    return ERR_OK;
}

const struct secret *kube_credentials_token(const struct kube_credentials *c)
{
    if (c->login->token_file)
        return &c->token;
    if (c->has_exec)
        return c->exec.token.n > 0 ? &c->exec.token : NULL;
    return c->login->token.n > 0 ? &c->login->token : NULL;
}
