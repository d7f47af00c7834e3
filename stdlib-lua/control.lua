--- Is an escape carried by noise, and over a barrier? Twins from one state under other noises, the
--- decisive one without any; then the own noise at several strengths, whose times choose between
--- rival laws.
---
---     trap { rank = 1, release = 0.1 }
---     print(control { temperature = 2e-4 })
---
--- Rungs, each with its evidence: "noise needed" (the noise-off twin stays ten times as long as the
--- noise takes), "exponential" (times long against their lag, and exponential), "arrhenius" (ln tau
--- linear in 1/T over a span of about ten in tau, the clock and every power of T rejected),
--- "saddle matched" (that slope is the one that the saddle predicts). `activated`: the first three
--- hold and none fails. `noise_driven`: noise is needed, and the rungs in `open` are missing:
--- diffusion along a valley is one such mechanism, a ballistic exit another. `deterministic`: the
--- noise-off twin leaves too, and noisy replicas leave when it does. `absorbed`: nobody leaves, and
--- the updates keep the set in which the state lies, or into which it decays without noise.
--- `undecided`: everything else, with the reason.
local kramers = ...

local strengths = kramers.part("strengths")

local refuse = kramers.refuse
local merged, ballistic = strengths.merged, strengths.ballistic
local exponential_level = strengths.exponential_level

-- What the protocol reads itself; the rest goes to measure_escape.
local own_options = { snapshots = true, ladder = true, label = true, temperatures = true }
local off = kramers.noise_off

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
    diverged = (e.diverged or 0) > 0 and e.diverged or nil,
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

--- Verdict, reason and rungs from the noise-off twin, the own noise and the absorbing set;
--- `climb()` measures the own noise at other strengths, where the lower rungs leave that open.
local function judge(quiet, own, set, noisy, climb)
  local budget = quiet.times[1]
  local rungs, by_name = {}, {}
  local function rung(name, holds, evidence)
    rungs[#rungs + 1] = { rung = name, holds = holds, evidence = evidence }
    by_name[name] = rungs[#rungs]
  end
  local function fill(evidence)
    for _, name in ipairs { "noise needed", "exponential", "arrhenius", "saddle matched" } do
      if not by_name[name] then rung(name, nil, "not tried: " .. evidence) end
    end
  end
  local function decided(verdict, reason, why)
    fill(why)
    return verdict, reason, rungs
  end
  if (own.diverged or 0) + (quiet.diverged or 0) > 0 then
    return decided("undecided", ("%d of %d replicas diverged: lr is too large for the noise or the "
      .. "curvature"):format((own.diverged or 0) + (quiet.diverged or 0),
      own == quiet and 1 or own.replicas + 1), "replicas diverged")
  end
  if quiet.escapes == 1 then
    local delay = quiet.times[1]
    rung("noise needed", false, ("without noise the state leaves after %d steps"):format(delay))
    local why = "the state leaves without noise"
    if not noisy then
      return decided("deterministic", ("there is no noise, and the state leaves after %d steps")
        :format(delay), why)
    end
    local middle = distance(own, delay)
    if own.escapes >= 0.95 * own.replicas and middle < 0.1 then
      return decided("deterministic", ("the noise-off twin leaves after %d steps, and the median "
        .. "noisy replica within %.1f %% of that; %d of %d escaped, %d censored"):format(delay,
        100 * (math.exp(middle) - 1), own.escapes, own.replicas, own.censored), why)
    end
    return decided("undecided", ("the state leaves by itself after %d steps, but the noisy "
      .. "replicas do not leave then: %d of %d escaped, %d censored"):format(delay, own.escapes,
      own.replicas, own.censored), why)
  end
  if own.escapes == 0 then
    local counts = ("0 of %d escaped, %d censored"):format(own.replicas, own.censored)
    if set.absorbing then
      local how = set.decays and "the residual decays into an absorbing set: " or ""
      return decided("absorbed", how .. set.reason .. "; " .. counts, "nothing escaped")
    end
    return decided("undecided", ("%s; tau > %.3g steps; not absorbed for ever: %s"):format(counts,
      own.tau_low, set.reason), "nothing escaped")
  end
  local counts = ("%d of %d escaped, %d censored; noise off stays for %d steps"):format(own.escapes,
    own.replicas, own.censored, budget)
  rung("noise needed", true, counts)
  if own.escapes < 10 then
    return decided("undecided", "too few escapes: " .. counts, "too few escapes")
  end
  local first = ""
  if ballistic(own) then
    local words = ("ballistic: the first %.0f steps are free of escapes, a mean of %.0f follows")
      :format(own.lag, own.mean_after_lag)
    rung("exponential", false, words)
    first = "ballistic, not exponential; "
  elseif not own.exponential_p then
    rung("exponential", nil, "not tried: too few escapes, or all in too few looks")
  elseif own.exponential_p < exponential_level then
    rung("exponential", false, ("p = %.3g"):format(own.exponential_p))
    first = "not exponential; "
  else
    rung("exponential", true, ("p = %.3g, lag %.0f, mean after it %.0f steps"):format(
      own.exponential_p, own.lag, own.mean_after_lag))
  end
  local points, laws, holds, evidence = climb()
  rung("arrhenius", holds, evidence)
  rung("saddle matched", strengths.match(points, own))
  local open = {}
  for i, r in ipairs(rungs) do
    if not r.holds and (i < 4 or r.holds == false) then open[#open + 1] = r.rung end
  end
  if #open == 0 then
    return "activated", "only with noise, at exponential times, over a barrier: " .. evidence
      .. "; " .. counts, rungs, nil, points, laws
  end
  return "noise_driven", ("only with noise, the mechanism is open: %s%s; %s"):format(first,
    evidence, counts), rungs, open, points, laws
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
  for _, name in ipairs(kramers.settings) do
    settings[name] = options[name]
  end
  if next(settings) then y:set(settings) end
  local noisy = kramers.is_noisy(y)

  if options.temperatures and not (y.temperature > 0 or y.gradient_noise > 0) then
    refuse("temperatures goes with additive noise (temperature or gradient_noise)")
  end

  local own = noisy and x:measure_escape(call)
  -- "Stays" must mean: ten times longer than the noise needs.
  local wait = call.max_steps
  if own and own.tau and own.escapes > 0 then wait = math.max(wait, math.ceil(10 * own.tau)) end
  local quiet = x:measure_escape(merged(call, off, { replicas = 1, max_steps = wait }))
  own = own or quiet
  local twins = { row("noise off", quiet) }
  if noisy then twins[2] = row("own", own) end
  local missing = {}
  if with_ladder then
    local rungs
    rungs, missing = ladder(y, own, options.label or 0.1)
    kramers.each(rungs, function(rung)
      twins[#twins + 1] = row(rung[1], x:measure_escape(merged(call, rung[2])))
    end)
  end
  -- What is known of modes is known of their appearance.
  local rising = own.direction ~= "down" and own.mode or nil
  local falling = own.direction == "down" and own.mode
  local set = falling and { absorbing = false, reason = "noise does not vanish where mode "
    .. own.mode .. " is learned" } or kramers.absorbing(y, rising)
  if not falling and not set.absorbing and quiet.escapes + own.escapes == 0 then
    -- Long enough for a residual to decay by e^-20, which takes it below any tolerance.
    local z, decay = y:clone(), y.l2 > 0 and math.ceil(20 / (y.lr * y.l2)) or 0
    z:set(off)
    z:train { steps = math.max(wait, math.min(decay, 1000000)) }
    local noises = {}
    for name in pairs(off) do noises[name] = y[name] end
    z:set(noises)
    local later = kramers.absorbing(z, rising)
    if later.absorbing then
      set = later
      set.decays = true
    end
  end
  local verdict, reason, rungs, open, points, laws = judge(quiet, own, set, noisy, function()
    return strengths.climb(x, y, call, own, options.temperatures)
  end)
  for _, p in ipairs(points or {}) do p.factor, p.exposure, p.look, p.lr = nil, nil, nil, nil end
  local delay = rising and kramers.delay(y, rising, own.threshold, own.every, wait) or {}
  return {
    verdict = verdict,
    reason = reason,
    rungs = rungs,
    open = open,
    points = points and points[1] and points or nil,
    laws = laws and laws.laws,
    barrier = laws and laws.barrier,
    barrier_low = laws and laws.barrier_low,
    barrier_high = laws and laws.barrier_high,
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
  local states, counts, verdict = {}, {}, nil
  kramers.each(options.snapshots, function(snapshot, i)
    local y = x:clone()
    local ok, problem = pcall(y.restore, y, snapshot)
    if not ok then
      refuse("snapshots[%d]: %s", i, tostring(problem):gsub("^.*restore: ", ""))
    end
    local s = examine(y, options, with_ladder)
    s.twins, s.missing, s.points, s.laws = nil, nil, nil, nil
    states[i] = s
    counts[s.verdict] = (counts[s.verdict] or 0) + 1
    kramers.keep { kind = "control", outcome = "interrupted", states = states }
  end)
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
      "is an escape carried by noise, and over a barrier? Twins from one state with "
      .. "common random numbers: noise off, the experiment's own noise, minibatches with "
      .. "and without replacement, label noise, additive noise, and additive noise of the "
      .. "minibatch covariance; then the own noise at several strengths (temperatures, "
      .. "label noise or batch sizes), which choose between rival laws",
    options = {
      { name = "snapshots", type = "snapshots", default_text = "the present state",
        help = "a list of snapshots: adds the correlation of log times between twins",
      },
      { name = "ladder", type = "flag", default = true,
        help = "run the other noises too; the verdict needs noise off and own noise alone",
      },
      { name = "temperatures", type = "numbers", range = "positive", unit = "energy",
        default_text =
          "until the laws are told apart, in at most 80 times the steps of the own noise",
        help =
          "strengths of additive noise to measure beside the own one, for the rung "
          .. "\"arrhenius\"",
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
      "kind=\"control\": verdict (\"activated\", \"noise_driven\", \"deterministic\", "
      .. "\"absorbed\", \"undecided\"), reason, rungs (rows rung = \"noise needed\", "
      .. "\"exponential\", \"arrhenius\", \"saddle matched\"; holds = true, false or nil "
      .. "when not tried; evidence), open (rungs missing under noise_driven), points (the "
      .. "own noise at other strengths), laws, barrier, barrier_low, barrier_high (of the "
      .. "fit), twins (rows with escapes, censored, tau, median, exponential_p, lag), delay "
      .. "(noise off), predicted (integrated from the stored layers), closed_form (balanced "
      .. "residual), residual, absorbing; with snapshots states, counts, correlation",
    answer = {
      fields = {
        "twins: name replicas escapes tau median exponential_p", "delay steps", "predicted steps",
        "barrier", "counts", "correlation", "open", "rungs: rung=holds",
      },
      summary = { "{verdict}: {reason}" },
    },
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
