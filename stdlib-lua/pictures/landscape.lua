--- Theory and curvature: phases, barriers, spectra, states.
local draw = ...

--- Barriers out of states before their transitions, over L2, where they were followed.
local function barrier_panel(r)
  local series = {}
  for k, t in ipairs(r.transitions or {}) do
    if #(t.barriers or {}) > 1 then
      series[#series + 1] = { draw = "line", x = draw.column(t.barriers, "l2"),
        y = draw.column(t.barriers, "height"), color = (k - 1) % 6 + 1,
        name = ("out of state %d"):format(k) }
    end
  end
  return #series > 0 and { x = draw.axis("l2"), y = { label = "barrier", unit = "energy" },
    series = series } or nil
end

--- Over which L2 strengths a mode is what: lowest, metastable, gone.
local function phases(r)
  local names, lowest, metastable, reasons = {}, {}, {}, {}
  local top = r.l2 or 0
  for _, mode in ipairs(r.modes or r.transitions or {}) do
    if draw.finite(mode.spinodal) then
      local n = #names + 1
      names[n] = mode.singular
        and ("mode %d, s = %s"):format(mode.mode, draw.number(mode.singular))
        or ("mode %s, %s"):format(mode.mode or "?", mode.kind)
      local edge = draw.finite(mode.coexistence) and mode.coexistence or mode.spinodal
      lowest[#lowest + 1] = { x = 0, to = edge, y = n }
      if mode.spinodal > edge then
        metastable[#metastable + 1] = { x = edge, to = mode.spinodal, y = n }
      end
      top = math.max(top, mode.spinodal)
    elseif mode.reason then
      reasons[1] = ("mode %d: %s"):format(mode.mode, mode.reason)
    end
  end
  if #names == 0 then
    local words = r.modes and "theory knows no transition to draw"
      or "no transition was met from the present state"
    return nil, words .. (reasons[1] and ": " .. reasons[1] or "")
  end
  local function segments(rows, color, dash, name)
    return #rows > 0 and { draw = "segments", x = draw.column(rows, "x"),
      y = draw.column(rows, "y"), to_x = draw.column(rows, "to"), to_y = draw.column(rows, "y"),
      color = color, dash = dash, name = name } or nil
  end
  local series = { segments(lowest, draw.blue, "solid", "learned: the lowest phase") }
  series[#series + 1] = segments(metastable, draw.orange, "dotted",
    "metastable, to the spinodal")
  series[#series + 1] = { draw = "rules", x = { r.l2 or 0 }, color = draw.black, dash = "dashed",
    name = "b = " .. draw.number(r.l2) }
  return {
    title = ("Phases by %s, depth %s"):format(r.method or "theory", r.depth or "?"),
    panels = { { x = draw.axis("l2", { from = 0, to = 1.05 * top }),
      y = { label = "", names = names }, series = series, notes = reasons }, barrier_panel(r) },
  }
end

local function phase_diagram(r)
  if #(r.points or {}) == 0 then return nil, "the result has no points to draw" end
  local series = {}
  local styles = {
    { "learned", draw.blue, "square" }, { "metastable", draw.orange, "diamond" },
    { "zero", draw.black, "ring" },
  }
  for _, style in ipairs(styles) do
    local rows = draw.filter(r.points, function(p) return p.phase == style[1] end)
    if #rows > 0 then
      series[#series + 1] = { draw = "points", x = draw.column(rows, "l2"),
        y = draw.column(rows, "temperature"), color = style[2], marker = style[3],
        name = style[1] }
    end
  end
  local function rule(x, name, dash)
    series[#series + 1] = draw.finite(x)
      and { draw = "rules", x = { x }, name = name, dash = dash, color = draw.grey } or nil
  end
  rule(r.coexistence, "coexistence", "dashed")
  rule(r.spinodal, "spinodal", "dotted")
  return {
    title = ("Phases of mode %s after %s steps"):format(r.mode or "?", draw.number(r.steps)),
    panels = { { x = draw.axis("l2"), y = draw.axis("temperature"), series = series } },
  }
end

--- The way over the barrier, from the minimum left.
local function barrier(r)
  local path = r.path or {}
  if #path == 0 then
    return nil, "the barrier has no path to draw" .. (r.reason and ": " .. r.reason or "")
  end
  local base = r.minimum_objective or path[1].objective
  local top = path[1]
  for _, p in ipairs(path) do
    if p.objective > top.objective then top = p end
  end
  local function above(row) return row.objective - base end
  local first, last = path[1], path[#path]
  local function panel(x, y, height)
    return {
      x = x, y = y, height = height,
      series = {
        { draw = "line", x = draw.column(path, "distance"), y = draw.map(path, above),
          color = draw.blue, dash = "solid", name = "path" },
        { draw = "rules", y = { r.height }, color = draw.grey, name = "height" },
        { draw = "points", x = { first.distance, last.distance },
          y = { above(first), above(last) }, color = draw.green, marker = "ring",
          name = "minima" },
        { draw = "points", x = { top.distance }, y = { above(top) }, color = draw.red,
          marker = "diamond",
          name = "saddle" .. (r.saddle_index and ", index " .. r.saddle_index or "") },
      },
    }
  end
  local panels = { panel(draw.axis("distance"), draw.axis("objective", { unit = "energy" }), 1) }
  panels[1].y.label = "objective above the minimum"
  -- A barrier that is low against the fall behind it gets a panel of its own.
  local fall = above(first) - above(last)
  if draw.finite(r.height) and r.height > 0 and math.abs(fall) > 10 * r.height then
    local stop = last.distance
    for i = #path, 1, -1 do
      if above(path[i]) > -0.5 * r.height then break end
      stop = path[i].distance
    end
    table.insert(panels, 1, panel(draw.axis("distance", { from = 0, to = stop }),
      draw.axis("above the minimum", { unit = "energy", from = -0.5 * r.height,
        to = 1.3 * r.height }), 0.9))
    panels[1].notes = { "the barrier alone; below, the whole path" }
  end
  return {
    title = "Barrier: height " .. draw.number(r.height)
      .. (draw.finite(r.theory) and ", theory " .. draw.number(r.theory) or ""),
    panels = panels,
  }
end

--- The density from 1e-4 of its top on, with a band of two standard errors.
local function density(r)
  local x, y, low, high, top = {}, {}, {}, {}, 0
  for _, row in ipairs(r.density) do top = math.max(top, row.density) end
  for _, row in ipairs(r.density) do
    if row.density > 1e-4 * top then
      x[#x + 1], y[#y + 1] = row.value, row.density
      low[#low + 1] = math.max(row.density - 2 * row.error, 1e-4 * top)
      high[#high + 1] = row.density + 2 * row.error
    end
  end
  if #x == 0 then return nil, "the result has no density to draw" end
  return {
    title = ("Density of %s Hessian eigenvalues, trace %s"):format(r.parameters or "?",
      draw.number(r.trace)),
    panels = { {
      x = draw.axis("eigenvalue λ", { unit = "energy/weight²" }),
      y = draw.axis("share of the eigenvalues per unit of λ", { scale = "log" }),
      series = {
        { draw = "band", x = x, low = low, high = high, color = draw.grey,
          name = "two standard errors" },
        { draw = "line", x = x, y = y, color = draw.blue },
      },
    } },
  }
end

local function hessian(r)
  if r.density then return density(r) end
  local values = r.values or {}
  if #values == 0 then return nil, "the result has no eigenvalues to draw" end
  local sorted = table.move(values, 1, #values, 1, {})
  table.sort(sorted)
  local tolerance = r.tolerance or 0
  local groups = {
    { "negative", draw.red, "triangle", function(v) return v < -tolerance end },
    { "within tolerance of zero", draw.grey, "ring",
      function(v) return math.abs(v) <= tolerance end },
    { "positive", draw.blue, "circle", function(v) return v > tolerance end },
  }
  local series = {}
  for _, group in ipairs(groups) do
    local x, y = {}, {}
    for i, v in ipairs(sorted) do
      if group[4](v) then x[#x + 1], y[#y + 1] = i, v end
    end
    if #x > 0 then
      series[#series + 1] = { draw = "points", x = x, y = y, color = group[2],
        marker = group[3], name = ("%s (%d)"):format(group[1], #x) }
    end
  end
  if tolerance > 0 then
    series[#series + 1] = { draw = "rules", y = { -tolerance, tolerance }, color = draw.grey }
  end
  return {
    title = ("Hessian: %d of %s eigenvalues%s"):format(#values, r.parameters or "?",
      r.index and ", index " .. r.index or ""),
    panels = { {
      x = draw.axis("number, from the smallest computed"),
      y = draw.axis("eigenvalue λ", { unit = "energy/weight²", scale = "symlog",
        linear = tolerance > 0 and tolerance or nil }),
      series = series,
    } },
  }
end

local function noise(r)
  local all = r.top or {}
  local largest = math.max(0, table.unpack(all))
  -- Eigenvalues that are zero but for rounding would fill the axis.
  local top = draw.filter(all, function(v) return v > 1e-12 * largest end)
  if #top == 0 then return nil, "the noise has no spectrum to draw" end
  local n = {}
  for i in ipairs(top) do n[i] = i end
  local series = { { draw = "points", x = n, y = top, color = draw.blue, marker = "circle",
    name = "largest eigenvalues" } }
  local function rule(value, color, dash, name)
    series[#series + 1] = draw.finite(value) and { draw = "rules", y = { value }, color = color,
      dash = dash, name = name .. " " .. draw.number(value) } or nil
  end
  rule(r.trace, draw.green, "dashed", "trace")
  rule(r.projection, draw.red, "dotted", "along the escape direction")
  local notes = {}
  if #all > #top then
    notes[1] = draw.counted(#all - #top, "eigenvalue is", "eigenvalues are")
      .. " zero to rounding and not drawn"
  end
  if draw.finite(r.effective_temperature) then
    notes[#notes + 1] = "effective temperature " .. draw.number(r.effective_temperature)
  end
  if r.absorbing then notes[#notes + 1] = "absorbing: " .. tostring(r.absorbing_reason) end
  return {
    title = ("Covariance of the gradient noise, batch %s of %s"):format(r.batch or "?",
      r.samples or "?"),
    panels = { { x = draw.axis("number"),
      y = draw.axis("variance", { unit = "energy²/weight²", scale = "log" }), series = series,
      notes = notes } },
  }
end

--- States by their modes, and by their objective.
local function metastable(r)
  local states = r.states or {}
  if #states == 0 then return nil, "no metastable state was found: nothing to draw" end
  local saddles = draw.filter(r.saddles or {}, function(s) return draw.finite(s.objective) end)
  -- A row for each rank that any of them has.
  local names, row_of = {}, {}
  local function rank(state) return state.rank or #(state.modes or {}) end
  local ranks = {}
  for _, list in ipairs { states, saddles } do
    for _, state in ipairs(list) do ranks[rank(state)] = true end
  end
  for k in pairs(ranks) do
    names[#names + 1] = "rank " .. tostring(k)
    row_of[k] = #names
  end
  local function points(list, words, color, marker)
    return { draw = "points", color = color, marker = marker, name = words,
      x = draw.map(list, function(state) return state.objective or 0 / 0 end),
      y = draw.map(list, function(state) return row_of[rank(state)] end) }
  end
  local series = { points(states, "metastable states", draw.blue, "circle") }
  if #saddles > 0 then
    series[2] = points(saddles, "saddles", draw.red, "triangle")
  end
  local x, y = {}, {}
  for _, state in ipairs(states) do
    for _, w in ipairs(state.modes or {}) do x[#x + 1], y[#y + 1] = w, row_of[rank(state)] end
  end
  local count = r.count or #states
  return {
    title = ("%d metastable state%s at b = %s, theory %s"):format(count, count == 1 and "" or "s",
      draw.number(r.l2), r.theory or "unknown"),
    panels = {
      { x = draw.axis("objective"), y = { label = "", names = names }, series = series,
        notes = r.theory_reason and { r.theory_reason } or nil },
      { x = draw.axis("modes"), y = { label = "", names = names }, height = 0.8,
        series = { { draw = "points", x = x, y = y, color = draw.blue, marker = "ring" } } },
    },
  }
end

--- A new state and, of a saddle, what its sides fall to.
local function deflation(r)
  local states = r.states or {}
  if #states == 0 then return nil, "no new state was found: " .. (r.reason or "nothing to draw") end
  local function points(list, words, color, marker)
    return #list > 0 and { draw = "points", color = color, marker = marker, name = words,
      x = draw.column(list, "norm"), y = draw.column(list, "objective") } or nil
  end
  local series = { points(draw.filter(states, function(s) return s.index == 0 end), "minima",
    draw.blue, "circle") }
  series[#series + 1] = points(draw.filter(states, function(s) return s.index ~= 0 end), "saddles",
    draw.red, "triangle")
  return {
    title = ("A new state of index %s"):format(r.index or "?"),
    panels = { { x = draw.axis("norm"), y = draw.axis("objective"), series = series } },
  }
end

--- The learning coefficient with its interval beside what theory of a valley says.
local function learning_coefficient(r)
  if not draw.finite(r.lambda) then return nil, r.reason or "the chains gave no coefficient" end
  local half = 1.96 * (r.lambda_error or 0)
  local series = { { draw = "points", x = { r.lambda }, y = { 1 }, x_low = { r.lambda - half },
    x_high = { r.lambda + half }, color = draw.blue, marker = "circle" } }
  local names = { "chains" }
  for _, known in ipairs { { "a quadratic", r.quadratic }, { "rank/2", r.rank and r.rank / 2 } } do
    if known[2] then
      names[#names + 1] = known[1]
      series[#series + 1] = { draw = "points", x = { known[2] }, y = { #names },
        color = draw.orange, marker = "square" }
    end
  end
  return {
    title = ("Local learning coefficient at T = %s, γ = %s"):format(draw.number(r.temperature),
      draw.number(r.gamma)),
    panels = { { x = { label = "λ" }, y = { label = "", names = names }, series = series,
      notes = { "bars: 1.96 standard errors over the chains", r.warning } } },
  }
end

--- The modes of one state.
local function strengths(r, title)
  local modes = type(r.modes) == "table" and r.modes or {}
  if type(modes[1]) ~= "number" then return nil, "the network has no modes to draw" end
  local n = {}
  for i in ipairs(modes) do n[i] = i end
  return {
    title = title,
    panels = { { x = draw.axis("mode", { names = #n <= 12 and draw.map(n, tostring) or nil }),
      y = draw.axis("strength", { from = 0 }), series = {
      { draw = "points", x = n, y = modes, color = draw.blue, marker = "circle" } } } },
  }
end

return {
  phases = phases,
  phase_diagram = phase_diagram,
  barrier = barrier,
  hessian = hessian,
  noise = noise,
  metastable = metastable,
  deflation = deflation,
  learning_coefficient = learning_coefficient,
  settling = function()
    return nil, "a settling is one state: measure(), hessian() and continuation() draw it and what "
      .. "lies around it"
  end,
  measurement = function(r)
    return strengths(r, ("Step %s: loss %s"):format(draw.number(r.step), draw.number(r.loss)))
  end,
  trap = function(r)
    return strengths(r, ("Trap of rank %s: %s"):format(tostring(r.rank),
      r.certified and "certified" or "not certified: " .. tostring(r.reason)))
  end,
}
