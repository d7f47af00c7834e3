local V = {}
V.__index = function(t, k) return rawget(V, k) or k == "n" and #t or nil end
V.__add = function(a, b) local c = setmetatable({}, V) for i = 1, a.n do c[i] = a[i] + b[i] end return c end
V.__eq = function(a, b) return a[1] == b[1] end
V.__lt, V.__le = function(a, b) return a[1] < b[1] end, function(a, b) return a[1] <= b[1] end
V.__concat = function(a, b) return tostring(a) .. "|" .. tostring(b) end
V.__tostring = function(t) return "(" .. table.concat(t, ",") .. ")" end
V.__len = function(t) return rawlen(t) end
V.__newindex = function(t, k, v) rawset(t, k, v) end
V.__call = function(t, ...) return select("#", ...), ... end
local a, b = setmetatable({ 1, 2 }, V), setmetatable({ 3, 4 }, V)
setmetatable({}, { __gc = function() a.gone = true end, __mode = "k" })
return tostring(a + b), a < b, a <= b, a == b, a .. b, a(1, nil), a.n
