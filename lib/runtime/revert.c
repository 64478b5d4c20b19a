#include "runtime/revert.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/glob.h"
#include "base/int64.h"
#include "base/mem.h"
#include "codec/record_digest.h"
#include "core/partitioner.h"
#include "runtime/clock.h"
#include "runtime/revert_state.h"

enum {
    PAGE_KEYS = 100,
    SWEEP_KEYS = LOG_TIME_TURN_KEYS,
    DONE_KEYS_MAX = 4 * WRITTEN_KEYS_MAX, /* 512 MiB to 1 GiB, where there are as many */
};

bool revert_is_stage(struct str key)
{
    return str_starts_with(key, STR_LITERAL(REVERT_STAGE_PREFIX));
}

struct str revert_id_of(const struct revert *r, struct str key, char *ret)
{
    const struct id_hash hash = record_id_hash(key);
    const int n = snprintf(ret, REVERT_ID_MAX + 1, "%s:%016" PRIx64 "%04x", r->settings.run,
                           hash.high, hash.low);

    return (struct str){ ret, (size_t)n };
}

int32_t revert_partition(const struct revert *r, struct str key)
{
    return partitioner_partition(r->v->fold_settings.apply.partitioner, key, r->v->n_partitions);
}

/* --- what the records say of themselves ------------------------------------------------------- */

bool revert_is_wanted(const struct revert *r, struct str key)
{
    const char *pattern = r->v->settings.keys;

    return !verify_is_reserved(key) && !revert_is_stage(key) &&
           (!pattern || glob_matches(str_from(pattern), key));
}

bool revert_is_of_key(const struct revert *r, const struct prepared *record, struct str key)
{
    char text[REVERT_ID_MAX + 1];
    const struct id_hash id = record_id_hash(revert_id_of(r, key, text));

    return record->has_id && record->id.high == id.high && record->id.low == id.low;
}

static bool is_covered(const struct revert *r, int32_t partition)
{
    return r->v->partitions[partition].coverage == COVERAGE_FULL;
}

static void note(struct revert *r, const struct prepared *record, struct str key)
{
    const int32_t partition = revert_partition(r, key);

    if (partition != record->partition &&
        (is_covered(r, partition) || is_covered(r, record->partition)))
        key_set_add(&r->stray, key);
    if (r->part != REVERT_UNDOES)
        return;
    key_set_add(&r->named, key);
    if (!record->reject && revert_is_of_key(r, record, key) && key_set_add(&r->done, key))
        revert_note_earlier(r, record, key);
}

static void record_read(void *self, const struct prepared *record)
{
    struct revert *r = self;

    if (r->part == REVERT_IS_LATE) {
        revert_read_late(r, record);
        return;
    }
    for (size_t i = 0; i < record->n_keys; i++)
        if (revert_is_wanted(r, record->keys[i]))
            note(r, record, record->keys[i]);
}

/* --- the two folds ---------------------------------------------------------------------------- */

static int64_t until_of(const struct revert *r, int32_t partition)
{
    const int64_t end = r->v->partitions[partition].end;

    return partition < r->settings.n_until ? int64_min(r->settings.until[partition], end) : end;
}

static enum err_code fold(struct revert *r, bool to_end, struct err *err)
{
    struct verify *v = r->v;
    int64_t *next = mem_new((size_t)v->n_partitions + 1, sizeof(*next));
    enum err_code rc;

    for (int32_t i = 0; i < v->n_partitions; i++)
        next[i] = v->folded_to[i] == BOUND_NONE ? BOUND_NONE
                  : to_end                      ? v->partitions[i].end
                                                : until_of(r, i);
    r->part = to_end ? REVERT_UNDOES : REVERT_COUNTS;
    v->phase = VERIFY_FOLDS;
    rc = verify_fold_to(v, next, err);
    free(next);
    if (rc == ERR_OK && key_set_is_full(&r->stray))
        return err_set(err, ERR_LIMIT,
                       "%d keys or more have records in other partitions than --partitioner says: "
                       "give the partitioner of the producers, or name fewer keys",
                       KEY_SET_MAX);
    if (rc == ERR_OK && key_set_is_full(&r->done))
        return err_set(err, ERR_LIMIT, "%d keys or more are done already: name fewer keys",
                       DONE_KEYS_MAX);
    return rc;
}

void revert_say_select(struct dialogue *d, const char *database)
{
    dialogue_say_text(d, "SELECT", database, NULL);
}

enum err_code revert_hear(struct dialogue *d, const struct reply **ret, struct err *err)
{
    const enum err_code rc = dialogue_hear(d, ret, err);

    if (rc != ERR_OK || (*ret)->type != REPLY_ERROR)
        return rc;
    return err_set(err, ERR_UNAVAILABLE, "the scratch Redis %s: %.*s", d->facts.address,
                   STR_ARGS((*ret)->text));
}

/* Answers that may be anything but an error. */
static enum err_code hear_fine(struct dialogue *d, struct err *err)
{
    const struct reply *answer;
    enum err_code rc = dialogue_send(d, err);

    while (rc == ERR_OK && d->n_unanswered > 0)
        rc = revert_hear(d, &answer, err);
    return rc;
}

static void say_copy(struct revert *r, struct str key)
{
    const struct str words[] = { STR_LITERAL("COPY"), key, key, STR_LITERAL("DB"),
                                 STR_LITERAL(REVERT_DB_THEN) };

    dialogue_say(&r->v->scratch.dialogue, words, ARRAY_SIZE(words));
}

/* --- keys, page by page ----------------------------------------------------------------------- */

typedef enum err_code page_fn(struct revert *r, const struct key_list *page, struct err *err);

static enum err_code next_page(struct revert *r, const char *database, struct verify_scan *scan,
                               struct err *err)
{
    const struct reply *selected;
    enum err_code rc;

    revert_say_select(scan->dialogue, database);
    verify_scan_say(r->v, scan);
    rc = dialogue_send(scan->dialogue, err);
    if (rc == ERR_OK)
        rc = dialogue_hear(scan->dialogue, &selected, err);
    return rc == ERR_OK ? verify_scan_hear(scan, &r->v->page, err) : rc;
}

static enum err_code each_page(struct revert *r, const char *database, page_fn *fn, struct err *err)
{
    struct verify_scan scan = { .dialogue = &r->v->scratch.dialogue };
    enum err_code rc;

    r->v->page_keys = PAGE_KEYS;
    do {
        rc = next_page(r, database, &scan, err);
        if (rc == ERR_OK)
            rc = fn(r, &r->v->page, err);
        if (rc == ERR_OK)
            rc = verify_progressed(r->v, VERIFY_COMPARES, r->v->counts.compared, err);
    } while (rc == ERR_OK && !verify_scan_is_over(&scan));
    return rc;
}

/* --- keeping what was ------------------------------------------------------------------------- */

static enum err_code copy_page(struct revert *r, const struct key_list *page, struct err *err)
{
    for (size_t i = 0; i < page->n; i++)
        if (!revert_is_stage(key_list_at(page, i)))
            say_copy(r, key_list_at(page, i));
    return hear_fine(&r->v->scratch.dialogue, err);
}

static enum err_code check_empty(struct revert *r, struct err *err)
{
    const struct str words[] = { STR_LITERAL("DBSIZE") };
    struct dialogue *d = &r->v->scratch.dialogue;
    const struct reply *answer;
    enum err_code rc;

    revert_say_select(d, REVERT_DB_THEN);
    rc = hear_fine(d, err);
    if (rc == ERR_OK)
        rc = dialogue_ask(d, words, ARRAY_SIZE(words), &answer, err);
    if (rc == ERR_OK && answer->integer != 0)
        return err_set(err, ERR_INVALID,
                       "database " REVERT_DB_THEN " of the scratch Redis %s is not empty",
                       d->facts.address);
    return rc;
}

/* The lists of deadlines go along. */
static enum err_code keep_then(struct revert *r, struct err *err)
{
    struct verify *v = r->v;
    char index[LOG_TIME_INDEX_MAX];
    enum err_code rc = check_empty(r, err);

    if (rc == ERR_OK)
        rc = each_page(r, REVERT_DB_END, copy_page, err);
    if (rc != ERR_OK)
        return rc;
    for (int32_t i = 0; i < v->n_partitions; i++)
        say_copy(r, log_time_index(index, str_from(v->settings.wal), i));
    return hear_fine(&v->scratch.dialogue, err);
}

/* One portion of what has ended in a partition. */
static enum err_code sweep_some(struct revert *r, int32_t partition, bool *ret_more,
                                struct err *err)
{
    struct dialogue *d = &r->v->scratch.dialogue;
    char index[LOG_TIME_INDEX_MAX];
    const struct str key = log_time_index(index, str_from(r->v->settings.wal), partition);
    const struct reply *answer;
    enum err_code rc;

    if (!log_time_append_sweep(dialogue_gather(d, 1), key, r->now_ms, SWEEP_KEYS))
        UNREACHABLE("one sweep fits");
    rc = dialogue_send(d, err);
    if (rc == ERR_OK)
        rc = dialogue_hear(d, &answer, err);
    if (rc == ERR_OK && answer->type != REPLY_INTEGER)
        return err_set(err, ERR_UNAVAILABLE, "the scratch Redis %s: EVAL: %.*s", d->facts.address,
                       STR_ARGS(answer->text));
    *ret_more = rc == ERR_OK && answer->integer > 0;
    return rc;
}

/* What has ended by now is as good as gone, then and at the end. */
static enum err_code sweep(struct revert *r, const char *database, struct err *err)
{
    enum err_code rc;

    revert_say_select(&r->v->scratch.dialogue, database);
    rc = hear_fine(&r->v->scratch.dialogue, err);
    for (int32_t i = 0; rc == ERR_OK && i < r->v->n_partitions; i++)
        for (bool more = true; rc == ERR_OK && more;)
            rc = sweep_some(r, i, &more, err);
    return rc;
}

/* --- comparing -------------------------------------------------------------------------------- */

/* What no record names any more is as it was, or has ended then and at the end. */
static bool may_differ(const struct revert *r, struct str key)
{
    return !key_set_has(&r->done, key) &&
           (key_set_is_full(&r->named) || key_set_has(&r->named, key));
}

/* It belongs to a partition that was not left out, or that made some of it. */
static bool is_asked_for(const struct revert *r, struct str key)
{
    return is_covered(r, revert_partition(r, key)) || key_set_has(&r->stray, key);
}

static enum err_code judge_and_write(struct revert *r, struct str key, struct err *err)
{
    CLEANUP(revert_case_release) struct revert_case c = { 0 };
    enum err_code rc;

    if (revert_is_stage(key) || !is_asked_for(r, key))
        return ERR_OK;
    r->v->counts.compared++;
    if (!may_differ(r, key))
        return ERR_OK;
    rc = revert_judge(r, key, &c, err);
    /* It may come twice, when Redis resizes its table. */
    if (rc != ERR_OK || c.finding.kind == FINDING_NONE || !key_set_add(&r->v->told, key))
        return rc;
    return revert_write(r->writer, &c, err);
}

/* What was appended by then is told in any case; the first error counts. */
static enum err_code flush(struct revert *r, enum err_code so_far, struct err *err)
{
    struct err ignored = { 0 };
    const enum err_code rc = revert_writer_flush(r->writer, so_far == ERR_OK ? err : &ignored);

    return so_far == ERR_OK ? rc : so_far;
}

static enum err_code judge_page(struct revert *r, const struct key_list *page, struct err *err)
{
    enum err_code rc = ERR_OK;

    for (size_t i = 0; rc == ERR_OK && i < page->n; i++)
        rc = judge_and_write(r, key_list_at(page, i), err);
    return flush(r, rc, err);
}

/* Those that were there then are judged. */
static enum err_code judge_new(struct revert *r, const struct key_list *page, struct err *err)
{
    struct dialogue *d = &r->v->scratch.dialogue;
    bool *is_new = mem_new(page->n + 1, sizeof(*is_new));
    const struct reply *answer;
    enum err_code rc;

    revert_say_select(d, REVERT_DB_THEN);
    for (size_t i = 0; i < page->n; i++) {
        const struct str words[] = { STR_LITERAL("EXISTS"), key_list_at(page, i) };

        dialogue_say(d, words, ARRAY_SIZE(words));
    }
    rc = dialogue_send(d, err);
    if (rc == ERR_OK)
        rc = dialogue_hear(d, &answer, err);
    for (size_t i = 0; rc == ERR_OK && i < page->n; i++) {
        rc = dialogue_hear(d, &answer, err);
        is_new[i] = rc == ERR_OK && answer->integer == 0;
    }
    for (size_t i = 0; rc == ERR_OK && i < page->n; i++)
        if (is_new[i])
            rc = judge_and_write(r, key_list_at(page, i), err);
    free(is_new);
    return flush(r, rc, err);
}

static enum err_code compare(struct revert *r, struct err *err)
{
    const int64_t began_ms = clock_monotonic_ms();
    enum err_code rc = each_page(r, REVERT_DB_THEN, judge_page, err);

    if (rc == ERR_OK)
        rc = each_page(r, REVERT_DB_END, judge_new, err);
    r->v->counts.compare_ms = clock_monotonic_ms() - began_ms;
    for (int32_t i = 0; i < r->v->n_partitions; i++)
        r->v->partitions[i].next = r->v->folded_to[i];
    return rc;
}

/* --- all of it -------------------------------------------------------------------------------- */

static enum err_code check(const struct revert *r, struct err *err)
{
    const struct apply_loop_settings *s = &r->v->fold_settings.apply;

    if (s->cross_partition)
        return err_set(err, ERR_INVALID,
                       "with --cross-partition allow a key has no order of its own in the log, so "
                       "that nobody knows what it was");
    if (s->format != RECORD_FORMAT_AUTO && s->format != RECORD_FORMAT_JSON)
        return err_set(err, ERR_INVALID,
                       "appliers take no JSON (--format), which records that make keys what they "
                       "were are");
    return ERR_OK;
}

/* What a record did that the scratch Redis could not do is missing in what a key was. */
static enum err_code check_fold(const struct revert *r, struct err *err)
{
    const uint64_t n = fold_rejected(r->v->fold, REJECT_UNSUPPORTED);

    if (n == 0 || !*r->v->caveat)
        return ERR_OK;
    return err_set(
        err, ERR_INVALID,
        "nobody knows what keys were: the scratch Redis could not apply %" PRIu64
        " records, as it lacks %.200s; give --redis-server of the version that Redis has",
        n, r->v->caveat);
}

struct revert *revert_new(struct verify *v, const struct revert_settings *settings,
                          const struct revert_log *log)
{
    struct revert *r = mem_new(1, sizeof(*r));

    PRE(strlen(settings->run) <= REVERT_RUN_MAX);
    r->v = v;
    r->settings = *settings;
    r->log = log ? *log : (struct revert_log){ 0 };
    r->done.max = DONE_KEYS_MAX;
    r->appended = mem_new((size_t)v->n_partitions + 1, sizeof(*r->appended));
    key_list_init(&r->names);
    r->writer = revert_writer_new(r);
    return r;
}

void revert_free(struct revert *r)
{
    if (!r)
        return;
    revert_writer_free(r->writer);
    key_list_release(&r->names);
    key_set_release(&r->named);
    key_set_release(&r->done);
    key_set_release(&r->stray);
    written_keys_release(&r->written);
    written_keys_release(&r->earlier);
    free(r->appended);
    free(r);
}

static enum err_code fold_both(struct revert *r, struct err *err)
{
    enum err_code rc = fold(r, false, err);

    if (rc == ERR_OK)
        rc = keep_then(r, err);
    if (rc == ERR_OK)
        rc = fold(r, true, err);
    if (rc == ERR_OK)
        rc = check_fold(r, err);
    r->now_ms = clock_wall_ms(); /* of both */
    if (rc == ERR_OK)
        rc = sweep(r, REVERT_DB_THEN, err);
    if (rc == ERR_OK)
        rc = sweep(r, REVERT_DB_END, err);
    return rc;
}

/* What is appended is no less so where nobody knows what came meanwhile. */
static enum err_code look_for_late(struct revert *r, struct err *err)
{
    struct err ignored = { 0 };
    const enum err_code rc = revert_look_for_late(r, err);

    if (rc == ERR_OK || verify_progressed(r->v, r->v->phase, r->v->done, &ignored) != ERR_OK)
        return rc;
    snprintf(r->late_unknown, sizeof(r->late_unknown), "%s", err->msg);
    *err = (struct err){ 0 };
    return ERR_OK;
}

bool revert_goes_on(const struct revert *r)
{
    return r->earlier.n > 0 || r->forgets_earlier;
}

bool revert_knows_earlier(const struct revert *r)
{
    return !r->forgets_earlier;
}

const char *revert_late_unknown(const struct revert *r)
{
    return r->late_unknown;
}

enum err_code revert_run(struct revert *r, struct err *err)
{
    enum err_code rc = check(r, err);

    r->v->reader = (struct apply_loop_reader){ record_read, r };
    if (rc == ERR_OK)
        rc = fold_both(r, err);
    if (rc == ERR_OK)
        rc = compare(r, err);
    if (rc == ERR_OK)
        rc = look_for_late(r, err);
    r->v->reader = (struct apply_loop_reader){ 0 };
    return rc;
}
