local function walk(t, depth)
  for k, v in pairs(t) do
    if type(v) == "table" then walk(v, depth + 1) else coroutine.yield(k, v, depth) end
  end
end
local sum, co = 0, coroutine.wrap(function(t) walk(t, 0) return nil end)
local k, v, d = co { 1, { 2, { x = 3 } }, y = 4 }
while k do sum, k, v, d = sum + v * (d + 1), co() end
local dead = coroutine.create(function() error { code = 7 } end)
local _, e = coroutine.resume(dead)
return sum, e.code, coroutine.status(dead), coroutine.close(dead)
