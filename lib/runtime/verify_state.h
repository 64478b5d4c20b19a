/* What verify is made of; for lib/runtime/verify*.c, repair*.c and
 * revert*.c alone. */
#ifndef REDWAL_RUNTIME_VERIFY_STATE_H
#define REDWAL_RUNTIME_VERIFY_STATE_H

#include "runtime/key_list.h"
#include "runtime/key_set.h"
#include "runtime/lookahead.h"
#include "runtime/named_keys.h"
#include "runtime/verify.h"
#include "runtime/verify_side.h"

enum {
    PAGE_KEYS_MIN = 16,
    PAGE_KEYS_MAX = 1000,
    PAGE_BUDGET_BYTES = 4 * 1024 * 1024,     /* of payloads that one page should have */
    SUSPECTS_FLUSH = 256,                    /* so many are looked at together at least */
    SUSPECTS_FLUSH_BYTES = 32 * 1024 * 1024, /* of their payloads */
    JUDGE_BATCH_MAX = 512,                   /* keys in one transaction */
    LARGE_BYTES = SUSPECTS_FLUSH_BYTES / JUDGE_BATCH_MAX, /* of one of few keys in one */
    LOOKS_MANY = 1 << 18, /* so many keys after, it is time to fold on to where Redis is */
};

struct verify {
    struct verify_settings settings;
    struct verify_ports ports;
    struct fold_settings fold_settings;
    struct fold *fold;
    struct command_set commands; /* of the target: the scratch Redis may use no others */
    struct side target, scratch;
    struct verify_partition *partitions;
    int64_t *folded_to; /* by partition; BOUND_NONE for one that is not covered */
    int32_t n_partitions;
    bool covers_all;
    struct key_list page, next_page, suspects;
    size_t suspect_bytes;
    size_t payload_max;      /* of all compared so far */
    struct key_set large;    /* those of LARGE_BYTES and more */
    uint64_t n_looks;        /* at keys, since the fold was where Redis was */
    struct named_keys named; /* what they found of these is not exact */
    struct key_set told; /* a key may come twice: in a sample, or when Redis resizes its table */
    size_t page_keys;    /* to ask for */
    struct verify_counts counts;
    uint64_t done, total; /* keys of the phase, as far as known */
    uint64_t fold_total;
    uint64_t n_now; /* records of the fold under way */
    enum verify_phase phase;
    char caveat[ERR_MSG_MAX];
    char log_identity[LOG_IDENTITY_MAX + 1];
    struct apply_loop_reader reader; /* beside us */
    struct lookahead *lookahead;     /* NULL: nothing is repaired */
    uint64_t n_copies;               /* made, to name them */
};

bool verify_progress(struct verify *v, enum verify_phase phase, uint64_t done, uint64_t total);
/* The same; ERR_UNAVAILABLE: nobody wants to go on. */
enum err_code verify_progressed(struct verify *v, enum verify_phase phase, uint64_t done,
                                struct err *err);
/* Counts what was found of a key and what became of it, and tells the listener. */
void verify_tell(struct verify *v, struct str key, const struct finding *finding,
                 enum repair_outcome outcome, const char *why);
/* The same of a key that was told with that kind, and the outcome `before`. */
void verify_tell_more(struct verify *v, struct str key, enum finding_kind kind,
                      enum repair_outcome before, enum repair_outcome outcome, const char *why);
/* Folds up to where Redis is now, when it is further; what looks found before is so then, but of
 * the keys that were named. ERR_UNAVAILABLE: Redis is further back. */
enum err_code verify_fold_to(struct verify *v, const int64_t *next, struct err *err);

/* Asks for every position; n_partitions answers to HMGET. */
void verify_say_positions(struct verify *v);
/* A partition whose deadlines are in another time than those of the fold cannot be compared now. */
enum { POSITION_OTHER_CLOCK = -2 };
/* These answers, or ERR_CORRUPT. `ret_log_ms`: the latest log time of all. */
enum err_code verify_take_positions(const struct verify *v, const struct reply *answers,
                                    int64_t *ret_next, int64_t *ret_log_ms, struct err *err);

/* verify_scan.c: the keys that match of one server, page by page; zeroed but for the dialogue when
 * it begins. */
enum { VERIFY_CURSOR_MAX = 24 };
struct verify_scan {
    struct dialogue *dialogue;
    char cursor[VERIFY_CURSOR_MAX]; /* as the server gave it; "0" again: the end */
    bool has_begun;
};
bool verify_scan_is_over(const struct verify_scan *s);
/* Asks for about v->page_keys of them. */
void verify_scan_say(const struct verify *v, const struct verify_scan *s);
enum err_code verify_scan_hear(struct verify_scan *s, struct key_list *ret_keys, struct err *err);
enum err_code verify_compare(struct verify *v, struct err *err);
enum err_code verify_look_for_missing(struct verify *v, struct err *err);
enum err_code verify_compare_sample(struct verify *v, struct err *err);

/* verify_judge.c: looks at n suspects again, and tells what is found; at least until the fold has
 * caught up with the looks before. */
enum err_code verify_judge_batch(struct verify *v, size_t first, size_t n, struct err *err);
bool verify_is_reserved(struct str key);

#endif
