--- Rival laws of escape: escape times over temperatures, learning rates, batch sizes or any grid
--- of the three, and four laws fitted to all of them by maximum likelihood, censored replicas
--- included.
---
---     trap { rank = 1, release = 0.1 }
---     print(arrhenius { temperatures = {4e-4, 3e-4, 2e-4}, replicas = 64 })
---     print(arrhenius { lrs = {0.02, 0.04}, batches = {16, 32, 64}, gradient_noise = 0.3 })
---
--- All laws are laws for lr * steps: in steps a mere clock, tau = c/lr, looks like Arrhenius' law.
--- The abscissa is 1/T under additive noise. Minibatch noise depends on the weights, and no
--- temperature stands for it: where its quasi-potential phi is known, ln tau rises with phi, which
--- is proportional to batch/lr, and `abscissae` compares it with the effective temperature that
--- the noise of the learned state has.
--- With `data_seeds` everything is done again on further draws of the data, and `spread` tells
--- what differs between the draws from what the replicas of one draw leave open: a law that holds
--- for one data set only is none.
--- `best` is a law only where the points can tell; `warning` names the temperatures that could.
local kramers = ...

local data_seeds = kramers.part("data_seeds")

local refuse, warn = kramers.refuse, data_seeds.warn

-- What the protocol reads itself; the rest goes to measure_escape.
local own_options = { temperatures = true, lrs = true, batches = true, abscissa = true,
  data_seeds = true }

--- One line of the table of points.
local function row(e, temperature)
  return {
    temperature = temperature,
    lr = e.lr,
    batch = e.batch,
    tau = e.tau,
    tau_low = e.tau_low,
    tau_high = e.tau_high,
    tau_time = e.tau_time,
    replicas = e.replicas,
    escapes = e.escapes,
    censored = e.censored,
    diverged = e.diverged,
    exponential_p = e.exponential_p,
    residence = e.residence,
    theory = e.theory,
    theory_error = e.theory_error,
    theory_error_lr = e.theory_error_lr,
    theory_method = e.theory_method,
    phi = e.phi,
    phi_frozen = e.phi_frozen,
    warning = e.warning,
    reason = e.reason,
  }
end

--- The points for which `holds` is true, as text, and how many.
local function which(rows, holds)
  local found = {}
  for i, p in ipairs(rows) do
    if holds(p) then found[#found + 1] = i end
  end
  return table.concat(found, ", "), #found, found[1]
end

--- A result without a fit: some replicas diverged, and nobody knows what they would have done.
local function withheld(x, options, rows, where)
  local y = x:clone()
  if options.l2 then y:set { l2 = options.l2 } end
  local curvature = y:hessian { k = 1, which = "largest" }.values[1]
  local result = {}
  warn(result, "replicas diverged at point %s: no law is fitted, because what they would have done "
    .. "is not known; lower lr or the noise%s", where, curvature > 0
    and (" (lr < %.3g keeps this state itself stable, but the way out may be steeper)"):format(
      2 / curvature) or "")
  result.reason = rows[tonumber(where:match "%d+")].reason
  return result
end

--- The grid, temperatures outermost: a list of { temperature =, lr =, batch = }.
local function grid(options)
  local points = { {} }
  local axes = { { "temperatures", "temperature" }, { "lrs", "lr" }, { "batches", "batch" } }
  for _, axis in ipairs(axes) do
    local list, name = options[axis[1]], axis[2]
    if list then
      local seen, finer = {}, {}
      for _, value in ipairs(list) do
        if seen[value] then refuse("%s must differ", axis[1]) end
        seen[value] = true
      end
      if options[name] then refuse("give either %s or %s", name, axis[1]) end
      for _, point in ipairs(points) do
        for _, value in ipairs(list) do
          local copy = { [name] = value }
          for other, setting in pairs(point) do copy[other] = setting end
          finer[#finer + 1] = copy
        end
      end
      points = finer
    end
  end
  if not (options.temperatures or options.lrs or options.batches) then
    refuse("give temperatures, lrs or batches: lists of at least two values")
  end
  if #points < 2 then
    local axis = options.temperatures and "temperatures" or options.lrs and "lrs" or "batches"
    refuse("%s needs at least two values", axis)
  end
  return points
end

--- The scale of minibatch noise at a point: its quasi-potential, lr/batch in an unknown unit, or
--- lr times the trace of the gradient's covariance in the present state.
local scales = {
  phi = function(_, e) return e.phi and 1 / e.phi, "1/phi" end,
  noise = function(_, e) return e.batch ~= "full" and e.lr / e.batch or nil, "lr/batch" end,
  paper = function(x, e)
    if e.batch == "full" then return nil, "lr trace(C)/batch" end
    return e.lr * x:noise { batch = e.batch, replacement = e.replacement, k = 1 }.trace,
      "lr trace(C)/batch"
  end,
}

--- The temperature of every point, and its unit.
local function temperatures(x, options, found)
  local name = options.abscissa
  if not name then
    local additive, known = 0, 0
    for _, e in ipairs(found) do
      if e.effective_temperature > 0 then additive = additive + 1 end
      if e.phi then known = known + 1 end
    end
    if additive == #found then
      local list = {}
      for i, e in ipairs(found) do list[i] = e.effective_temperature end
      return list, "energy"
    end
    if additive > 0 then
      refuse("some points have additive noise and some have not: no common temperature")
    end
    name = known == #found and "phi" or "noise"
  end
  local list, unit = {}, nil
  for i, e in ipairs(found) do
    list[i], unit = scales[name](x, e)
    if not list[i] and name == "phi" then
      refuse("abscissa: point %d has no phi: %s", i, e.theory_reason or "noise is additive")
    end
    if not list[i] then
      refuse("point %d has no noise: give it a temperature or a batch", i)
    end
  end
  return list, unit
end

--- The slopes of ln(tau lr) over phi and over the exponent under an effective temperature, each
--- beside what theory expects of phi: the law whose slope misses it is not that of these escapes.
local function compare(rows, fitted)
  local result, expected = {}, nil
  for _, axis in ipairs { { "phi", "phi" }, { "effective temperature", "phi_frozen" } } do
    local list, known = {}, {}
    for i, p in ipairs(rows) do
      if not (p[axis[2]] and fitted[i]) then return nil end
      list[i] = { temperature = 1 / p[axis[2]], escapes = fitted[i].escapes,
        exposure = fitted[i].exposure, look = fitted[i].look }
      known[i] = { temperature = 1 / p.phi, lr = p.lr, theory = p.theory, theory_error = 0,
        theory_error_lr = 0 }
    end
    expected = expected or kramers.expected_slope(known) or 1
    local law = kramers.rival_laws(list)
    if not law.barrier then return nil end
    result[#result + 1] = {
      abscissa = axis[1],
      slope = law.barrier,
      slope_low = law.barrier_low,
      slope_high = law.barrier_high,
      expected = expected,
      misses = expected < law.barrier_low or expected > law.barrier_high,
    }
  end
  return result
end

--- The whole protocol on one data set.
---@param start integer the first random stream
---@param before table rows of points that were measured with other data
local function measure(x, options, start, before)
  local points = grid(options)
  local found, rows, fitted, last = {}, {}, {}, nil
  kramers.each(points, function(call, i)
    call.stream = start - 1 + i
    for name, value in pairs(options) do
      if not own_options[name] then call[name] = value end
    end
    last = x:measure_escape(call)
    if last.batch == "full" and last.effective_temperature == 0 and not last.phi then
      refuse("point %d has no noise: give it a temperature or a batch", i)
    end
    found[i] = last
    rows[i] = row(last, last.effective_temperature > 0 and last.effective_temperature or nil)
    -- Counts as an outcome, not as a time: see `withheld`.
    if last.outcome ~= "diverged" then
      fitted[i] = {
        escapes = last.escapes,
        exposure = last.exposure * last.lr,
        look = last.every * last.lr,
      }
    end
    -- What is emitted if the next measurement is interrupted.
    local done = table.move(before, 1, #before, 1, {})
    table.move(rows, 1, #rows, #done + 1, done)
    kramers.keep { kind = "arrhenius", outcome = "interrupted", points = done, l2 = last.l2 }
  end)
  local scale, unit = temperatures(x, options, found)
  for i, temperature in ipairs(scale) do
    rows[i].temperature = temperature
    if fitted[i] then fitted[i].temperature = temperature end
  end
  local lost, lost_count = which(rows, function(p) return p.reason end)
  local barrier = unit == "energy" and last.barrier or unit == "1/phi" and 1 or nil
  local result = lost_count > 0 and withheld(x, options, rows, lost)
    or kramers.rival_laws(fitted, last.temperature_power, barrier)
  for _, i in ipairs(result.shallow or {}) do rows[i].shallow = true end
  result.shallow, result.separation = nil, nil
  local odd, odd_count = which(rows, function(p) return (p.exponential_p or 1) < 0.05 / #rows end)
  if odd_count > 0 then
    warn(result, "not exponential at point %s: not an activated escape with one rate", odd)
  end
  local warned, warned_count, first = which(rows, function(p) return p.warning end)
  if warned_count > 0 then
    warn(result, "%s %s: %s", warned_count > 1 and "points " .. warned .. " warn, the first of them"
      or "point", warned_count > 1 and "says" or warned, rows[first].warning)
  end
  result.kind = "arrhenius"
  result.points = rows
  result.temperature_unit = unit
  result.abscissae = lost_count == 0 and compare(rows, fitted) or nil
  result.theory = {
    barrier = barrier,
    temperature_power = last.temperature_power,
    slope = kramers.expected_slope(rows),
    reason = last.theory_reason,
  }
  result.threshold = last.threshold
  result.l2 = last.l2
  result.depth = last.depth
  result.widths = last.widths
  result.seed = last.seed
  result.lr = not options.lrs and last.lr or nil
  result.outcome = lost_count > 0 and "diverged" or "completed"
  return result
end

---@param x userdata the experiment
---@param options table checked options of `arrhenius`
local function arrhenius(x, options)
  if not options.data_seeds then return measure(x, options, 1, {}) end
  return data_seeds.over(x, options.data_seeds, #grid(options), function(y, first, before)
    return measure(y, options, first, before)
  end)
end

return {
  entry = {
    summary =
      "escape times over temperatures, learning rates, batch sizes or any grid of the "
      .. "three, and four rival laws fitted to all of them in lr * steps, censored runs "
      .. "included",
    options = {
      { name = "temperatures", type = "numbers", range = "positive", unit = "energy",
        help = "the temperatures; point i of the grid uses the random stream (seed, i)",
      },
      { name = "lrs", type = "numbers", range = "positive",
        help = "learning rates",
      },
      { name = "batches", type = "integers", range = "positive", unit = "samples",
        help = "batch sizes; with lrs the two vary independently",
      },
      { name = "abscissa", type = "choice", choices = { "phi", "noise", "paper" },
        default_text =
          "the temperature; without additive noise \"phi\" where it is known, else \"noise\"",
        help =
          "what stands for the temperature: 1/phi (quasi-potential), lr/batch, or lr times the "
          .. "trace of the gradient's covariance over the batch, in the present state",
      },
      { name = "data_seeds", type = "integer", range = { 2, 10000 }, unit = "data sets",
        help =
          "everything on the present data and on further draws of its recipe (d:redraw): "
          .. "network, settings, threshold if given, and seed are the same, replicas and their "
          .. "random streams are new; the present state, which must be at rest, relaxes under the "
          .. "new data without noise (to a gradient norm of 1e-8), and must keep its number of "
          .. "learned modes",
      },
    },
    takes = {
      { verb = "measure_escape", except = { "method", "runs", "level", "stream" } },
    },
    looks = true,
    returns =
      "kind=\"arrhenius\": points (one row each, with the numbers censored and "
      .. "diverged), barrier, barrier_low, barrier_high, prefactor (tau_0 in lr * steps), "
      .. "r2, span, laws (rows clock, arrhenius, power, prefactor: log_likelihood, "
      .. "aic_weight, p, rejected), simplest (law not rejected), best (the same, but nil "
      .. "where these points could not tell it from a rival, with a warning that names the "
      .. "temperatures that could), warning, fit_p, theory (barrier, temperature_power, "
      .. "slope expected at these temperatures), abscissae (minibatch noise: rows phi and "
      .. "effective temperature with slope, slope_low, slope_high, what theory expects, misses), "
      .. "temperature_unit, outcome; points with dE/T < 2 are marked "
      .. "shallow; times count as known within a look. Where replicas diverged no law is "
      .. "fitted (outcome = \"diverged\", reason). With data_seeds: rows shift (of the data's "
      .. "seeds), outcome (\"completed\", \"impossible\", \"diverged\"), reason, barrier with "
      .. "its interval, expected (slope by theory with these data), best, simplest; drawn, "
      .. "completed, impossible; points of all with their shift; spread = rows quantity "
      .. "(\"barrier\", the slope over the abscissa; \"barrier - theory\"; at each point "
      .. "\"ln tau\" in lr * steps and \"ln tau/theory\") with mean, low, high (Hartung and "
      .. "Knapp), between (standard deviation between data seeds, Paule and Mandel) with "
      .. "between_low and between_high, within (of one data seed, by its replicas), p (of no "
      .. "difference between data seeds), seeds; barrier is that mean; no laws",
    answer = {
      fields = {
        "points: temperature replicas escapes tau theory", "theory.barrier energy", "warning",
        "data_seeds: shift outcome barrier barrier_low barrier_high expected reason",
        "spread: quantity point mean low high between within p", "barrier energy",
      },
      summary = {
        "barrier {barrier energy} over {completed} of {drawn} data seeds; spread between them "
          .. "{between}, by replicas {within}",
        "{completed} of {drawn} data seeds completed",
        "barrier {barrier energy}; of the laws {best}",
        "barrier {barrier energy}; simplest law not rejected: {simplest}, not told from its rivals",
        "simplest law not rejected: {simplest}", "no law is fitted" },
    },
    example = [[
experiment { data = data.population { singular = {1} }, depth = 3, width = 1, init = "zero",
  l2 = 0.3, lr = 0.2 }
local dE = 0.0139
local a = arrhenius { temperatures = {dE / 2.5, dE / 4, dE / 5.5}, replicas = 256 }
print(a.best, a.barrier, a.barrier_low, a.barrier_high, a.theory.barrier)
]],
    see_also = { "measure_escape", "control", "trap" },
  },
  body = arrhenius,
}
