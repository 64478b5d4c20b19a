/*
 * What becomes of a key that differs: whether its records can be written, and that they are. Small
 * ones of many keys go out together. Of a key that needs several, the one that changes it goes out
 * once all others are in the log, so that a log that lacks one of them lacks that one, too.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "codec/record_json_print.h"
#include "runtime/clock.h"
#include "runtime/repair.h"
#include "runtime/revert_state.h"

enum {
    BATCH_ENTRIES_MAX = 512,
    BATCH_BYTES_MAX = 4 * 1024 * 1024, /* and one record more */
    ATTEMPT_MAX = 24,
    RECORD_FACTOR = 8, /* of what a record may have beyond its bound until that is noticed */
};

/* An entry in `bytes`: its key, then its value. */
struct place {
    int32_t partition;
    size_t at, n_key, n_value;
    size_t item; /* whose it is */
};

/* A key whose outcome is not told yet. */
struct item {
    char *key;
    size_t n_key;
    struct finding finding;
    enum repair_outcome outcome; /* once it is in the log */
    struct revert_receipt receipt;
};

struct revert_writer {
    struct revert *r;
    struct buf bytes;
    struct place places[BATCH_ENTRIES_MAX];
    size_t n_places;
    struct item items[BATCH_ENTRIES_MAX];
    size_t n_items;
    struct str key;    /* at hand */
    int32_t partition; /* its */
    bool is_too_large; /* a record of its is */
    enum err_code rc;
    struct err *err;
};

struct revert_writer *revert_writer_new(struct revert *r)
{
    struct revert_writer *w = mem_new(1, sizeof(*w));

    w->r = r;
    buf_init(&w->bytes, BATCH_BYTES_MAX + 2 * RECORD_FACTOR * r->settings.record_bytes);
    return w;
}

static void forget(struct revert_writer *w)
{
    for (size_t i = 0; i < w->n_items; i++)
        free(w->items[i].key);
    w->n_items = w->n_places = 0;
    buf_clear(&w->bytes);
}

void revert_writer_free(struct revert_writer *w)
{
    if (!w)
        return;
    forget(w);
    buf_release(&w->bytes);
    free(w);
}

/* --- what became of keys ---------------------------------------------------------------------- */

static void tell_items(struct revert_writer *w)
{
    for (size_t i = 0; i < w->n_items; i++) {
        const struct item *item = &w->items[i];
        const enum revert_fate fate = item->receipt.fate;
        const struct str key = { item->key, item->n_key };

        if (fate == REVERT_STORED)
            written_keys_add(&w->r->written, key, item->receipt.offset, item->finding.kind,
                             item->outcome);
        verify_tell(w->r->v, key, &item->finding,
                    fate == REVERT_STORED    ? item->outcome
                    : fate == REVERT_REFUSED ? REPAIR_REFUSED
                                             : REPAIR_UNKNOWN,
                    item->receipt.why);
    }
}

/* --- the log ---------------------------------------------------------------------------------- */

static void take_receipts(struct revert_writer *w, const struct revert_receipt *receipts)
{
    for (size_t i = 0; i < w->n_places; i++) {
        struct revert_receipt *of_key = &w->items[w->places[i].item].receipt;
        struct revert_appended *appended = &w->r->appended[w->places[i].partition];

        if (of_key->fate == REVERT_STORED)
            *of_key = receipts[i];
        if (receipts[i].fate != REVERT_STORED)
            continue;
        appended->n++;
        if (receipts[i].offset >= appended->until)
            appended->until = receipts[i].offset + 1;
    }
}

/* Items stay, to be told of. */
static enum err_code append_places(struct revert_writer *w, struct err *err)
{
    const struct revert_log *log = &w->r->log;
    struct revert_receipt *receipts = mem_new(w->n_places + 1, sizeof(*receipts));
    struct revert_entry *entries = mem_new(w->n_places + 1, sizeof(*entries));
    enum err_code rc = ERR_OK;

    for (size_t i = 0; i < w->n_places; i++) {
        const struct place *p = &w->places[i];
        const char *at = w->bytes.p + p->at;

        entries[i] =
            (struct revert_entry){ p->partition, { at, p->n_key }, { at + p->n_key, p->n_value } };
    }
    if (w->n_places > 0)
        rc = log->append(log->self, entries, w->n_places, receipts, err);
    take_receipts(w, receipts);
    free(receipts);
    free(entries);
    w->n_places = 0;
    buf_clear(&w->bytes);
    return rc;
}

enum err_code revert_writer_flush(struct revert_writer *w, struct err *err)
{
    const enum err_code rc = append_places(w, err);

    tell_items(w);
    forget(w);
    return rc;
}

/* --- records ---------------------------------------------------------------------------------- */

/* Appends it to the batch. False: it is larger than appliers take. */
static bool print(struct revert_writer *w, const struct revert_record *record)
{
    struct place *p = &w->places[w->n_places];

    *p = (struct place){
        .partition = w->partition, .at = w->bytes.n, .n_key = record->key.n, .item = w->n_items - 1
    };
    if (!buf_append_str(&w->bytes, record->key) || !record_json_print(&record->envelope, &w->bytes))
        return false;
    p->n_value = w->bytes.n - p->at - p->n_key;
    return p->n_value <= w->r->settings.record_bytes;
}

static bool measure(void *self, const struct revert_record *record)
{
    struct revert_writer *w = self;
    const size_t before = w->bytes.n;

    w->is_too_large = !print(w, record);
    w->bytes.n = before;
    return !w->is_too_large;
}

static bool is_fine(const struct revert_writer *w)
{
    return w->rc == ERR_OK && w->items[w->n_items - 1].receipt.fate == REVERT_STORED;
}

/* What makes the key needs all others to be stored. */
static bool put(void *self, const struct revert_record *record)
{
    struct revert_writer *w = self;
    const bool is_staged = record->changes_key && !str_eq(record->key, w->key);

    if (is_staged || w->n_places == BATCH_ENTRIES_MAX || w->bytes.n >= BATCH_BYTES_MAX)
        w->rc = append_places(w, w->err);
    if (w->rc != ERR_OK)
        w->items[w->n_items - 1].receipt.fate = REVERT_REFUSED;
    if (!is_fine(w))
        return false;
    if (!print(w, record))
        UNREACHABLE("it was measured");
    w->n_places++;
    return true;
}

/* --- a key ------------------------------------------------------------------------------------ */

/* NULL: it is not to be left. */
static const char *why_left(const struct revert_writer *w, const struct revert_case *c,
                            bool is_quarantined)
{
    if (is_quarantined || c->is_quarantined)
        return "it is quarantined: retry or discard its dead letters first";
    if (key_set_has(&w->r->stray, w->key))
        return "it has records in another partition than --partitioner says";
    if (*c->unread)
        return c->unread;
    if (!written_keys_have_room(&w->r->written, w->n_items + 1))
        return "a run writes no more keys than this one has: do it again with the same --run";
    return NULL;
}

/* Redis may hold keys back that nobody else knows of: an outcome was unknown to it. */
static enum err_code ask_quarantined(struct revert_writer *w, bool *ret, struct err *err)
{
    struct revert_question question;
    const struct reply *answer;
    enum err_code rc;

    revert_ask_quarantined(w->r, w->key, &question);
    rc = dialogue_ask(&w->r->v->target.dialogue, question.words, ARRAY_SIZE(question.words),
                      &answer, err);
    *ret = rc == ERR_OK && answer->integer > 0;
    return rc;
}

static void add_item(struct revert_writer *w, const struct revert_case *c,
                     enum repair_outcome outcome)
{
    w->items[w->n_items++] = (struct item){ .key = mem_copy_text(c->key.p, c->key.n),
                                            .n_key = c->key.n,
                                            .finding = c->finding,
                                            .outcome = outcome };
}

struct names {
    char id[REVERT_ID_MAX + 1], attempt[ATTEMPT_MAX], stage[REVERT_STAGE_MAX + 1];
    struct revert_names names;
};

static void name(const struct revert_writer *w, struct str key, struct names *ret)
{
    const struct revert_settings *s = &w->r->settings;

    ret->names.key = key;
    ret->names.id = revert_id_of(w->r, key, ret->id);
    snprintf(ret->attempt, sizeof(ret->attempt), "%016" PRIx64, s->attempt);
    snprintf(ret->stage, sizeof(ret->stage), REVERT_STAGE_PREFIX "%s:%s", ret->id, ret->attempt);
    ret->names.attempt = str_from(ret->attempt);
    ret->names.stage = str_from(ret->stage);
    ret->names.partition = w->partition;
    ret->names.n_partitions = w->r->v->n_partitions;
    ret->names.partitioner = w->r->v->fold_settings.apply.partitioner;
}

static const char *why_not_sayable(const struct revert_writer *w, enum revert_verdict verdict)
{
    if (verdict == REVERT_NOT_SAYABLE)
        return "what it was cannot be said in records";
    return w->is_too_large ? "a part of it is larger than a record may be" : NULL;
}

/* First without writing, so that no record goes out of a key that cannot be said whole. */
static enum err_code say(struct revert_writer *w, const struct revert_case *c, struct err *err)
{
    const struct verify *v = w->r->v;
    const struct revert_bounds bounds = {
        .record_bytes = w->r->settings.record_bytes,
        .counts_entries = v->target.has_expiretime && v->scratch.has_expiretime,
        .now_ms = clock_wall_ms(), /* of what is measured, and put */
    };
    const bool deletes = c->was.type == VALUE_NONE;
    struct names names;
    const char *why;

    name(w, c->key, &names);
    w->is_too_large = false;
    why = why_not_sayable(w, revert_say(&c->was, &names.names, &bounds, measure, w));
    if (why || v->settings.repair == VERIFY_PLANS_REVERT) {
        verify_tell(w->r->v, c->key, &c->finding,
                    why       ? REPAIR_LEFT
                    : deletes ? REPAIR_WOULD_DELETE
                              : REPAIR_WOULD_WRITE,
                    why ? why : "");
        return ERR_OK;
    }
    add_item(w, c, deletes ? REPAIR_DELETED : REPAIR_WRITTEN);
    w->err = err;
    w->rc = ERR_OK;
    (void)revert_say(&c->was, &names.names, &bounds, put, w);
    if (w->rc != ERR_OK) {
        tell_items(w);
        forget(w);
    }
    return w->rc;
}

enum err_code revert_write(struct revert_writer *w, const struct revert_case *c, struct err *err)
{
    bool is_quarantined = false;
    const char *why;
    enum err_code rc;

    w->key = c->key;
    w->partition = revert_partition(w->r, c->key);
    rc = ask_quarantined(w, &is_quarantined, err);
    if (rc == ERR_OK && (w->n_items == BATCH_ENTRIES_MAX || w->n_places == BATCH_ENTRIES_MAX))
        rc = revert_writer_flush(w, err);
    if (rc != ERR_OK)
        return rc;
    why = why_left(w, c, is_quarantined);
    if (!why)
        return say(w, c, err);
    verify_tell(w->r->v, c->key, &c->finding, REPAIR_LEFT, why);
    return ERR_OK;
}
