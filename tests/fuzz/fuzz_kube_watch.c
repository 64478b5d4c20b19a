/*
 * Whatever a watch says, and however it is cut: its lines are the same, each becomes an event or an
 * error, and a reflector that is told all of them still holds what it was told. The first byte says
 * where the cuts are.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "codec/kube_json.h"
#include "core/kube_lines.h"

enum { LINE_MAX_BYTES = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct watcher {
    struct kube_json *json;
    struct kube_reflector reflector;
    struct buf text; /* the lines, one after the other */
};

static void look(void *self, const struct kube_object *object, bool gone)
{
    const struct watcher *w = self;

    INVARIANT(object->name.n > 0 && object->resource_version.n > 0);
    INVARIANT(gone || w->reflector.cache.n > 0);
}

static void watch_again(struct watcher *w)
{
    const struct kube_page page = { .resource_version = STR_LITERAL("1") };
    struct kube_next next;

    kube_reflector_next(&w->reflector, INT64_MAX / 2, 0, &next);
    if (next.ask == KUBE_ASK_LIST) {
        INVARIANT(kube_reflector_listed(&w->reflector, 0, 0, &page, NULL) == ERR_OK);
        kube_reflector_next(&w->reflector, INT64_MAX / 2, 0, &next);
    }
    INVARIANT(next.ask == KUBE_ASK_WATCH);
}

static bool take_line(void *self, struct str line)
{
    struct watcher *w = self;
    struct kube_watch_event event;
    struct kube_object found;
    struct err err;

    INVARIANT(line.n > 0 && line.n <= LINE_MAX_BYTES && !memchr(line.p, '\n', line.n));
    INVARIANT(buf_append_str(&w->text, line) && buf_append(&w->text, "\n", 1));
    if (kube_json_watch(w->json, line, &event, &err) != ERR_OK)
        return true;
    if (kube_reflector_event(&w->reflector, 0, 0, &event, &err) != ERR_OK)
        watch_again(w);
    else if (event.type != KUBE_WATCH_BOOKMARK)
        INVARIANT(kube_cache_find(&w->reflector.cache, event.object.scope, event.object.name,
                                  &found) == (event.type == KUBE_WATCH_PUT));
    return true;
}

/* Feeds it in pieces of `step` bytes; false when a line was too long. */
static bool feed(struct watcher *w, struct str stream, size_t step)
{
    struct kube_lines lines = { 0 };
    bool good = true;

    kube_lines_init(&lines, LINE_MAX_BYTES);
    for (size_t at = 0; good && at < stream.n; at += step)
        good =
            kube_lines_take(
                &lines, (struct str){ stream.p + at, stream.n - at < step ? stream.n - at : step },
                take_line, w, NULL) == ERR_OK;
    kube_lines_release(&lines);
    return good;
}

static bool run(struct str stream, size_t step, struct buf *ret_text)
{
    const struct kube_reflector_settings settings = kube_reflector_defaults();
    struct watcher w = { .json = kube_json_new() };
    bool good;

    buf_init(&w.text, 2 * stream.n + 2);
    kube_reflector_init(&w.reflector, &settings, look, &w);
    watch_again(&w);
    good = feed(&w, stream, step);
    kube_reflector_release(&w.reflector);
    kube_json_free(w.json);
    *ret_text = w.text;
    return good;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf whole, cut;
    struct str stream;
    bool good;

    if (size == 0)
        return 0;
    stream = (struct str){ (const char *)data + 1, size - 1 };
    good = run(stream, stream.n + 1, &whole);
    INVARIANT(run(stream, 1u + data[0] % 61u, &cut) == good);
    INVARIANT(str_eq(buf_str(&whole), buf_str(&cut)));
    buf_release(&whole);
    buf_release(&cut);
    return 0;
}
