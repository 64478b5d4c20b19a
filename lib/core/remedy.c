#include "core/remedy.h"

#include <string.h>

bool remedy_is_needed(const char *remedy)
{
    return strcmp(remedy, "nothing") != 0;
}
