--- Hysteresis: sweeps L2 up from the state with every mode learned, and back down.
---
---     local h = hysteresis { from = 0.1, to = 0.6, points = 51 }
---     print(h.area[1], h.theory.area[1])
---
--- At depth 3 and more a mode collapses at its spinodal on the way up and does not come back on the
--- way down, but for the floor: the way down measures the floor, which stands in every result.
--- A ramp that diverges has no loop: its outcome says so, and what lr would have been stable.
local kramers = ...

--- The options without `rate`, for `sweep`, with another grid.
local function sweep_options(options, grid)
  local call = { l2 = grid }
  for _, name in ipairs { "hold", "converged", "max_steps", "floor" } do
    call[name] = options[name]
  end
  return call
end

--- The rising grid of the options, or nil and what is wrong.
local function rising_grid(options)
  local grid = options.l2
  if not grid then
    local from, to, points = options.from, options.to, options.points
    if not (from and to and points) then return nil, "l2 (or from, to and points) is required" end
    grid = (options.scale == "log" and logspace or linspace)(from, to, points)
  elseif options.from or options.to or options.points or options.scale then
    return nil, "give either l2, or from, to and points"
  end
  if #grid < 2 then return nil, "the grid needs at least two points" end
  for i = 2, #grid do
    if grid[i] <= grid[i - 1] then
      return nil,
        ("l2 must rise, because the ramp goes up first and then back, but l2[%d] = %g follows "
          .. "l2[%d] = %g"):format(i, grid[i], i - 1, grid[i - 1])
    end
  end
  return grid
end

--- An error of one of the protocol's verbs, without its place and name.
local function words_of(err, verb) return (tostring(err):gsub("^.-" .. verb .. ": ", "")) end

--- Why the experiment's step alone leaves the stationary state that it stands in, or nil.
local function too_fast(x)
  if x:measure().gradient_norm > 1e-6 then return end
  local limit = kramers.stable_lr(x)
  if not limit or x.lr < limit then return end
  return ("lr = %g is above %.4g, the largest stable lr by the Hessian at the start; lower lr")
    :format(x.lr, limit)
end

--- Learns every mode that exists at the first L2 strength, where theory knows them; returns why
--- that failed, or nil.
local function learn(x, l2)
  local known, phases = pcall(x.phases, x, { l2 = l2 })
  if not known then return end
  local possible, learned = 0, 0
  for _, mode in ipairs(phases.modes) do
    if mode.stability and mode.stability ~= "none" then possible = possible + 1 end
    if mode.state == "learned" then learned = learned + 1 end
  end
  x:set_l2(l2)
  if learned < possible then
    local ok, t = pcall(x.trap, x, { rank = possible, release = l2 })
    if not ok then return words_of(t, "trap") end
    if not t.certified then return t.reason end
  end
  return too_fast(x)
end

--- Trapezoids between the ways up and down, a number a mode.
local function areas(up, down)
  local result = {}
  local count = #up.points
  for k = 1, #up.points[1].modes do
    local function gap(i)
      return up.points[i].modes[k] - down.points[count + 1 - i].modes[k]
    end
    local sum = 0
    for i = 2, count do
      sum = sum + (up.points[i].l2 - up.points[i - 1].l2) * (gap(i) + gap(i - 1)) / 2
    end
    result[k] = sum
  end
  return result
end

--- Slope of ln excess against ln rate, with an intercept for each of the lists of points.
local function exponent(lists)
  local spread, product = 0, 0
  for _, points in ipairs(lists) do
    local n, sx, sy, sxx, sxy = 0, 0, 0, 0, 0
    for _, p in ipairs(points) do
      local a, b = math.log(p.rate), math.log(p.excess)
      n, sx, sy, sxx, sxy = n + 1, sx + a, sy + b, sxx + a * a, sxy + a * b
    end
    if n > 1 then
      spread, product = spread + sxx - sx * sx / n, product + sxy - sx * sy / n
    end
  end
  return spread > 0 and product / spread or nil
end

--- How late mode k collapses at a rate, by the normal form of the fold: with a the weight a layer,
--- da/dt = a^(D-1) (s - a^D) - b a, the delay is 2.33811 (the first zero of Airy's function) times
--- rate^(2/3) / (A a)^(1/3), where A = -(1/2) d2(da/dt)/da2 at the fold.
local function fold_delay(depth, singular, rate)
  local p = singular * (depth - 2) / (2 * (depth - 1))
  local a = p ^ (1 / depth)
  local bend = ((2 * depth - 1) * (2 * depth - 2) * a ^ (2 * depth - 3)
    - (depth - 1) * (depth - 2) * singular * a ^ (depth - 3)) / 2
  return 2.33811 * rate ^ (2 / 3) / (bend * a) ^ (1 / 3)
end

--- Ramps through each spinodal at the given rates, noise off, from the exact learned state: fields
--- of the result.
local function rate_study(x, rates)
  local rows, lists, diverged = {}, {}, nil
  for k, mode in ipairs(x:phases().modes) do
    local mine = {}
    lists[k] = mine
    if mode.spinodal then
      for _, rate in ipairs(rates) do
        local y = x:clone()
        local delay = fold_delay(y.depth, mode.singular, rate)
        -- Ten delays below the spinodal the state still follows; steps of a fiftieth of one.
        local from = math.max(mode.spinodal - 10 * delay, mode.spinodal / 2)
        local hold = math.max(math.floor(delay / 50 / (rate * y.lr)), 1)
        local step = hold * rate * y.lr
        y:set(kramers.noise_off)
        y:set_l2(from)
        y:trap { rank = k, exact = true }
        local failure = too_fast(y)
        if failure then kramers.refuse(failure) end
        local ok, r = pcall(y.sweep, y, {
          from = from,
          to = from + step * math.ceil((mode.spinodal + 3 * delay - from) / step),
          points = math.ceil((mode.spinodal + 3 * delay - from) / step) + 1,
          hold = hold,
          floor = 0,
        })
        if not ok then
          kramers.refuse("mode %d at rate %g: %s", k, rate, words_of(r, "sweep"))
        end
        if r.outcome == "diverged" and not diverged then
          diverged = { message = r.message, stable_lr = r.stable_lr }
        end
        -- Late on its way to zero: where it has fallen to a tenth of its strength at the fold.
        local limit = 0.1 * mode.singular * (y.depth - 2) / (2 * (y.depth - 1))
        for _, p in ipairs(r.points) do
          if p.modes[k] < limit then
            mine[#mine + 1] = {
              rate = rate, mode = k, excess = p.l2 - mode.spinodal, uncertainty = step,
              theory = delay,
            }
            rows[#rows + 1] = mine[#mine]
            break
          end
        end
      end
    end
  end
  local exponents = {}
  for k, mine in ipairs(lists) do exponents[k] = exponent({ mine }) or 0 / 0 end
  return {
    rates = rows, exponent = exponent(lists), exponents = exponents,
    outcome = diverged and "diverged" or nil,
    warning = diverged and diverged.message,
    message = diverged and diverged.message,
    stable_lr = diverged and diverged.stable_lr,
  }
end

---@param x userdata the experiment
---@param options table checked options of `hysteresis`
local function hysteresis(x, options)
  local result = { kind = "hysteresis", outcome = "completed" }
  if options.rate then
    if x.depth < 3 then
      kramers.refuse("rate needs depth 3 or more: depth %d has no fold", x.depth)
    end
    for name, value in pairs(rate_study(x, options.rate)) do result[name] = value end
    -- The study makes its own ramps; a grid beside it is swept as without it.
    if not (options.l2 or options.from or options.to or options.points) then
      result.theory = { exponent = 2 / 3 }
      result.depth, result.widths, result.lr = x.depth, x.widths, x.lr
      return result
    end
  end
  local grid, wrong = rising_grid(options)
  if not grid then kramers.refuse(wrong) end
  local start = x:snapshot()
  local failure = learn(x, grid[1])
  if failure then
    x:restore(start)
    kramers.refuse("the ramp starts with every mode learned, which failed at l2 = %g: %s", grid[1],
      failure)
  end
  local ok, up = pcall(x.sweep, x, sweep_options(options, grid))
  if not ok then
    x:restore(start)
    kramers.refuse(words_of(up, "sweep"))
  end
  kramers.keep { kind = "hysteresis", outcome = "interrupted", up = up, floor = up.floor }
  local back = {}
  for i = #grid, 1, -1 do back[#back + 1] = grid[i] end
  local broken, down = up.outcome == "diverged" and up or nil, nil
  if not broken then
    ok, down = pcall(x.sweep, x, sweep_options(options, back))
    if not ok then
      broken = { message = words_of(down, "sweep") }
      broken.warning = "the way down: " .. broken.message
      down = nil
    elseif down.outcome == "diverged" then
      broken = down
    end
  end
  local jumps, transitions, warnings = {}, {}, {}
  for _, r in ipairs { up, down } do
    for _, jump in ipairs(r.jumps) do jumps[#jumps + 1] = jump end
    for _, row in ipairs(r.transitions) do transitions[#transitions + 1] = row end
    if r.warning then
      warnings[#warnings + 1] = ("the way %s: %s"):format(r == up and "up" or "down", r.warning)
    end
  end
  if broken and not down and broken ~= up then warnings[#warnings + 1] = broken.warning end
  if broken then
    result.outcome, result.message, result.stable_lr = "diverged", broken.message, broken.stable_lr
  end
  -- The warning of a study of rates stands first.
  if result.warning then table.insert(warnings, 1, result.warning) end
  result.warning = #warnings > 0 and table.concat(warnings, "; ") or nil
  local theory = {
    area = kramers.loop_areas(x, grid[1], grid[#grid]),
    exponent = options.rate and 2 / 3 or nil,
  }
  local known, phases = pcall(x.phases, x)
  if known then
    theory.spinodal = {}
    for k, mode in ipairs(phases.modes) do theory.spinodal[k] = mode.spinodal or 0 / 0 end
  else
    theory.reason = (tostring(phases):gsub("^.-phases: ", ""))
  end
  -- Without the whole of both ways there is no loop.
  result.floor, result.area, result.theory = up.floor, not broken and areas(up, down) or nil, theory
  result.jumps, result.transitions, result.up, result.down = jumps, transitions, up, down
  result.depth, result.widths, result.lr, result.seed = x.depth, x.widths, x.lr, x.seed
  return down and kramers.join_states(result, up, down) or kramers.join_states(result, up)
end

return {
  entry = {
    summary =
      "sweeps L2 up from the state with every mode learned, and back down; the "
      .. "experiment ends at the last point of the way down",
    options = {
      { name = "rate", type = "numbers", range = "positive",
        unit = "l2 a unit of time (lr * steps)",
        help =
          "ramps of these rates through each spinodal: how much too late a mode "
          .. "collapses; alone, or beside a grid",
      },
    },
    takes = {
      { verb = "sweep", only = {
        "l2", "from", "to", "points", "scale", "hold", "converged", "max_steps", "floor" } },
    },
    returns =
      "kind=\"hysteresis\": up and down (sweeps), transitions and jumps of both, area "
      .. "(one per mode, between the ways up and down), theory = {area, spinodal}, floor, "
      .. "warning; r:state(i). outcome \"diverged\": what there is, without area, message, "
      .. "stable_lr. With rate: rates = rows rate, mode, excess, theory; exponent (one "
      .. "slope for all modes; theory 2/3) and exponents (one per mode)",
    answer = {
      fields = { "transitions: mode direction event transition l2 uncertainty theory",
        "rates: rate mode excess uncertainty theory", "exponents", "floor", "theory.area", "area",
        "stable_lr", "warning" },
      summary = { "[message] {message}",
        "the collapse comes late by rate ^ {exponent}, theory 2/3",
        "transitions: {#transitions}, of them jumps: {#jumps}" },
    },
    example = [[
experiment { data = data.population { singular = {1} }, depth = 3, width = 1, lr = 0.2 }
local h = hysteresis { from = 0.1, to = 0.6, points = 51 }
print(h.jumps[1].l2, h.jumps[1].theory, h.area[1], h.theory.area[1])
]],
    see_also = { "sweep", "bifurcation" },
  },
  body = hysteresis,
}
