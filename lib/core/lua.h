/*
 * What Redis runs for envelopes, made from core/lua/ (cmake/Lua.cmake). The text of a script is
 * part of what is sent, so it is kept short there.
 */
#ifndef REDWAL_CORE_LUA_H
#define REDWAL_CORE_LUA_H

#include "base/str.h"

struct str lua_atomic(void);
/* What stands in front of and behind a registered script; see core/script.h. */
struct str lua_script_head(void);
struct str lua_script_tail(void);

#endif
