--- Strengths of the modes over L2: sweeps, hysteresis loops, bifurcation diagrams.
local draw = ...

--- The axis of the strengths of points; all that are zero but for rounding fill no axis.
local function strengths(points)
  local largest = 0
  for _, p in ipairs(points) do
    for _, w in ipairs(p.modes or {}) do largest = math.max(largest, w) end
  end
  return draw.axis("modes", largest < 1e-9 and { from = 0, to = 1 } or nil)
end

local function rules(list, words)
  return #list > 0 and { draw = "rules", x = list, name = words, color = draw.grey } or nil
end

--- Transitions of a ramp: jumps as arrows between the points on both sides, the others as marks
--- there.
local function transitions(r, points, color_of)
  local series, others = {}, { continuous = {}, unresolved = {} }
  for _, t in ipairs(r.transitions or r.jumps or {}) do
    for i = 2, #points do
      local a, b = points[i - 1], points[i]
      local inside = (t.l2 - a.l2) * (t.l2 - b.l2) <= 0
      if inside and a.modes and b.modes and a.modes[t.mode] and t.mode <= 6 then
        local marks = others[t.transition]
        if marks then
          marks[#marks + 1] = { x = t.l2, y = (a.modes[t.mode] + b.modes[t.mode]) / 2 }
        else
          series[#series + 1] = {
            draw = "arrows", x = { t.l2 }, y = { a.modes[t.mode] }, to_x = { t.l2 },
            to_y = { b.modes[t.mode] }, color = color_of(t.mode),
          }
        end
        break
      end
    end
  end
  for kind, marker in pairs { continuous = "ring", unresolved = "cross" } do
    local rows = others[kind]
    if #rows > 0 then
      series[#series + 1] = { draw = "points", x = draw.column(rows, "x"),
        y = draw.column(rows, "y"), color = draw.black, marker = marker, name = kind }
    end
  end
  return series
end

--- Where theory has the transitions, each place once. Down a ramp at depth 3 and more the floor
--- makes them, and no phase ends there.
local function theory_rules(list)
  local seen, places, name = {}, {}, "spinodal, theory"
  for _, t in ipairs(list or {}) do
    if draw.finite(t.theory) and not seen[t.theory] then
      seen[t.theory] = true
      places[#places + 1] = t.theory
      if t.event == "appearance" then name = "appearance, theory" end
    end
  end
  return rules(places, name)
end

--- One way of a ramp: a line of each mode with arrows along it.
local function way(points, shown, dash, words)
  local series = {}
  local l2 = draw.column(points, "l2")
  for k = 1, shown do
    local w = draw.mode(points, k)
    series[#series + 1] = { draw = "line", x = l2, y = w, color = k, dash = dash,
      name = words(k) }
    -- Where it goes, a third and two thirds along.
    for _, share in ipairs { 1 / 3, 2 / 3 } do
      local i = math.max(math.floor(#points * share), 1)
      if #points > 6 and w[i + 1] then
        series[#series + 1] = { draw = "arrows", x = { l2[i] }, y = { w[i] }, to_x = { l2[i + 1] },
          to_y = { w[i + 1] }, color = k }
      end
    end
  end
  return series
end

--- The mode's number at the start of its line: on paper and without colours dashes mean something
--- else.
local function numbers(series, points, shown)
  local largest = 0
  for k = 1, shown do
    for _, w in ipairs(draw.mode(points, k)) do largest = math.max(largest, w) end
  end
  for k = 1, shown do
    local w = points[1].modes and points[1].modes[k]
    if shown > 1 and draw.finite(w) and w > 0.03 * math.max(largest, 1e-9) then
      series[#series + 1] = { draw = "text", x = { points[1].l2 }, y = { w },
        words = { tostring(k) }, color = k }
    end
  end
end

local function append(list, more)
  for _, item in ipairs(more) do list[#list + 1] = item end
  return list
end

local function left_out(shown, all) return { draw.left_out(shown, all) } end

--- Networks without modes: what each point has.
local function plain(points, title)
  local name = points[1].test_loss and "test_loss" or "loss"
  return {
    title = title,
    panels = {
      { x = draw.axis("l2"), y = draw.axis("norm"), series = {
        { draw = "line", x = draw.column(points, "l2"), y = draw.column(points, "norm") } } },
      { x = draw.axis("l2"), y = draw.axis(name), series = {
        { draw = "line", x = draw.column(points, "l2"), y = draw.column(points, name) } } },
    },
  }
end

local function sweep(r)
  local points = r.points or {}
  if #points == 0 then return nil, "the sweep has no points to draw" end
  local direction = r.direction or "up"
  local title = ("Sweep of L2, %s, floor %s"):format(direction, draw.number(r.floor))
  local shown, all = draw.modes(points)
  if all == 0 then return plain(points, title) end
  local series = way(points, math.max(shown, 1), "solid", function(k) return "mode " .. k end)
  append(series, transitions(r, points, function(k) return k end))
  numbers(series, points, shown)
  series[#series + 1] = theory_rules(r.transitions or r.jumps)
  return {
    title = title,
    panels = { { x = draw.axis("l2"), y = strengths(points), series = series,
      notes = left_out(math.max(shown, 1), all) } },
  }
end

--- Late collapses over the rate of the ramp.
local function rate_panel(r)
  local series = {}
  local count = 0
  for _, row in ipairs(r.rates) do count = math.max(count, row.mode) end
  for k = 1, math.min(count, 6) do
    local rows = draw.filter(r.rates, function(row) return row.mode == k end)
    if #rows > 0 then
      series[#series + 1] = { draw = "line", x = draw.column(rows, "rate"),
        y = draw.column(rows, "theory"), color = k, dash = "dashed",
        name = ("mode %d, theory"):format(k) }
      series[#series + 1] = { draw = "points", x = draw.column(rows, "rate"),
        y = draw.column(rows, "excess"), color = k,
        low = draw.map(rows, function(row) return row.excess - row.uncertainty end),
        high = draw.map(rows, function(row) return row.excess + row.uncertainty end),
        name = ("mode %d, exponent %s"):format(k, draw.number((r.exponents or {})[k])) }
    end
  end
  return {
    x = draw.axis("rate", { scale = "log" }), y = draw.axis("excess", { scale = "log" }),
    series = series,
  }
end

--- The way down as the points at the way up's strengths, and the area between the two.
local function loop(up, down, k, name)
  local x, low, high = {}, {}, {}
  for i, p in ipairs(up) do
    local q = down[#down + 1 - i]
    if q and p.modes[k] and q.modes[k] then
      x[#x + 1] = p.l2
      low[#low + 1] = math.min(p.modes[k], q.modes[k])
      high[#high + 1] = math.max(p.modes[k], q.modes[k])
    end
  end
  return { draw = "band", x = x, low = low, high = high, color = k, name = name }
end

local function hysteresis(r)
  local panels = {}
  local up, down = r.up and r.up.points or {}, r.down and r.down.points or {}
  if #up > 0 then
    local shown, all = draw.modes(up)
    if all == 0 then return plain(up, "Hysteresis: the way up") end
    shown = math.max(shown, 1)
    local series = {}
    local theory = r.theory or {}
    for k = 1, shown do
      local area = r.area and r.area[k]
      local expected = theory.area and theory.area[k]
      local words = area and ("mode %d: area %s%s"):format(k, draw.number(area),
        draw.finite(expected) and (", theory %s"):format(draw.number(expected)) or "")
      series[#series + 1] = loop(up, down, k, words)
    end
    append(series, way(up, shown, "solid", function(k) return k == 1 and "up" or nil end))
    append(series, way(down, shown, "dashed", function(k) return k == 1 and "down" or nil end))
    append(series, transitions(r.up, up, function(k) return k end))
    append(series, transitions(r.down or {}, down, function(k) return k end))
    numbers(series, up, shown)
    local places = {}
    for _, place in ipairs(theory.spinodal or {}) do
      if draw.finite(place) then places[#places + 1] = place end
    end
    series[#series + 1] = rules(places, "spinodal, theory")
    panels[1] = { x = draw.axis("l2"), y = strengths(up), series = series,
      notes = left_out(shown, all) }
  end
  if r.rates and #r.rates > 0 then panels[#panels + 1] = rate_panel(r) end
  if #panels == 0 then return nil, "the result has neither ramps nor rates to draw" end
  local title = "Hysteresis: L2 up and down, floor " .. draw.number(r.floor)
  if #up == 0 then
    title = ("Delay of the collapse: exponent %s, theory 2/3"):format(draw.number(r.exponent))
  end
  return { title = title, panels = panels }
end

local function bifurcation(r)
  local series, places = {}, {}
  for k, mode in ipairs(r.modes or {}) do
    if k <= 6 then
      local function own(row) return row.mode == mode.mode end
      local stable = draw.filter(r.stable or {}, own)
      local unstable = draw.filter(r.unstable or {}, own)
      if #stable > 0 then
        series[#series + 1] = { draw = "line", x = draw.column(stable, "l2"),
          y = draw.column(stable, "strength"), color = k, dash = "solid",
          name = ("mode %d, s = %s"):format(mode.mode, draw.number(mode.singular)) }
        series[#series + 1] = { draw = "text", x = { stable[1].l2 }, y = { stable[1].strength },
          words = { tostring(mode.mode) }, color = k }
      end
      if #unstable > 0 then
        series[#series + 1] = { draw = "line", x = draw.column(unstable, "l2"),
          y = draw.column(unstable, "strength"), color = k, dash = "dashed",
          name = k == 1 and "saddle (unstable)" or nil }
      end
      if draw.finite(mode.spinodal) then places[#places + 1] = mode.spinodal end
    end
  end
  if #series == 0 then
    local mode = r.modes and r.modes[1]
    return nil, "there is no branch to draw" .. (mode and mode.reason and ": " .. mode.reason or "")
  end
  series[#series + 1] = rules(places, "spinodal")
  local count = #(r.modes or {})
  return {
    title = ("Branches by theory, depth %d"):format(r.depth or 0),
    panels = { { x = draw.axis("l2"), y = draw.axis("modes"), series = series,
      notes = left_out(math.min(count, 6), count) } },
  }
end

--- Stretches of one branch, each as far as it is stable or not; neighbours share an end.
local function stretches(points)
  local all = {}
  for i, p in ipairs(points) do
    local last = all[#all]
    local stable = p.index == 0
    -- A point at an event belongs to what follows it.
    if i == 1 and points[2] then stable = points[2].index == 0 end
    if not last or last.stable ~= stable then
      local rows = last and { last.rows[#last.rows] } or {}
      last = { stable = stable, rows = rows }
      all[#all + 1] = last
    end
    last.rows[#last.rows + 1] = p
  end
  return all
end

--- Branches of stationary states: stable ones full, unstable ones dashed, a panel for each mode.
local function continuation(r)
  local points = r.points or {}
  if #points == 0 then return nil, "the continuation has no points to draw" end
  local shown, all = draw.modes(points)
  local value = function(k) return function(p) return k and (p.modes or {})[k] or p.norm end end
  local panels = {}
  local count = math.max(math.min(shown, 4), 1)
  for k = 1, count do
    local of = value(all > 0 and k or nil)
    local series, named = {}, {}
    for _, branch in ipairs(r.branches or {}) do
      local own = draw.filter(points, function(p) return p.branch == branch.branch end)
      for _, part in ipairs(stretches(own)) do
        local word = part.stable and "stable" or "unstable"
        series[#series + 1] = { draw = "line", x = draw.column(part.rows, "l2"),
          y = draw.map(part.rows, of), color = part.stable and 1 or draw.grey,
          dash = part.stable and "solid" or "dashed", name = not named[word] and word or nil }
        named[word] = true
      end
    end
    local kinds = { { "fold", r.folds, "ring" }, { "branch point", r.branch_points, "cross" } }
    for _, kind in ipairs(kinds) do
      local x, y = {}, {}
      for _, event in ipairs(kind[2] or {}) do
        for _, p in ipairs(points) do
          if p.l2 == event.l2 and p.branch == event.branch then
            x[#x + 1], y[#y + 1] = p.l2, of(p)
            break
          end
        end
      end
      if #x > 0 then
        series[#series + 1] = { draw = "points", x = x, y = y, color = draw.black,
          marker = kind[3], name = kind[1] }
      end
    end
    panels[k] = { x = draw.axis("l2"), series = series,
      y = draw.axis(all > 0 and "strength w of mode " .. k or "norm"),
      notes = k == count and left_out(count, all) or nil }
  end
  return {
    title = ("Stationary states by continuation from l2 = %s"):format(draw.number(r.l2)),
    panels = panels,
  }
end

return {
  sweep = sweep, hysteresis = hysteresis, bifurcation = bifurcation, continuation = continuation,
}
