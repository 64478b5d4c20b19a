#include "core/restore_vessels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"

enum { GROWTH = 8 };

static const char *const kinds[RESTORE_VESSEL_KIND_COUNT] = {
#define KIND_ROW(name, text) [RESTORE_VESSEL_##name] = text,
    RESTORE_VESSEL_KINDS(KIND_ROW)
#undef KIND_ROW
};

const char *restore_vessel_kind_text(enum restore_vessel_kind kind)
{
    PRE(kind < RESTORE_VESSEL_KIND_COUNT);
    return kinds[kind];
}

bool restore_vessel_kind_from(struct str text, enum restore_vessel_kind *ret)
{
    for (enum restore_vessel_kind i = 0; i < RESTORE_VESSEL_KIND_COUNT; i++) {
        if (str_eq(text, str_from(kinds[i]))) {
            *ret = i;
            return true;
        }
    }
    return false;
}

void restore_vessels_release(struct restore_vessels *v)
{
    free(v->at);
    *v = (struct restore_vessels){ 0 };
}

bool restore_vessels_add(struct restore_vessels *v, const struct restore_vessel *one)
{
    if (v->n == RESTORE_VESSELS_MAX)
        return false;
    if (v->n % GROWTH == 0)
        v->at = mem_resize(v->at, (size_t)v->n + GROWTH, sizeof(*v->at));
    v->at[v->n++] = *one;
    return true;
}

static const struct restore_vessel *find(const struct restore_vessels *v,
                                         const struct restore_vessel *one)
{
    for (int32_t i = 0; i < v->n; i++)
        if (v->at[i].kind == one->kind && strcmp(v->at[i].uid, one->uid) == 0)
            return &v->at[i];
    return NULL;
}

static bool holds(const struct restore_vessels *v, const struct restore_vessel *one)
{
    return find(v, one) != NULL;
}

static bool stays(const struct restore_vessels *seen, const struct restore_vessel *one)
{
    const struct restore_vessel *there = find(seen, one);

    return there && !there->is_leaving;
}

/* The claims of a pod of a StatefulSet end with its name. */
static bool is_claim_of(const struct restore_vessel *claim, const struct restore_vessel *pod)
{
    const size_t n = strlen(claim->name), n_pod = strlen(pod->name);

    return claim->kind == RESTORE_VESSEL_CLAIM && n > n_pod && claim->name[n - n_pod - 1] == '-' &&
           strcmp(claim->name + n - n_pod, pod->name) == 0;
}

static bool keeps_a_claim(const struct restore_vessel *pod, const struct restore_vessels *noted,
                          const struct restore_vessels *seen)
{
    for (int32_t i = 0; i < seen->n; i++)
        if (is_claim_of(&seen->at[i], pod) && holds(noted, &seen->at[i]))
            return true;
    return false;
}

struct restore_vessel *restore_vessels_next(const struct restore_vessels *noted,
                                            const struct restore_vessels *seen)
{
    struct restore_vessel *pod = NULL;

    for (int32_t i = 0; i < seen->n; i++) {
        struct restore_vessel *one = &seen->at[i];
        const bool is_pod = one->kind == RESTORE_VESSEL_POD;

        if (one->is_leaving || !(holds(noted, one) || (is_pod && keeps_a_claim(one, noted, seen))))
            continue;
        if (!is_pod)
            return one;
        pod = pod ? pod : one;
    }
    return pod;
}

void restore_vessels_missing(const struct restore_vessels *noted,
                             const struct restore_vessels *seen, struct restore_vessels *ret)
{
    for (int32_t i = 0; i < noted->n; i++)
        if (!stays(seen, &noted->at[i]) && !restore_vessels_add(ret, &noted->at[i]))
            UNREACHABLE("they are no more than were noted");
}

/* --- in words --------------------------------------------------------------------------------- */

/* Appends one; behind the last that has room there are dots. */
static void print(const struct restore_vessel *one, char text[RESTORE_VESSELS_TEXT_MAX + 1])
{
    static const char dots[] = ", ...";
    char word[RESTORE_VESSEL_NAME_MAX + 32];
    const size_t used = strlen(text), room = RESTORE_VESSELS_TEXT_MAX + 1 - used;

    snprintf(word, sizeof(word), "%s%s %s", used > 0 ? ", " : "", kinds[one->kind], one->name);
    if (strlen(word) + sizeof(dots) <= room - 1)
        snprintf(text + used, room, "%s", word);
    else if (used > 0 && text[used - 1] != '.')
        snprintf(text + used, room, "%s", dots);
}

void restore_vessels_print(const struct restore_vessels *v,
                           char ret_text[RESTORE_VESSELS_TEXT_MAX + 1])
{
    ret_text[0] = '\0';
    for (int32_t i = 0; i < v->n; i++)
        print(&v->at[i], ret_text);
}

int32_t restore_vessels_left(const struct restore_vessels *noted,
                             const struct restore_vessels *seen,
                             char ret_text[RESTORE_VESSELS_TEXT_MAX + 1])
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
