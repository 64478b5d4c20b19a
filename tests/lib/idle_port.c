#include "idle_port.h"

#include "base/check.h"

void idle_port_exchange(void *self)
{
    (void)self;
}

int idle_port_descriptor(void *self)
{
    (void)self;
    return -1;
}

int64_t idle_port_wait_ms(void *self)
{
    (void)self;
    return -1;
}

static bool next_redis(void *self, uint64_t *ret_wal, struct redis_look *ret_look)
{
    (void)self, (void)ret_wal, (void)ret_look;
    return false;
}

static bool news(void *self, struct redis_news *ret)
{
    (void)self, (void)ret;
    return false;
}

struct redis_observer_port idle_port_redis(void)
{
    static const struct observe_redis_ops ops = { .next = next_redis,
                                                  .news = news,
                                                  .descriptor = idle_port_descriptor };

    return (struct redis_observer_port){ &ops, NULL };
}

static bool next_log(void *self, uint64_t *ret_wal, struct log_look *ret_look)
{
    (void)self, (void)ret_wal, (void)ret_look;
    return false;
}

struct log_observer_port idle_port_log(void)
{
    static const struct observe_log_ops ops = { .exchange = idle_port_exchange,
                                                .next = next_log,
                                                .descriptor = idle_port_descriptor,
                                                .wait_ms = idle_port_wait_ms };

    return (struct log_observer_port){ &ops, NULL };
}

static enum err_code ask_mirror(void *self, uint64_t wal, const struct mirror_place *mirror,
                                enum mirror_effect effect, int64_t until_ms, struct err *err)
{
    (void)self, (void)wal, (void)mirror, (void)effect, (void)until_ms, (void)err;
    UNREACHABLE("no mirror is named");
}

static bool next_mirror(void *self, uint64_t *ret_wal, struct mirror_answer *ret_answer)
{
    (void)self, (void)ret_wal, (void)ret_answer;
    return false;
}

struct mirror_observer_port idle_port_mirror(void)
{
    static const struct observe_mirror_ops ops = { ask_mirror, next_mirror, idle_port_descriptor };

    return (struct mirror_observer_port){ &ops, NULL };
}
