-- Runs the registered script that `script` in front of it is (docs/adr/0006-envelopes.md). The script
-- sees what is the same in every replay and nothing else, and what it wrote is taken back when it
-- fails. `commands` is defined in front, too: " NAME=<w: writes><where its keys are><what is checked>".
local byte, find, floor, format, min, sort, sub, upper = string.byte, string.find, math.floor,
  string.format, math.min, table.sort, string.sub, string.upper
local declared, copies, copied, refusal, raised = {}, {}, {}, nil, nil

for _, key in ipairs(KEYS) do
  declared[key] = true
end

local function refuse(why)
  refusal = refusal or { err = 'SCRIPT ' .. why }
  error(refusal, 0)
end

local function raise(answer)
  raised = answer
  error(answer, 0)
end

local function before(a, b)
  if type(a) ~= type(b) then
    return type(a) == 'number'
  end
  if type(a) ~= 'string' then
    return a < b
  end
  for i = 1, min(#a, #b) do
    local x, y = byte(a, i), byte(b, i)
    if x ~= y then
      return x < y
    end
  end
  return #a < #b
end

local function word_of(value)
  if type(value) == 'number' then
    return floor(value) == value and format('%.0f', value) or format('%.17g', value)
  end
  if type(value) ~= 'string' then
    refuse('an argument of redis.call is neither a string nor a number')
  end
  return value
end

local function keys_of(where, words)
  local first, last, step, keys = 2, 2, 1, {}
  if where == '2' then
    last = 3
  elseif where == 'A' then
    last = #words
  elseif where == 'P' then
    last, step = #words, 2
  elseif where == 'W' then
    first, last = 3, #words
  elseif where == 'C' then
    first, last = 3, 2 + (tonumber(words[2]) or 0)
  elseif where == 'S' then
    keys[1], first, last = words[2], 4, 3 + (tonumber(words[3]) or 0)
  end
  for i = first, min(last, #words), step do
    keys[#keys + 1] = words[i]
  end
  return keys
end

local function refuse_word(words, from, bad)
  for i = from, #words do
    if find(bad, ' ' .. upper(words[i]) .. ' ', 1, true) then
      refuse(words[1] .. ' with ' .. words[i])
    end
  end
end

local function check(what, words)
  if what == 'x' then
    refuse_word(words, 4, ' EX PX ')
  elseif what == 'd' then
    refuse_word(words, 4, ' DB ')
  elseif what == 't' then
    refuse_word(words, 3, ' ~ ')
  elseif what == 'i' and not find(words[3] or '', '^%d+%-%d+$') then
    refuse('XADD without an id in front of its fields')
  end
end

local function keep(key)
  if copied[key] == nil then
    local n = #copies + 1
    local answer = redis.pcall('COPY', key, 'redwal:undo:' .. n, 'REPLACE')
    if type(answer) == 'table' then
      raise(answer)
    end
    copies[n], copied[key] = key, answer
  end
end

local function sorted(what, answer)
  if type(answer) ~= 'table' or answer.err then
    return answer
  end
  if what == 's' then
    sort(answer, before)
  elseif what == 'p' then
    local fields, values = {}, {}
    for i = 1, #answer, 2 do
      fields[#fields + 1], values[answer[i]] = answer[i], answer[i + 1]
    end
    sort(fields, before)
    for i, field in ipairs(fields) do
      answer[2 * i - 1], answer[2 * i] = field, values[field]
    end
  end
  return answer
end

local function run(...)
  local words = {}
  for i = 1, select('#', ...) do
    words[i] = word_of((select(i, ...)))
  end
  words[1] = upper(words[1] or '')
  local _, at = find(commands, ' ' .. words[1] .. '=', 1, true)
  if not at or find(words[1], ' ', 1, true) then
    refuse('redis.call of ' .. sub(words[1], 1, 40))
  end
  local rule = sub(commands, at + 1, at + 3)
  check(sub(rule, 3, 3), words)
  for _, key in ipairs(keys_of(sub(rule, 2, 2), words)) do
    if not declared[key] then
      refuse(words[1] .. ' of a key that is not among the keys')
    end
    if sub(rule, 1, 1) == 'w' then
      keep(key)
    end
  end
  return sorted(sub(rule, 3, 3), redis.pcall(unpack(words)))
end

local function finish(undo)
  for n, key in ipairs(copies) do
    if copied[key] == 1 and undo then
      redis.call('RENAME', 'redwal:undo:' .. n, key)
    elseif copied[key] == 1 then
      redis.call('UNLINK', 'redwal:undo:' .. n)
    elseif undo then
      redis.call('UNLINK', key)
    end
  end
end

-- Since Redis 7 pcall makes a string of an answer that was raised.
local function failure_of(ok, answer)
  if refusal then
    return refusal
  elseif ok then
    return type(answer) == 'table' and answer.err and { err = answer.err }
  elseif raised and (answer == raised or answer == raised.err) then
    return { err = raised.err }
  end
  return { err = 'SCRIPT ' .. (type(answer) == 'table' and 'failed with a table' or tostring(answer)) }
end

local function conclude(ok, answer)
  local failure = failure_of(ok, answer)
  finish(failure)
  return failure or redis.status_reply('OK')
end

local seen = {
  pcall = run,
  call = function(...)
    local answer = run(...)
    if type(answer) == 'table' and answer.err then
      raise(answer)
    end
    return answer
  end,
  error_reply = function(text) return { err = 'SCRIPT ' .. word_of(text) } end,
  status_reply = redis.status_reply,
  sha1hex = redis.sha1hex,
}

local redwal = setmetatable({ now_ms = tonumber(ARGV[1]) }, {
  __index = function(_, name) refuse('redwal.' .. tostring(name) .. ' is not known') end,
})

-- Of a library what is named; the library itself stays as it is for others.
local function some(from, names)
  return setmetatable({}, {
    __index = function(_, name)
      return find(names, ' ' .. tostring(name) .. ' ', 1, true) and from[name] or nil
    end,
  })
end

local arguments, tables = {}, some(table, ' concat insert maxn remove ')
for i = 2, #ARGV do
  arguments[i - 1] = ARGV[i]
end
tables.sort = function(values, less) return sort(values, less or before) end

local function each(values)
  local names, i = {}, 0
  for name in next, values do
    if type(name) ~= 'string' and type(name) ~= 'number' then
      refuse('pairs() of a table whose keys have no order')
    end
    names[#names + 1] = name
  end
  sort(names, before)
  return function()
    i = i + 1
    return names[i], values[names[i]]
  end
end

local function text_of(value)
  if type(value) == 'table' or type(value) == 'function' then
    refuse('tostring() of a ' .. type(value))
  end
  return tostring(value)
end

return conclude(pcall(script, KEYS, arguments, seen, redwal, each, text_of, tables,
  some(string, ' byte char find format gmatch gsub len lower match rep reverse sub upper '),
  some(math, ' abs ceil floor fmod frexp huge ldexp max min modf pi pow sqrt '),
  some(bit, ' tobit tohex bnot band bor bxor lshift rshift arshift rol ror bswap '),
  some(cjson, ' encode decode null '), some(cmsgpack, ' pack unpack '), some(struct, ' pack unpack size ')))
