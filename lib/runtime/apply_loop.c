#include "runtime/apply_loop.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "runtime/apply_report.h"
#include "runtime/clock.h"
#include "runtime/prepare.h"
#include "runtime/schemas.h"
#include "runtime/until_end.h"

enum {
    READ_MAX = 512, /* records between two looks at Redis */
    RELEASE_MAX = 512,
    ASK_MAX = PARTITIONS_MAX,
    REPORT_INTERVAL_MS = 250,
    LOOK_INTERVAL_MS = 1000,
    POLL_MAX_MS = 1000, /* the log must be asked for events at least that often */
};

/* Whether it takes no more records, and why. */
enum draining { DRAINING_NOT, DRAINING_TO_RENEW, DRAINING_TO_STOP };

struct apply_loop {
    const struct apply_loop_settings *settings;
    const struct apply_loop_ports *ports;
    struct applier *applier;
    struct schemas *schemas;
    struct prepare *prepare;
    struct until_end until_end;
    struct apply_report report;
    int64_t wall_minus_monotonic_ms;
    int64_t report_at_ms;
    int64_t look_at_ms;
    bool log_may_have_more;
    enum draining draining;
    int64_t drain_until_ms;
    struct canonical_context context;
    struct command_set server_commands;
    int32_t asked[ASK_MAX]; /* partitions whose facts are to be asked for */
    size_t n_asked;
};

/* The date by a clock that never jumps, so that one time serves timeouts and latencies. */
static int64_t now_ms(const struct apply_loop *l)
{
    return clock_monotonic_ms() + l->wall_minus_monotonic_ms;
}

static void log_note(struct log *log, enum note_level level, const char *text)
{
    static const enum log_level levels[] = {
        [NOTE_ERROR] = LOG_LEVEL_ERROR,
        [NOTE_WARN] = LOG_LEVEL_WARN,
        [NOTE_INFO] = LOG_LEVEL_INFO,
        [NOTE_DEBUG] = LOG_LEVEL_DEBUG,
    };
    struct log_line line;

    if (!log_has_level(log, levels[level]))
        return;
    log_line_begin(&line, log, levels[level], str_from(text));
    log_line_end(&line);
}

/* --- effects ---------------------------------------------------------------------------------- */

static void remember_primary(struct apply_loop *l, const struct primary_facts *facts)
{
    l->server_commands = facts->commands;
    if (l->settings->known_commands)
        command_set_keep(&l->server_commands, l->settings->known_commands);
    l->context.server = &l->server_commands;
    l->context.clock_skew_ms = applier_clock_skew_ms(l->applier);
    if (l->context.clock_skew_ms != 0)
        log_warn(l->ports->log, "Redis and this machine disagree about the time skew_ms=%lld",
                 (long long)l->context.clock_skew_ms);
    if (facts->evicts)
        log_error(l->ports->log,
                  "Redis may evict keys, which loses writes: set maxmemory-policy to noeviction");
}

static void store_dead_letter(struct apply_loop *l, const struct effect *effect)
{
    const struct dead_letters *dead_letters = &l->ports->dead_letters;
    const struct wal *wal = &l->ports->wal;
    struct wal_record record;
    struct err err = { 0 };

    wal->ops->view(wal->self, effect->message, &record);
    if (dead_letters->ops->store(dead_letters->self, &record, effect->reject, &err) != ERR_OK)
        applier_dead_letter(l->applier, effect->partition, effect->offset, false, err.msg,
                            now_ms(l));
}

static void start_or_stop(struct apply_loop *l, const struct effect *effect)
{
    const struct wal *wal = &l->ports->wal;
    struct err err = { 0 };
    enum err_code rc;

    if (effect->type == EFFECT_START)
        rc = wal->ops->start(wal->self, effect->partition, effect->offset, &err);
    else
        rc = wal->ops->stop(wal->self, effect->partition, &err);
    if (rc == ERR_OK)
        return;
    log_warn(l->ports->log, "Could not move in the log partition=%d error=%s",
             (int)effect->partition, err.msg);
    if (effect->type == EFFECT_START)
        applier_out_of_log(l->applier, effect->partition, now_ms(l));
}

static void run_effect(struct apply_loop *l, const struct effect *effect)
{
    const struct apply_loop_ports *ports = l->ports;

    switch (effect->type) {
    case EFFECT_CONNECT:
        ports->sink.ops->connect(ports->sink.self);
        return;
    case EFFECT_DISCONNECT:
        ports->sink.ops->disconnect(ports->sink.self);
        return;
    case EFFECT_ASK_FACTS:
        if (l->n_asked < ASK_MAX)
            l->asked[l->n_asked++] = effect->partition;
        return;
    case EFFECT_START:
    case EFFECT_STOP:
        start_or_stop(l, effect);
        return;
    case EFFECT_STORE_DEAD_LETTER:
        store_dead_letter(l, effect);
        return;
    case EFFECT_COMMIT:
        ports->wal.ops->commit(ports->wal.self, effect->partition, effect->offset);
        return;
    case EFFECT_NOTE:
        log_note(ports->log, effect->level, effect->note);
        return;
    }
}

static void ask_facts(struct apply_loop *l)
{
    const struct wal *wal = &l->ports->wal;
    struct err err = { 0 };

    if (l->n_asked > 0 && wal->ops->ask_facts(wal->self, l->asked, l->n_asked, &err) != ERR_OK)
        log_warn(l->ports->log, "Could not ask the log where it begins and ends error=%s", err.msg);
    l->n_asked = 0;
}

static void release_messages(struct apply_loop *l)
{
    const struct wal *wal = &l->ports->wal;
    void *messages[RELEASE_MAX];
    size_t n;

    while ((n = applier_take_released(l->applier, messages, RELEASE_MAX)) > 0)
        for (size_t i = 0; i < n; i++)
            wal->ops->release(wal->self, messages[i]);
}

/* Does what the applier decided, until it has nothing more to say. */
static void act(struct apply_loop *l)
{
    const struct sink *sink = &l->ports->sink;
    struct buf *output = applier_output(l->applier);
    struct effect effect;
    struct err err = { 0 };

    do {
        while (applier_next_effect(l->applier, &effect))
            run_effect(l, &effect);
        output = applier_output(l->applier);
        if (output->n > 0 && sink->ops->send(sink->self, output, &err) != ERR_OK) {
            buf_clear(output);
            sink->ops->disconnect(sink->self);
            applier_disconnected(l->applier, err.msg, now_ms(l));
        }
    } while (applier_has_effects(l->applier));
    ask_facts(l);
    release_messages(l);
}

/* --- events ----------------------------------------------------------------------------------- */

static void read_replies(struct apply_loop *l)
{
    const struct sink *sink = &l->ports->sink;
    const struct reply *reply;
    struct err err = { 0 };
    bool wants_write;
    enum err_code rc;

    if (sink->ops->descriptor(sink->self, &wants_write) < 0)
        return;
    rc = sink->ops->exchange(sink->self, &err);
    while (rc == ERR_OK) {
        rc = sink->ops->next_reply(sink->self, &reply, &err);
        if (rc != ERR_OK || !reply)
            break;
        if (!applier_reply(l->applier, reply, now_ms(l)))
            return;
    }
    if (rc == ERR_OK)
        return;
    sink->ops->disconnect(sink->self);
    applier_disconnected(l->applier, err.msg, now_ms(l));
}

static void refuse_partition(struct apply_loop *l, int32_t partition)
{
    struct wal_event trouble = { .type = WAL_TROUBLE, .partition = -1 };

    snprintf(trouble.text, sizeof(trouble.text),
             "partition %d is not applied: an applier knows %d partitions at most", (int)partition,
             (int)PARTITIONS_MAX);
    log_error(l->ports->log, "The topic is too wide: %s", trouble.text);
    apply_report_event(&l->report, &trouble);
}

static void take_event(struct apply_loop *l, const struct wal_event *event)
{
    const int32_t partition = event->partition;

    if (partition >= PARTITIONS_MAX) {
        refuse_partition(l, partition);
        return;
    }
    apply_report_event(&l->report, event);
    switch (event->type) {
    case WAL_ASSIGNED:
        applier_assigned(l->applier, partition, now_ms(l));
        return;
    case WAL_REVOKED:
        applier_revoked(l->applier, partition, now_ms(l));
        return;
    case WAL_END:
        applier_log_end(l->applier, partition, event->offset, now_ms(l));
        return;
    case WAL_OUT_OF_LOG:
        applier_out_of_log(l->applier, partition, now_ms(l));
        return;
    case WAL_FACTS:
        until_end_facts(&l->until_end, partition, &event->facts);
        applier_log_facts(l->applier, partition, event->facts.log, event->facts.begin,
                          event->facts.end, now_ms(l));
        return;
    case WAL_BALANCED:
    case WAL_TROUBLE:
    case WAL_RECOVERED:
        return;
    }
}

/* Whether all is known that judging a record takes. */
static bool can_judge(struct apply_loop *l)
{
    const struct wal *wal = &l->ports->wal;

    if (l->settings->cross_partition)
        return true;
    l->context.n_partitions = wal->ops->n_partitions(wal->self);
    return l->context.n_partitions > 0;
}

static void take_record(struct apply_loop *l, const struct wal_record *wal_record, int64_t now)
{
    const struct apply_loop_reader *reader = &l->ports->reader;
    const struct record *record = &wal_record->record;
    struct buf *commands = applier_commands(l->applier, record->partition);
    struct prepared prepared;

    l->context.log_time =
        applier_log_time(l->applier, record->partition, record->timestamp_ms, now);
    if (!prepare_record(l->prepare, wal_record, &l->context, now, commands, &prepared)) {
        applier_postpone(l->applier, record->partition, record->offset, wal_record->message, now);
        return;
    }
    if (reader->read)
        reader->read(reader->self, &prepared);
    applier_offer(l->applier, &prepared, now);
}

static void take_records(struct apply_loop *l)
{
    const struct wal *wal = &l->ports->wal;
    struct wal_record records[READ_MAX];
    size_t room = applier_room(l->applier);
    int64_t now; /* one for all: the clock costs more than some of what is done to a record */
    size_t n;

    l->log_may_have_more = false;
    if (l->draining || room == 0 || !can_judge(l))
        return;
    if (room > READ_MAX)
        room = READ_MAX;
    n = wal->ops->read(wal->self, records, room);
    now = now_ms(l);
    for (size_t i = 0; i < n; i++)
        take_record(l, &records[i], now);
    l->log_may_have_more = n == room;
    if (n > 0)
        applier_flush(l->applier, now_ms(l));
}

/* What the registry told may be what postponed records waited for. */
static void take_schemas(struct apply_loop *l)
{
    if (schemas_turn(l->schemas, now_ms(l)))
        applier_proceed(l->applier);
}

static void take_connection(struct apply_loop *l)
{
    const struct sink *sink = &l->ports->sink;
    struct primary_facts facts = { 0 };
    struct err err = { 0 };
    enum err_code rc;

    if (sink->ops->moved(sink->self))
        applier_primary_moved(l->applier, now_ms(l));
    if (!sink->ops->connected(sink->self, &rc, &facts, &err))
        return;
    if (rc != ERR_OK) {
        applier_connect_failed(l->applier, err.msg, now_ms(l));
        return;
    }
    applier_connected(l->applier, &facts, now_ms(l));
    remember_primary(l, &facts);
}

static void take_events(struct apply_loop *l)
{
    const struct apply_loop_ports *ports = l->ports;
    struct dead_letter_receipt receipt;
    struct wal_event event;

    while (ports->wal.ops->next_event(ports->wal.self, &event))
        take_event(l, &event);
    while (ports->dead_letters.ops->next_receipt(ports->dead_letters.self, &receipt))
        applier_dead_letter(l->applier, receipt.partition, receipt.offset, receipt.stored,
                            receipt.text, now_ms(l));
    take_connection(l);
}

/* --- waiting ---------------------------------------------------------------------------------- */

static int64_t wait_ms(const struct apply_loop *l)
{
    const int64_t now = now_ms(l);
    int64_t at_ms = applier_wakes_at_ms(l->applier);

    if (schemas_wakes_at_ms(l->schemas) < at_ms)
        at_ms = schemas_wakes_at_ms(l->schemas);
    if (l->log_may_have_more && applier_room(l->applier) > 0)
        return 0;
    if (l->report_at_ms < at_ms)
        at_ms = l->report_at_ms;
    if (at_ms <= now)
        return 0;
    return at_ms - now < POLL_MAX_MS ? at_ms - now : POLL_MAX_MS;
}

/* What somebody outside wants. */
struct wishes {
    bool stop, look;
};

static struct wishes wait(const struct apply_loop *l)
{
    const struct apply_loop_ports *ports = l->ports;
    const bool stopping = l->draining == DRAINING_TO_STOP;
    bool wants_write = false;
    struct pollfd fds[] = {
        { .fd = stopping ? -1 : ports->stop_descriptor, .events = POLLIN },
        { .fd = ports->sink.ops->descriptor(ports->sink.self, &wants_write), .events = POLLIN },
        { .fd = ports->wal.ops->descriptor(ports->wal.self), .events = POLLIN },
        { .fd = ports->dead_letters.ops->descriptor(ports->dead_letters.self), .events = POLLIN },
        { .fd = ports->sink.ops->news_descriptor(ports->sink.self), .events = POLLIN },
        { .fd = l->draining || !ports->control.look ? -1 : ports->control.descriptor,
          .events = POLLIN },
        { .fd = ports->registry.ops ? ports->registry.ops->descriptor(ports->registry.self) : -1,
          .events = POLLIN },
    };

    if (wants_write)
        fds[1].events = POLLIN | POLLOUT;
    if (poll(fds, ARRAY_SIZE(fds), (int)wait_ms(l)) < 0 && errno != EINTR)
        UNREACHABLE("poll() of valid descriptors");
    return (struct wishes){ fds[0].revents & POLLIN, fds[5].revents & POLLIN };
}

static void begin_draining(struct apply_loop *l, enum draining why)
{
    log_info(l->ports->log, "%s, finishing what is in flight timeout_ms=%lld",
             why == DRAINING_TO_STOP ? "Stopping" : "Renewing clients",
             (long long)l->settings->drain_timeout_ms);
    l->draining = why;
    l->drain_until_ms = now_ms(l) + l->settings->drain_timeout_ms;
}

static void look_for_changes(struct apply_loop *l)
{
    const struct apply_loop_control *control = &l->ports->control;

    l->look_at_ms = now_ms(l) + LOOK_INTERVAL_MS;
    switch (control->look(control->self)) {
    case APPLY_LOOP_RENEW:
        begin_draining(l, DRAINING_TO_RENEW);
        return;
    case APPLY_LOOP_TUNE:
        applier_tune(l->applier, &l->settings->applier, now_ms(l));
        return;
    case APPLY_LOOP_GO_ON:
        return;
    }
}

static void turn(struct apply_loop *l)
{
    const struct wishes wishes = wait(l);

    if (wishes.stop && l->draining != DRAINING_TO_STOP)
        begin_draining(l, DRAINING_TO_STOP);
    if (l->ports->control.look && !l->draining && (wishes.look || now_ms(l) >= l->look_at_ms))
        look_for_changes(l);
    read_replies(l);
    act(l);
    take_events(l);
    take_schemas(l);
    act(l);
    take_records(l);
    if (now_ms(l) >= applier_wakes_at_ms(l->applier))
        applier_tick(l->applier, now_ms(l));
    act(l);
    if (now_ms(l) >= l->report_at_ms) {
        l->report_at_ms = now_ms(l) + REPORT_INTERVAL_MS;
        apply_report_publish(&l->report, l->applier, l->schemas, now_ms(l));
        until_end_ask(&l->until_end, l->applier, &l->ports->wal);
    }
}

static bool is_over(const struct apply_loop *l, enum apply_loop_end *ret_end)
{
    const bool stopping = l->draining == DRAINING_TO_STOP;

    if (l->draining && applier_is_drained(l->applier)) {
        *ret_end = stopping ? APPLY_LOOP_STOPPED : APPLY_LOOP_RENEWED;
        return true;
    }
    if (l->draining && now_ms(l) >= l->drain_until_ms) {
        *ret_end = stopping ? APPLY_LOOP_CUT_SHORT : APPLY_LOOP_RENEWED;
        return true;
    }
    if (!l->settings->until_end || l->draining)
        return false;
    switch (until_end_check(&l->until_end, l->applier)) {
    case UNTIL_END_REACHED:
        *ret_end = APPLY_LOOP_AT_END;
        return true;
    case UNTIL_END_HELD:
        *ret_end = APPLY_LOOP_HELD;
        return true;
    case UNTIL_END_NOT_YET:
        return false;
    }
    return false;
}

enum apply_loop_end apply_loop_run(const struct apply_loop_settings *settings,
                                   const struct apply_loop_ports *ports)
{
    struct apply_loop *l = mem_new(1, sizeof(*l));
    enum apply_loop_end end = APPLY_LOOP_STOPPED;

    l->settings = settings;
    l->ports = ports;
    l->wall_minus_monotonic_ms = clock_wall_ms() - clock_monotonic_ms();
    l->context.server = &l->server_commands;
    l->context.partitioner = settings->partitioner;
    l->context.scripts = settings->applier.scripts;
    l->schemas = schemas_new(&ports->registry, settings->applier.seed);
    l->prepare = prepare_new(settings->max_record_bytes, settings->format, l->schemas);
    l->applier = applier_new(&settings->applier, now_ms(l));
    apply_report_init(&l->report, ports->health, ports->metrics);

    while (!is_over(l, &end))
        turn(l);

    applier_commit_now(l->applier);
    act(l);
    apply_report_publish(&l->report, l->applier, l->schemas, now_ms(l));
    if (end == APPLY_LOOP_RENEWED)
        apply_report_forget(&l->report, l->applier);
    applier_abandon(l->applier);
    release_messages(l);
    ports->sink.ops->disconnect(ports->sink.self);
    applier_free(l->applier);
    prepare_free(l->prepare);
    schemas_free(l->schemas);
    until_end_release(&l->until_end);
    free(l);
    return end;
}
