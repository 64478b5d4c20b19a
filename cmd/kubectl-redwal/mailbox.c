#include "mailbox.h"

#include <stdlib.h>
#include <string.h>

#include "base/glob.h"
#include "base/int64.h"
#include "base/mem.h"
#include "link.h"

/* --- what a letter says about itself ---------------------------------------------------------- */

struct label {
    struct log_header headers[MAIL_HEADERS_MAX];
    size_t n;
};

static void read_label(const struct mailbox *m, struct label *ret)
{
    ret->n = log_reader_headers(m->scan.reader, ret->headers, MAIL_HEADERS_MAX);
    if (ret->n > MAIL_HEADERS_MAX)
        ret->n = MAIL_HEADERS_MAX;
}

/* The last of a name counts; empty when there is none. */
static struct str value_of(const struct label *l, const char *name)
{
    for (size_t i = l->n; i > 0; i--)
        if (strcmp(l->headers[i - 1].name, name) == 0)
            return l->headers[i - 1].value;
    return (struct str){ "", 0 };
}

/* False: it is about no record of this log. */
static bool source_of(const struct mailbox *m, const struct label *l, struct letter_place *ret)
{
    int64_t partition, offset;

    if (!str_eq(value_of(l, "redwal-source-topic"), str_from(link_options(m->in)->topic)) ||
        !str_to_int64(value_of(l, "redwal-source-partition"), &partition) ||
        !str_to_int64(value_of(l, "redwal-source-offset"), &offset) || partition < 0 ||
        partition > INT32_MAX || offset < 0)
        return false;
    *ret = (struct letter_place){ (int32_t)partition, offset };
    return true;
}

/* --- the first reading ------------------------------------------------------------------------ */

struct first_reading {
    struct mailbox *mailbox;
    bool over;
};

static bool take_first(void *self, const struct record *record)
{
    struct first_reading *r = self;
    struct mailbox *m = r->mailbox;
    const struct letter_place at = { record->partition, record->offset };
    struct letter_place source;
    enum letter_state state;
    struct label label;
    struct str decision;

    read_label(m, &label);
    if (!source_of(m, &label, &source)) {
        m->n_foreign++;
        return true;
    }
    decision = value_of(&label, "redwal-resolution");
    if (decision.n == 0)
        r->over = !letters_add(&m->letters, source, at);
    else if (letter_state_from(decision, &state) && state != LETTER_OPEN)
        r->over = !letters_decide(&m->letters, source, at, state);
    else
        m->n_foreign++;
    return !r->over;
}

enum err_code mailbox_open(struct mailbox *m, const struct invocation *in, struct err *err)
{
    return mailbox_open_from(m, in, NULL, 0, err);
}

enum err_code mailbox_open_from(struct mailbox *m, const struct invocation *in, const int64_t *from,
                                int32_t n, struct err *err)
{
    struct first_reading reading = { .mailbox = m };
    enum err_code rc;

    m->in = in;
    rc = scan_prepare(in, link_options(in)->dlq_topic, &m->scan, err);
    for (int32_t i = 0; rc == ERR_OK && i < n && i < m->scan.survey.n; i++)
        m->scan.from[i] = int64_max(from[i], m->scan.from[i]);
    if (rc == ERR_OK)
        rc = scan_run(&m->scan, false, take_first, &reading, err);
    progress_clear(&m->scan.progress);
    if (rc == ERR_OK && reading.over)
        return err_set(err, ERR_LIMIT, "topic %s holds more than %d letters and decisions",
                       link_options(in)->dlq_topic, (int)LETTERS_MAX);
    letters_fold(&m->letters);
    return rc;
}

void mailbox_release(struct mailbox *m)
{
    scan_release(&m->scan);
    letters_release(&m->letters);
}

/* --- the second ------------------------------------------------------------------------------- */

struct second_reading {
    struct mailbox *mailbox;
    const struct mail_filter *filter;
    mail_fn *each;
    void *self;
};

bool mail_has_place(const struct mail_filter *f, const struct mail *mail)
{
    const struct letter_place place = mail->letter->source;

    for (size_t i = 0; i < f->n_places; i++)
        if (f->places[i].partition == place.partition && f->places[i].offset == place.offset)
            return true;
    return !f->places;
}

bool mail_is_liked(const struct mail_filter *f, const struct mail *mail)
{
    return (f->any_state || mail->letter->state == f->state) && mail->stored_ms >= f->since_ms &&
           (!f->reason || str_eq(mail->reason, str_from(f->reason))) &&
           (!f->key || glob_matches(str_from(f->key), mail->record.key)) && mail_has_place(f, mail);
}

size_t mail_own_headers(const struct mail *mail, struct log_header *ret)
{
    size_t n = 0;

    for (size_t i = 0; i < mail->n_headers; i++)
        if (strncmp(mail->headers[i].name, "redwal-", strlen("redwal-")) != 0)
            ret[n++] = mail->headers[i];
    return n;
}

static bool take_second(void *self, const struct record *record)
{
    const struct second_reading *r = self;
    struct letter_place source;
    struct label label;
    struct mail mail = { .record = *record, .stored_ms = record->timestamp_ms };

    read_label(r->mailbox, &label);
    if (!source_of(r->mailbox, &label, &source))
        return true;
    mail.letter = letters_find(&r->mailbox->letters, source);
    if (!mail.letter || mail.letter->at.partition != record->partition ||
        mail.letter->at.offset != record->offset)
        return true;
    mail.record.partition = source.partition;
    mail.record.offset = source.offset;
    if (!str_to_int64(value_of(&label, "redwal-source-timestamp"), &mail.record.timestamp_ms))
        mail.record.timestamp_ms = -1;
    mail.reason = value_of(&label, "redwal-reason");
    mail.detail = value_of(&label, "redwal-detail");
    mail.headers = label.headers;
    mail.n_headers = label.n;
    if (!mail_is_liked(r->filter, &mail))
        return true;
    progress_clear(&r->mailbox->scan.progress);
    return r->each(r->self, &mail);
}

enum err_code mailbox_each(struct mailbox *m, const struct mail_filter *filter, mail_fn *each,
                           void *self, struct err *err)
{
    struct second_reading reading = { m, filter, each, self };
    const enum err_code rc = scan_run(&m->scan, false, take_second, &reading, err);

    progress_clear(&m->scan.progress);
    return rc;
}

/* --- letters kept ----------------------------------------------------------------------------- */

static struct str copy(struct str bytes)
{
    return (struct str){ mem_copy_text(bytes.p ? bytes.p : "", bytes.n), bytes.n };
}

static void free_text(const char *text)
{
    free((char *)(uintptr_t)text);
}

static size_t size_of(const struct mail *mail)
{
    size_t n = sizeof(*mail) + mail->record.key.n + mail->record.value.n;

    for (size_t i = 0; i < mail->n_headers; i++)
        n += mail->headers[i].value.n + strlen(mail->headers[i].name);
    return n;
}

static void keep_headers(struct mail *mail, const struct mail *from)
{
    struct log_header *headers = mem_new(from->n_headers + 1, sizeof(*headers));

    for (size_t i = 0; i < from->n_headers; i++) {
        headers[i].name = mem_copy_text(from->headers[i].name, strlen(from->headers[i].name));
        headers[i].value = copy(from->headers[i].value);
    }
    mail->headers = headers;
}

bool mail_list_add(struct mail_list *l, const struct mail *mail)
{
    struct mail *kept;

    if (l->n_bytes + size_of(mail) > MAIL_LIST_MAX_BYTES)
        return false;
    l->n_bytes += size_of(mail);
    l->list = mem_resize(l->list, l->n + 1, sizeof(*l->list));
    kept = &l->list[l->n++];
    *kept = *mail;
    kept->record.key = copy(mail->record.key);
    kept->record.value = copy(mail->record.value);
    kept->reason = copy(mail->reason);
    kept->detail = copy(mail->detail);
    keep_headers(kept, mail);
    return true;
}

static int compare(const void *a, const void *b)
{
    const struct letter_place x = ((const struct mail *)a)->letter->source;
    const struct letter_place y = ((const struct mail *)b)->letter->source;

    if (x.partition != y.partition)
        return x.partition < y.partition ? -1 : 1;
    return (x.offset > y.offset) - (x.offset < y.offset);
}

void mail_list_sort(struct mail_list *l)
{
    if (l->n > 1)
        qsort(l->list, l->n, sizeof(*l->list), compare);
}

void mail_list_release(struct mail_list *l)
{
    for (size_t i = 0; i < l->n; i++) {
        struct mail *mail = &l->list[i];

        free_text(mail->record.key.p);
        free_text(mail->record.value.p);
        free_text(mail->reason.p);
        free_text(mail->detail.p);
        for (size_t k = 0; k < mail->n_headers; k++) {
            free_text(mail->headers[k].name);
            free_text(mail->headers[k].value.p);
        }
        free((struct log_header *)(uintptr_t)mail->headers);
    }
    free(l->list);
    *l = (struct mail_list){ 0 };
}
