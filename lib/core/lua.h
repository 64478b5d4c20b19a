/*
 * What Redis runs, made from core/lua/ (cmake/Lua.cmake), and the names that EVALSHA has for it.
 * The text of a script is part of what is sent, so it is kept short there.
 */
#ifndef REDWAL_CORE_LUA_H
#define REDWAL_CORE_LUA_H

#include "base/str.h"

struct str lua_atomic(void);
struct str lua_atomic_sha(void);
/* What stands in front of and behind a registered script; see core/script.h. */
struct str lua_script_head(void);
struct str lua_script_head_sha(void);
struct str lua_script_tail(void);
struct str lua_script_tail_sha(void);

/* core/lua/log_time.lua */
struct str lua_log_time(void);
struct str lua_log_time_sha(void);

/* core/lua/repair.lua */
struct str lua_repair(void);
struct str lua_repair_sha(void);

#endif
