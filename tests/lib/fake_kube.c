#include "fake_kube.h"

#include <inttypes.h>
#include <string.h>

#include "base/check.h"

#define EXPIRED "{\"kind\":\"Status\",\"code\":410,\"reason\":\"Expired\",\"message\":\"too old\"}"
#define FUTURE                                                                                     \
    "{\"kind\":\"Status\",\"code\":504,\"reason\":\"Timeout\",\"message\":\"Too large resource "   \
    "version\",\"details\":{\"retryAfterSeconds\":1,\"causes\":[{\"reason\":"                      \
    "\"ResourceVersionTooLarge\"}]}}"

void fake_kube_init(struct fake_kube *k)
{
    *k = (struct fake_kube){ .version = 100, .compacted = 100 };
}

static void record(struct fake_kube *k, int name, bool deleted)
{
    INVARIANT(k->n_history < FAKE_KUBE_HISTORY);
    k->version++;
    k->object_version[name] = deleted ? 0 : k->version;
    k->history[k->n_history++] =
        (struct fake_kube_change){ k->version, name, k->uid[name], deleted };
}

void fake_kube_change(struct fake_kube *k, struct prng *prng)
{
    const int name = (int)prng_below(prng, FAKE_KUBE_NAMES);

    if (k->object_version[name] == 0) {
        k->uid[name] = k->version + 1;
        record(k, name, false);
    } else if (prng_chance(prng, 300)) {
        record(k, name, true);
    } else {
        record(k, name, false);
    }
}

void fake_kube_compact(struct fake_kube *k)
{
    k->compacted = k->version;
}

void fake_kube_roll_back(struct fake_kube *k, size_t n_changes)
{
    const size_t keep = n_changes < k->n_history ? k->n_history - n_changes : 0;

    memset(k->object_version, 0, sizeof(k->object_version));
    for (size_t i = 0; i < keep; i++) {
        const struct fake_kube_change *c = &k->history[i];

        k->object_version[c->name] = c->deleted ? 0 : c->version;
        k->uid[c->name] = c->uid;
    }
    k->n_history = keep;
    k->version = keep > 0 ? k->history[keep - 1].version : 100;
    if (k->compacted > k->version)
        k->compacted = k->version;
}

static void print_object(struct buf *out, int name, int64_t uid, int64_t version)
{
    buf_print(out,
              "{\"kind\":\"X\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"%c\",\"namespace\":"
              "\"ns\",\"uid\":\"u%" PRId64 "\",\"resourceVersion\":\"%" PRId64 "\"}}",
              'a' + name, uid, version);
}

/* A token is "<version>-<name to go on with>", as in the real thing a page is of its first page's
 * version: here, of the history up to there. */
static bool read_token(struct str next, int64_t *ret_version, int64_t *ret_name)
{
    const char *dash = next.n > 0 ? memchr(next.p, '-', next.n) : NULL;

    return dash && str_to_int64((struct str){ next.p, (size_t)(dash - next.p) }, ret_version) &&
           str_to_int64((struct str){ dash + 1, (size_t)(next.p + next.n - dash - 1) }, ret_name);
}

/* The object as of that version; 0: there was none. */
static int64_t version_of(const struct fake_kube *k, int name, int64_t at, int64_t *ret_uid)
{
    int64_t version = 0;

    for (size_t i = 0; i < k->n_history && k->history[i].version <= at; i++)
        if (k->history[i].name == name) {
            version = k->history[i].deleted ? 0 : k->history[i].version;
            *ret_uid = k->history[i].uid;
        }
    return version;
}

int fake_kube_list(const struct fake_kube *k, unsigned limit, struct str next, struct buf *out)
{
    int64_t at = k->version, name = 0, uid = 0;
    unsigned n = 0;
    char separator = '[';

    if (next.n > 0 && (!read_token(next, &at, &name) || at < k->compacted || at > k->version)) {
        buf_print(out, EXPIRED);
        return 410;
    }
    buf_print(out, "{\"kind\":\"XList\",\"apiVersion\":\"v1\",\"items\":");
    for (; name < FAKE_KUBE_NAMES && (limit == 0 || n < limit); name++) {
        const int64_t version = version_of(k, (int)name, at, &uid);

        if (version == 0)
            continue;
        buf_print(out, "%c", separator);
        print_object(out, (int)name, uid, version);
        separator = ',';
        n++;
    }
    buf_print(out, "%s],\"metadata\":{\"resourceVersion\":\"%" PRId64 "\"", n == 0 ? "[" : "", at);
    if (name < FAKE_KUBE_NAMES)
        buf_print(out, ",\"continue\":\"%" PRId64 "-%" PRId64 "\"", at, name);
    buf_print(out, "}}");
    return 200;
}

static void print_event(struct buf *out, const struct fake_kube_change *c)
{
    buf_print(out, "{\"type\":\"%s\",\"object\":", c->deleted ? "DELETED" : "MODIFIED");
    print_object(out, c->name, c->uid, c->version);
    buf_print(out, "}\n");
}

int fake_kube_watch(const struct fake_kube *k, int64_t *version, bool bookmark, struct buf *out)
{
    if (*version < k->compacted || *version > k->version) {
        buf_print(out, "{\"type\":\"ERROR\",\"object\":%s}\n",
                  *version > k->version ? FUTURE : EXPIRED);
        return 200;
    }
    for (size_t i = 0; i < k->n_history; i++)
        if (k->history[i].version > *version)
            print_event(out, &k->history[i]);
    *version = k->version;
    if (bookmark)
        buf_print(out,
                  "{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"resourceVersion\":\"%" PRId64
                  "\"}}}\n",
                  *version);
    return 200;
}
