/*
 * What is known only afterwards of keys that were reverted: that somebody wrote to them between the
 * end of the fold and their record, and that their record is held back or rejected.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "core/reject.h"
#include "runtime/revert_state.h"

#define HELD_TEXT                                                                                  \
    "it is quarantined, and its record is held back: retry or discard its dead letters"

enum { REASON_MAX = 64 }; /* codes are shorter */

/* Offsets that are not ours: somebody else wrote. */
static bool has_late(const struct revert *r, int32_t partition)
{
    const struct revert_appended *a = &r->appended[partition];

    return a->n > 0 && a->until - r->v->partitions[partition].end > a->n;
}

enum err_code revert_look_for_late(struct revert *r, struct err *err)
{
    struct verify *v = r->v;
    int64_t *next = mem_new((size_t)v->n_partitions + 1, sizeof(*next));
    bool any = false;
    enum err_code rc = ERR_OK;

    for (int32_t i = 0; i < v->n_partitions; i++) {
        const bool has = v->folded_to[i] != BOUND_NONE && has_late(r, i);

        next[i] = has ? r->appended[i].until : v->folded_to[i];
        any = any || has;
    }
    r->part = REVERT_IS_LATE;
    v->phase = VERIFY_FOLDS;
    if (any)
        rc = verify_fold_to(v, next, err);
    free(next);
    return rc;
}

void revert_note_earlier(struct revert *r, const struct prepared *record, struct str key)
{
    const int32_t partition = record->partition;

    if (partition != revert_partition(r, key) ||
        r->v->partitions[partition].coverage != COVERAGE_FULL)
        return;
    if (written_keys_have_room(&r->earlier, 1))
        written_keys_add(&r->earlier, key, record->offset, FINDING_VALUE, REPAIR_NONE);
    else
        r->forgets_earlier = true;
}

static struct written_key *find_made(struct revert *r, struct str key)
{
    struct written_key *w = written_keys_find(&r->written, key);

    return w ? w : written_keys_find(&r->earlier, key);
}

static void tell_more(struct revert *r, struct written_key *w, struct str key,
                      enum repair_outcome outcome, const char *why)
{
    const struct finding finding = { .kind = w->kind };

    if (w->outcome == REPAIR_NONE)
        verify_tell(r->v, key, &finding, outcome, why);
    else
        verify_tell_more(r->v, key, w->kind, w->outcome, outcome, why);
    w->outcome = outcome;
}

/* Another process does the same run: of two records with an id appliers take the first, and skip
 * what is ours. */
static void take_first(struct written_key *w, int64_t offset)
{
    if (offset < w->offset)
        w->offset = offset;
}

static void judge_late(struct revert *r, const struct prepared *record, struct str key)
{
    struct written_key *w = written_keys_find(&r->written, key);
    const bool has_order = revert_partition(r, key) == record->partition;

    if (w && has_order && revert_is_of_key(r, record, key)) {
        take_first(w, record->offset);
        return;
    }
    if (!w || w->is_late || (has_order && record->offset > w->offset))
        return;
    w->is_late = true;
    tell_more(r, w, key, w->outcome,
              has_order ? "what was written to it while it was judged is undone, too"
                        : "it was written to in another partition meanwhile: which of the two is "
                          "last is by chance");
}

void revert_read_late(struct revert *r, const struct prepared *record)
{
    for (size_t i = 0; !record->reject && i < record->n_keys; i++)
        if (revert_is_wanted(r, record->keys[i]))
            judge_late(r, record, record->keys[i]);
}

void revert_tell_held(struct revert *r, int32_t partition, struct str key, int64_t first)
{
    struct written_key *w = find_made(r, key);

    if (!w || partition != revert_partition(r, key) || first > w->offset)
        return;
    tell_more(r, w, key, REPAIR_HELD, HELD_TEXT);
}

/* It is held back with the key's others, which is told already, unless the letter says more. */
static void add_reason(struct revert *r, struct written_key *w, struct str key, struct str reason)
{
    char why[FINDING_DETAIL_MAX];

    if (str_eq(reason, str_from(reject_code(REJECT_KEY_QUARANTINED))))
        return;
    snprintf(why, sizeof(why), HELD_TEXT "; of its own: %.*s", STR_ARGS(reason));
    tell_more(r, w, key, REPAIR_HELD, why);
}

static void take_reason(struct revert *r, struct written_key *w, struct str key, struct str reason)
{
    const bool may_be_applied = str_eq(reason, str_from(reject_code(REJECT_OUTCOME_UNKNOWN)));
    const enum repair_outcome outcome = may_be_applied ? REPAIR_DOUBTFUL : REPAIR_REJECTED;
    char why[FINDING_DETAIL_MAX];

    snprintf(why, sizeof(why), "%s: %.*s",
             may_be_applied
                 ? "appliers do not know whether they applied its record, look at the key"
                 : "appliers rejected its record",
             STR_ARGS(reason));
    tell_more(r, w, key, outcome, why);
}

void revert_tell_rejected(struct revert *r, const struct record *record,
                          const struct envelope *envelope, struct str reason,
                          enum letter_state state)
{
    const struct str key = revert_key_of(envelope);
    const struct str code = { reason.p, reason.n < REASON_MAX ? reason.n : REASON_MAX };
    struct written_key *w = find_made(r, key);

    /* Of one that was retried the log has another record, and whatever comes of that. */
    if (!w || state == LETTER_RETRIED || w->offset != record->offset ||
        revert_partition(r, key) != record->partition)
        return;
    if (w->outcome == REPAIR_HELD)
        add_reason(r, w, key, code);
    else if (w->outcome == REPAIR_NONE || repair_is_done(w->outcome))
        take_reason(r, w, key, code);
}
