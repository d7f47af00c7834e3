--- NAME: what it measures, in a sentence. Here: how escape times from a trap depend on l2.
---
---     kramers -e 'help(NAME)'
local kramers = ...

---@param x userdata the experiment
---@param options table checked options, defaults filled in
local function body(x, options)
  if x.depth < 3 then kramers.refuse("depth must be 3 or more, got %d", x.depth) end
  local rows = {}
  for i, l2 in ipairs(options.l2) do
    local y = x:clone() -- the experiment itself stays as it is
    y:trap { rank = options.rank, release = l2 }
    local e = y:measure_escape {
      temperature = options.temperature, replicas = options.replicas, stream = i,
    }
    rows[i] = { l2 = l2, tau = e.tau, tau_low = e.tau_low, tau_high = e.tau_high,
      escapes = e.escapes, theory = e.theory }
    kramers.keep { outcome = "interrupted", points = rows } -- shown if the next one is stopped
  end
  return { outcome = "completed", points = rows, rank = options.rank }
end

return {
  entry = {
    summary = "escape times from a trap over l2",
    options = {
      { name = "l2", type = "numbers", range = "positive", required = true,
        help = "L2 strengths at which the trap is released" },
      { name = "rank", type = "integer", range = "0 or positive", default = 0,
        help = "modes that stay learned" },
      { name = "temperature", type = "number", range = "positive", unit = "energy",
        required = true, help = "T of Langevin noise" },
      { name = "replicas", type = "integer", range = { 1, 100000 }, default = 64,
        help = "independent runs at each strength" },
    },
    looks = true,
    returns = "kind=\"NAME\": points = rows l2, tau, tau_low, tau_high, escapes, theory",
    answer = { -- what a result shows first
      fields = { "points: l2 escapes tau theory" },
      summary = { "{outcome}: rank {rank} at {#points} strengths" },
    },
    example = [[
experiment { data = data.population { singular = {1} }, depth = 3, width = 1, lr = 0.2 }
local r = NAME { l2 = {0.25, 0.3}, temperature = 0.004, replicas = 32 }
for _, p in ipairs(r.points) do print(p.l2, p.tau, p.theory) end
]],
    see_also = { "measure_escape", "trap" },
  },
  body = body,
}
