#include "base/civil_time.h"

#include <stdio.h>

enum { YEAR_MAX = 9999, SECONDS_A_DAY = 86400 };

/* Days since 1970-01-01 of a date in the Gregorian calendar, counted in eras of 400 years that
 * begin on 1 March. */
static int64_t days_from_date(int64_t year, int64_t month, int64_t day)
{
    const int64_t y = month <= 2 ? year - 1 : year;
    const int64_t era = (y >= 0 ? y : y - 399) / 400;
    const int64_t of_era = y - era * 400;
    const int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static void date_from_days(int64_t days, int64_t *ret_year, int64_t *ret_month, int64_t *ret_day)
{
    const int64_t z = days + 719468;
    const int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    const int64_t of_era = z - era * 146097;
    const int64_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    const int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const int64_t shifted = (5 * of_year + 2) / 153;

    *ret_day = of_year - (153 * shifted + 2) / 5 + 1;
    *ret_month = shifted < 10 ? shifted + 3 : shifted - 9;
    *ret_year = year_of_era + era * 400 + (*ret_month <= 2);
}

void civil_time_print(int64_t wall_ms, char ret[CIVIL_TIME_MAX])
{
    const int64_t a_day = (int64_t)SECONDS_A_DAY * 1000;
    int64_t days = wall_ms / a_day, of_day = wall_ms % a_day, year, month, day;

    if (of_day < 0) {
        of_day += a_day;
        days--;
    }
    date_from_days(days, &year, &month, &day);
    if (year < 0 || year > YEAR_MAX) {
        snprintf(ret, CIVIL_TIME_MAX, "%lld ms", (long long)wall_ms);
        return;
    }
    snprintf(ret, CIVIL_TIME_MAX, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", (int)year, (int)month,
             (int)day, (int)(of_day / 3600000), (int)(of_day / 60000 % 60),
             (int)(of_day / 1000 % 60), (int)(of_day % 1000));
}

/* Takes exactly n digits off. */
static bool take_digits(struct str *rest, size_t n, int64_t *ret)
{
    int64_t value = 0;

    if (rest->n < n)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (rest->p[i] < '0' || rest->p[i] > '9')
            return false;
        value = value * 10 + (rest->p[i] - '0');
    }
    *rest = (struct str){ rest->p + n, rest->n - n };
    *ret = value;
    return true;
}

static bool take(struct str *rest, char c)
{
    if (rest->n == 0 || rest->p[0] != c)
        return false;
    *rest = (struct str){ rest->p + 1, rest->n - 1 };
    return true;
}

/* Up to three digits count, more are dropped. */
static bool take_fraction(struct str *rest, int64_t *ret_ms)
{
    int64_t scale = 100, digit;
    size_t n = 0;

    *ret_ms = 0;
    while (take_digits(rest, 1, &digit)) {
        *ret_ms += digit * scale;
        scale /= 10;
        n++;
    }
    return n > 0;
}

static bool take_time_of_day(struct str *rest, int64_t *ret_ms)
{
    int64_t hour, minute, second = 0, ms = 0;

    if (!take_digits(rest, 2, &hour) || !take(rest, ':') || !take_digits(rest, 2, &minute))
        return false;
    if (take(rest, ':') && !take_digits(rest, 2, &second))
        return false;
    if (take(rest, '.') && !take_fraction(rest, &ms))
        return false;
    *ret_ms = ((hour * 60 + minute) * 60 + second) * 1000 + ms;
    return hour < 24 && minute < 60 && second < 60;
}

static int64_t days_in(int64_t year, int64_t month)
{
    return month == 12 ? 31 : days_from_date(year, month + 1, 1) - days_from_date(year, month, 1);
}

bool civil_time_parse(struct str text, int64_t *ret_wall_ms)
{
    struct str rest = text;
    int64_t year, month, day, of_day = 0;

    if (!take_digits(&rest, 4, &year) || !take(&rest, '-') || !take_digits(&rest, 2, &month) ||
        !take(&rest, '-') || !take_digits(&rest, 2, &day))
        return false;
    if (month < 1 || month > 12 || day < 1 || day > days_in(year, month))
        return false;
    if ((take(&rest, 'T') || take(&rest, ' ')) && !take_time_of_day(&rest, &of_day))
        return false;
    take(&rest, 'Z');
    if (rest.n > 0)
        return false;
    *ret_wall_ms = days_from_date(year, month, day) * SECONDS_A_DAY * 1000 + of_day;
    return true;
}
