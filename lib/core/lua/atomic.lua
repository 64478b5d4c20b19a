-- Several operations, all or none. Redis does not take back what a script wrote before it failed, so
-- this does: KEYS are the keys written in front of the last operation that may fail; each is copied
-- first, with its expiry, its fields' expiries and its groups, and takes its place again when an
-- operation is refused. ARGV are the commands: the number of the operation, how many words, the words.
local copies = {}

local function finish(undo)
  for i, key in ipairs(KEYS) do
    if copies[i] == 1 and undo then
      redis.call('RENAME', 'redwal:undo:' .. i, key)
    elseif copies[i] == 1 then
      redis.call('UNLINK', 'redwal:undo:' .. i)
    elseif undo then
      redis.call('UNLINK', key)
    end
  end
end

for i, key in ipairs(KEYS) do
  copies[i] = redis.pcall('COPY', key, 'redwal:undo:' .. i, 'REPLACE')
  if type(copies[i]) == 'table' then
    finish(false)
    return copies[i]
  end
end

local at = 1
while ARGV[at] do
  local last = at + 1 + ARGV[at + 1]
  local answer = redis.pcall(unpack(ARGV, at + 2, last))
  if type(answer) == 'table' and answer.err then
    finish(true)
    answer.err = answer.err .. ' (operation ' .. ARGV[at] .. ')'
    return answer
  end
  at = last + 1
end
finish(false)
return redis.status_reply('OK')
