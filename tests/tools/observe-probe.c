/*
 * Observes a WAL as the controller does, so that tests can look at what it says:
 *
 *     observe-probe WAL REDIS|sentinels:ADDRESSES [USER PASSWORD-FILE CA-FILE]
 *     observe-probe log-agent
 *
 * Two lines on standard input say how to reach the brokers and which log it is, as
 * codec/log_look_json.h has them. After each look it prints a line: the status, how many processes
 * that ask brokers run, and how many were lost; and "! REASON" for each thing to be told. The
 * second form is such a process.
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
#include "codec/wal_status_json.h"
#include "runtime/clock.h"
#include "runtime/log_agents.h"
#include "wiring/log_agent_main.h"

enum {
    INTERVAL_MS = 200,
    STEP_MS = 20,
    REDIS_TIMEOUT_MS = 2000,
    ANSWER_MS = 12000,
    FRESHNESS_MS = 2000,
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
    const int64_t now_ms = clock_monotonic_ms();
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
        const int64_t now_ms = clock_monotonic_ms();
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

int main(int argc, char **argv)
{
    static const char *const command[] = { "/proc/self/exe", "log-agent", NULL };
    const struct redis_look_settings looks = { REDIS_TIMEOUT_MS, clock_monotonic_ms,
                                               clock_wall_ms };
    const struct log_agents_settings agents = { command, ANSWER_MS, clock_monotonic_ms,
                                                clock_wall_ms, 1 };
    static struct probe p;

    if (argc == 2 && strcmp(argv[1], "log-agent") == 0)
        return log_agent_main();
    if (argc != 3 && argc != 6) {
        fputs("usage: observe-probe WAL REDIS|sentinels:ADDRESSES [USER PASSWORD-FILE CA-FILE]\n",
              stderr);
        return USAGE;
    }
    arena_init(&p.arena, FILE_MAX);
    redis_connect_prepare();
    if (!read_places(&p))
        return EXIT_FAILURE;
    p.redis.wal = argv[1];
    p.redis.master_name = "mymaster";
    if (strncmp(argv[2], SENTINELS, strlen(SENTINELS)) == 0)
        p.redis.sentinels = argv[2] + strlen(SENTINELS);
    else
        p.redis.redis = argv[2];
    if (argc == 6)
        p.redis.login = (struct look_login){
            .user = argv[3], .password = read_file(argv[4]), .tls = true, .ca = read_file(argv[5])
        };
    observed_init(&p.facts);
    p.facts.desired = p.facts.ready = 1;
    p.agents = log_agents_new(&agents);
    p.observer = redis_observer_new(&looks);
    observe(&p);
}
