/*
 * The dead-letter topic as the verbs below `dlq` see it: which letters it holds, and what was
 * decided about them (docs/dead-letters.md).
 */
#ifndef KUBECTL_REDWAL_MAILBOX_H
#define KUBECTL_REDWAL_MAILBOX_H

#include "core/letters.h"
#include "core/log_header.h"
#include "scan.h"

enum { MAIL_HEADERS_MAX = 64 }; /* more of a letter are left aside */

/* A letter as it was read; everything is borrowed. */
struct mail {
    const struct letter *letter;
    struct record record; /* the rejected one: its place and time in the log, its key and value */
    int64_t stored_ms;
    struct str reason, detail;
    const struct log_header *headers;
    size_t n_headers;
};

struct mail_filter {
    const char *reason; /* a code; NULL: any */
    const char *key;    /* a glob */
    int64_t since_ms;   /* stored at or after; 0: any */
    bool any_state;
    enum letter_state state;
    const struct letter_place *places; /* only these; NULL: any */
    size_t n_places;
};

/* Whether the filter means it. */
bool mail_is_liked(const struct mail_filter *filter, const struct mail *mail);
bool mail_has_place(const struct mail_filter *filter, const struct mail *mail);
/* Its headers but for those that the applier put there; `ret` has MAIL_HEADERS_MAX. Borrowed. */
size_t mail_own_headers(const struct mail *mail, struct log_header *ret);

struct mailbox {
    const struct invocation *in;
    struct scan scan;
    struct letters letters;
    uint64_t n_foreign; /* records that are no dead letters of this log */
};

/* Reads the topic once. Release it in any case. */
enum err_code mailbox_open(struct mailbox *m, const struct invocation *in, struct err *err);
/* The same of what is stored from these offsets on; partitions that it got since from their first.
 */
enum err_code mailbox_open_from(struct mailbox *m, const struct invocation *in, const int64_t *from,
                                int32_t n, struct err *err);
void mailbox_release(struct mailbox *m);

/* False: that was enough. */
typedef bool mail_fn(void *self, const struct mail *mail);
/* Reads it again and calls `each` for every letter that the filter likes, once each, in the order
 * in which they were stored. */
enum err_code mailbox_each(struct mailbox *m, const struct mail_filter *filter, mail_fn *each,
                           void *self, struct err *err);

/* Letters kept in memory. */
struct mail_list {
    struct mail *list;
    size_t n;
    size_t n_bytes;
};
enum { MAIL_LIST_MAX_BYTES = 256 * 1024 * 1024 };
/* Adds a copy. False: they would be more than that. */
NODISCARD bool mail_list_add(struct mail_list *l, const struct mail *mail);
void mail_list_sort(struct mail_list *l); /* in the order of the log */
void mail_list_release(struct mail_list *l);

#endif
