#include "core/diagnosis.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/diagnosis_judges.h"

static const struct {
    const char *code, *text, *remedy;
    enum health_verdict (*judge)(const struct diagnosis_facts *f, char *ret);
} rows[DIAGNOSIS_COUNT] = {
#define DIAGNOSIS_ROW(name, judge, code, what, remedy)                                             \
    [DIAGNOSIS_##name] = { code, what, remedy, diagnose_##judge },
    DIAGNOSES(DIAGNOSIS_ROW)
#undef DIAGNOSIS_ROW
};

const char *diagnosis_code(enum diagnosis d)
{
    PRE(d < DIAGNOSIS_COUNT);
    return rows[d].code;
}

const char *diagnosis_text(enum diagnosis d)
{
    PRE(d < DIAGNOSIS_COUNT);
    return rows[d].text;
}

const char *diagnosis_remedy(enum diagnosis d)
{
    PRE(d < DIAGNOSIS_COUNT);
    return rows[d].remedy;
}

const char *health_verdict_code(enum health_verdict v)
{
    static const char *const codes[VERDICT_COUNT] = { "OK", "WARN", "FAIL", "UNKNOWN" };

    PRE(v < VERDICT_COUNT);
    return codes[v];
}

bool diagnosis_applies(enum diagnosis d, const struct diagnosis_facts *facts)
{
    if (d == DIAGNOSIS_MARKS_PERMISSION)
        return facts->wants_marks == 1;
    if (d == DIAGNOSIS_MIRROR || d == DIAGNOSIS_MIRROR_ONCE || d == DIAGNOSIS_MIRROR_HEADERS)
        return facts->names_mirror == 1;
    if (d == DIAGNOSIS_MIRROR_OFFSETS)
        return facts->names_offsets == 1;
    return d < DIAGNOSIS_SENTINEL_ANSWERS || facts->n_sentinels != DIAGNOSIS_UNKNOWN;
}

enum health_verdict diagnose(enum diagnosis d, const struct diagnosis_facts *f, char *ret_detail)
{
    PRE(d < DIAGNOSIS_COUNT);
    return rows[d].judge(f, ret_detail);
}

/* --- facts ------------------------------------------------------------------------------------ */

static void topic_init(struct diagnosis_topic *t)
{
#define NOBODY_KNOWS(name) t->name = DIAGNOSIS_UNKNOWN;
    *t = (struct diagnosis_topic){ .cleanup = "" };
    DIAGNOSIS_TOPIC_NUMBERS(NOBODY_KNOWS)
#undef NOBODY_KNOWS
}

void diagnosis_facts_init(struct diagnosis_facts *f)
{
#define NOBODY_KNOWS(name) f->name = DIAGNOSIS_UNKNOWN;
    *f = (struct diagnosis_facts){ .wal = "" };
    topic_init(&f->log);
    topic_init(&f->dlq);
    f->kafka_denied.n = f->redis_denied.n = DIAGNOSIS_UNKNOWN;
    f->lacking.n = f->newer.n = DIAGNOSIS_UNKNOWN;
    DIAGNOSIS_NUMBERS(NOBODY_KNOWS)
#undef NOBODY_KNOWS
}

void diagnosis_list_begin(struct diagnosis_list *list)
{
    *list = (struct diagnosis_list){ 0 };
}

void diagnosis_list_add(struct diagnosis_list *list, struct str name)
{
    static const char separator[] = ", ", rest[] = ", ...";
    const size_t used = strlen(list->text), room = sizeof(list->text) - used;

    list->n++;
    if (list->n == 1)
        snprintf(list->text, sizeof(list->text), "%.*s", STR_ARGS(name));
    else if (strlen(separator) + name.n + strlen(rest) < room)
        snprintf(list->text + used, room, "%s%.*s", separator, STR_ARGS(name));
    else if (room > strlen(rest) && !diagnosis_ends_with(list->text, rest))
        snprintf(list->text + used, room, "%s", rest);
}

/* --- what judges share ------------------------------------------------------------------------ */

bool diagnosis_ends_with(const char *text, const char *end)
{
    const size_t n = strlen(text), n_end = strlen(end);

    return n >= n_end && strcmp(text + n - n_end, end) == 0;
}

enum health_verdict diagnosis_say(char *ret, enum health_verdict v, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    vsnprintf(ret, DIAGNOSIS_DETAIL_MAX, format, ap);
    va_end(ap);
    return v;
}

enum health_verdict diagnosis_unknown(char *ret, const char *what)
{
    return diagnosis_say(ret, VERDICT_UNKNOWN, "%s could not be asked for", what);
}

enum health_verdict diagnosis_at_least(int64_t value, int64_t enough, const char *what, char *ret)
{
    if (value == DIAGNOSIS_UNKNOWN)
        return diagnosis_unknown(ret, what);
    return diagnosis_say(ret, value >= enough ? VERDICT_OK : VERDICT_WARN, "%s: %" PRId64, what,
                         value);
}

enum health_verdict diagnosis_none(const struct diagnosis_list *missing, const char *what,
                                   const char *good, char *ret)
{
    if (missing->n == DIAGNOSIS_UNKNOWN)
        return diagnosis_unknown(ret, what);
    if (missing->n == 0)
        return diagnosis_say(ret, VERDICT_OK, "%s", good);
    return diagnosis_say(ret, VERDICT_FAIL, "missing: %s", missing->text);
}
