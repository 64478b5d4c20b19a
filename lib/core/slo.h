/*
 * How often readers of a Redis saw what was fresh enough: minutes that were good or bad, and those
 * of which that is not known, which count as neither. How fast bad minutes use up what the
 * objective allows is their share, in units of what it allows: 1 uses up all of it by the end of
 * its period.
 */
#ifndef REDWAL_CORE_SLO_H
#define REDWAL_CORE_SLO_H

#include <stdbool.h>
#include <stdint.h>

enum { SLO_MINUTE_MS = 60 * 1000, SLO_MINUTES_MAX = 360 };

/* X(name, label, minutes): those of multi-window, multi-burn-rate alerts. */
#define SLO_WINDOWS(X)                                                                             \
    X(5M, "5m", 5)                                                                                 \
    X(30M, "30m", 30)                                                                              \
    X(1H, "1h", 60)                                                                                \
    X(6H, "6h", SLO_MINUTES_MAX)

#define SLO_WINDOW_ENUM(name, label, minutes) SLO_WINDOW_##name,
enum slo_window { SLO_WINDOWS(SLO_WINDOW_ENUM) SLO_WINDOW_COUNT };
#undef SLO_WINDOW_ENUM

enum slo_verdict { SLO_UNKNOWN, SLO_GOOD, SLO_BAD, SLO_VERDICT_COUNT };

const char *slo_window_label(enum slo_window window);
const char *slo_verdict_label(enum slo_verdict verdict);

struct slo {
    int64_t minute; /* that goes on, of the clock of samples; 0: none was begun */
    bool has_good, has_bad, has_unknown; /* samples of it */
    uint8_t ended[SLO_MINUTES_MAX];      /* enum slo_verdict, of minute % SLO_MINUTES_MAX */
    uint64_t n[SLO_VERDICT_COUNT];       /* that have ended */
};

/* Somebody else looked until now: what the minutes before were is not known. Counts go on. */
void slo_begin(struct slo *s, int64_t now_ms);

/* A sample; `age_ms` < 0 is not known. A minute is bad once there was something too old in it, and
 * good when all that was seen in it was known and fresh. One without samples is unknown. */
void slo_sample(struct slo *s, int64_t now_ms, int64_t age_ms, int64_t target_ms);

/* Of the minutes in the window that have ended and are known; `budget` is the share that may be
 * bad. False: none is known. */
bool slo_burn(const struct slo *s, enum slo_window window, int64_t now_ms, double budget,
              double *ret_rate);

#endif
