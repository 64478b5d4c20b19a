#include "stops.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include "base/check.h"

void stops_catch(struct stops *s)
{
    sigemptyset(&s->signals);
    sigaddset(&s->signals, SIGINT);
    sigaddset(&s->signals, SIGTERM);
    sigprocmask(SIG_BLOCK, &s->signals, NULL);
    s->descriptor = signalfd(-1, &s->signals, SFD_CLOEXEC | SFD_NONBLOCK);
    PRE(s->descriptor >= 0);
}

void stops_release(struct stops *s)
{
    struct signalfd_siginfo taken;

    while (read(s->descriptor, &taken, sizeof(taken)) > 0)
        continue;
    close(s->descriptor);
    sigprocmask(SIG_UNBLOCK, &s->signals, NULL);
}
