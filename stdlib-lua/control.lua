--- Is an escape carried by noise? Twins from one state, with common random numbers, under other
--- noises; the decisive one has none.
---
---     trap { rank = 1, release = 0.1 }
---     print(control { temperature = 2e-4 })
---
--- `activated`: the noise-off twin stays, the noisy replicas leave one by one, at exponential times
--- that are long against their lag. `deterministic`: the noise-off twin leaves too, and noisy
--- replicas leave when it does. `absorbed`: nobody leaves, and the updates keep the set in which
--- the state lies, or into which it decays without noise. `undecided`: everything else, with the
--- reason.
local kramers = ...

local refuse = kramers.refuse

-- What the protocol reads itself; the rest goes to measure_escape.
local own_options = { snapshots = true, ladder = true, label = true }
local off = { batch = "full", temperature = 0, gradient_noise = 0, label_noise = 0 }

local function merged(...)
  local result = {}
  for _, table in ipairs { ... } do
    for name, value in pairs(table) do result[name] = value end
  end
  return result
end

--- A twin's line in the table.
local function row(name, e)
  return {
    name = name,
    batch = e.batch,
    replacement = e.batch ~= "full" and tostring(e.replacement) or nil,
    temperature = e.temperature,
    gradient_noise = e.gradient_noise,
    label_noise = e.label_noise,
    replicas = e.replicas,
    escapes = e.escapes,
    censored = e.censored,
    tau = e.tau,
    tau_low = e.tau_low,
    tau_high = e.tau_high,
    median = e.median,
    lag = e.lag,
    mean_after_lag = e.mean_after_lag,
    exponential_p = e.exponential_p,
  }
end

--- The other noises of the ladder: a list of { name, settings }, and why some are missing.
local function ladder(x, own, label)
  local samples = x.data.samples
  local rungs, missing = {}, {}
  if own.effective_temperature > 0 then
    rungs[1] = { "additive", merged(off, { temperature = own.effective_temperature }) }
  end
  if not samples then
    missing[1] = "no minibatch or label noise: the data has no samples"
    return rungs, missing
  end
  local size = own.batch ~= "full" and own.batch or math.max(1, math.min(64, samples // 4))
  local function add(name, settings) rungs[#rungs + 1] = { name, merged(off, settings) } end
  if size < samples then add("minibatch", { batch = size, replacement = false }) end
  add("minibatch, replacement", { batch = size, replacement = true })
  add("label", { label_noise = own.label_noise > 0 and own.label_noise or label })
  if own.optimizer == "sgd" then
    add("additive, minibatch covariance", { batch = size, replacement = true, frozen = true })
  else
    missing[1] = "no noise of the minibatch covariance: it is defined for optimizer \"sgd\""
  end
  return rungs, missing
end

--- Spread of ln t about the noise-off delay: median and largest distance over the escaped.
local function distance(e, delay)
  local list = {}
  for i, t in ipairs(e.times) do
    if e.escaped[i] then list[#list + 1] = math.abs(math.log(t / delay)) end
  end
  table.sort(list)
  return list[(#list + 1) // 2], list[#list]
end

--- Verdict and reason from the noise-off twin, the own noise and the absorbing set.
local function judge(quiet, own, set, noisy)
  local budget = quiet.times[1]
  if (own.diverged or 0) + (quiet.diverged or 0) > 0 then
    return "undecided", "replicas diverged: lr is too large for the noise or the curvature"
  end
  if quiet.escapes == 1 then
    local delay = quiet.times[1]
    if not noisy then
      return "deterministic", ("there is no noise, and the state leaves after %d steps")
        :format(delay)
    end
    local middle = distance(own, delay)
    if own.escapes >= 0.95 * own.replicas and middle < 0.1 then
      return "deterministic", ("the noise-off twin leaves after %d steps, and the median noisy "
        .. "replica within %.1f %% of that; %d of %d escaped, %d censored"):format(delay,
        100 * (math.exp(middle) - 1), own.escapes, own.replicas, own.censored)
    end
    return "undecided", ("the state leaves by itself after %d steps, but the noisy replicas do not "
      .. "leave then: %d of %d escaped, %d censored"):format(delay, own.escapes, own.replicas,
      own.censored)
  end
  if own.escapes == 0 then
    local counts = ("0 of %d escaped, %d censored"):format(own.replicas, own.censored)
    if set.absorbing then
      local how = set.decays and "the residual decays into an absorbing set: " or ""
      return "absorbed", how .. set.reason .. "; " .. counts
    end
    return "undecided", ("%s; tau > %.3g steps; not absorbed for ever: %s"):format(counts,
      own.tau_low, set.reason)
  end
  local counts = ("%d of %d escaped, %d censored; noise off stays for %d steps"):format(own.escapes,
    own.replicas, own.censored, budget)
  if own.escapes < 10 then return "undecided", "too few escapes: " .. counts end
  if own.lag > 0.5 * own.mean_after_lag then
    return "undecided", ("ballistic, not exponential: the first %.0f steps are free of escapes, a "
      .. "mean of %.0f follows; "):format(own.lag, own.mean_after_lag) .. counts
  end
  if own.exponential_p < 0.01 then
    return "undecided", ("not exponential (p = %.3g): "):format(own.exponential_p) .. counts
  end
  return "activated", "only with noise, at exponential times: " .. counts
end

--- All twins of one state.
local function examine(x, options, with_ladder)
  local call = {}
  for name, value in pairs(options) do
    if not own_options[name] then call[name] = value end
  end
  call.max_steps = call.max_steps or 100000
  local y = x:clone()
  local settings = {}
  for _, name in ipairs { "optimizer", "lr", "l2", "l2_center", "batch", "replacement",
    "temperature", "gradient_noise", "label_noise", "momentum" } do
    settings[name] = options[name]
  end
  if next(settings) then y:set(settings) end
  local noisy = y.batch ~= "full" or y.temperature > 0 or y.gradient_noise > 0 or y.label_noise > 0

  local own = noisy and x:measure_escape(call)
  -- "Stays" must mean: ten times longer than the noise needs.
  local wait = call.max_steps
  if own and own.escapes > 0 then wait = math.max(wait, math.ceil(10 * own.tau)) end
  local quiet = x:measure_escape(merged(call, off, { replicas = 1, max_steps = wait }))
  own = own or quiet
  local twins = { row("noise off", quiet) }
  if noisy then twins[2] = row("own", own) end
  local missing = {}
  if with_ladder then
    local rungs
    rungs, missing = ladder(y, own, options.label or 0.1)
    for _, rung in ipairs(rungs) do
      twins[#twins + 1] = row(rung[1], x:measure_escape(merged(call, rung[2])))
    end
  end
  local set = kramers.absorbing(y, own.mode)
  if not set.absorbing and quiet.escapes + own.escapes == 0 then
    -- Long enough for a residual to decay by e^-20, which takes it below any tolerance.
    local z, decay = y:clone(), y.l2 > 0 and math.ceil(20 / (y.lr * y.l2)) or 0
    z:set(off)
    z:train { steps = math.max(wait, math.min(decay, 1000000)) }
    z:set { batch = y.batch, temperature = y.temperature, gradient_noise = y.gradient_noise,
      label_noise = y.label_noise }
    local later = kramers.absorbing(z, own.mode)
    if later.absorbing then
      set = later
      set.decays = true
    end
  end
  local verdict, reason = judge(quiet, own, set, noisy)
  local delay = own.mode and kramers.delay(y, own.mode, own.threshold, own.every, wait) or {}
  return {
    verdict = verdict,
    reason = reason,
    twins = twins,
    missing = missing[1] and missing or nil,
    delay = quiet.escapes == 1 and quiet.times[1] or nil,
    own_median = own.median,
    predicted = delay.steps,
    predicted_reason = delay.reason,
    closed_form = delay.closed_form,
    residual = delay.residual,
    absorbing = set.absorbing,
    absorbing_reason = set.reason,
    decays = set.decays,
    threshold = own.threshold,
    l2 = own.l2,
    lr = own.lr,
    seed = own.seed,
  }
end

--- Correlation of ln t between the noise-off and the noisy twins over several states.
local function correlation(states)
  local n, sx, sy, sxx, syy, sxy = 0, 0, 0, 0, 0, 0
  for _, s in ipairs(states) do
    if s.delay and s.own_median then
      local a, b = math.log(s.delay), math.log(s.own_median)
      n, sx, sy, sxx, syy, sxy = n + 1, sx + a, sy + b, sxx + a * a, syy + b * b, sxy + a * b
    end
  end
  local spread = (n * sxx - sx * sx) * (n * syy - sy * sy)
  return n >= 3 and spread > 0 and (n * sxy - sx * sy) / math.sqrt(spread) or nil, n
end

---@param x userdata the experiment
---@param options table checked options of `control`
local function control(x, options)
  local with_ladder = options.ladder ~= false
  if not options.snapshots then
    local result = examine(x, options, with_ladder)
    result.kind, result.outcome = "control", "completed"
    return result
  end
  if #options.snapshots == 0 then refuse("snapshots is empty") end
  local states, counts, verdict = {}, {}, nil
  for i, snapshot in ipairs(options.snapshots) do
    local y = x:clone()
    y:restore(snapshot)
    local s = examine(y, options, with_ladder)
    s.twins, s.missing = nil, nil
    states[i] = s
    counts[s.verdict] = (counts[s.verdict] or 0) + 1
    kramers.keep { kind = "control", outcome = "interrupted", states = states }
  end
  for name, count in pairs(counts) do
    if count >= 0.95 * #states then verdict = name end
  end
  local words = {}
  for name, count in pairs(counts) do words[#words + 1] = count .. " " .. name end
  local r, pairs_compared = correlation(states)
  return {
    kind = "control",
    outcome = "completed",
    verdict = verdict or "undecided",
    reason = ("of %d states: %s"):format(#states, table.concat(words, ", ")),
    states = states,
    counts = counts,
    correlation = r,
    correlated = pairs_compared,
  }
end

return {
  entry = {
    summary =
      "is an escape carried by noise? Twins from one state with common random numbers: "
      .. "noise off, the experiment's own noise, minibatches with and without replacement, "
      .. "label noise, additive noise, and additive noise of the minibatch covariance",
    options = {
      { name = "snapshots", type = "table", default_text = "the present state",
        help = "a list of snapshots: adds the correlation of log times between twins",
      },
      { name = "ladder", type = "flag", default = true,
        help = "run the other noises too; the verdict needs noise off and own noise alone",
      },
      { name = "label", type = "number", range = "positive", default = 0.1,
        help = "label noise of that twin",
      },
    },
    takes = {
      { verb = "measure_escape", except = { "method", "runs", "level", "frozen", "stream" } },
    },
    looks = true,
    returns =
      "kind=\"control\": verdict (\"activated\", \"deterministic\", \"absorbed\", "
      .. "\"undecided\"), reason, twins (rows with escapes, censored, tau, median, "
      .. "exponential_p, lag), delay (noise off), predicted (integrated from the stored "
      .. "layers), closed_form (balanced residual), residual, absorbing; with snapshots "
      .. "states, counts, correlation",
    example = [[
experiment { data = data.population { singular = {1} }, depth = 3, width = 1, init = "zero",
  l2 = 0.3, lr = 0.2 }
local dE = 0.0139
local c = control { temperature = dE / 4, replicas = 32 }
print(c.verdict, c.reason)
]],
    see_also = { "measure_escape", "trap", "grok" },
  },
  body = control,
}
