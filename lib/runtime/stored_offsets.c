#include "runtime/stored_offsets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/int64.h"
#include "base/mem.h"
#include "codec/connect_offset.h"

struct stored_offsets {
    struct mirror_offsets offsets;
    char log[LOG_IDENTITY_MAX + 1]; /* "": none is followed */
    int64_t *reached;               /* by partition of Connect's topic */
    int32_t n;
    int64_t n_foreign; /* records with a key that Connect would not write */
    bool any;          /* record with one that it would */
    bool is_whole;     /* it was read to its end once */
    bool is_stale;     /* and what came then makes it worth while to read it anew */
};

enum err_code stored_offsets_new(const char *connector, const char *mirrored,
                                 struct stored_offsets **ret, struct err *err)
{
    struct mirror_offsets offsets;
    const enum err_code rc = mirror_offsets_init(&offsets, connector, mirrored, err);

    if (rc != ERR_OK)
        return rc;
    *ret = mem_new(1, sizeof(**ret));
    (*ret)->offsets = offsets;
    return ERR_OK;
}

void stored_offsets_free(struct stored_offsets *s)
{
    if (!s)
        return;
    mirror_offsets_release(&s->offsets);
    free(s->reached);
    free(s);
}

void stored_offsets_forget(struct stored_offsets *s)
{
    mirror_offsets_forget(&s->offsets);
    s->log[0] = '\0';
    s->n_foreign = 0;
    s->any = s->is_whole = s->is_stale = false;
}

bool stored_offsets_follow(struct stored_offsets *s, const char *log, const int64_t *begins,
                           int32_t n)
{
    if (s->n == n && strcmp(s->log, log) == 0 && !s->is_stale)
        return true;
    stored_offsets_forget(s);
    snprintf(s->log, sizeof(s->log), "%s", log);
    s->reached = mem_resize(s->reached, (size_t)n, sizeof(*s->reached));
    memcpy(s->reached, begins, (size_t)n * sizeof(*begins));
    s->n = n;
    return false;
}

void stored_offsets_reach(struct stored_offsets *s, int32_t partition, int64_t offset)
{
    if (partition >= 0 && partition < s->n)
        s->reached[partition] = int64_max(s->reached[partition], offset);
}

void stored_offsets_take(struct stored_offsets *s, const struct record *record)
{
    struct mirror_offset offset;
    const enum err_code rc = connect_offset_read(record, &offset, NULL);

    s->any = s->any || rc != ERR_CORRUPT;
    s->n_foreign += rc == ERR_CORRUPT;
    if (rc == ERR_OK)
        mirror_offsets_learn(&s->offsets, &offset);
    s->is_stale = s->is_whole && s->offsets.is_unsure;
    stored_offsets_reach(s, record->partition, record->offset + 1);
}

bool stored_offsets_have(const struct stored_offsets *s, const int64_t *ends)
{
    for (int32_t i = 0; i < s->n; i++)
        if (s->reached[i] < ends[i])
            return false;
    return true;
}

static void fill(const struct stored_offsets *s, const struct mirror_offsets_source *source,
                 struct log_look *ret)
{
    ret->look.outcome = LOOK_ANSWERED;
    ret->exists = true;
    ret->knows_commits = true;
    memcpy(ret->log, s->log, sizeof(ret->log));
    ret->n = source ? source->n : 1;
    ret->partitions = mem_new((size_t)ret->n, sizeof(*ret->partitions));
    ret->partitions[0].committed = LOOK_UNKNOWN;
    if (!source)
        return;
    memcpy(ret->source, source->topic, sizeof(ret->source));
    for (int32_t i = 0; i < ret->n; i++)
        ret->partitions[i].committed = source->next[i];
}

void stored_offsets_tell(struct stored_offsets *s, struct log_look *ret)
{
    const struct mirror_offsets_source *source = NULL;
    struct err err = { 0 };
    enum err_code rc = mirror_offsets_source(&s->offsets, &source, &err);

    s->is_whole = true;
    s->offsets.is_unsure = false; /* to read it anew would tell the same */
    log_look_init(ret);
    if (rc == ERR_OK && s->n_foreign > 0 && !s->any)
        rc = err_set(&err, ERR_CORRUPT, "no record of the topic is one that Connect stores");
    if (rc == ERR_OK) {
        fill(s, source, ret);
        return;
    }
    ret->look.outcome = LOOK_FAILED;
    memcpy(ret->look.why, err.msg, sizeof(ret->look.why));
}
