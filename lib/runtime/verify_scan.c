/*
 * The first look: pages of keys, both sides asked at once. What differs is a suspect, no more:
 * Redis has moved on since the fold. So what is equal, or is not met, is looked at again if a
 * record that the fold had not applied yet names it.
 */
#include <stdio.h>
#include <string.h>

#include "runtime/verify_state.h"

enum { NUMBER_MAX = VERIFY_CURSOR_MAX };

static const char cursor_begin[] = "0";

bool verify_scan_is_over(const struct verify_scan *s)
{
    return s->has_begun && strcmp(s->cursor, cursor_begin) == 0;
}

void verify_scan_say(const struct verify *v, const struct verify_scan *s)
{
    char count[NUMBER_MAX];
    struct str words[6] = { STR_LITERAL("SCAN"), str_from(s->has_begun ? s->cursor : cursor_begin),
                            STR_LITERAL("COUNT") };
    size_t n = 4;

    words[3] = (struct str){ count, (size_t)snprintf(count, sizeof(count), "%zu", v->page_keys) };
    if (v->settings.keys) {
        words[n++] = STR_LITERAL("MATCH");
        words[n++] = str_from(v->settings.keys);
    }
    dialogue_say(s->dialogue, words, n);
}

static enum err_code add_keys(struct key_list *list, const struct reply *keys, struct err *err)
{
    for (size_t i = 0; i < keys->n_elements; i++) {
        const struct str key = keys->elements[i].text;

        if (!verify_is_reserved(key) && !key_list_add(list, key))
            return err_set(err, ERR_LIMIT, "the names of %zu keys are more than %d MiB",
                           keys->n_elements, (int)(KEY_LIST_MAX_BYTES >> 20));
    }
    return ERR_OK;
}

enum err_code verify_scan_hear(struct verify_scan *s, struct key_list *ret_keys, struct err *err)
{
    const struct reply *reply;
    const enum err_code rc = dialogue_hear(s->dialogue, &reply, err);

    key_list_clear(ret_keys);
    if (rc != ERR_OK)
        return rc;
    if (reply->type != REPLY_ARRAY || reply->n_elements != 2 ||
        reply->elements[0].text.n >= sizeof(s->cursor))
        return err_set(err, reply->type == REPLY_ERROR ? ERR_DENIED : ERR_CORRUPT, "SCAN: %.*s",
                       STR_ARGS(reply->text));
    memcpy(s->cursor, reply->elements[0].text.p, reply->elements[0].text.n);
    s->cursor[reply->elements[0].text.n] = '\0';
    s->has_begun = true;
    return add_keys(ret_keys, &reply->elements[1], err);
}

/* --- comparing a page ------------------------------------------------------------------------- */

static void say_page(struct side *side, const struct key_list *page)
{
    dialogue_say_text(&side->dialogue, "TIME", NULL);
    for (size_t i = 0; i < page->n; i++) {
        const struct str words[] = { STR_LITERAL("DUMP"), key_list_at(page, i) };

        dialogue_say(&side->dialogue, words, ARRAY_SIZE(words));
        side_say_expiry(side, words[1]);
    }
}

static enum err_code hear_clock(struct side *side, int64_t *ret_ms, struct err *err)
{
    const struct reply *reply;
    const enum err_code rc = dialogue_hear(&side->dialogue, &reply, err);

    if (rc == ERR_OK)
        *ret_ms = side_clock_ms(reply);
    return rc;
}

static enum err_code hear_both(struct verify *v, const struct reply **ret_target,
                               const struct reply **ret_scratch, struct err *err)
{
    const enum err_code rc = dialogue_hear(&v->target.dialogue, ret_target, err);

    return rc == ERR_OK ? dialogue_hear(&v->scratch.dialogue, ret_scratch, err) : rc;
}

static enum err_code check_dump(const struct reply *reply, struct err *err)
{
    if (reply->type != REPLY_ERROR)
        return ERR_OK;
    return err_set(err, ERR_DENIED, "DUMP: %.*s", STR_ARGS(reply->text));
}

static enum err_code suspect(struct verify *v, struct str key, size_t n_bytes, struct err *err)
{
    v->suspect_bytes += n_bytes;
    if (!key_list_add(&v->suspects, key))
        return err_set(err, ERR_LIMIT, "the names of %zu keys are more than %d MiB", v->suspects.n,
                       (int)(KEY_LIST_MAX_BYTES >> 20));
    return ERR_OK;
}

struct clocks {
    int64_t target_ms, scratch_ms;
};

static void remember(struct verify *v, struct str key, size_t n_bytes)
{
    if (v->named.of == NAMED_KEYS_OF_ADMITTED)
        named_keys_admit(&v->named, key);
    if (n_bytes >= LARGE_BYTES)
        key_set_add(&v->large, key);
    if (n_bytes > v->payload_max)
        v->payload_max = n_bytes;
}

static enum err_code compare_key(struct verify *v, struct str key, const struct clocks *clocks,
                                 size_t *ret_bytes, struct err *err)
{
    const struct reply *target, *scratch;
    struct deadline target_ends, scratch_ends;
    enum err_code rc = hear_both(v, &target, &scratch, err);
    bool equal;

    if (rc == ERR_OK)
        rc = check_dump(target, err);
    if (rc == ERR_OK)
        rc = check_dump(scratch, err);
    if (rc != ERR_OK)
        return rc;
    *ret_bytes = target->text.n > scratch->text.n ? target->text.n : scratch->text.n;
    equal = value_payload_is_equal(target, scratch);
    rc = hear_both(v, &target, &scratch, err);
    if (rc != ERR_OK)
        return rc;
    target_ends = side_deadline(&v->target, target, clocks->target_ms);
    scratch_ends = side_deadline(&v->scratch, scratch, clocks->scratch_ms);
    v->counts.compared++;
    remember(v, key, *ret_bytes);
    if (equal && value_expiry_is_equal(target_ends.at_ms, scratch_ends.at_ms,
                                       v->settings.expiry_tolerance_ms))
        return ERR_OK;
    return suspect(v, key, *ret_bytes, err);
}

/* So many keys as have payloads of the budget together. */
static void adapt_page(struct verify *v, size_t n_bytes)
{
    const size_t average = v->page.n > 0 ? n_bytes / v->page.n + 1 : 1;
    const size_t fit = PAGE_BUDGET_BYTES / average;

    v->page_keys = fit < PAGE_KEYS_MIN ? PAGE_KEYS_MIN : fit > PAGE_KEYS_MAX ? PAGE_KEYS_MAX : fit;
}

static enum err_code hear_page(struct verify *v, struct err *err)
{
    struct clocks clocks;
    size_t n_bytes = 0;
    enum err_code rc = hear_clock(&v->target, &clocks.target_ms, err);

    if (rc == ERR_OK)
        rc = hear_clock(&v->scratch, &clocks.scratch_ms, err);
    for (size_t i = 0; rc == ERR_OK && i < v->page.n; i++) {
        size_t n = 0;

        rc = compare_key(v, key_list_at(&v->page, i), &clocks, &n, err);
        n_bytes += n;
    }
    adapt_page(v, n_bytes);
    return rc;
}

/* --- the second look -------------------------------------------------------------------------- */

/* So many as have payloads of the budget together, as far as known; one at least. */
static size_t batch_from(const struct verify *v, size_t first)
{
    size_t n_bytes = 0, n = 0;

    while (n < JUDGE_BATCH_MAX && first + n < v->suspects.n) {
        const bool is_large = key_set_has(&v->large, key_list_at(&v->suspects, first + n));

        n_bytes += is_large ? v->payload_max : LARGE_BYTES;
        if (n > 0 && n_bytes > SUSPECTS_FLUSH_BYTES)
            break;
        n++;
    }
    return n;
}

static enum err_code judge_suspects(struct verify *v, struct err *err)
{
    size_t at = 0;
    enum err_code rc;

    do {
        const size_t n = batch_from(v, at);

        rc = verify_judge_batch(v, at, n, err);
        at += n;
        if (rc == ERR_OK)
            rc = verify_progressed(v, v->phase, v->done, err);
    } while (rc == ERR_OK && at < v->suspects.n);
    key_list_clear(&v->suspects);
    v->suspect_bytes = 0;
    return rc;
}

static enum err_code judge_named(struct verify *v, struct err *err)
{
    PRE(v->suspects.n == 0);
    named_keys_take(&v->named, &v->suspects);
    return judge_suspects(v, err);
}

static enum err_code judge_when_full(struct verify *v, struct err *err)
{
    enum err_code rc = ERR_OK;

    if (v->suspects.n >= SUSPECTS_FLUSH || v->suspect_bytes >= SUSPECTS_FLUSH_BYTES ||
        v->n_looks >= LOOKS_MANY || named_keys_are_many(&v->named))
        rc = judge_suspects(v, err);
    if (rc == ERR_OK && named_keys_are_many(&v->named))
        rc = judge_named(v, err);
    return rc;
}

/* What is named while the last ones are judged was looked at before, and found as it was. */
static enum err_code judge_rest(struct verify *v, struct err *err)
{
    enum err_code rc;

    v->n_looks++; /* also for what was named and not met */
    rc = judge_suspects(v, err);
    v->named.of = NAMED_KEYS_OF_NONE;
    return rc == ERR_OK ? judge_named(v, err) : rc;
}

/* --- all keys that Redis has ------------------------------------------------------------------ */

static void swap_pages(struct verify *v)
{
    const struct key_list page = v->page;

    v->page = v->next_page;
    v->next_page = page;
}

/* The next page is asked for together with the payloads of this one. */
static enum err_code compare_page(struct verify *v, struct verify_scan *scan, struct err *err)
{
    const bool more = !verify_scan_is_over(scan);
    enum err_code rc;

    if (more)
        verify_scan_say(v, scan);
    v->n_looks += v->page.n;
    say_page(&v->target, &v->page);
    say_page(&v->scratch, &v->page);
    rc = dialogue_send(&v->target.dialogue, err);
    if (rc == ERR_OK)
        rc = dialogue_send(&v->scratch.dialogue, err);
    key_list_clear(&v->next_page);
    if (rc == ERR_OK && more)
        rc = verify_scan_hear(scan, &v->next_page, err);
    if (rc == ERR_OK)
        rc = hear_page(v, err);
    if (rc == ERR_OK)
        rc = judge_when_full(v, err);
    swap_pages(v);
    return rc;
}

static enum err_code count_keys(struct verify *v, struct side *side, enum verify_phase phase,
                                struct err *err)
{
    const struct str words[] = { STR_LITERAL("DBSIZE") };
    const struct reply *reply;
    const enum err_code rc = dialogue_ask(&side->dialogue, words, 1, &reply, err);

    if (rc != ERR_OK)
        return rc;
    v->total = v->settings.keys ? 0 : (uint64_t)reply->integer;
    return verify_progressed(v, phase, 0, err);
}

enum err_code verify_compare(struct verify *v, struct err *err)
{
    struct verify_scan scan = { .dialogue = &v->target.dialogue };
    enum err_code rc = count_keys(v, &v->target, VERIFY_COMPARES, err);

    v->page_keys = PAGE_KEYS_MIN;
    if (rc != ERR_OK)
        return rc;
    verify_scan_say(v, &scan);
    rc = dialogue_send(scan.dialogue, err);
    if (rc == ERR_OK)
        rc = verify_scan_hear(&scan, &v->page, err);
    while (rc == ERR_OK && (v->page.n > 0 || !verify_scan_is_over(&scan))) {
        rc = compare_page(v, &scan, err);
        if (rc == ERR_OK)
            rc = verify_progressed(v, VERIFY_COMPARES, v->counts.compared, err);
    }
    return rc == ERR_OK ? judge_rest(v, err) : rc;
}

/* --- keys that Redis does not have ------------------------------------------------------------ */

static enum err_code exists(struct verify *v, size_t first, size_t n, int64_t *ret, struct err *err)
{
    struct str words[1 + PAGE_KEYS_MAX] = { STR_LITERAL("EXISTS") };
    const struct reply *reply;
    enum err_code rc;

    for (size_t i = 0; i < n; i++)
        words[1 + i] = key_list_at(&v->page, first + i);
    rc = dialogue_ask(&v->target.dialogue, words, 1 + n, &reply, err);
    if (rc == ERR_OK)
        *ret = reply->integer;
    return rc;
}

/* Halves what has a key missing until the key is alone. */
static enum err_code find_missing(struct verify *v, size_t first, size_t n, struct err *err)
{
    int64_t n_there = 0;
    enum err_code rc;

    if (n == 0)
        return ERR_OK;
    rc = exists(v, first, n, &n_there, err);
    if (rc != ERR_OK || n_there == (int64_t)n)
        return rc;
    if (n == 1)
        return suspect(v, key_list_at(&v->page, first), 0, err);
    rc = find_missing(v, first, n / 2, err);
    return rc == ERR_OK ? find_missing(v, first + n / 2, n - n / 2, err) : rc;
}

static enum err_code look_through_page(struct verify *v, struct err *err)
{
    enum err_code rc = ERR_OK;

    v->n_looks += v->page.n;
    for (size_t at = 0; rc == ERR_OK && at < v->page.n; at += PAGE_KEYS_MAX) {
        const size_t left = v->page.n - at;

        rc = find_missing(v, at, left < PAGE_KEYS_MAX ? left : PAGE_KEYS_MAX, err);
    }
    return rc == ERR_OK ? judge_when_full(v, err) : rc;
}

enum err_code verify_look_for_missing(struct verify *v, struct err *err)
{
    struct verify_scan scan = { .dialogue = &v->scratch.dialogue };
    enum err_code rc = count_keys(v, &v->scratch, VERIFY_LOOKS_FOR_MISSING, err);
    uint64_t done = 0;

    v->named.of = NAMED_KEYS_OF_ALL;
    v->page_keys = PAGE_KEYS_MAX;
    while (rc == ERR_OK && !verify_scan_is_over(&scan)) {
        verify_scan_say(v, &scan);
        rc = dialogue_send(scan.dialogue, err);
        if (rc == ERR_OK)
            rc = verify_scan_hear(&scan, &v->page, err);
        if (rc == ERR_OK)
            rc = look_through_page(v, err);
        done += v->page.n;
        if (rc == ERR_OK)
            rc = verify_progressed(v, VERIFY_LOOKS_FOR_MISSING, done, err);
    }
    return rc == ERR_OK ? judge_suspects(v, err) : rc;
}

/* --- a sample --------------------------------------------------------------------------------- */

static enum err_code hear_random_keys(struct side *side, size_t n, struct key_list *page,
                                      struct err *err)
{
    for (size_t i = 0; i < n; i++) {
        const struct reply *reply;
        const enum err_code rc = dialogue_hear(&side->dialogue, &reply, err);

        if (rc != ERR_OK)
            return rc;
        if (reply->type == REPLY_STRING && !verify_is_reserved(reply->text) &&
            !key_list_add(page, reply->text))
            return err_set(err, ERR_LIMIT, "the names of %zu keys are too long", n);
    }
    return ERR_OK;
}

/* Keys of both sides: what is missing in Redis is known to the scratch Redis alone. */
static enum err_code pick_page(struct verify *v, size_t n, struct err *err)
{
    struct side *const sides[] = { &v->target, &v->scratch };
    enum err_code rc = ERR_OK;

    key_list_clear(&v->page);
    for (size_t i = 0; rc == ERR_OK && i < ARRAY_SIZE(sides); i++) {
        for (size_t k = 0; k < n; k++)
            dialogue_say_text(&sides[i]->dialogue, "RANDOMKEY", NULL);
        rc = dialogue_send(&sides[i]->dialogue, err);
        if (rc == ERR_OK)
            rc = hear_random_keys(sides[i], n, &v->page, err);
    }
    return rc;
}

enum err_code verify_compare_sample(struct verify *v, struct err *err)
{
    struct verify_scan none = { .dialogue = &v->target.dialogue, .cursor = "0", .has_begun = true };
    enum err_code rc = ERR_OK;

    v->named.of = NAMED_KEYS_OF_ADMITTED;
    v->total = v->settings.sample;
    for (uint64_t done = 0; rc == ERR_OK && done < v->settings.sample;) {
        const uint64_t left = v->settings.sample - done;
        const size_t n = left < PAGE_KEYS_MIN ? (size_t)left : PAGE_KEYS_MIN;

        rc = pick_page(v, n, err);
        if (rc == ERR_OK)
            rc = compare_page(v, &none, err);
        done += n;
        if (rc == ERR_OK)
            rc = verify_progressed(v, VERIFY_COMPARES, done, err);
    }
    return rc == ERR_OK ? judge_rest(v, err) : rc;
}
