/*
 * Has marks written into the logs of the RedisWals that ask for them: core/marking.h says which,
 * the process that asks the brokers writes them. None leaves after the lease's end, whatever
 * becomes of us meanwhile: that process is told when it is.
 */
#ifndef REDWAL_RUNTIME_WAL_MARKS_H
#define REDWAL_RUNTIME_WAL_MARKS_H

#include "port/observe.h"
#include "runtime/log.h"
#include "runtime/wal_looks.h"

struct wal_marks;

/* `seed`: of how much earlier than their interval marks are written, so that two who mark one log
 * do not keep step, and see each other. */
struct wal_marks *wal_marks_new(struct wal_looks *looks, const struct log_observer_port *port,
                                uint64_t seed, struct log *log);
void wal_marks_free(struct wal_marks *m); /* NULL is fine */

/* Whether marks are written for it. */
bool wal_marks_are_wanted(const struct wal_watch *w);
enum marking_state wal_marks_state(const struct wal_watch *w, int64_t now_ms);

/* How old what readers of its Redis see is: by marks where it has any to go by, and at an active
 * site that writes none by its own log. LOOK_UNKNOWN. */
int64_t wal_marks_freshness_ms(const struct wal_watch *w, int64_t now_ms, int64_t wall_ms);

/* We lead again, and somebody else may have written meanwhile. */
void wal_marks_begin(struct wal_marks *m);
/* What was ordered and has no result yet: not to be left to the next leader. */
bool wal_marks_are_open(const struct wal_marks *m);
/* Takes results, and orders what is due. `ends_ms`: until then we lead; INT64_MIN: we do not. Call
 * it after wal_looks_step(), and when wal_marks_due_ms() has come. */
void wal_marks_step(struct wal_marks *m, int64_t now_ms, int64_t wall_ms, int64_t ends_ms);
int64_t wal_marks_due_ms(const struct wal_marks *m, int64_t now_ms, int64_t ends_ms);

#endif
