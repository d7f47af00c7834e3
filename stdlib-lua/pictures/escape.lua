--- Escape times: the survival curve with its band, and what splitting found.
local draw = ...

--- The steps of a curve with a band as the two sides of an area.
local function stairs(rows, start, stop)
  local x, low, high = { start }, { 1 }, { 1 }
  local last_low, last_high = 1, 1
  local function add(at, a, b) x[#x + 1], low[#low + 1], high[#high + 1] = at, a, b end
  for _, row in ipairs(rows) do
    add(row.step, last_low, last_high)
    last_low, last_high = row.low, row.high
    add(row.step, last_low, last_high)
  end
  add(stop, last_low, last_high)
  return x, low, high
end

--- exp(-t/tau) from start to stop.
local function exponential(tau, start, stop, is_log)
  local x = draw.spaced(start, stop, 161, is_log)
  return x, draw.map(x, function(t) return math.exp(-t / tau) end)
end

local function survival_at(rows, t)
  local s = 1
  for _, row in ipairs(rows) do
    if row.step > t then break end
    s = row.s
  end
  return s
end

--- When observation ended without an escape, each once.
local function censoring(r)
  local seen, list = {}, {}
  for i, t in ipairs(r.times or {}) do
    if not r.escaped[i] and not seen[t] then
      seen[t] = true
      list[#list + 1] = t
    end
  end
  table.sort(list)
  return list
end

local function survival(r, options)
  local rows, times = r.survival or {}, r.times or {}
  if #times == 0 and #rows == 0 then return nil, "the result has no escape times to draw" end
  local stop = 0
  for _, t in ipairs(times) do stop = math.max(stop, t) end
  for _, row in ipairs(rows) do stop = math.max(stop, row.step) end
  local is_log = draw.is_log(options, "x")
  local start = is_log and math.max((rows[1] and rows[1].step or stop) / 2, 1e-300) or 0
  local x, s = { start }, { 1 }
  for _, row in ipairs(rows) do x[#x + 1], s[#s + 1] = row.step, row.s end
  x[#x + 1], s[#s + 1] = stop, s[#s]
  local band_x, low, high = stairs(rows, start, stop)
  local series = {
    { draw = "band", x = band_x, low = low, high = high, color = draw.blue, name = "95 % band" },
    { draw = "steps", x = x, y = s, color = draw.blue, dash = "solid",
      name = "Kaplan-Meier, " .. draw.counted(r.replicas or #times, "replica", "replicas") },
  }
  local notes = {}
  if draw.finite(r.tau) then
    local fit_x, fit = exponential(r.tau, start, stop, is_log)
    series[#series + 1] = { draw = "line", x = fit_x, y = fit, color = draw.red, dash = "dashed",
      name = "exponential, τ = " .. draw.number(r.tau) }
  else
    notes[1] = "no escape: τ > " .. draw.number(r.tau_low) .. " steps"
  end
  if draw.finite(r.theory) then
    local fit_x, fit = exponential(r.theory, start, stop, is_log)
    series[#series + 1] = { draw = "line", x = fit_x, y = fit, color = draw.green, dash = "mixed",
      name = "theory, τ = " .. draw.number(r.theory) }
  end
  local censored = censoring(r)
  if #censored > 0 then
    series[#series + 1] = {
      draw = "points", marker = "plus", color = draw.black, x = censored,
      y = draw.map(censored, function(t) return survival_at(rows, t) end),
      name = ("censored (%d)"):format(r.censored or #censored),
    }
  end
  -- Who is still there at t: everybody whose time is t or later.
  local sorted, risk = table.move(times, 1, #times, 1, {}), {}
  table.sort(sorted)
  for i in ipairs(sorted) do risk[i] = #sorted - i + 1 end
  return {
    title = r.summary,
    panels = { {
      x = draw.axis("time t", { unit = "steps", scale = is_log and "log" or nil,
        from = not is_log and 0 or nil }),
      y = draw.axis("survival S(t)", { from = 0, to = 1.02 }),
      series = series,
      notes = notes,
      below = #sorted > 0 and { name = "at risk", x = sorted, values = risk } or nil,
    } },
  }
end

--- Splitting has no times: its escape time beside theory, and brute force where both can be had.
local function splitting(r)
  local names, points, bounds = {}, {}, {}
  local function add(name, tau, low, high, color)
    if not tau then return end
    names[#names + 1] = name
    if draw.finite(tau) then
      points[#points + 1] = { tau, low or tau, high or tau, #names, color }
    elseif low then
      bounds[#bounds + 1] = { low, #names }
    end
  end
  add("splitting", r.tau, r.tau_low, r.tau_high, draw.blue)
  if r.theory then
    local e = r.theory_error or 0
    add("theory", r.theory, r.theory / (1 + e), r.theory * (1 + e), draw.green)
  end
  local o = r.overlap
  if o then
    local e = math.exp(1.96 * (o.relative_error or 0))
    local at = o.temperature and " at T = " .. draw.number(o.temperature) or ", overlap"
    add("splitting" .. at, o.tau_splitting, o.tau_splitting / e, o.tau_splitting * e, draw.blue)
    add("brute force" .. at, o.tau_direct, o.tau_low, o.tau_high, draw.red)
  end
  if #names == 0 then return nil, "the result has no escape time to draw" end
  local series = {}
  for _, p in ipairs(points) do
    series[#series + 1] = { draw = "points", x = { p[1] }, y = { p[4] }, x_low = { p[2] },
      x_high = { p[3] }, color = p[5] }
  end
  for _, b in ipairs(bounds) do
    series[#series + 1] = { draw = "arrows", x = { b[1] }, y = { b[2] }, to_x = { 10 * b[1] },
      to_y = { b[2] }, color = draw.blue }
  end
  return {
    title = r.summary,
    panels = { { x = draw.axis("tau", { scale = "log" }), y = { label = "", names = names },
      series = series } },
  }
end

return {
  escape = function(r, options)
    if r.method == "splitting" then return splitting(r) end
    return survival(r, options)
  end,
}
