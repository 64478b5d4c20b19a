#include "restore_consent.h"

#include <stdio.h>
#include <unistd.h>

#include "cli/cell.h"

enum { TEXT_MAX_BYTES = 128 * 1024, ANSWER_MAX_BYTES = 256 };

bool restore_consent_can_ask(void)
{
    return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

/* "1,234 records" */
static void print_records(int64_t n, struct buf *out)
{
    if (n < 0)
        buf_print(out, "an unknown number of");
    else
        count_print(n, out);
    buf_print(out, " record%s", n == 1 ? "" : "s");
}

static int64_t records_behind(const struct restore_plan *plan)
{
    int64_t n = 0;

    for (int32_t i = 0; i < plan->n; i++)
        n += plan->partitions[i].end - plan->partitions[i].until;
    return n;
}

static void print_wiped(const struct wal_view *w, struct buf *out)
{
    buf_print(out, "  wiped:     every key of every database of ");
    if (w->primary.n > 0)
        buf_print(out, "%.*s", STR_ARGS(w->primary));
    else
        buf_print(out, "the primary, which the status does not name");
    if (w->pod.n > 0)
        buf_print(out, " (pod %.*s)", STR_ARGS(w->pod));
    buf_print(out, "\n");
}

static void print_deleted(const struct restore_objects *v, struct buf *out)
{
    for (int32_t i = 0; i < v->n; i++)
        buf_print(out, "  %s %s %s\n", i == 0 ? "deleted:  " : "          ",
                  restore_object_kind_text(v->at[i].kind), v->at[i].name);
}

static void print_replayed(const struct restore_status *s, struct buf *out)
{
    buf_print(out, "  replayed:  ");
    print_records(s->plan_records, out);
    if (s->plan_seconds >= 0) {
        buf_print(out, ", in about ");
        duration_print(s->plan_seconds * 1000, out);
    }
    buf_print(out, "\n");
}

static void print_lost(const struct restore_status *s, struct buf *out)
{
    buf_print(out, "  lost:      ");
    if (s->plan_lost == 0) {
        buf_print(out, "nothing that came by the log, which is whole\n");
        return;
    }
    print_records(s->plan_lost, out);
    buf_print(out, " that the log no longer holds\n");
}

static void print_behind(const struct restore_resource *r, struct buf *out)
{
    if (r->status.plan.to_end)
        return;
    buf_print(out, "  %s ",
              r->spec.after == RESTORE_AFTER_SKIP ? "left out:  for good," : "held:     ");
    print_records(records_behind(&r->status.plan), out);
    buf_print(out, " behind %s\n", r->status.to[0] == 'p' ? "those positions" : r->status.to);
}

static void print_which(const struct restore_resource *plan, struct buf *out)
{
    const struct restore_partitions *p = &plan->spec.partitions;

    buf_print(out, "keys");
    if (plan->spec.keys)
        buf_print(out, " that match %s", plan->spec.keys);
    for (int32_t i = 0; i < p->n; i++)
        buf_print(out, "%s%d",
                  i > 0      ? ","
                  : p->n > 1 ? " of partitions "
                             : " of partition ",
                  (int)p->at[i]);
}

static void print_scope(const struct restore_resource *plan, struct buf *out)
{
    buf_print(out, "  written:   ");
    print_which(plan, out);
    buf_print(out, ", where they differ; what was written to them past the log goes\n");
    if (plan->spec.keys && plan->spec.partitions.n == 0)
        buf_print(out, "  deleted:   those of them that the log does not make\n");
}

static void print_left(const struct restore_status *s, struct buf *out)
{
    if (s->plan_lost == 0)
        return;
    buf_print(out, "  left:      keys of partitions whose first records the log no longer holds\n");
}

static void print_of_keys(const struct wal_view *w, const struct restore_resource *plan,
                          struct buf *out)
{
    buf_print(out, "This writes keys of the Redis of RedisWal %.*s/%.*s as its log makes them:\n",
              STR_ARGS(w->scope), STR_ARGS(w->name));
    print_scope(plan, out);
    buf_print(out, "  read:      ");
    print_records(plan->status.plan_records, out);
    buf_print(out, "\n");
    print_left(&plan->status, out);
    buf_print(out, "Nothing is wiped, no applier stops, and all other keys stay as they are.\n");
}

static void print_of_revert(const struct wal_view *w, const struct restore_resource *plan,
                            struct buf *out)
{
    const bool to_positions = plan->status.to[0] == 'p';

    buf_print(
        out,
        "This appends records to the log of RedisWal %.*s/%.*s that make keys what they were:\n",
        STR_ARGS(w->scope), STR_ARGS(w->name));
    buf_print(out, "  appended:  ");
    print_which(plan, out);
    buf_print(out, ", where they differ, as they were at %s\n",
              to_positions ? "those positions" : plan->status.to);
    buf_print(
        out,
        "  undone:    what was written to these keys since then, on every site\n  read:      ");
    print_records(plan->status.plan_records, out);
    buf_print(out, " up to there, and those behind\n");
    print_left(&plan->status, out);
    buf_print(out, "Nothing is wiped, no applier stops, and all other keys stay as they are.\n");
}

void restore_consent_print(const struct wal_view *w, const struct restore_resource *plan,
                           struct buf *out)
{
    if (restore_spec_reverts(&plan->spec)) {
        print_of_revert(w, plan, out);
        return;
    }
    if (restore_spec_is_scoped(&plan->spec)) {
        print_of_keys(w, plan, out);
        return;
    }
    buf_print(out, "This wipes the Redis of RedisWal %.*s/%.*s and makes it anew from its log:\n",
              STR_ARGS(w->scope), STR_ARGS(w->name));
    print_wiped(w, out);
    print_deleted(&plan->status.objects, out);
    print_replayed(&plan->status, out);
    print_lost(&plan->status, out);
    print_behind(plan, out);
    buf_print(out, "What was written to Redis past the log cannot be brought back.\n");
}

bool restore_consent_ask(const struct wal_view *w, const struct restore_resource *plan)
{
    CLEANUP(buf_release) struct buf text = { 0 };
    char answer[ANSWER_MAX_BYTES];
    struct str given;

    buf_init(&text, TEXT_MAX_BYTES);
    restore_consent_print(w, plan, &text);
    fprintf(stderr, "%.*sType the name of the RedisWal to go on: ", STR_ARGS(buf_str(&text)));
    fflush(stderr);
    if (!fgets(answer, sizeof(answer), stdin))
        return false;
    given = str_from(answer);
    if (given.n > 0 && given.p[given.n - 1] == '\n')
        given.n--;
    return str_eq(given, w->name);
}
