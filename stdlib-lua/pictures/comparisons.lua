--- Runs side by side: the twins of `control`, the programmes of `accelerate`.
local draw = ...

--- Times with their intervals, one a name; no end: an arrow from the lower bound.
local function times(rows, x)
  local names, known, open = {}, {}, {}
  for i, row in ipairs(rows) do
    local all = row.replicas or row.seeds
    local done = row.escapes or row.reached
    names[i] = ("%s (%s/%s)"):format(row.name or i, done or "?", all or "?")
    if draw.finite(row.tau) then
      known[#known + 1] = { x = row.tau, low = row.tau_low or row.tau,
        high = row.tau_high or row.tau, y = i }
    elseif draw.finite(row.tau_low) then
      open[#open + 1] = { x = row.tau_low, to = row.tau_low * 10, y = i }
    end
  end
  local series = {}
  if #known > 0 then
    series[1] = { draw = "points", x = draw.column(known, "x"), y = draw.column(known, "y"),
      x_low = draw.column(known, "low"), x_high = draw.column(known, "high"), color = draw.blue,
      marker = "circle", name = "mean time, 95 %" }
  end
  if #open > 0 then
    series[#series + 1] = { draw = "arrows", x = draw.column(open, "x"),
      y = draw.column(open, "y"), to_x = draw.column(open, "to"), to_y = draw.column(open, "y"),
      color = draw.red, name = "nobody: longer than this" }
  end
  return { x = x, y = { label = "", names = names }, series = series }
end

--- The own noise at other strengths, with the laws that the points do not reject.
local function climb(r, options)
  local used = draw.filter(r.points or {}, function(p) return draw.finite(p.tau) end)
  if #used < 2 then return nil end
  local function rows_of(is_used)
    return draw.map(draw.filter(used, function(p) return (p.used == true) == is_used end),
      function(p)
        local spread = math.exp(1.96 / math.max(p.escapes, 1) ^ 0.5)
        local y = p.tau * (r.lr or 1)
        return { x = 1 / p.temperature, y = y, low = y / spread, high = y * spread }
      end)
  end
  local first, last = math.huge, 0
  for _, p in ipairs(used) do
    first, last = math.min(first, 1 / p.temperature), math.max(last, 1 / p.temperature)
  end
  local series, grid = {}, draw.spaced(first, last, 81)
  for _, law in ipairs(r.laws or {}) do
    local style = draw.laws[law.law] or { draw.grey, "dashed" }
    if draw.finite(law.prefactor) and (not law.rejected or options.rivals) then
      series[#series + 1] = { draw = "line", x = grid, color = style[1], dash = style[2],
        y = draw.map(grid, function(x) return draw.law_time(law, 1 / x) end),
        name = law.law .. (law.rejected and ", rejected" or "") }
    end
  end
  for is_used, style in pairs { [true] = { "circle", "own noise, 95 %" },
    [false] = { "ring", "left out: not rare" } } do
    local rows = rows_of(is_used)
    if #rows > 0 then
      series[#series + 1] = { draw = "points", x = draw.column(rows, "x"),
        y = draw.column(rows, "y"), low = draw.column(rows, "low"),
        high = draw.column(rows, "high"), color = draw.blue, marker = style[1], name = style[2] }
    end
  end
  return { x = draw.axis("1/strength of the noise"), series = series, height = 0.9,
    y = draw.axis("escape time τ", { unit = "lr · steps", scale = "log" }) }
end

local function twins(r, options)
  local panel = times(r.twins, draw.axis("tau", { scale = "log" }))
  local rungs = draw.map(r.rungs or {}, function(rung)
    local holds = rung.holds == nil and "not tried" or rung.holds and "holds" or "does not hold"
    return ("%s: %s"):format(rung.rung, holds)
  end)
  panel.notes = { table.concat(rungs, "; "), r.reason }
  if draw.finite(r.predicted) then
    panel.series[#panel.series + 1] = { draw = "rules", x = { r.predicted }, color = draw.green,
      dash = "dashed", name = "noise-free return, integrated" }
  end
  local verdict = tostring(r.verdict)
  if r.open and #r.open > 0 then verdict = verdict .. "; open: " .. table.concat(r.open, ", ") end
  return { title = "Control: " .. verdict, panels = { panel, climb(r, options) } }
end

--- Several states: the noise-off delay against the noisy median.
local function states(r)
  local rows = draw.filter(r.states, function(s)
    return draw.finite(s.delay) and draw.finite(s.own_median)
  end)
  if #rows == 0 then
    return nil, "no state left with and without noise: there are no pairs to draw; " .. r.reason
  end
  local low, high = math.huge, 0
  for _, s in ipairs(rows) do
    low = math.min(low, s.delay, s.own_median)
    high = math.max(high, s.delay, s.own_median)
  end
  return {
    title = "Control: " .. tostring(r.verdict),
    panels = { {
      x = draw.axis("delay with noise off", { unit = "steps", scale = "log" }),
      y = draw.axis("median with noise", { unit = "steps", scale = "log" }),
      series = {
        { draw = "line", x = { low, high }, y = { low, high }, color = draw.grey, dash = "dotted",
          name = "equal" },
        { draw = "points", x = draw.column(rows, "delay"), y = draw.column(rows, "own_median"),
          color = draw.blue, marker = "circle", name = "states" },
      },
      notes = { r.reason },
    } },
  }
end

local function accelerate(r)
  local programmes = r.programmes or {}
  if #programmes == 0 then return nil, "the result has no programmes to draw" end
  local panels = { times(programmes, draw.axis("steps until the test error is small",
    { unit = "steps", scale = "log" })) }
  local names, rows = {}, {}
  for i, p in ipairs(programmes) do
    names[i] = p.name
    if draw.finite(p.speedup) then
      rows[#rows + 1] = { x = p.speedup, y = i, low = p.speedup_low or p.speedup,
        high = p.speedup_high or p.speedup }
    end
  end
  if #rows > 0 then
    panels[2] = {
      x = draw.axis("speedup over " .. tostring(names[1]), { scale = "log" }),
      y = { label = "", names = names }, height = 0.8,
      series = {
        { draw = "rules", x = { 1 }, color = draw.grey, dash = "dashed" },
        { draw = "points", x = draw.column(rows, "x"), y = draw.column(rows, "y"),
          x_low = draw.column(rows, "low"), x_high = draw.column(rows, "high"),
          color = draw.green, marker = "square", name = "speedup, 95 %" },
      },
    }
  end
  return { title = "Which programme generalises sooner", panels = panels }
end

--- Two samples of `escape.compare`; their curves are those of the results themselves.
local function compared(r)
  local panel = times(r.samples or {}, draw.axis("escape time τ", { unit = "steps",
    scale = "log" }))
  if #panel.series == 0 then return nil, "neither sample has an escape time to draw" end
  panel.notes = { "plot{r1, r2} draws the survival curves" }
  return { title = r.summary, panels = { panel } }
end

return {
  escape_comparison = compared,
  control = function(r, options)
    if r.states then return states(r) end
    if not r.twins then return nil, "the result has no twins to draw" end
    return twins(r, options)
  end,
  accelerate = accelerate,
}
