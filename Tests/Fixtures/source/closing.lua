local log = {}
local function closer(name)
  return setmetatable({}, { __close = function(_, e) log[#log + 1] = name .. tostring(e) end })
end
do
  local a <close>, b <const> = closer "a", 1
  local ok = pcall(function() local c <close> = closer "c" error("x", b) end)
  log[#log + 1] = tostring(ok)
end
for i, v in next, { 1, 2 }, nil, closer "d" do if i == 2 then break end log[#log + 1] = v end
return table.concat(log, " ")
