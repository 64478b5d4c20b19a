/*
 * How an operation is rewritten, inside core/canonical*.c alone: its words stay where they are, and
 * a plan lists what is written in place of, instead of, or behind them.
 *
 * The words of a command are its name (two for a subcommand), the arguments in front of the key,
 * the key, the other arguments, and what the plan puts behind. Argument numbers are the producer's:
 * the key is not among them.
 */
#ifndef REDWAL_CORE_CANONICAL_PLAN_H
#define REDWAL_CORE_CANONICAL_PLAN_H

#include "core/canonical.h"
#include "core/canonical_envelope.h"
#include "core/command_table.h"
#include "core/position.h"

enum {
    PLAN_EDITS_MAX = 4,
    PLAN_BEHIND_MAX = 2,
    PLAN_NUMBER_MAX = 48, /* two 64-bit numbers and a dash */
    PLAN_ENDS_NEVER = 0,
};

struct plan_edit {
    size_t arg;
    bool dropped;
    struct str with;
};

struct plan {
    const struct record *record;
    const struct operation *op;
    const struct canonical_context *context;
    struct envelope_keys
        *keys; /* all that are named are added; NULL: only the operation's may be */
    struct reject *reject;

    const struct command *top; /* what the server knows the command by */
    const struct command *command;
    const struct str *args; /* without the subcommand */
    size_t n_args;
    size_t n_leading; /* arguments in front of the key: 0 or 1 */

    struct str name; /* as it is written */
    struct plan_edit edits[PLAN_EDITS_MAX];
    size_t n_edits; /* ordered by argument */
    struct str behind[PLAN_BEHIND_MAX];
    size_t n_behind;
    enum command_failure failure;
    bool ttl_is_behind; /* the record's ttl is among the words already */
    bool overwrites;    /* it does the same whatever the key holds: it needs no look in log time */
    bool compares;      /* with the deadline that the key or a field has */
    bool carries;       /* keys may get deadlines that `ends_ms` says nothing of */
    int64_t ends_ms;    /* the first deadline it sets in log time; PLAN_ENDS_NEVER */

    const char *key_end; /* behind the operation's key, where the words were put last */

    char number[PLAN_NUMBER_MAX]; /* what an edit or a word behind points to */

    struct str deadline; /* what PEXPIREAT behind the command is told; empty when none follows */
    char deadline_text[PLAN_NUMBER_MAX];
};

/* Judges the operation and plans its command, which `record`, `op` and `context` must outlive. */
bool plan_make(struct plan *p, const struct record *record, const struct operation *op,
               const struct canonical_context *context, struct envelope_keys *keys,
               struct reject *reject);

/* The words of the planned command, without their count, and how many bytes they have. */
size_t plan_n_words(const struct plan *p);
size_t plan_n_bytes(const struct plan *p);
char *plan_put_words(char *at, struct plan *p);
/* The command as it stands alone: with its expiry in another command, or both in a script. */
bool plan_append(struct plan *p, struct buf *out);
struct canonical plan_outcome(const struct plan *p);

/* Arguments are edited in order. */
void plan_replace(struct plan *p, size_t arg, struct str with);
void plan_drop(struct plan *p, size_t arg);
void plan_put_behind(struct plan *p, struct str word);

/* Writes "<value>" or "<first>-<second>" to `at`, which has PLAN_NUMBER_MAX bytes. */
struct str plan_number(char *at, int64_t value);
struct str plan_pair(char *at, int64_t first, int64_t second);

bool plan_arg_is(const struct plan *p, size_t arg, const char *word); /* false past the end */
/* The record's timestamp + `after_ms`, and skew unless in log time; false with a reject when the
 * record has no timestamp or the sum does not fit. */
bool plan_deadline(struct plan *p, int64_t after_ms, int64_t *ret_deadline_ms);
/* A deadline as Redis is told, in `at`, which has PLAN_NUMBER_MAX bytes. */
bool plan_moment(struct plan *p, int64_t deadline_ms, char *at, struct str *ret);
/* The record's ttl as such; it must be in the future of 1970. */
bool plan_ttl(struct plan *p, char *at, struct str *ret);
bool plan_in_log_time(const struct plan *p);
bool plan_bad_argument(struct plan *p, const char *what);

/* What the table names: each plans its command or rejects. */
bool rewrite_set(struct plan *p);
bool rewrite_setex(struct plan *p);
bool rewrite_psetex(struct plan *p);
bool rewrite_getex(struct plan *p);
bool rewrite_msetex(struct plan *p);
bool rewrite_hsetex(struct plan *p);
bool rewrite_hgetex(struct plan *p);
bool rewrite_expire(struct plan *p);
bool rewrite_pexpire(struct plan *p);
bool rewrite_expireat(struct plan *p);
bool rewrite_pexpireat(struct plan *p);
bool rewrite_hexpire(struct plan *p);
bool rewrite_hpexpire(struct plan *p);
bool rewrite_hexpireat(struct plan *p);
bool rewrite_hpexpireat(struct plan *p);
bool rewrite_restore(struct plan *p);
bool rewrite_xadd(struct plan *p);
bool rewrite_xtrim(struct plan *p);
bool rewrite_copy(struct plan *p);
bool rewrite_sort(struct plan *p);
bool rewrite_georadius(struct plan *p);
bool rewrite_georadiusbymember(struct plan *p);

#define PLAN_RESERVED_PREFIX RESERVED_KEY_PREFIX

bool plan_is_reserved(struct str key);
/* Every key of the command but the operation's own is checked: none is redwal's, and all are the
 * operation's or, in an envelope, among the envelope's. */
bool plan_check_keys(struct plan *p);
/* The same for one that a rewrite found. */
bool plan_check_key(struct plan *p, struct str key);

#endif
