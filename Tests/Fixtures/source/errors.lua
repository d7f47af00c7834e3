local E = setmetatable({}, { __call = function(c, m) return setmetatable({ m = m }, c) end })
E.__tostring = function(e) return "E: " .. e.m end
E.__index = E
local function nested(n) if n == 0 then error(E "deep") end return 1 + nested(n - 1) end
local ok, e = xpcall(nested, function(e) return { e, tostring(e) } end, 5)
local _, f = pcall(pcall, error, nil)
return ok, e[2], f, select("#", pcall(error)), (pcall(setmetatable, 1, {}))
