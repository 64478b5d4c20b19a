-- Writes keys as the log makes them, if every position is where that is known to be right; see
-- docs/adr/0020-repair.md. ARGV: how many positions, the log; for each position the lowest and the
-- highest offset and its clock; for each key what to do (delete, take, ends), when it ends (-1:
-- never) and its place in the index of deadlines (-1: none). KEYS: the positions; for each key
-- itself, the copy to take, and the index. Answers the number of the first position that is
-- elsewhere and its offset, or what became of each key.
local n, at, answers = tonumber(ARGV[1]), 3, {}
for i = 1, n do
  local p = redis.call('HMGET', KEYS[i], 'next', 'log', 'clock')
  local offset, clock = tonumber(p[1] or 0), p[3] and p[3] ~= 'wall' and 'log' or 'wall'
  if offset < tonumber(ARGV[at]) or offset > tonumber(ARGV[at + 1])
      or offset > 0 and (p[2] ~= ARGV[2] or clock ~= ARGV[at + 2]) then
    return { i, p[1] or '0' }
  end
  at = at + 3
end

local function write(what, key, copy, ends)
  if what == 'delete' then
    return redis.pcall('UNLINK', key)
  end
  if what == 'take' then
    local answer = redis.pcall('RENAME', copy, key)
    if answer.err then
      return answer
    end
  end
  if redis.call('EXISTS', key) == 0 then
    return { err = 'ERR no such key' }
  end
  if ends == '-1' then
    return redis.pcall('PERSIST', key)
  end
  return redis.pcall('PEXPIREAT', key, ends)
end

for i = n + 1, #KEYS, 3 do
  local answer = write(ARGV[at], KEYS[i], KEYS[i + 1], ARGV[at + 1])
  if ARGV[at + 2] ~= '-1' then
    redis.call('ZADD', KEYS[i + 2], 'LT', ARGV[at + 2], KEYS[i])
  end
  answers[#answers + 1] = type(answer) == 'table' and answer.err or 'OK'
  at = at + 3
end
return answers
