-- In front of a registered script, on its first line. What the parameters behind `struct` name is
-- hidden by them: nothing is passed for it (core/lua/script_tail.lua).
local function script(KEYS, ARGV, redis, redwal, pairs, tostring, table, string, math, bit, cjson,
  cmsgpack, struct, _G, collectgarbage, coroutine, debug, dofile, gcinfo, getfenv, getmetatable, io,
  load, loadfile, loadstring, module, newproxy, next, os, print, rawequal, rawget, rawset, require,
  server, setfenv, setmetatable, xpcall)
