#include "stops.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/check.h"
#include "cli/exit_status.h"

static void end(int signal)
{
    (void)signal;
    _exit(EXIT_FAILED);
}

void stops_expect(struct stops *s)
{
    s->descriptor = STOPS_NONE;
    signal(SIGINT, end);
    signal(SIGTERM, end);
}

void stops_catch(struct stops *s)
{
    sigemptyset(&s->signals);
    sigaddset(&s->signals, SIGINT);
    sigaddset(&s->signals, SIGTERM);
    sigprocmask(SIG_BLOCK, &s->signals, NULL);
    s->descriptor = signalfd(-1, &s->signals, SFD_CLOEXEC | SFD_NONBLOCK);
    PRE(s->descriptor >= 0);
}

bool stops_have_come(const struct stops *s)
{
    struct pollfd ready = { .fd = s->descriptor, .events = POLLIN };

    return poll(&ready, 1, 0) > 0;
}

void stops_release(struct stops *s)
{
    struct signalfd_siginfo taken;

    while (read(s->descriptor, &taken, sizeof(taken)) > 0)
        continue;
    close(s->descriptor);
    s->descriptor = STOPS_NONE;
    sigprocmask(SIG_UNBLOCK, &s->signals, NULL);
}
