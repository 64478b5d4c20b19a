#include "wiring/log_agent_main.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "adapter/log_look_rdkafka.h"
#include "base/mem.h"
#include "runtime/clock.h"
#include "runtime/log_agent.h"
#include "runtime/process.h"
#include "wiring/log_restorer.h"
#include "wiring/mark_writer.h"
#include "wiring/offset_readers.h"

enum { QUESTION_TIMEOUT_MS = 5000 };

/* Of one thread. */
struct source {
    const struct log_place *place;
    struct log_looker *looker;
    struct mark_writer *marks;    /* of all threads */
    struct offset_looks *offsets; /* the same */
    bool is_shared;               /* another one's, which is closed after this */
};

static enum err_code open_source(const struct log_place *place, void **ret_self, struct err *err)
{
    const struct log_looker_settings settings = {
        .timeout_ms = QUESTION_TIMEOUT_MS,
        .monotonic_ms = clock_monotonic_ms,
        .wall_ms = clock_wall_ms,
    };
    const struct offset_looks_source offsets = offset_readers_source(place);
    struct log_looker *looker;
    const enum err_code rc = log_looker_new(place, &settings, &looker, err);
    struct source *s;

    if (rc != ERR_OK)
        return rc;
    *ret_self = s = mem_new(1, sizeof(*s));
    *s = (struct source){ .place = place,
                          .looker = looker,
                          .marks = mark_writer_new(place),
                          .offsets = offset_looks_new(&offsets) };
    return ERR_OK;
}

static void *share(void *self)
{
    const struct source *s = self;
    struct source *shared = mem_new(1, sizeof(*shared));

    *shared = (struct source){ .place = s->place,
                               .looker = log_looker_share(s->looker),
                               .marks = s->marks,
                               .offsets = s->offsets,
                               .is_shared = true };
    return shared;
}

static void look(void *self, const char *topic, const char *group, struct log_look *ret)
{
    const struct source *s = self;

    offset_looks_tidy(s->offsets);
    log_looker_ask(s->looker, topic, group, ret);
}

static void look_stored(void *self, const struct log_place *place, struct log_look *ret)
{
    const struct source *s = self;

    offset_looks_ask(s->offsets, place, ret);
}

static void mark(void *self, const char *topic, const struct mark_record *records, int32_t n,
                 int64_t until_ms, struct mark_result *ret)
{
    const struct source *s = self;

    mark_writer_write(s->marks, topic, records, n, until_ms, ret);
}

static void restore(void *self, const char *topic, const char *group,
                    const struct restore_log_order *order, struct restore_log_result *ret)
{
    const struct source *s = self;
    const struct log_restorer r = { s->place, s->looker, topic, group };

    log_restorer_do(&r, order, ret);
}

static void close_source(void *self)
{
    struct source *s = self;

    if (!s->is_shared) {
        mark_writer_free(s->marks);
        offset_looks_free(s->offsets);
    }
    log_looker_free(s->looker);
    free(s);
}

int log_agent_main(void)
{
    static const struct log_agent_source source = { open_source, share,   look,        look_stored,
                                                    mark,        restore, close_source };
    struct err err;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    process_protect_memory();
    if (log_agent_serve(STDIN_FILENO, STDOUT_FILENO, &source, &err) == ERR_OK)
        return EXIT_SUCCESS;
    fprintf(stderr, "log-agent: %s\n", err.msg);
    return EXIT_FAILURE;
}
