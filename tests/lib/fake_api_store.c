#include "fake_api_store.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "fake_api_object.h"

void fake_api_free_object(struct fake_api_object *o)
{
    free(o->collection);
    free(o->scope);
    free(o->name);
    free(o->text);
    *o = (struct fake_api_object){ 0 };
}

struct fake_api_object *fake_api_find(struct fake_api *a, const char *collection, const char *scope,
                                      const char *name)
{
    for (size_t i = 0; i < FAKE_API_OBJECTS_MAX; i++) {
        struct fake_api_object *o = &a->objects[i];

        if (o->text && strcmp(o->collection, collection) == 0 && strcmp(o->scope, scope) == 0 &&
            strcmp(o->name, name) == 0)
            return o;
    }
    return NULL;
}

bool fake_api_is_labelled(const struct fake_api *a, const char *text)
{
    return strstr(text, a->label) != NULL;
}

static void record(struct fake_api *a, const struct fake_api_object *o, const char *before,
                   bool gone)
{
    INVARIANT(a->n_history < FAKE_API_HISTORY_MAX);
    a->history[a->n_history++] = (struct fake_api_change){
        .version = o->version,
        .collection = mem_copy_text(o->collection, strlen(o->collection)),
        .scope = mem_copy_text(o->scope, strlen(o->scope)),
        .text = mem_copy_text(o->text, strlen(o->text)),
        .gone = gone,
        .labelled = !gone && fake_api_is_labelled(a, o->text),
        .was_labelled = before && fake_api_is_labelled(a, before),
    };
}

struct fake_api_object *fake_api_new_object(struct fake_api *a, const char *collection,
                                            const char *scope, const char *name)
{
    for (size_t i = 0; i < FAKE_API_OBJECTS_MAX; i++) {
        struct fake_api_object *o = &a->objects[i];

        if (o->text)
            continue;
        o->collection = mem_copy_text(collection, strlen(collection));
        o->scope = mem_copy_text(scope, strlen(scope));
        o->name = mem_copy_text(name, strlen(name));
        o->uid = a->version + 1;
        return o;
    }
    UNREACHABLE("more objects than a test needs");
}

bool fake_api_set_text(struct fake_api *a, struct fake_api_object *o, char *text)
{
    char *before = o->text, *stamped;

    if (before && fake_object_is_same(before, text)) {
        free(text);
        return false;
    }
    o->version = ++a->version;
    stamped = fake_object_stamp(text, o->uid, o->version);
    free(text);
    o->text = stamped;
    record(a, o, before, false);
    free(before);
    return true;
}

void fake_api_put(struct fake_api *a, const char *collection, const char *scope, const char *name,
                  const char *text)
{
    struct fake_api_object *o = fake_api_find(a, collection, scope, name);

    fake_api_set_text(a, o ? o : fake_api_new_object(a, collection, scope, name),
                      mem_copy_text(text, strlen(text)));
}

void fake_api_delete(struct fake_api *a, struct fake_api_object *o)
{
    char *stamped;

    o->version = ++a->version;
    stamped = fake_object_stamp(o->text, o->uid, o->version);
    record(a, &(struct fake_api_object){ o->collection, o->scope, o->name, stamped, o->version, 0 },
           o->text, true);
    free(stamped);
    fake_api_free_object(o);
}

size_t fake_api_collect_garbage(struct fake_api *a)
{
    size_t n = 0;

    for (size_t i = 0; i < FAKE_API_OBJECTS_MAX; i++) {
        const int64_t owner = a->objects[i].text ? fake_object_owner(a->objects[i].text) : 0;
        bool lives = owner == 0;

        for (size_t j = 0; j < FAKE_API_OBJECTS_MAX && !lives; j++)
            lives = a->objects[j].text && a->objects[j].uid == owner;
        if (!lives) {
            fake_api_delete(a, &a->objects[i]);
            n++;
        }
    }
    return n;
}
