#include "core/restore_objects.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"

enum { GROWTH = 8 };

static const char *const kinds[RESTORE_OBJECT_KIND_COUNT] = {
#define KIND_ROW(name, text) [RESTORE_OBJECT_##name] = text,
    RESTORE_OBJECT_KINDS(KIND_ROW)
#undef KIND_ROW
};

const char *restore_object_kind_text(enum restore_object_kind kind)
{
    PRE(kind < RESTORE_OBJECT_KIND_COUNT);
    return kinds[kind];
}

bool restore_object_kind_from(struct str text, enum restore_object_kind *ret)
{
    for (enum restore_object_kind i = 0; i < RESTORE_OBJECT_KIND_COUNT; i++) {
        if (str_eq(text, str_from(kinds[i]))) {
            *ret = i;
            return true;
        }
    }
    return false;
}

void restore_objects_release(struct restore_objects *o)
{
    free(o->at);
    *o = (struct restore_objects){ 0 };
}

bool restore_objects_add(struct restore_objects *o, const struct restore_object *one)
{
    if (o->n == RESTORE_OBJECTS_MAX)
        return false;
    if (o->n % GROWTH == 0)
        o->at = mem_resize(o->at, (size_t)o->n + GROWTH, sizeof(*o->at));
    o->at[o->n++] = *one;
    return true;
}

static const struct restore_object *find(const struct restore_objects *o,
                                         const struct restore_object *one)
{
    for (int32_t i = 0; i < o->n; i++)
        if (o->at[i].kind == one->kind && strcmp(o->at[i].uid, one->uid) == 0)
            return &o->at[i];
    return NULL;
}

static bool holds(const struct restore_objects *o, const struct restore_object *one)
{
    return find(o, one) != NULL;
}

static bool stays(const struct restore_objects *seen, const struct restore_object *one)
{
    const struct restore_object *there = find(seen, one);

    return there && !there->is_leaving;
}

/* The claims of a pod of a StatefulSet end with its name. */
static bool is_claim_of(const struct restore_object *claim, const struct restore_object *pod)
{
    const size_t n = strlen(claim->name), n_pod = strlen(pod->name);

    return claim->kind == RESTORE_OBJECT_CLAIM && n > n_pod && claim->name[n - n_pod - 1] == '-' &&
           strcmp(claim->name + n - n_pod, pod->name) == 0;
}

static bool keeps_a_claim(const struct restore_object *pod, const struct restore_objects *noted,
                          const struct restore_objects *seen)
{
    for (int32_t i = 0; i < seen->n; i++)
        if (is_claim_of(&seen->at[i], pod) && holds(noted, &seen->at[i]))
            return true;
    return false;
}

struct restore_object *restore_objects_next(const struct restore_objects *noted,
                                            const struct restore_objects *seen)
{
    struct restore_object *pod = NULL;

    for (int32_t i = 0; i < seen->n; i++) {
        struct restore_object *one = &seen->at[i];
        const bool is_pod = one->kind == RESTORE_OBJECT_POD;

        if (one->is_leaving || !(holds(noted, one) || (is_pod && keeps_a_claim(one, noted, seen))))
            continue;
        if (!is_pod)
            return one;
        pod = pod ? pod : one;
    }
    return pod;
}

void restore_objects_missing(const struct restore_objects *noted,
                             const struct restore_objects *seen, struct restore_objects *ret)
{
    for (int32_t i = 0; i < noted->n; i++)
        if (!stays(seen, &noted->at[i]) && !restore_objects_add(ret, &noted->at[i]))
            UNREACHABLE("they are no more than were noted");
}

/* --- in words --------------------------------------------------------------------------------- */

/* Appends one; behind the last that has room there are dots. */
static void print(const struct restore_object *one, char text[RESTORE_OBJECTS_TEXT_MAX + 1])
{
    static const char dots[] = ", ...";
    char word[RESTORE_OBJECT_NAME_MAX + 32];
    const size_t used = strlen(text), room = RESTORE_OBJECTS_TEXT_MAX + 1 - used;

    snprintf(word, sizeof(word), "%s%s %s", used > 0 ? ", " : "", kinds[one->kind], one->name);
    if (strlen(word) + sizeof(dots) <= room - 1)
        snprintf(text + used, room, "%s", word);
    else if (used > 0 && text[used - 1] != '.')
        snprintf(text + used, room, "%s", dots);
}

void restore_objects_print(const struct restore_objects *o,
                           char ret_text[RESTORE_OBJECTS_TEXT_MAX + 1])
{
    ret_text[0] = '\0';
    for (int32_t i = 0; i < o->n; i++)
        print(&o->at[i], ret_text);
}

int32_t restore_objects_left(const struct restore_objects *noted,
                             const struct restore_objects *seen,
                             char ret_text[RESTORE_OBJECTS_TEXT_MAX + 1])
{
    int32_t n = 0;

    ret_text[0] = '\0';
    for (int32_t i = 0; i < seen->n; i++) {
        if (!holds(noted, &seen->at[i]))
            continue;
        n++;
        print(&seen->at[i], ret_text);
    }
    return n;
}
