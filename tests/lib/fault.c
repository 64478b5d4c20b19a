#include "fault.h"

struct fault fault_at(unsigned k)
{
    return (struct fault){ .countdown = k };
}

bool fault_tick(struct fault *f)
{
    if (f->countdown == 0 || --f->countdown > 0)
        return false;
    f->seen = true;
    return true;
}
