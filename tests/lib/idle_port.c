#include "idle_port.h"

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
