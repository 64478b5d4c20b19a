#include "core/mirror_offsets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"

enum err_code mirror_offsets_init(struct mirror_offsets *o, const char *connector,
                                  const char *topic, struct err *err)
{
    if (strlen(connector) > MIRROR_CONNECTOR_MAX || strlen(topic) > MIRROR_TOPIC_MAX)
        return err_set(err, ERR_INVALID, "the name of the connector, or of the log, is too long");
    *o = (struct mirror_offsets){ .n = 0 };
    snprintf(o->connector, sizeof(o->connector), "%s", connector);
    snprintf(o->topic, sizeof(o->topic), "%s", topic);
    return ERR_OK;
}

void mirror_offsets_forget(struct mirror_offsets *o)
{
    for (int i = 0; i < o->n; i++)
        free(o->sources[i].next);
    memset(o->sources, 0, sizeof(o->sources));
    o->n = 0;
    o->too_many = o->is_unsure = false;
}

void mirror_offsets_release(struct mirror_offsets *o)
{
    mirror_offsets_forget(o);
    *o = (struct mirror_offsets){ .n = 0 };
}

/* The log is called that at the source, or that behind the alias. */
static bool is_of_log(const struct mirror_offsets *o, const struct mirror_offset *offset)
{
    const size_t n = strlen(offset->cluster);

    return strcmp(o->topic, offset->topic) == 0 ||
           (strncmp(o->topic, offset->cluster, n) == 0 && o->topic[n] == '.' &&
            strcmp(o->topic + n + 1, offset->topic) == 0);
}

static bool is_stored(const struct mirror_offsets_source *s)
{
    for (int32_t i = 0; i < s->n; i++)
        if (s->next[i] != LOOK_UNKNOWN)
            return true;
    return false;
}

static struct mirror_offsets_source *find(struct mirror_offsets *o,
                                          const struct mirror_offset *offset)
{
    for (int i = 0; i < o->n; i++)
        if (strcmp(o->sources[i].cluster, offset->cluster) == 0 &&
            strcmp(o->sources[i].topic, offset->topic) == 0)
            return &o->sources[i];
    return NULL;
}

/* NULL: there are too many. */
static struct mirror_offsets_source *make_place(struct mirror_offsets *o,
                                                const struct mirror_offset *offset)
{
    struct mirror_offsets_source *s = NULL;

    if (o->n < MIRROR_OFFSETS_SOURCES_MAX)
        s = &o->sources[o->n++];
    for (int i = 0; !s && i < o->n; i++)
        if (!is_stored(&o->sources[i]))
            s = &o->sources[i];
    if (!s)
        return NULL;
    free(s->next);
    *s = (struct mirror_offsets_source){ .n = 0 };
    memcpy(s->cluster, offset->cluster, sizeof(s->cluster));
    memcpy(s->topic, offset->topic, sizeof(s->topic));
    return s;
}

static void make_room(struct mirror_offsets_source *s, int32_t n)
{
    if (n <= s->n)
        return;
    s->next = mem_resize(s->next, (size_t)n, sizeof(*s->next));
    while (s->n < n)
        s->next[s->n++] = LOOK_UNKNOWN;
}

void mirror_offsets_learn(struct mirror_offsets *o, const struct mirror_offset *offset)
{
    struct mirror_offsets_source *s;

    PRE(offset->partition >= 0 && offset->partition < LOOK_PARTITIONS_MAX);
    if (strcmp(o->connector, offset->connector) != 0 || !is_of_log(o, offset))
        return;
    s = find(o, offset);
    if (offset->next == LOOK_UNKNOWN)
        o->is_unsure = o->too_many;
    else if (!s)
        s = make_place(o, offset);
    if (!s) {
        o->too_many = o->too_many || offset->next != LOOK_UNKNOWN;
        return;
    }
    make_room(s, offset->partition + 1);
    s->next[offset->partition] = offset->next;
}

enum err_code mirror_offsets_source(const struct mirror_offsets *o,
                                    const struct mirror_offsets_source **ret, struct err *err)
{
    const struct mirror_offsets_source *found = NULL;

    for (int i = 0; i < o->n; i++) {
        const struct mirror_offsets_source *s = &o->sources[i];

        if (is_stored(s) && (found || o->too_many))
            return err_set(err, ERR_CONFLICT,
                           "the connector has stored offsets of several topics that may be the "
                           "source of %s, such as %s of %s: remove those that are of no use",
                           o->topic, s->topic, s->cluster);
        if (is_stored(s))
            found = s;
    }
    if (!found && o->too_many)
        return err_set(err, ERR_CONFLICT, "the connector has more than %d sources of %s",
                       MIRROR_OFFSETS_SOURCES_MAX, o->topic);
    *ret = found;
    return ERR_OK;
}
