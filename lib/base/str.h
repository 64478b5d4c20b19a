/*
 * A borrowed view of bytes: owns nothing, need not end in NUL, may hold any byte. A function
 * that returns one says whose bytes they are.
 */
#ifndef REDWAL_BASE_STR_H
#define REDWAL_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct str {
    const char *p;
    size_t n;
};

#define STR_LITERAL(s) ((struct str){ (s), sizeof(s) - 1 })

/* For printf's "%.*s". */
#define STR_ARGS(s) (int)(s).n, (s).p

struct str str_from(const char *text); /* NULL gives the empty view */
bool str_eq(struct str a, struct str b);
char str_lower(char c);                         /* ASCII only */
bool str_eq_nocase(struct str a, struct str b); /* ASCII only, as Redis compares command names */
bool str_starts_with(struct str s, struct str prefix);
bool str_contains(struct str s, struct str part);

/* RFC 3629: shortest forms only, no surrogates, at most U+10FFFF. */
bool str_is_utf8(struct str s);
/* Without its last character, if that was cut. */
struct str str_whole(struct str s);

/* Strict decimal: optional '-', digits, nothing else; false when it does not fit. Redis's own rule
 * for integer arguments (string2ll): no leading zeros, no '+', no blanks, no "-0". */
bool str_to_int64(struct str s, int64_t *ret_value);
/* Exactly 16 hexadecimal digits, in lower case. */
bool str_to_hex64(struct str s, uint64_t *ret_value);

/* A floating-point number as Redis prints one, "inf" and "-inf" included. */
bool str_to_double(struct str s, double *ret_value);

#endif
