/* What waits for quarantined keys: retried in its order, or given up, and the keys released. Each
 * step can be the last one of a run: the next run finds in Redis, in the log and in the dead-letter
 * topic how far this one came (docs/adr/0008-quarantine.md). */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "codec/record_json_print.h"
#include "dlq_decision.h"
#include "dlq_options.h"

enum {
    VALUE_MAX_BYTES = 256 * 1024 * 1024,
    ROUNDS_MAX = 100, /* of a key that is written to meanwhile */
};

static int64_t *no_targets(const struct dlq_decision *d)
{
    return mem_new((size_t)d->selection.view.n + 1, sizeof(int64_t));
}

static void update_keys(struct dlq_decision *d)
{
    const struct quarantine_view *v = &d->selection.view;

    for (int32_t i = 0; i < v->n; i++)
        parked_update(&d->selection.parked, i, &v->held[i]);
}

static struct dlq_key_fate *tell_key(struct dlq_decision *d, size_t key, const char *outcome,
                                     bool is_good)
{
    struct dlq_key_fate *fate = dlq_report_key(&d->report, &d->selection.parked.keys[key]);

    fate->outcome = outcome;
    fate->is_good = is_good;
    fate->trouble[0] = '\0';
    return fate;
}

static void tell_letter(struct dlq_letter_fate *fate, const char *outcome, bool is_good)
{
    fate->outcome = outcome;
    fate->is_good = is_good;
}

/* --- retrying: writing ------------------------------------------------------------------------ */

static void claim(const struct dlq_selection *s, const struct parked_letter *l,
                  struct retry_claim *ret)
{
    for (size_t i = 0; i < l->n_numbers; i++) {
        const struct parked_key *key = &s->parked.keys[l->numbers[i].key];

        ret[i] = (struct retry_claim){ key->key, key->state.token, l->numbers[i].number };
    }
}

/* A key that is not claimed is no key of a record that is given up. */
static bool keeps_key(const struct dlq_selection *s, const struct parked_letter *l,
                      const struct mail *mail)
{
    bool is_claimed = false;

    for (size_t i = 0; i < l->n_numbers; i++)
        is_claimed = is_claimed || str_eq(s->parked.keys[l->numbers[i].key].key, mail->record.key);
    return mail->record.has_key && (l->state != LETTER_DISCARDED || is_claimed);
}

/* Without its id: the applier would skip it as one that it knows, and a claim is as good. */
static enum err_code print_retry(struct dlq_decision *d, const struct parked_letter *l,
                                 const struct mail *mail, struct buf *out, struct err *err)
{
    struct retry_claim *claims = mem_new(l->n_numbers + 1, sizeof(*claims));
    struct envelope envelope = { .kind = ENVELOPE_SKIP };
    struct reject reject;
    enum err_code rc = ERR_OK;

    if (l->state != LETTER_DISCARDED)
        rc = decoder_decode(d->selection.decoder, &mail->record, &envelope, &reject, err);
    claim(&d->selection, l, claims);
    envelope.id = (struct str){ "", 0 };
    envelope.claims = claims;
    envelope.n_claims = l->n_numbers;
    if (rc == ERR_OK && !record_json_print(&envelope, out))
        rc = err_set(err, ERR_LIMIT, "as JSON it is larger than --max-record-bytes");
    free(claims);
    return rc;
}

static void write_retry(struct dlq_decision *d, const struct parked_letter *l)
{
    const size_t number = dlq_mail_at(&d->selection, l->source);
    const struct mail *mail = &d->selection.mails.list[number];
    struct dlq_letter_fate *fate = dlq_fate_of(d, number);
    CLEANUP(buf_release) struct buf value = { 0 };
    struct log_header headers[MAIL_HEADERS_MAX];
    struct log_entry entry = {
        .has_key = keeps_key(&d->selection, l, mail),
        .has_value = true,
        .key = mail->record.key,
        .partition = mail->record.partition,
        .headers = headers,
    };
    struct err err = { 0 };

    entry.n_headers = mail_own_headers(mail, headers);
    fate->is_written = false;
    fate->trouble[0] = '\0';
    buf_init(&value, d->selection.max_record_bytes);
    if (print_retry(d, l, mail, &value, &err) != ERR_OK) {
        snprintf(fate->trouble, sizeof(fate->trouble), "%s", err.msg);
        return;
    }
    entry.value = buf_str(&value);
    dlq_write_record(d, &entry, number);
}

/* All of them before the first is waited for: behind one that is rejected the rest have no effect.
 * Where they end, by partition. */
static void write_retries(struct dlq_decision *d, int64_t *ret_until)
{
    const struct parked *p = &d->selection.parked;

    for (size_t i = 0; i < p->n; i++)
        if (parked_is_due(p, &p->letters[i]))
            write_retry(d, &p->letters[i]);
    dlq_await_writes(d);
    for (size_t i = 0; i < p->n; i++) {
        const struct dlq_letter_fate *fate;

        if (!parked_is_due(p, &p->letters[i]))
            continue;
        fate = dlq_fate_of(d, dlq_mail_at(&d->selection, p->letters[i].source));
        if (fate->is_written && fate->wrote.offset >= ret_until[fate->wrote.partition])
            ret_until[fate->wrote.partition] = fate->wrote.offset + 1;
    }
}

/* --- retrying: what became of it -------------------------------------------------------------- */

static bool is_next(const struct parked *p, const struct parked_letter *l)
{
    for (size_t i = 0; i < l->n_numbers; i++)
        if (l->numbers[i].number == p->keys[l->numbers[i].key].state.retried + 1)
            return true;
    return false;
}

static void tell_refused(const struct parked *p, const struct parked_letter *l,
                         struct dlq_letter_fate *fate)
{
    tell_letter(fate, "still waits", false);
    if (fate->trouble[0])
        return;
    if (is_next(p, l))
        snprintf(fate->trouble, sizeof(fate->trouble), "rejected again: `dlq show %s` says why",
                 fate->wrote_text);
    else
        snprintf(fate->trouble, sizeof(fate->trouble), "waits for one before it");
}

/* Of those that were due when it began. */
static void tell_retries(struct dlq_decision *d, const bool *was_due)
{
    const struct parked *p = &d->selection.parked;

    for (size_t i = 0; i < p->n; i++) {
        const struct parked_letter *l = &p->letters[i];
        struct dlq_letter_fate *fate;

        if (!was_due[i])
            continue;
        fate = dlq_fate_of(d, dlq_mail_at(&d->selection, l->source));
        if (!parked_is_applied(p, l))
            tell_refused(p, l, fate);
        else
            tell_letter(fate, l->state == LETTER_DISCARDED ? "given up" : "retried", true);
    }
}

/* It was applied, in this run or before, and the dead-letter topic does not say so. */
static bool wants_decision(const struct parked *p, const struct parked_letter *l)
{
    for (size_t i = 0; i < l->n_numbers; i++)
        if (!p->keys[l->numbers[i].key].is_chosen || p->keys[l->numbers[i].key].is_free)
            return false;
    return l->state == LETTER_OPEN && parked_is_applied(p, l);
}

/* Before their key is released: then nobody could tell any more. */
static void decide_applied(struct dlq_decision *d)
{
    const struct parked *p = &d->selection.parked;

    for (size_t i = 0; i < p->n; i++)
        if (wants_decision(p, &p->letters[i]))
            dlq_write_state(d, dlq_mail_at(&d->selection, p->letters[i].source), LETTER_RETRIED);
    dlq_await_writes(d);
    for (size_t i = 0; i < p->n; i++) {
        struct dlq_letter_fate *fate;

        if (!wants_decision(p, &p->letters[i]))
            continue;
        fate = dlq_fate_of(d, dlq_mail_at(&d->selection, p->letters[i].source));
        tell_letter(fate, fate->is_decided ? "retried" : "retried, still open", fate->is_decided);
        p->letters[i].state = fate->is_decided ? LETTER_RETRIED : LETTER_OPEN;
    }
}

/* --- releasing -------------------------------------------------------------------------------- */

/* False, and told, when it could not be written. */
static bool write_release(struct dlq_decision *d, size_t number, int64_t *until)
{
    const struct parked_key *key = &d->selection.parked.keys[number];
    const struct envelope envelope = {
        .kind = ENVELOPE_RELEASE,
        .release = { key->key, key->state.token, key->state.parked, key->state.retried },
    };
    CLEANUP(buf_release) struct buf value = { 0 };
    struct log_entry entry = {
        .has_key = true, .has_value = true, .key = key->key, .partition = key->partition
    };
    struct letter_place place;
    struct err err = { 0 };

    buf_init(&value, VALUE_MAX_BYTES);
    if (!record_json_print(&envelope, &value))
        UNREACHABLE("a key is no larger than a record");
    entry.value = buf_str(&value);
    if (dlq_write_alone(d, &entry, &place, &err) != ERR_OK) {
        struct dlq_key_fate *fate = tell_key(d, number, "still held", false);

        snprintf(fate->trouble, sizeof(fate->trouble), "%s", err.msg);
        return false;
    }
    if (place.offset >= until[place.partition])
        until[place.partition] = place.offset + 1;
    return true;
}

/* Of every chosen key: what waits for nothing more. */
typedef bool may_release_fn(const struct parked *p, size_t key);

static enum err_code release_keys(struct dlq_decision *d, may_release_fn *may_release,
                                  struct err *err)
{
    const struct parked *p = &d->selection.parked;
    int64_t *until = no_targets(d);
    bool wrote = false;
    enum err_code rc = ERR_OK;

    for (size_t i = 0; i < p->n_keys; i++)
        if (p->keys[i].is_chosen && p->keys[i].obstacle == PARKED_NONE && !p->keys[i].is_free &&
            may_release(p, i))
            wrote = write_release(d, i, until) || wrote;
    if (wrote)
        rc = dlq_await_applied(d, until, err);
    if (wrote && rc == ERR_OK)
        update_keys(d);
    free(until);
    return rc;
}

/* --- retrying --------------------------------------------------------------------------------- */

static bool has_open_letter(const struct parked *p, size_t key)
{
    for (size_t i = 0; i < p->n; i++)
        for (size_t k = 0; k < p->letters[i].n_numbers; k++)
            if (p->letters[i].numbers[k].key == key && p->letters[i].state == LETTER_OPEN &&
                parked_is_applied(p, &p->letters[i]))
                return true;
    return false;
}

static bool is_retried(const struct parked *p, size_t key)
{
    return p->keys[key].state.retried == p->keys[key].state.parked && !has_open_letter(p, key);
}

/* It was all done, and then more was parked. */
static bool goes_on(const struct parked *p, size_t key)
{
    const struct parked_key *k = &p->keys[key];

    return k->is_chosen && k->obstacle == PARKED_NONE && !k->is_free &&
           k->state.retried >= k->n_found && k->state.parked > k->n_found &&
           !has_open_letter(p, key);
}

static void tell_keys(struct dlq_decision *d)
{
    const struct parked *p = &d->selection.parked;

    for (size_t i = 0; i < p->n_keys; i++) {
        const struct parked_key *key = &p->keys[i];
        struct dlq_key_fate *fate;

        if (!key->is_chosen)
            continue;
        if (key->is_free) {
            tell_key(d, i, "released", true);
            continue;
        }
        fate = tell_key(d, i, key->obstacle == PARKED_NONE ? "still held" : "left alone", false);
        if (key->obstacle != PARKED_NONE)
            snprintf(fate->trouble, sizeof(fate->trouble), "%s",
                     parked_obstacle_text(key->obstacle));
        else if (goes_on(p, i))
            snprintf(fate->trouble, sizeof(fate->trouble),
                     "more was parked meanwhile: run it again");
    }
}

static enum err_code retry_round(struct dlq_decision *d, struct err *err)
{
    const struct parked *p = &d->selection.parked;
    int64_t *until = no_targets(d);
    bool *was_due = mem_new(p->n + 1, sizeof(*was_due));
    enum err_code rc;

    for (size_t i = 0; i < p->n; i++)
        was_due[i] = parked_is_due(p, &p->letters[i]);
    write_retries(d, until);
    rc = dlq_await_applied(d, until, err);
    if (rc == ERR_OK) {
        update_keys(d);
        tell_retries(d, was_due);
        decide_applied(d);
        rc = quarantine_view_read(&d->selection.view, d->in, err);
    }
    if (rc == ERR_OK) {
        update_keys(d);
        rc = release_keys(d, is_retried, err);
    }
    if (rc == ERR_OK)
        tell_keys(d);
    free(was_due);
    free(until);
    return rc;
}

/* The keys of this round with which there is more to do. */
static struct dlq_key_fate *keys_that_go_on(const struct dlq_decision *d, size_t *ret_n)
{
    const struct parked *p = &d->selection.parked;
    struct dlq_key_fate *keys = mem_new(p->n_keys + 1, sizeof(*keys));

    *ret_n = 0;
    for (size_t i = 0; i < p->n_keys; i++)
        if (goes_on(p, i))
            keys[(*ret_n)++] = (struct dlq_key_fate){
                .partition = p->keys[i].partition,
                .key = { mem_copy_text(p->keys[i].key.p, p->keys[i].key.n), p->keys[i].key.n },
                .token = p->keys[i].state.token,
            };
    return keys;
}

static void choose_again(struct parked *p, const struct dlq_key_fate *keys, size_t n)
{
    for (size_t i = 0; i < p->n_keys; i++)
        for (size_t k = 0; k < n; k++)
            if (p->keys[i].partition == keys[k].partition && str_eq(p->keys[i].key, keys[k].key) &&
                p->keys[i].state.token == keys[k].token)
                p->keys[i].is_chosen = true;
}

static enum err_code retry_on(struct dlq_decision *d, bool *ret_more, struct err *err)
{
    size_t n;
    struct dlq_key_fate *keys = keys_that_go_on(d, &n);
    enum err_code rc = ERR_OK;

    *ret_more = n > 0;
    if (n > 0)
        rc = dlq_decision_select(d, &dlq_no_letter, false, err);
    if (n > 0 && rc == ERR_OK) {
        choose_again(&d->selection.parked, keys, n);
        parked_choose_retries(&d->selection.parked);
        rc = retry_round(d, err);
    }
    for (size_t i = 0; i < n; i++)
        free((char *)(uintptr_t)keys[i].key.p);
    free(keys);
    return rc;
}

enum err_code dlq_retry_parked(struct dlq_decision *d, struct err *err)
{
    enum err_code rc = retry_round(d, err);
    bool more = true;

    for (unsigned round = 1; rc == ERR_OK && more && round < ROUNDS_MAX; round++)
        rc = retry_on(d, &more, err);
    return rc;
}

/* --- discarding ------------------------------------------------------------------------------- */

static void tell_discarded(struct dlq_decision *d)
{
    struct parked *p = &d->selection.parked;

    for (size_t i = 0; i < p->n; i++) {
        struct parked_letter *l = &p->letters[i];
        struct dlq_letter_fate *fate;

        if (!l->is_chosen)
            continue;
        fate = dlq_fate_of(d, dlq_mail_at(&d->selection, l->source));
        if (l->state != LETTER_DISCARDED && fate->is_decided)
            l->state = LETTER_DISCARDED;
        tell_letter(fate, l->state == LETTER_DISCARDED ? "discarded" : "failed",
                    l->state == LETTER_DISCARDED);
    }
}

/* What is discarded is so in the dead-letter topic too. What is missing there nobody can ask for.
 */
static bool is_given_up(const struct parked *p, size_t key)
{
    for (size_t i = 0; i < p->n; i++)
        for (size_t k = 0; k < p->letters[i].n_numbers; k++)
            if (p->letters[i].numbers[k].key == key && !parked_is_applied(p, &p->letters[i]) &&
                p->letters[i].state != LETTER_DISCARDED)
                return false;
    return true;
}

enum err_code dlq_discard_parked(struct dlq_decision *d, struct err *err)
{
    struct parked *p = &d->selection.parked;
    enum err_code rc;

    for (size_t i = 0; i < p->n; i++)
        if (p->letters[i].is_chosen && p->letters[i].state != LETTER_DISCARDED)
            dlq_write_state(d, dlq_mail_at(&d->selection, p->letters[i].source), LETTER_DISCARDED);
    dlq_await_writes(d);
    tell_discarded(d);
    rc = release_keys(d, is_given_up, err);
    if (rc == ERR_OK)
        tell_keys(d);
    return rc;
}
