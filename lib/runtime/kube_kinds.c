#include "runtime/kube_kinds.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "codec/kube_discovery.h"

struct found {
    bool served;
    struct str wanted; /* version */
    struct kube_resource resource;
    char version[KUBE_KINDS_VERSION_MAX + 1];
    char seen[KUBE_KINDS_VERSION_MAX + 1]; /* in the answer that is being read; "": it is not */
};

struct kube_kinds {
    struct kube_client *client;
    size_t n;
    struct found found[KUBE_KINDS_MAX];
    bool known;
    int64_t due_ms;
    uint64_t call; /* 0: none is under way */
};

struct kube_kinds *kube_kinds_new(struct kube_client *client, const struct kube_resource *wanted,
                                  size_t n)
{
    struct kube_kinds *k = mem_new(1, sizeof(*k));

    PRE(n <= KUBE_KINDS_MAX);
    k->client = client;
    k->n = n;
    for (size_t i = 0; i < n; i++)
        k->found[i] = (struct found){ .wanted = wanted[i].version, .resource = wanted[i] };
    return k;
}

void kube_kinds_free(struct kube_kinds *k)
{
    if (!k)
        return;
    kube_client_cancel(k->client, k->call);
    free(k);
}

bool kube_kinds_are_known(const struct kube_kinds *k)
{
    return k->known;
}

const struct kube_resource *kube_kinds_find(const struct kube_kinds *k, size_t i)
{
    PRE(i < k->n);
    return k->found[i].served ? &k->found[i].resource : NULL;
}

/* The first version that is told of is the server's preferred one. */
static bool is_better(const struct found *f, struct str version)
{
    return version.n <= KUBE_KINDS_VERSION_MAX &&
           (f->seen[0] == '\0' || str_eq(version, f->wanted));
}

static bool take(void *self, const struct kube_served *s)
{
    struct kube_kinds *k = self;

    for (size_t i = 0; i < k->n; i++) {
        struct found *f = &k->found[i];

        if (!str_eq(f->resource.group, s->group) || !str_eq(f->resource.plural, s->plural) ||
            !is_better(f, s->version))
            continue;
        memcpy(f->seen, s->version.p, s->version.n);
        f->seen[s->version.n] = '\0';
    }
    return true;
}

static void take_seen(struct found *f)
{
    f->served = f->seen[0] != '\0';
    if (!f->served)
        return;
    memcpy(f->version, f->seen, sizeof(f->version));
    f->resource.version = str_from(f->version);
}

static void on_done(void *self, const struct kube_answer *answer)
{
    struct kube_kinds *k = self;
    const int64_t now_ms = kube_client_now_ms(k->client);

    k->call = 0;
    k->due_ms = now_ms + KUBE_KINDS_RETRY_MS;
    for (size_t i = 0; i < k->n; i++)
        k->found[i].seen[0] = '\0';
    if (!answer->good || kube_discovery_decode(answer->body, take, k, NULL) != ERR_OK)
        return;
    for (size_t i = 0; i < k->n; i++)
        take_seen(&k->found[i]);
    k->known = true;
    k->due_ms = now_ms + KUBE_KINDS_EVERY_MS;
}

void kube_kinds_step(struct kube_kinds *k, int64_t now_ms)
{
    const struct kube_caller caller = { NULL, on_done, k };
    CLEANUP(kube_request_release) struct kube_request request = { 0 };

    if (k->call != 0 || now_ms < k->due_ms)
        return;
    if (kube_request_path(&request, "/apis", KUBE_DISCOVERY_ACCEPT))
        k->call = kube_client_call(k->client, &request, &caller);
    if (k->call == 0)
        k->due_ms = now_ms + KUBE_KINDS_RETRY_MS;
}

int64_t kube_kinds_due_ms(const struct kube_kinds *k)
{
    return k->call != 0 ? INT64_MAX : k->due_ms;
}
