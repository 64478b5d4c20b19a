#include "runtime/kube_secrets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "codec/kube_secret.h"

struct entry {
    struct kube_secrets *owner;
    char *scope, *name, *key;
    enum kube_secret_state state;
    struct secret value;
    char why[ERR_MSG_MAX];
    int64_t used_ms, due_ms;
    uint64_t call; /* 0: none is under way */
};

struct kube_secrets {
    struct kube_client *client;
    struct entry **entries; /* an address stays: calls hold it */
    size_t n, capacity;
    unsigned n_calls;
};

struct kube_secrets *kube_secrets_new(struct kube_client *client)
{
    struct kube_secrets *s = mem_new(1, sizeof(*s));

    s->client = client;
    return s;
}

static void entry_free(struct entry *e)
{
    kube_client_cancel(e->owner->client, e->call);
    secret_release(&e->value);
    free(e->scope);
    free(e->name);
    free(e->key);
    free(e);
}

void kube_secrets_free(struct kube_secrets *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->n; i++)
        entry_free(s->entries[i]);
    free(s->entries);
    free(s);
}

static bool is_of(const struct entry *e, struct str scope, const char *name)
{
    return str_eq(str_from(e->scope), scope) && strcmp(e->name, name) == 0;
}

static struct entry *find(const struct kube_secrets *s, struct str scope, const char *name,
                          const char *key)
{
    for (size_t i = 0; i < s->n; i++)
        if (is_of(s->entries[i], scope, name) && strcmp(s->entries[i]->key, key) == 0)
            return s->entries[i];
    return NULL;
}

static struct entry *add(struct kube_secrets *s, struct str scope, const char *name,
                         const char *key, int64_t now_ms)
{
    struct entry *e;

    if (s->n == KUBE_SECRETS_MAX)
        return NULL;
    if (s->n == s->capacity) {
        s->capacity = s->capacity > 0 ? s->capacity * 2 : 16;
        s->entries = mem_resize(s->entries, s->capacity, sizeof(struct entry *));
    }
    e = mem_new(1, sizeof(*e));
    e->owner = s;
    e->scope = mem_copy_text(scope.p, scope.n);
    e->name = mem_copy_text(name, strlen(name));
    e->key = mem_copy_text(key, strlen(key));
    e->due_ms = now_ms;
    s->entries[s->n++] = e;
    return e;
}

enum kube_secret_state kube_secrets_find(struct kube_secrets *s, struct str scope, const char *name,
                                         const char *key, int64_t now_ms, const char **ret_text)
{
    struct entry *e = find(s, scope, name, key);

    if (!e)
        e = add(s, scope, name, key, now_ms);
    if (!e) {
        *ret_text = "too many Secrets are needed";
        return KUBE_SECRET_MISSING;
    }
    e->used_ms = now_ms;
    *ret_text = e->state == KUBE_SECRET_THERE ? e->value.text : e->why;
    return e->state;
}

void kube_secrets_refused(struct kube_secrets *s, struct str scope, const char *name,
                          int64_t now_ms)
{
    for (size_t i = 0; i < s->n; i++) {
        struct entry *e = s->entries[i];

        if (is_of(e, scope, name) && e->due_ms > now_ms + KUBE_SECRETS_RETRY_MS)
            e->due_ms = now_ms + KUBE_SECRETS_RETRY_MS;
    }
}

/* What was read before stays while the server does not answer; it goes when it is said to be gone.
 */
static void fail(struct entry *e, const struct err *err, bool is_gone, int64_t now_ms)
{
    e->due_ms = now_ms + KUBE_SECRETS_RETRY_MS;
    if (e->state == KUBE_SECRET_THERE && !is_gone)
        return;
    secret_release(&e->value);
    e->state = KUBE_SECRET_MISSING;
    snprintf(e->why, sizeof(e->why), "Secret %.100s: %.250s", e->name, err->msg);
}

static void on_done(void *self, const struct kube_answer *answer)
{
    struct entry *e = self;
    const int64_t now_ms = kube_client_now_ms(e->owner->client);
    struct err err;

    e->call = 0;
    e->owner->n_calls--;
    if (!answer->good) {
        const enum err_class class = err_class(kube_status_to_err(&answer->status, &err));

        fail(e, &err, class != ERR_CLASS_RETRY, now_ms);
    } else if (kube_secret_decode(answer->body, e->key, &e->value, &err) != ERR_OK) {
        fail(e, &err, true, now_ms);
    } else {
        e->state = KUBE_SECRET_THERE;
        e->due_ms = now_ms + KUBE_SECRETS_FRESH_MS;
    }
}

static void ask(struct entry *e, int64_t now_ms)
{
    const struct kube_caller caller = { NULL, on_done, e };
    const struct kube_target target = {
        kube_secret_objects, str_from(e->scope), str_from(e->name), { 0 }
    };
    CLEANUP(kube_request_release) struct kube_request request = { 0 };

    if (kube_request_get(&request, &target))
        e->call = kube_client_call(e->owner->client, &request, &caller);
    if (e->call != 0)
        e->owner->n_calls++;
    else
        e->due_ms = now_ms + KUBE_SECRETS_RETRY_MS;
}

void kube_secrets_step(struct kube_secrets *s, int64_t now_ms)
{
    for (size_t i = s->n; i-- > 0;) {
        struct entry *e = s->entries[i];

        if (e->call != 0 || now_ms < e->due_ms)
            continue;
        if (now_ms - e->used_ms >= KUBE_SECRETS_UNUSED_MS) {
            entry_free(e);
            s->entries[i] = s->entries[--s->n];
        } else if (s->n_calls < KUBE_SECRETS_CALLS_MAX) {
            ask(e, now_ms);
        }
    }
}

int64_t kube_secrets_due_ms(const struct kube_secrets *s)
{
    int64_t due_ms = INT64_MAX;

    if (s->n_calls == KUBE_SECRETS_CALLS_MAX) /* an answer makes room */
        return due_ms;
    for (size_t i = 0; i < s->n; i++)
        if (s->entries[i]->call == 0 && s->entries[i]->due_ms < due_ms)
            due_ms = s->entries[i]->due_ms;
    return due_ms;
}
