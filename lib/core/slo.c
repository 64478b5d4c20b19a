#include "core/slo.h"

#include <string.h>

#include "base/check.h"

static const struct {
    const char *label;
    int minutes;
} windows[SLO_WINDOW_COUNT] = {
#define ROW(name, label, minutes) [SLO_WINDOW_##name] = { label, minutes },
    SLO_WINDOWS(ROW)
#undef ROW
};

const char *slo_window_label(enum slo_window window)
{
    PRE(window < SLO_WINDOW_COUNT);
    return windows[window].label;
}

const char *slo_verdict_label(enum slo_verdict verdict)
{
    static const char *const labels[SLO_VERDICT_COUNT] = { "unknown", "good", "bad" };

    PRE(verdict < SLO_VERDICT_COUNT);
    return labels[verdict];
}

/* Minutes are counted from 1, so that 0 is none. */
static int64_t minute_of(int64_t now_ms)
{
    return now_ms / SLO_MINUTE_MS + 1;
}

static void begin_minute(struct slo *s, int64_t minute)
{
    s->minute = minute;
    s->has_good = s->has_bad = s->has_unknown = false;
}

void slo_begin(struct slo *s, int64_t now_ms)
{
    memset(s->ended, SLO_UNKNOWN, sizeof(s->ended));
    begin_minute(s, minute_of(now_ms));
}

static void end_minute(struct slo *s)
{
    const enum slo_verdict verdict = s->has_bad                       ? SLO_BAD
                                     : s->has_good && !s->has_unknown ? SLO_GOOD
                                                                      : SLO_UNKNOWN;

    s->ended[s->minute % SLO_MINUTES_MAX] = (uint8_t)verdict;
    s->n[verdict]++;
    begin_minute(s, s->minute + 1);
}

void slo_sample(struct slo *s, int64_t now_ms, int64_t age_ms, int64_t target_ms)
{
    const int64_t minute = minute_of(now_ms);

    if (s->minute == 0)
        begin_minute(s, minute);
    while (s->minute < minute)
        end_minute(s);
    s->has_unknown = s->has_unknown || age_ms < 0;
    s->has_bad = s->has_bad || age_ms > target_ms;
    s->has_good = s->has_good || (age_ms >= 0 && age_ms <= target_ms);
}

bool slo_burn(const struct slo *s, enum slo_window window, int64_t now_ms, double budget,
              double *ret_rate)
{
    const int64_t end = minute_of(now_ms), n = windows[window].minutes;
    int64_t n_good = 0, n_bad = 0;

    /* The ring holds the minutes before `s->minute`. */
    for (int64_t i = end > n ? end - n : 1; i < end && i < s->minute; i++) {
        if (i < s->minute - SLO_MINUTES_MAX)
            continue;
        n_good += s->ended[i % SLO_MINUTES_MAX] == SLO_GOOD;
        n_bad += s->ended[i % SLO_MINUTES_MAX] == SLO_BAD;
    }
    if (n_good + n_bad == 0)
        return false;
    *ret_rate = (double)n_bad / (double)(n_good + n_bad) / budget;
    return true;
}
