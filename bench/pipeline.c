/*
 * Sends a workload from memory to Redis over one connection, with no log behind it.
 *     pipeline --port N --workload set64|mix|ending --records N --depth N [--positions P]
 * `--depth` commands travel together; 1 is one command a round trip. With `--positions` each group
 * is a transaction that moves the positions of P partitions, over a verified chain as the
 * applier's (docs/adr/0002-verified-chain.md): what exactly-once costs in Redis.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <hiredis/hiredis.h>

#include "base/mem.h"
#include "measure.h"

static const size_t COMMANDS_BYTES_MAX = (size_t)1 << 32;

struct pipeline {
    redisContext *redis;
    struct buf commands; /* all of them, one behind the other */
    size_t *ends;        /* ends[i]: where commands 0 .. i-1 end */
    uint64_t n, depth, positions;
};

static void encode(struct pipeline *p, enum workload workload)
{
    struct step step;

    buf_init(&p->commands, COMMANDS_BYTES_MAX);
    p->ends = mem_new(p->n + 1, sizeof(*p->ends));
    for (uint64_t i = 0; i < p->n; i++) {
        workload_step(workload, i, &step);
        step_append_resp(&step, &p->commands);
        p->ends[i + 1] = p->commands.n;
    }
}

static uint64_t group_end(const struct pipeline *p, uint64_t from)
{
    return p->n - from < p->depth ? p->n : from + p->depth;
}

static void send_commands(struct pipeline *p, uint64_t from, uint64_t to)
{
    if (redisAppendFormattedCommand(p->redis, p->commands.p + p->ends[from],
                                    p->ends[to] - p->ends[from]) != REDIS_OK)
        measure_fail("Redis", p->redis->errstr);
}

static void receive(struct pipeline *p, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        redisReply *reply = NULL;

        if (redisGetReply(p->redis, (void **)&reply) != REDIS_OK)
            measure_fail("Redis", p->redis->errstr);
        if (reply->type == REDIS_REPLY_ERROR || reply->type == REDIS_REPLY_NIL)
            measure_fail("Redis refused a command", reply->str ? reply->str : "nil");
        freeReplyObject(reply);
    }
}

static void run_plain(struct pipeline *p)
{
    for (uint64_t from = 0; from < p->n; from = group_end(p, from)) {
        send_commands(p, from, group_end(p, from));
        receive(p, group_end(p, from) - from);
    }
}

/* MULTI, the operations and their positions, without the EXEC; returns how many commands. */
static uint64_t send_transaction(struct pipeline *p, uint64_t from)
{
    const uint64_t to = group_end(p, from);

    redisAppendCommand(p->redis, "MULTI");
    send_commands(p, from, to);
    for (uint64_t i = 0; i < p->positions; i++)
        redisAppendCommand(p->redis,
                           "HSET redwal:{bench}:p:%llu next %llu settled %llu log "
                           "4L6g3nShT-eMCtK--X86sw/8Zbu8Kq0TRmBGf2b6Vd2sA epoch 0 ts %llu "
                           "digest 0123456789abcdef",
                           (unsigned long long)i, (unsigned long long)to, (unsigned long long)from,
                           1700000000000ULL + to);
    return 1 + (to - from) + p->positions;
}

/* What the next transaction is verified by. */
static uint64_t send_watch(struct pipeline *p)
{
    for (uint64_t i = 0; i < p->positions; i++)
        redisAppendCommand(p->redis, "WATCH redwal:{bench}:p:%llu", (unsigned long long)i);
    for (uint64_t i = 0; i < p->positions; i++)
        redisAppendCommand(p->redis, "HMGET redwal:{bench}:p:%llu next log epoch",
                           (unsigned long long)i);
    return 2 * p->positions;
}

/* While Redis works on one transaction the commands of the next are under way; its EXEC waits for
 * the answers that verify it. */
static void run_chain(struct pipeline *p)
{
    uint64_t waiting = send_watch(p) + send_transaction(p, 0);

    for (uint64_t from = 0; from < p->n; from = group_end(p, from)) {
        receive(p, waiting);
        redisAppendCommand(p->redis, "EXEC");
        waiting = 1;
        if (group_end(p, from) < p->n)
            waiting += send_watch(p) + send_transaction(p, group_end(p, from));
    }
    receive(p, waiting);
}

int main(int argc, char **argv)
{
    const struct measure_options o = measure_options_read(argc, argv);
    struct pipeline p = { .n = o.n, .depth = o.depth, .positions = o.positions };
    double started_s, cpu_started_s;

    p.redis = redisConnect(o.host, (int)o.port);
    if (!p.redis || p.redis->err)
        measure_fail("Redis", p.redis ? p.redis->errstr : "no memory");
    encode(&p, o.workload);
    started_s = measure_now_s();
    cpu_started_s = measure_cpu_s();
    if (p.positions > 0)
        run_chain(&p);
    else
        run_plain(&p);
    measure_print(o.n, started_s, cpu_started_s);
    redisFree(p.redis);
    buf_release(&p.commands);
    free(p.ends);
    return EXIT_SUCCESS;
}
