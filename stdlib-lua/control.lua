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

local refuse = kramers.refuse

-- What the protocol reads itself; the rest goes to measure_escape.
local own_options = { snapshots = true, ladder = true, label = true, temperatures = true }
local off = kramers.noise_off

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

-- Levels at which the exponential law is rejected, and at which a law of the temperature is.
local exponential_level, level = 0.01, 0.003
-- Arrhenius' law must fit as well as this where every rival is rejected: diffusion along a ReLU
-- network's valley came within .0037 of it in 1 of 50 cases.
local fit_level = 0.01
-- Noncentrality at which a test at that level finds the difference in 99.7 % of experiments.
-- Replicas are added until the design has it: stopping at the first rejection, a true law was
-- rejected in 2 of 50 cases.
local decisive = 33
-- Steps that the strengths may take, in those of the own noise.
local patience = 80

local function ballistic(e) return e.escapes > 0 and e.lag > 0.5 * e.mean_after_lag end

--- How the own noise is made stronger: a function from the factor of its power to settings and to
--- the scale that stands for temperature, or nil and why not.
local function amplifier(y, own)
  local samples = y.data.samples
  local kinds = {}
  if own.effective_temperature > 0 then kinds[#kinds + 1] = "additive" end
  if y.label_noise > 0 then kinds[#kinds + 1] = "label" end
  if samples and own.batch ~= "full" and (own.batch < samples or own.replacement) then
    kinds[#kinds + 1] = "minibatch"
  end
  if #kinds ~= 1 then
    return nil, table.concat(kinds, " and ") .. " noise together have no one strength to vary"
  end
  if kinds[1] == "additive" then
    return function(factor)
      return {
        temperature = y.temperature * factor,
        gradient_noise = y.gradient_noise * factor ^ 0.5,
      }, own.effective_temperature * factor
    end
  elseif kinds[1] == "label" then
    return function(factor)
      return { label_noise = y.label_noise * factor ^ 0.5 }, y.lr * y.label_noise ^ 2 * factor
    end
  end
  return function(factor)
    local batch = math.floor(own.batch / factor + 0.5)
    if batch < 1 or batch > samples then return nil end
    local rest = own.replacement and 1 or (samples - batch) / (samples - 1)
    if rest == 0 then return nil end
    return { batch = batch }, y.lr / batch * rest
  end
end

--- One strength of the noise: what was counted there.
local function strength(e, temperature, factor)
  return {
    temperature = temperature,
    factor = factor,
    batch = e.batch,
    replicas = e.replicas,
    escapes = e.escapes,
    censored = e.censored,
    exposure = e.exposure or 0, -- none is stated where replicas diverged
    look = e.every,
    tau = e.exposure and e.escapes > 0 and e.exposure / e.escapes or nil,
    lag = e.lag,
    ballistic = ballistic(e) or nil,
    lr = e.lr,
    theory = e.theory,
    theory_error = e.theory_error,
    theory_error_lr = e.theory_error_lr,
    theory_method = e.theory_method,
  }
end

--- The points that a law of rare escapes is about: not so hot that they leave ballistically (unless
--- the own noise does, which has failed a rung already) or that dE/T < 2.
local function deep(points, barrier)
  local list, low, high = {}, math.huge, 0
  for _, p in ipairs(points) do
    local shallow = barrier and barrier < 2 * (1 - 1e-3) * p.temperature
    p.used = p.exposure > 0 and not shallow and (not p.ballistic or points[1].ballistic == true)
    if p.used then
      list[#list + 1] = { temperature = p.temperature, escapes = p.escapes,
        exposure = p.exposure * p.lr, look = p.look * p.lr }
      if p.tau then low, high = math.min(low, p.tau), math.max(high, p.tau) end
    end
  end
  return list, high > 0 and high / low or 1
end

--- What the laws say: whether Arrhenius' law holds (nil: they cannot be told apart), the evidence.
local function read(laws, span, count)
  local by_name = {}
  for _, law in ipairs(laws.laws) do by_name[law.law] = law end
  if not by_name.arrhenius.p then return nil, "fewer than three strengths differ" end
  local fits = math.max(by_name.arrhenius.p, by_name.prefactor.p or 0)
  local facts = ("tau over a factor of %.3g at %d strengths; p of arrhenius %.2g, of power %.2g, "
    .. "of clock %.2g"):format(span, count, fits, by_name.power.p, by_name.clock.p)
  if fits < level then
    local k = by_name.power.power
    local power = by_name.power.p >= level and k and (": tau ~ T^%.2f"):format(k) or ""
    return false, "arrhenius is rejected" .. power .. "; " .. facts
  end
  if laws.fit_p and laws.fit_p < 0.001 then
    return nil, ("the points scatter about every law (p = %.2g); "):format(laws.fit_p) .. facts
  end
  local clock, power = by_name.clock.p >= level, by_name.power.p >= level
  if laws.best == "clock" then
    return false, "tau does not depend on the noise: a clock; " .. facts
  end
  if fits < fit_level then return nil, "no law fits well; " .. facts end
  if clock or power then return nil, "the laws cannot be told apart; " .. facts end
  if span < 8 then return nil, "tau spans too little; " .. facts end
  return true, facts
end

--- Where to measure next: towards weaker noise and longer times while the budget lasts, else
--- towards stronger. Times three by the height of the barrier, of theory or fitted, or by the slope
--- seen so far. Rare escapes end where the noise is half a barrier; beyond lies what tells about
--- other mechanisms, where Arrhenius' law is not the only one left.
local function next_factor(points, height, is_sure, limits)
  local sorted = {}
  for _, p in ipairs(points) do if p.tau then sorted[#sorted + 1] = p end end
  table.sort(sorted, function(a, b) return a.temperature < b.temperature end)
  local unit = points[1].temperature / points[1].factor
  local function slope(a, b)
    if height then return height end
    if not (a and b) then return nil end
    return math.max(math.log(a.tau / b.tau) / (1 / a.temperature - 1 / b.temperature), 0)
  end
  local cold, hot = sorted[1], sorted[#sorted]
  local e = slope(cold, sorted[2])
  local colder = e and math.max(1 / (1 / cold.temperature + math.log(3) / e), cold.temperature / 4)
    or cold.temperature / 1.25
  if limits.affordable(3 * cold.tau) then return colder / unit end
  e = slope(sorted[#sorted - 1], hot)
  local inverse = e and 1 / hot.temperature - math.log(2.5) / e or 0.8 / hot.temperature
  local hotter = inverse * hot.temperature > 0.4 and 1 / inverse or 2.5 * hot.temperature
  local edge = height and height / 2.1 or math.huge
  if hot.temperature < 0.85 * edge then
    hotter = math.min(hotter, edge)
  elseif is_sure then
    return nil
  end
  if not hot.ballistic and limits.bearable(hotter / unit) then return hotter / unit end
end

--- The fitted barrier where Arrhenius' law is not rejected, and whether every power of T is.
local function guess(laws)
  local p = {}
  for _, law in ipairs(laws and laws.laws or {}) do p[law.law] = law.p end
  if not p.power or p.arrhenius < level then return nil, false end
  local height = laws.barrier or 0
  return height > 0 and height or nil, p.power < level
end

--- The own noise at other strengths, until the laws are told apart or the budget ends: the points,
--- the fitted laws, whether Arrhenius' law holds, and the evidence.
local function climb(x, y, call, own, temperatures)
  local amplify, reason = amplifier(y, own)
  if not amplify then return {}, nil, nil, "not tried: " .. reason end
  local additive = own.effective_temperature > 0
  local _, unit = amplify(1)
  -- Of noise that depends on the weights: what takes the place of a barrier in this unit.
  local barrier = own.phi and own.phi * unit or additive and own.barrier or nil
  local points = { strength(own, unit, 1) }
  local spent, stream, diverged = 0, 0, 0
  local longest = math.max(call.max_steps, math.ceil(20 * own.tau))
  local function measure(factor, replicas)
    stream = stream + 1
    local settings, temperature = amplify(factor)
    local e = x:measure_escape(merged(call, settings, { replicas = replicas, stream = stream,
      max_steps = longest }))
    spent = spent + (e.steps_total or 0)
    if (e.diverged or 0) > 0 then
      diverged = diverged + 1
      return nil
    end
    return strength(e, temperature, factor)
  end
  local budget = patience * own.steps_total
  -- Times that are not exponential have failed already: a few strengths show how they depend.
  local failed = ballistic(own) or (own.exponential_p or 1) < exponential_level
  local limits = {
    affordable = function(tau)
      return 1.5 * tau <= longest and spent + tau * own.replicas <= budget
    end,
    -- Noise alone gives the watched singular value ~ T^(depth/2).
    bearable = function(factor)
      return own.thermal_floor * factor ^ (own.depth / 2) < 0.8 * own.threshold
    end,
  }
  --- Laws, whether Arrhenius' law holds, evidence, and the span of tau: at the points that are
  --- deep by the barrier of theory or, where it knows none, by the fitted one. Over a decade of T
  --- diffusion along a curved valley can look like Arrhenius' law with a barrier below T; and a
  --- true barrier's law ends where the noise is as large as the barrier.
  local function fitted()
    local list, span = deep(points, barrier)
    if #list == 0 then return nil, nil, "no strength is weak enough: dE/T < 2 at all of them", 1 end
    local all = kramers.rival_laws(list, own.temperature_power, barrier)
    local laws, rest, width = all, list, span
    local height, known = barrier or math.huge, barrier ~= nil
    while not known and laws.barrier do
      height = math.min(height, laws.barrier)
      local deeper, narrower = deep(points, height)
      known = #deeper == #rest
      if #deeper < 3 then break end
      if not known then
        rest, width = deeper, narrower
        laws = kramers.rival_laws(rest, own.temperature_power)
      end
    end
    if known then
      local holds, evidence = read(laws, width, #rest)
      return laws, holds, evidence, width
    end
    deep(points)
    local holds, evidence = read(all, span, #list)
    if holds then
      holds, evidence = nil, "the barrier that would fit is below 2 T: nothing rare; " .. evidence
    end
    return all, holds, evidence, span
  end

  if temperatures then
    for _, temperature in ipairs(temperatures) do
      if math.abs(temperature / unit - 1) > 1e-9 then
        points[#points + 1] = measure(temperature / unit)
      end
    end
  else
    while #points < (failed and 4 or 7) do
      local laws, _, _, span = fitted()
      if #points >= 4 and span >= 10 and laws and laws.separation > decisive / 4 then break end
      local height, is_sure = barrier, true
      if not barrier then height, is_sure = guess(laws) end
      local factor = next_factor(points, height, is_sure, limits)
      local _, temperature = amplify(factor or 0)
      for _, p in ipairs(points) do if p.temperature == temperature then factor = nil end end
      local p = factor and temperature and measure(factor)
      if not p then break end
      points[#points + 1] = p
    end
  end
  -- More replicas where the laws need them: the information grows in proportion.
  for _ = 1, failed and 0 or 3 do
    local laws = fitted()
    if not laws or laws.separation >= decisive or laws.separation == 0 then break end
    local more = math.min(1.3 * decisive / laws.separation - 1, 15)
    local cost = 0
    for _, p in ipairs(points) do if p.used then cost = cost + p.exposure end end
    more = math.min(more, (budget - spent) / cost)
    if more < 0.1 then break end
    for _, p in ipairs(points) do
      local extra = p.used and measure(p.factor, math.max(1, math.ceil(more * p.replicas)))
      if extra then
        -- Another stream of the same strength: counts and exposures add up.
        for _, name in ipairs { "replicas", "escapes", "censored", "exposure" } do
          p[name] = p[name] + extra[name]
        end
        p.tau = p.escapes > 0 and p.exposure / p.escapes or nil
      end
    end
  end
  local laws, holds, evidence = fitted()
  if diverged > 0 then
    evidence = ("%s; %d strengths left out, where replicas diverged"):format(evidence, diverged)
  end
  return points, laws, holds, evidence
end

--- Whether the slope of ln tau against 1/T is the one that the saddle predicts at these
--- temperatures.
local function match(points, own)
  if not (own.phi or own.barrier and own.effective_temperature > 0) then
    return nil, "not tried: " .. (own.theory_reason or "no saddle is known")
  end
  local list, known = {}, {}
  for _, p in ipairs(points) do
    if p.used and p.theory then
      known[#known + 1] = p
      list[#list + 1] = { temperature = p.temperature, escapes = p.escapes,
        exposure = p.exposure * p.lr, look = p.look * p.lr }
    end
  end
  local expected, correction = kramers.expected_slope(known)
  if #list < 3 or not expected then
    return nil, "not tried: theory states a time at fewer than three of the strengths"
  end
  local laws = kramers.rival_laws(list)
  if not laws.barrier then return nil, "not tried: the slope is not determined" end
  -- Half of the finite-temperature correction of the slope is its uncertainty.
  local error = math.sqrt(((laws.barrier_high - laws.barrier_low) / 3.92) ^ 2
    + (correction / 2) ^ 2)
  local z = (laws.barrier - expected) / error
  local saddle = own.phi and ("quasi-potential %.4g"):format(own.phi)
    or ("height %.4g"):format(own.barrier)
  return math.abs(z) < 3, ("slope of ln tau %.4g (%.4g ... %.4g), the saddle of %s predicts %.4g "
    .. "(z = %.2g)"):format(laws.barrier, laws.barrier_low, laws.barrier_high, saddle, expected, z)
end

--- Verdict, reason and rungs from the noise-off twin, the own noise and the absorbing set;
--- `strengths()` measures the own noise at others, where the lower rungs leave that open.
local function judge(quiet, own, set, noisy, strengths)
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
  local points, laws, holds, evidence = strengths()
  rung("arrhenius", holds, evidence)
  rung("saddle matched", match(points, own))
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
    for _, rung in ipairs(rungs) do
      twins[#twins + 1] = row(rung[1], x:measure_escape(merged(call, rung[2])))
    end
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
    return climb(x, y, call, own, options.temperatures)
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
  for i, snapshot in ipairs(options.snapshots) do
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
