#include "workload.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/prng.h"
#include "core/resp.h"

enum { STRINGS = 1000000, HASHES = 10000, FIELDS = 16, COUNTERS = 10000, LISTS = 10000 };
enum { SESSIONS = 100000, SESSION_S = 3600 };
enum { TTL_S = 86400, WORDS_MAX = 6 };

static const char *const names[WORKLOAD_COUNT] = { "set64", "mix", "ending" };

const char *workload_name(enum workload workload)
{
    return names[workload];
}

bool workload_find(const char *name, enum workload *ret)
{
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        if (strcmp(name, names[i]) == 0) {
            *ret = (enum workload)i;
            return true;
        }
    }
    return false;
}

static void name_key(struct step *s, const char *kind, uint64_t number)
{
    const int n = snprintf(s->key_text, sizeof(s->key_text), "%s:%012" PRIu64, kind, number);

    s->key = (struct str){ s->key_text, (size_t)n };
}

static void add_arg(struct step *s, const char *text)
{
    PRE(s->n_args < ARRAY_SIZE(s->args));
    s->args[s->n_args++] = str_from(text);
}

static void become_set(struct step *s, struct prng *p)
{
    s->command = STR_LITERAL("SET");
    name_key(s, "key", prng_below(p, STRINGS));
    add_arg(s, s->value);
}

static void become_hset(struct step *s, struct prng *p)
{
    s->command = STR_LITERAL("HSET");
    name_key(s, "hash", prng_below(p, HASHES));
    snprintf(s->field, sizeof(s->field), "field:%" PRIu64, prng_below(p, FIELDS));
    add_arg(s, s->field);
    add_arg(s, s->value);
}

static void become_mixed(struct step *s, struct prng *p)
{
    const uint64_t percent = prng_below(p, 100);

    if (percent < 60) {
        become_set(s, p);
    } else if (percent < 75) {
        become_hset(s, p);
    } else if (percent < 85) {
        s->command = STR_LITERAL("INCR");
        name_key(s, "counter", prng_below(p, COUNTERS));
    } else if (percent < 90) {
        become_set(s, p);
        s->ttl_s = TTL_S;
    } else if (percent < 95) {
        s->command = STR_LITERAL("DEL");
        name_key(s, "key", prng_below(p, STRINGS));
    } else {
        s->command = STR_LITERAL("LPUSH");
        name_key(s, "list", prng_below(p, LISTS));
        add_arg(s, s->value);
    }
}

/* Sessions that live by being renewed, among what does not end. */
static void become_ending(struct step *s, struct prng *p)
{
    const uint64_t percent = prng_below(p, 100);

    if (percent < 30) {
        s->command = STR_LITERAL("SET");
        name_key(s, "session", prng_below(p, SESSIONS));
        add_arg(s, s->value);
        s->ttl_s = SESSION_S;
    } else if (percent < 55) {
        s->command = STR_LITERAL("EXPIRE");
        name_key(s, "session", prng_below(p, SESSIONS));
        snprintf(s->field, sizeof(s->field), "%d", SESSION_S);
        add_arg(s, s->field);
    } else if (percent < 75) {
        become_set(s, p);
    } else if (percent < 90) {
        s->command = STR_LITERAL("INCR");
        name_key(s, "counter", prng_below(p, COUNTERS));
    } else if (percent < 95) {
        become_hset(s, p);
        s->ttl_s = SESSION_S;
    } else {
        s->command = STR_LITERAL("DEL");
        name_key(s, "session", prng_below(p, SESSIONS));
    }
}

void workload_step(enum workload workload, uint64_t i, struct step *ret)
{
    struct prng p = { i };

    *ret = (struct step){ .n_args = 0 };
    for (size_t at = 0; at < STEP_VALUE_BYTES; at += 16)
        snprintf(ret->value + at, 17, "%016" PRIx64, prng_next(&p));
    switch (workload) {
    case WORKLOAD_SET64:
        become_set(ret, &p);
        return;
    case WORKLOAD_MIX:
        become_mixed(ret, &p);
        return;
    case WORKLOAD_ENDING:
        become_ending(ret, &p);
        return;
    case WORKLOAD_COUNT:
        break;
    }
    UNREACHABLE("every workload has its steps");
}

void step_append_resp(const struct step *s, struct buf *out)
{
    struct str words[WORDS_MAX] = { s->command, s->key };
    char ttl[16];
    size_t n = 2;
    bool fits;

    for (size_t a = 0; a < s->n_args; a++)
        words[n++] = s->args[a];
    if (s->ttl_s > 0) {
        snprintf(ttl, sizeof(ttl), "%d", s->ttl_s);
        words[n++] = STR_LITERAL("EX");
        words[n++] = str_from(ttl);
    }
    fits = resp_append(out, words, n);
    PRE(fits);
}
