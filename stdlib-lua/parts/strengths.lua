--- The own noise of an experiment at other strengths, until the rival laws of its escape times are
--- told apart: the second half of `control`.
local kramers = ...

local function merged(...)
  local result = {}
  for _, table in ipairs { ... } do
    for name, value in pairs(table) do result[name] = value end
  end
  return result
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
    kramers.each(temperatures, function(temperature)
      if math.abs(temperature / unit - 1) > 1e-9 then
        points[#points + 1] = measure(temperature / unit)
      end
    end)
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
    kramers.each(points, function(p)
      local extra = p.used and measure(p.factor, math.max(1, math.ceil(more * p.replicas)))
      if extra then
        -- Another stream of the same strength: counts and exposures add up.
        for _, name in ipairs { "replicas", "escapes", "censored", "exposure" } do
          p[name] = p[name] + extra[name]
        end
        p.tau = p.escapes > 0 and p.exposure / p.escapes or nil
      end
    end)
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

return {
  merged = merged,
  exponential_level = exponential_level,
  ballistic = ballistic,
  climb = climb,
  match = match,
}
