-- What Argo CD is to think of a RedisWal, by its phase; docs/conditions.md says what each means.
local health = {
  Pending = "Progressing",
  Starting = "Progressing",
  CatchingUp = "Progressing",
  Restoring = "Progressing",
  Applying = "Healthy",
  Degraded = "Healthy", -- it works; the message says what could be better
  Paused = "Suspended",
  Rejected = "Degraded",
  RestoreRequired = "Degraded",
  Held = "Degraded",
  Unreachable = "Degraded",
  Unknown = "Unknown",
}

local function told(status)
  local words = {}
  for _, condition in ipairs(status.conditions or {}) do
    local good = condition.type == "RestoreRequired" and "False" or "True"
    if condition.type ~= "Ready" and condition.status ~= good then
      table.insert(words, condition.type .. " is " .. condition.status .. ": " .. condition.message)
    end
  end
  return table.concat(words, "; ")
end

local status = obj.status
if status == nil or status.phase == nil then
  return { status = "Progressing", message = "the controller has not looked at it yet" }
end
if status.observedGeneration ~= obj.metadata.generation then
  return { status = "Progressing", message = "the controller has not looked at the change yet" }
end
local message = told(status)
return {
  status = health[status.phase] or "Unknown",
  message = message ~= "" and message or status.phase,
}
