#include "wiring/log_agent_main.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "adapter/log_look_rdkafka.h"
#include "runtime/clock.h"
#include "runtime/log_agent.h"
#include "runtime/process.h"

enum { QUESTION_TIMEOUT_MS = 5000 };

static enum err_code open_looker(const struct log_place *place, void **ret_self, struct err *err)
{
    const struct log_looker_settings settings = {
        .timeout_ms = QUESTION_TIMEOUT_MS,
        .monotonic_ms = clock_monotonic_ms,
        .wall_ms = clock_wall_ms,
    };
    struct log_looker *looker;
    const enum err_code rc = log_looker_new(place, &settings, &looker, err);

    if (rc == ERR_OK)
        *ret_self = looker;
    return rc;
}

static void *share(void *self)
{
    return log_looker_share(self);
}

static void look(void *self, const char *topic, const char *group, struct log_look *ret)
{
    log_looker_ask(self, topic, group, ret);
}

static void close_looker(void *self)
{
    log_looker_free(self);
}

int log_agent_main(void)
{
    static const struct log_agent_source source = { open_looker, share, look, close_looker };
    struct err err;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    process_protect_memory();
    if (log_agent_serve(STDIN_FILENO, STDOUT_FILENO, &source, &err) == ERR_OK)
        return EXIT_SUCCESS;
    fprintf(stderr, "log-agent: %s\n", err.msg);
    return EXIT_FAILURE;
}
