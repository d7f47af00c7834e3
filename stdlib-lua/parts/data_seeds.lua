--- One law of escape on several draws of the data: the state made again on each, and what the draws
--- have in common told apart from how they differ.
local kramers = ...

local refuse = kramers.refuse

-- Gradient norm at which the present state counts as at rest, and to which the others relax.
local rest, target, patience = 1e-6, 1e-8, 1000000

--- Joins sentences to what a result warns of already.
local function warn(result, words, ...)
  words = words:format(...)
  result.warning = result.warning and result.warning .. "; " .. words or words
end

--- `x` on the data that its recipe draws `shift` seeds later: the present weights relax there
--- without noise under the optimiser, lr and l2 of x, and as many modes must be learned then. Or
--- nil, and why the protocol is impossible with these data.
local function again(x, shift)
  local y = kramers.on_data(x, x.data:redraw(shift))
  local own = {}
  for name in pairs(kramers.noise_off) do own[name] = x[name] end
  y:set(kramers.noise_off)
  local run = y:train { steps = patience, until_converged = target }
  if run.outcome == "diverged" then return nil, run.message end
  if run.outcome ~= "converged" then
    return nil, ("the state does not come to rest under these data: gradient norm %.3g after %d "
      .. "steps without noise"):format(run.gradient_norm, run.steps)
  end
  y:set(own)
  local before, after = kramers.active_modes(x), kramers.active_modes(y)
  if before ~= after then
    return nil, ("the state of %d learned modes does not exist under these data at l2 = %.6g: it "
      .. "relaxes to %d"):format(before, x.l2, after)
  end
  return y
end

--- Calls measure(y, k) for the present data and n - 1 further draws, k = 1 ... n. A list of
--- results, or of { outcome = "impossible", reason = } where the state cannot be made or the call
--- fails; errors with the present data are the caller's.
local function each(x, n, measure)
  -- Tells at once whether there is a recipe.
  x.data:redraw(0)
  local g = x:measure().gradient_norm
  if g > rest then
    refuse("data_seeds makes the present state again by relaxing it without noise, and it is not "
      .. "at rest itself (gradient norm %.3g, not %g): trap it, or train { until_converged = 1e-8 "
      .. "} with every noise off", g, rest)
  end
  local results, order = {}, {}
  for k = 1, n do order[k] = k end
  kramers.each(order, function(k)
    if k == 1 then
      results[1] = measure(x, 1)
      return
    end
    local ok, made, why = pcall(again, x, k - 1)
    local result
    if ok and made then ok, result = pcall(measure, made, k) end
    if not (ok and made) then
      local reason = result or not ok and made or why
      result = { outcome = "impossible", reason = tostring(reason) }
    end
    results[k] = result
  end)
  return results
end

--- How a data set fared: one line of the table of data seeds.
local function seed_row(shift, r)
  local theory = r.theory or {}
  return {
    shift = shift,
    outcome = r.outcome,
    reason = r.reason,
    barrier = r.barrier,
    barrier_low = r.barrier_low,
    barrier_high = r.barrier_high,
    expected = theory.slope,
    theory_barrier = theory.barrier,
    best = r.best,
    simplest = r.simplest,
    warning = r.warning,
  }
end

--- What all agree on; nil where they do not.
local function common(list, name)
  local value = list[1] and list[1][name]
  for _, item in ipairs(list) do
    if item[name] ~= value then return nil end
  end
  return value
end

--- Standard error of the slope of one data set; nil without one.
local function slope_error(r)
  return r.barrier and (r.barrier_high - r.barrier_low) / 3.92
end

--- A row of the decomposition: mean with interval, `between` (standard deviation between data
--- seeds) and `within` (that of one data seed by its replicas).
local function split(quantity, point, values, errors)
  local row = kramers.random_effects(values, errors)
  if row then
    row.quantity, row.point, row.groups, row.seeds = quantity, point, nil, row.groups
  end
  return row
end

--- f of every data set, or nil where one has none.
local function all(completed, f)
  local list = {}
  for k, r in ipairs(completed) do
    list[k] = f(r)
    if not list[k] then return nil end
  end
  return list
end

--- Slope and times of all data sets: means, and spreads between data and between replicas.
--- Then the points at which some data set saw no escape.
local function decompose(completed)
  local rows, lost = {}, {}
  local function add(quantity, point, values, errors)
    if values and errors then rows[#rows + 1] = split(quantity, point, values, errors) end
  end
  local errors = all(completed, slope_error)
  add("barrier", nil, all(completed, function(r) return r.barrier end), errors)
  add("barrier - theory", nil, all(completed, function(r)
    return r.barrier and r.theory.slope and r.barrier - r.theory.slope
  end), errors)
  for i = 1, #completed[1].points do
    local function of(f)
      return all(completed, function(r)
        local p = r.points[i]
        if p.tau and p.escapes > 0 and p.tau > 0 then return f(p) end
      end)
    end
    local sizes = of(function(p) return math.log(p.tau_high / p.tau_low) / 3.92 end)
    if not sizes then lost[#lost + 1] = i end
    add("ln tau", i, of(function(p) return math.log(p.tau * p.lr) end), sizes)
    add("ln tau/theory", i, of(function(p)
      return p.theory and math.log(p.tau / p.theory)
    end), sizes)
  end
  return rows, lost
end

--- The slope that theory expects, weighted over the data sets as the measured slopes are; nil where
--- it is not known for all.
local function expected_slope(completed, between)
  local expected, weights = 0, 0
  for _, r in ipairs(completed) do
    local error = slope_error(r)
    if not (error and between and r.theory.slope) then return nil end
    local weight = 1 / (error ^ 2 + between ^ 2)
    expected, weights = expected + weight * r.theory.slope, weights + weight
  end
  return expected / weights
end

--- What the data seeds that completed say together.
local function combine(result, completed)
  local lost
  result.spread, lost = decompose(completed)
  if #lost > 0 then
    warn(result, "no escape was seen with some data seed at point %s: its spread is not known",
      table.concat(lost, ", "))
  end
  local slope = result.spread[1]
  if slope and slope.quantity == "barrier" then
    result.barrier, result.barrier_low, result.barrier_high = slope.mean, slope.low, slope.high
    result.between, result.within = slope.between, slope.within
  end
  local first = completed[1].theory
  result.theory = { slope = expected_slope(completed, result.between),
    temperature_power = first.temperature_power, reason = first.reason }
  result.best, result.simplest = common(completed, "best"), common(completed, "simplest")
  if not result.simplest then
    warn(result, "the simplest law that is not rejected differs between data seeds")
  end
end

--- Measures a law on n draws of the data: measure(y, first, before) does it on one, with random
--- streams from `first` on, `before` being the points done so far.
---@param size integer points of one data set
local function over(x, n, size, measure)
  local points = {}
  local results = each(x, n, function(y, k)
    local result = measure(y, (k - 1) * size + 1, points)
    for _, p in ipairs(result.points) do
      p.shift = k - 1
      points[#points + 1] = p
    end
    return result
  end)
  local rows, warned = {}, {}
  local by_outcome = { completed = {}, impossible = {}, diverged = {} }
  for k, r in ipairs(results) do
    rows[k] = seed_row(k - 1, r)
    if r.warning then warned[#warned + 1] = rows[k] end
    local list = by_outcome[r.outcome]
    list[#list + 1] = r.outcome == "completed" and r or rows[k]
  end
  local completed, impossible, diverged = by_outcome.completed, by_outcome.impossible,
    by_outcome.diverged
  local result = { kind = "arrhenius", points = points, data_seeds = rows, drawn = n,
    completed = #completed, impossible = #impossible,
    outcome = #diverged > 0 and "diverged" or "completed" }
  for _, name in ipairs { "temperature_unit", "threshold", "l2", "depth", "widths", "seed",
    "lr" } do
    result[name] = results[1][name]
  end
  if #impossible > 0 then
    warn(result, "the protocol is impossible with %d of %d data seeds, and means are those of the "
      .. "others; the first, shift %d: %s", #impossible, n, impossible[1].shift,
      impossible[1].reason)
  end
  if #diverged > 0 then
    -- The data seeds without divergence are no fair sample of all.
    result.reason = ("replicas diverged with %d of %d data seeds, the first at shift %d: no mean "
      .. "over the others is given"):format(#diverged, n, diverged[1].shift)
    warn(result, "%s", result.reason)
  else
    combine(result, completed)
  end
  if #warned > 0 then
    warn(result, "%d of %d data seeds warn, the first at shift %d: %s", #warned, n,
      warned[1].shift, warned[1].warning)
  end
  return result
end

return { over = over, warn = warn }
