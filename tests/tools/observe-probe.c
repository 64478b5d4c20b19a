/*
 * Observes a WAL as the controller does, so that tests can look at what it says, or does to it what
 * a restore wants done:
 *
 *     observe-probe WAL REDIS|sentinels:ADDRESSES [USER PASSWORD-FILE CA-FILE]
 *     observe-probe restore WAL REDIS|sentinels:ADDRESSES [USER PASSWORD-FILE CA-FILE]
 *     observe-probe log-agent
 *
 * Two lines on standard input say how to reach the brokers and which log it is, as
 * codec/log_look_json.h has them. After each look the first form prints a line: the status, how
 * many processes that ask brokers run, and how many were lost; and "! REASON" for each thing to be
 * told.
 *
 * The second form reads orders, and answers each with a line, as codec/restore_log_json.h has it:
 *
 *     plan QUESTION      makes the plan that further orders are of
 *     with QUESTION      its plan is the one that further orders are of
 *     group              sets the commits to where the plan begins
 *     wipe UID, release UID, skip UID
 *     within MS          so long each further order may take
 *
 * The third form is a process that asks brokers.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapter/redis_connect.h"
#include "adapter/redis_observer.h"
#include "base/arena.h"
#include "base/mem.h"
#include "codec/log_look_json.h"
#include "codec/restore_log_json.h"
#include "codec/wal_status_json.h"
#include "core/restore_plan.h"
#include "runtime/clock.h"
#include "runtime/log_agents.h"
#include "wiring/log_agent_main.h"

enum {
    INTERVAL_MS = 200,
    STEP_MS = 20,
    REDIS_TIMEOUT_MS = 2000,
    ANSWER_MS = 12000,
    FRESHNESS_MS = 8000,
    ORDER_MS = 20000,
    FILE_MAX = 65536,
    USAGE = 2,
};

#define SENTINELS "sentinels:"

struct probe {
    struct arena arena;
    struct log_place log;
    struct redis_place redis;
    struct log_agents *agents;
    struct redis_observer *observer;
    struct observed facts;
    struct wal_status status;
    struct wal_told told;
};

static bool read_line(char **ret)
{
    size_t size = 0;

    *ret = NULL;
    return getline(ret, &size, stdin) > 0;
}

static bool read_places(struct probe *p)
{
    struct err err = { 0 };
    char *access = NULL, *question = NULL;
    int64_t number;
    const bool ok =
        read_line(&access) && read_line(&question) &&
        log_access_decode(str_from(access), &p->arena, &p->log, &err) == ERR_OK &&
        log_question_decode(str_from(question), &p->arena, &number, &p->log, &err) == ERR_OK;

    if (!ok)
        fprintf(stderr, "observe-probe: %s\n", err.msg);
    free(access);
    free(question);
    return ok;
}

static char *read_file(const char *path)
{
    char *text = mem_new(FILE_MAX, 1);
    FILE *f = fopen(path, "r");

    if (!f || fread(text, 1, FILE_MAX - 1, f) == 0)
        fprintf(stderr, "observe-probe: %s cannot be read\n", path);
    if (f)
        fclose(f);
    return text;
}

static void print(struct probe *p)
{
    const struct wal_wanted wanted = { .wal = str_from(p->redis.wal),
                                       .freshness_ms = FRESHNESS_MS };
    const int64_t now_ms = clock_since_boot_ms();
    const struct wal_status_figures figures = { .generation = 1,
                                                .replicas = LOOK_UNKNOWN,
                                                .freshness_ms = observed_mark_age_ms(
                                                    &p->facts, now_ms, clock_wall_ms()),
                                                .now_ms = now_ms };
    struct wal_notice notices[WAL_NOTICES_MAX];
    struct wal_status now;
    struct buf out;
    size_t n;

    wal_status_judge(&wanted, &p->facts, &p->status, now_ms, clock_wall_ms(), &now);
    n = wal_status_notices(&p->status, &now, &p->facts, &p->told, notices);
    p->status = now;
    buf_init(&out, FILE_MAX);
    if (!wal_status_encode(&out, &now, &p->facts, &figures))
        UNREACHABLE("a status is small");
    for (size_t i = 0; i < n; i++)
        printf("! %s\n", notices[i].reason);
    printf("{\"agents\":%d,\"lost\":%d,\"status\":%.*s}\n", log_agents_running(p->agents),
           (int)log_agents_lost(p->agents), STR_ARGS(buf_str(&out)));
    fflush(stdout);
    buf_release(&out);
}

/* One question of each kind at a time; true: something was learned. */
static bool look(struct probe *p, bool ask_log, bool ask_redis, bool ret_had[2])
{
    const struct log_observer_port log = log_agents_port(p->agents);
    const struct redis_observer_port redis = redis_observer_port(p->observer);
    struct redis_look redis_look;
    struct log_look log_look;
    struct err err;
    uint64_t wal;

    p->redis.n_partitions = p->facts.n;
    ret_had[0] = ask_log && log.ops->ask(log.self, 1, &p->log, &err) != ERR_OK;
    ret_had[1] = ask_redis && redis.ops->ask(redis.self, 1, &p->redis, &err) != ERR_OK;
    log.ops->exchange(log.self);
    if (log.ops->next(log.self, &wal, &log_look)) {
        observed_learn_log(&p->facts, &log_look);
        ret_had[0] = true;
    }
    if (redis.ops->next(redis.self, &wal, &redis_look)) {
        observed_learn_redis(&p->facts, &redis_look);
        ret_had[1] = true;
    }
    return ret_had[0] || ret_had[1];
}

static void observe(struct probe *p)
{
    bool open[2] = { false, false }, had[2];
    int64_t due_ms[2] = { 0, 0 };

    for (;;) {
        const int64_t now_ms = clock_since_boot_ms();
        const bool ask[2] = { !open[0] && now_ms >= due_ms[0], !open[1] && now_ms >= due_ms[1] };

        if (look(p, ask[0], ask[1], had))
            print(p);
        for (int i = 0; i < 2; i++) {
            open[i] = (open[i] || ask[i]) && !had[i];
            due_ms[i] = had[i] ? now_ms + INTERVAL_MS : due_ms[i];
        }
        poll(NULL, 0, STEP_MS);
    }
}

/* --- restores --------------------------------------------------------------------------------- */

/* What is done, one order after the other. */
struct restorer {
    struct probe *probe;
    struct restore_plan plan;
    int64_t within_ms;
};

static void wait_for(struct probe *p)
{
    const struct log_observer_port log = log_agents_port(p->agents);

    poll(NULL, 0, 1);
    log.ops->exchange(log.self);
}

static void tell(const struct restore_log_result *result)
{
    struct buf out;

    buf_init(&out, LOG_LOOK_LINE_MAX);
    if (!restore_result_encode(&out, 0, result))
        UNREACHABLE("a plan fits into a line");
    printf("%.*s\n", STR_ARGS(buf_str(&out)));
    fflush(stdout);
    buf_release(&out);
}

static void order_log(struct restorer *r, struct restore_log_order order)
{
    const struct log_observer_port log = log_agents_port(r->probe->agents);
    struct restore_log_result result = { .outcome = RESTORE_FAILED };
    struct err err = { 0 };
    uint64_t wal;

    order.until_ms = clock_since_boot_ms() + r->within_ms;
    if (log.ops->restore(log.self, 1, &r->probe->log, &order, &err) == ERR_OK)
        while (!log.ops->next_restored(log.self, &wal, &result))
            wait_for(r->probe);
    tell(&result);
    if (result.plan.n == 0)
        return;
    restore_plan_release(&r->plan);
    r->plan = result.plan;
}

static void order_redis(struct restorer *r, enum restore_redis_action action, const char *uid)
{
    const struct redis_observer_port redis = redis_observer_port(r->probe->observer);
    const struct restore_redis_order order = { action, uid, &r->plan,
                                               clock_since_boot_ms() + r->within_ms };
    struct restore_redis_result done;
    struct restore_log_result result = { .outcome = RESTORE_FAILED };
    struct err err = { 0 };
    uint64_t wal;

    if (redis.ops->restore(redis.self, 1, &r->probe->redis, &order, &err) == ERR_OK) {
        while (!redis.ops->next_restored(redis.self, &wal, &done))
            poll(NULL, 0, 1);
        result.outcome = done.outcome;
        result.denied = done.denied;
        memcpy(result.why, done.why, sizeof(result.why));
    }
    tell(&result);
}

/* The text is one of codec/restore_log_json.h. */
static bool take_question(struct restorer *r, bool asks, struct str text)
{
    struct restore_question q;
    struct err err = { 0 };
    struct arena arena;
    bool ok;

    arena_init(&arena, FILE_MAX);
    ok = restore_question_decode(text, &arena, &q, &err) == ERR_OK && asks == !q.order.plan;
    if (ok && asks) {
        order_log(r, q.order);
    } else if (ok) {
        restore_plan_release(&r->plan);
        restore_plan_copy(q.order.plan, &r->plan);
    }
    arena_release(&arena);
    return ok;
}

static bool obey(struct restorer *r, struct str line)
{
    static const struct {
        const char *word;
        enum restore_redis_action action;
    } actions[] = {
        { "wipe ", RESTORE_REDIS_WIPE },
        { "release ", RESTORE_REDIS_RELEASE },
        { "skip ", RESTORE_REDIS_SKIP },
    };
    const char *blank = strchr(line.p, ' ');
    const struct str rest = str_from(blank ? blank + 1 : "");

    if (str_starts_with(line, STR_LITERAL("plan ")))
        return take_question(r, true, rest);
    if (str_starts_with(line, STR_LITERAL("with ")))
        return take_question(r, false, rest);
    if (str_starts_with(line, STR_LITERAL("within ")))
        return str_to_int64(rest, &r->within_ms);
    for (size_t i = 0; i < ARRAY_SIZE(actions); i++)
        if (str_starts_with(line, str_from(actions[i].word))) {
            order_redis(r, actions[i].action, rest.p);
            return true;
        }
    if (!str_eq(line, STR_LITERAL("group")))
        return false;
    order_log(r, (struct restore_log_order){ .question = RESTORE_LOG_SET_GROUP, .plan = &r->plan });
    return true;
}

static int restore(struct probe *p)
{
    static struct restorer r = { .within_ms = ORDER_MS };
    char *line;

    r.probe = p;
    while (read_line(&line)) {
        line[strcspn(line, "\n")] = '\0';
        if (!obey(&r, str_from(line))) {
            fprintf(stderr, "observe-probe: no order: %s\n", line);
            return USAGE;
        }
        free(line);
    }
    free(line);
    return EXIT_SUCCESS;
}

static void open_place(struct probe *p, int argc, char **argv)
{
    p->redis.wal = argv[0];
    p->redis.master_name = "mymaster";
    if (strncmp(argv[1], SENTINELS, strlen(SENTINELS)) == 0)
        p->redis.sentinels = argv[1] + strlen(SENTINELS);
    else
        p->redis.redis = argv[1];
    if (argc == 5)
        p->redis.login = (struct look_login){
            .user = argv[2], .password = read_file(argv[3]), .tls = true, .ca = read_file(argv[4])
        };
}

int main(int argc, char **argv)
{
    static const char *const command[] = { "/proc/self/exe", "log-agent", NULL };
    const struct redis_look_settings looks = { REDIS_TIMEOUT_MS, clock_since_boot_ms,
                                               clock_wall_ms };
    const struct log_agents_settings agents = { command, ANSWER_MS, clock_since_boot_ms,
                                                clock_wall_ms, 1 };
    static struct probe p;
    bool restores;

    if (argc == 2 && strcmp(argv[1], "log-agent") == 0)
        return log_agent_main();
    restores = argc > 1 && strcmp(argv[1], "restore") == 0;
    argc -= 1 + restores;
    argv += 1 + restores;
    if (argc != 2 && argc != 5) {
        fputs("usage: observe-probe [restore] WAL REDIS|sentinels:ADDRESSES "
              "[USER PASSWORD-FILE CA-FILE]\n",
              stderr);
        return USAGE;
    }
    arena_init(&p.arena, FILE_MAX);
    redis_connect_prepare();
    if (!read_places(&p))
        return EXIT_FAILURE;
    open_place(&p, argc, argv);
    p.agents = log_agents_new(&agents);
    p.observer = redis_observer_new(&looks);
    if (restores)
        return restore(&p);
    observed_init(&p.facts);
    p.facts.desired = p.facts.ready = 1;
    observe(&p);
}
