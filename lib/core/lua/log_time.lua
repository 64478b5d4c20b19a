-- Deadlines in log time. KEYS[1] is the partition's index: the keys that have a deadline, each with
-- one that is not later than its first. ARGV says what to do:
--   look <log time> ...       ends what is due of the other KEYS, as the index says: each by a time of
--                             its own, or all by the one that there is
--   look-all <log time>       the same whatever the index says, and deadlines by the clock of Redis
--                             become deadlines in log time
--   sweep <log time> <n>      ends what is due of n members of the index at most
--   turn <skew> <n>           deadlines of n members become deadlines by the clock of Redis, the
--                             latest first; answers how many are left
local index, what, by = KEYS[1], ARGV[1], tonumber(ARGV[2])
local keys, times = {}, {}
if what == 'look' then
  local firsts = redis.call('ZMSCORE', index, unpack(KEYS, 2))
  for i = 1, #firsts do
    local first, time = firsts[i], by
    if first and ARGV[3] then
      time = tonumber(ARGV[i + 1])
    end
    if first and tonumber(first) <= time then
      keys[#keys + 1] = KEYS[i + 1]
      times[#keys] = time
    end
  end
elseif what == 'look-all' then
  keys = { unpack(KEYS, 2) }
elseif what == 'sweep' then
  keys = redis.call('ZRANGEBYSCORE', index, '-inf', ARGV[2], 'LIMIT', 0, ARGV[3])
else
  keys = redis.call('ZREVRANGE', index, 0, ARGV[3] - 1)
end
if #keys == 0 then
  return 0
end

local shift = 35184372088832

-- Redis 6.2 only tells how much time is left.
local function deadline(key)
  local at = redis.pcall('PEXPIRETIME', key)
  if type(at) == 'number' then
    return at
  end
  local before, left, after
  repeat
    before, left, after = redis.call('TIME'), redis.call('PTTL', key), redis.call('TIME')
  until before[1] == after[1] and math.floor(before[2] / 1000) == math.floor(after[2] / 1000)
  return left < 0 and left or before[1] * 1000 + math.floor(before[2] / 1000) + left
end

-- Calls f(field, deadline) for the fields of a hash that have one.
local function each_field(key, f)
  if redis.call('TYPE', key).ok ~= 'hash' then
    return
  end
  local names = redis.call('HKEYS', key)
  for i = 1, #names, 1000 do
    local n = math.min(1000, #names - i + 1)
    local ends = redis.pcall('HPEXPIRETIME', key, 'FIELDS', n, unpack(names, i, i + n - 1))
    if ends.err then
      return
    end
    for k = 1, n do
      if ends[k] >= 0 then
        f(names[i + k - 1], ends[k])
      end
    end
  end
end

local ended, unlisted, listed = {}, {}, {}

local function look(key, time)
  local at, first = deadline(key), nil
  if at >= 0 and at < shift then
    at = at + shift
    redis.call('PEXPIREAT', key, at)
  end
  if at >= 0 and at - shift <= time then
    ended[#ended + 1] = key
    unlisted[#unlisted + 1] = key
    return
  end
  if at >= 0 then
    first = at
  end
  if at ~= -2 then
    each_field(key, function(field, ends)
      if ends < shift then
        ends = ends + shift
        redis.call('HPEXPIREAT', key, ends, 'FIELDS', 1, field)
      end
      if ends - shift <= time then
        redis.call('HDEL', key, field)
      elseif not first or ends < first then
        first = ends
      end
    end)
  end
  if first then
    listed[#listed + 1] = first - shift
    listed[#listed + 1] = key
  else
    unlisted[#unlisted + 1] = key
  end
end

-- command [key] words, many at a time.
local function each_thousand(words, command, ...)
  for i = 1, #words, 1000 do
    local some = { command, ... }
    for k = i, math.min(i + 999, #words) do
      some[#some + 1] = words[k]
    end
    redis.call(unpack(some))
  end
end

local function turn(key)
  each_field(key, function(field, ends)
    if ends >= shift then
      redis.call('HPEXPIREAT', key, math.max(ends - shift + by, 0), 'FIELDS', 1, field)
    end
  end)
  local at = deadline(key)
  if at >= shift then
    redis.call('PEXPIREAT', key, at - shift + by)
  end
end

for i, key in ipairs(keys) do
  if what == 'turn' then
    turn(key)
  else
    look(key, times[i] or by)
  end
end
-- What came from one end of the index leaves it together.
if what == 'sweep' then
  redis.call('ZREMRANGEBYRANK', index, 0, #keys - 1)
elseif what == 'turn' then
  redis.call('ZREMRANGEBYRANK', index, -#keys, -1)
else
  each_thousand(unlisted, 'ZREM', index)
end
each_thousand(ended, 'UNLINK')
each_thousand(listed, 'ZADD', index)
return redis.call('ZCARD', index)
