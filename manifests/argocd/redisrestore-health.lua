-- What Argo CD is to think of a RedisRestore, by its step; docs/restore-steps.md says what each means.
local health = {
  Held = "Suspended", -- until it is released
  Completed = "Healthy",
  Cancelled = "Healthy", -- as somebody asked
  Failed = "Degraded",
}

local status = obj.status
if status == nil or status.step == nil then
  return { status = "Progressing", message = "the controller has not looked at it yet" }
end
local message = status.step
if status.message ~= nil and status.message ~= "" then
  message = message .. ": " .. status.message
end
return { status = health[status.step] or "Progressing", message = message }
