--- Training under programmes: L2, temperature, learning rate and batch as functions of the step.
---
---     schedule { steps = 6000, l2 = { {0, 0.3}, {2000, 0.01} } }                     -- steps
---     schedule { steps = 6000, l2 = { {0, 0.3}, {4000, 0.01}, shape = "ramp" } }     -- a ramp
---     schedule { steps = 6000, temperature = { pulse = 3e-4, start = 1000, length = 500 } }
---     schedule { steps = 6000, lr = function(step) return 0.2 / (1 + step / 1000) end }
---
--- A pulse may have a `base` (0) and a `period`. Ramps and functions are held constant over `grain`
--- steps; steps and pulses change where they say. Steps count from the call. Afterwards the
--- experiment keeps the settings of the last stretch.
local kramers = ...

local refuse = kramers.refuse

--- A rectangular pulse: its value at a step, and where it jumps.
local function pulse(name, given)
  local start, length, period = given.start or 0, given.length, given.period
  if not length then refuse("%s: a pulse needs its length in steps", name) end
  if period and period < length then
    refuse("%s: the period %s is shorter than the pulse, %s", name, period, length)
  end
  return function(step)
    local phase = step - start
    if period and phase >= 0 then phase = phase % period end
    return phase >= 0 and phase < length and given.pulse or given.base or 0
  end, { start, start + length }, period
end

--- Knots {step, value}: constant up to the next one, or joined by straight lines.
local function knots(name, given)
  local shape, jumps = given.shape or "steps", {}
  if shape ~= "steps" and shape ~= "ramp" then
    refuse('%s: shape must be "steps" or "ramp", got %s', name, shape)
  end
  if #given == 0 then refuse("%s: takes a value, a list of {step, value}, or a pulse", name) end
  for i, knot in ipairs(given) do
    if type(knot) ~= "table" or type(knot[1]) ~= "number" or knot[2] == nil then
      refuse("%s: item %d must be {step, value}", name, i)
    end
    if i > 1 and knot[1] <= jumps[i - 1] then
      refuse("%s: steps must rise, got %s after %s", name, knot[1], jumps[i - 1])
    end
    if shape == "ramp" and type(knot[2]) ~= "number" then
      refuse("%s: a ramp needs numbers, got %s", name, knot[2])
    end
    jumps[i] = knot[1]
  end
  return function(step)
    local before = given[1]
    for _, knot in ipairs(given) do
      if step < knot[1] then
        if shape == "steps" or knot == before then return before[2] end
        local share = (step - before[1]) / (knot[1] - before[1])
        return before[2] + share * (knot[2] - before[2])
      end
      before = knot
    end
    return before[2]
  end, jumps
end

--- The stretches of constant settings: a list of { start =, stop =, set = {...} }.
local function stretches(options, steps)
  local values, edges = {}, { [0] = true, [steps] = true }
  for _, name in ipairs(kramers.settings) do
    local given = options[name]
    local value, jumps, period, varies = nil, {}, nil, type(given) == "function"
    if type(given) == "table" then
      varies = given.shape == "ramp"
      if given.pulse then
        value, jumps, period = pulse(name, given)
      else
        value, jumps = knots(name, given)
      end
    elseif varies then
      value = given
    elseif given ~= nil then
      value = function() return given end
    end
    values[name] = value
    for _, jump in ipairs(jumps) do
      local at = math.floor(jump)
      if period then kramers.check_memory(8 * steps / period, "the pulses of " .. name) end
      repeat
        if at > 0 and at < steps then edges[at] = true end
        at = at + (period or steps)
      until at >= steps
    end
    if varies then
      kramers.check_memory(8 * steps / (options.grain or 10), "the grains of " .. name)
      for step = 0, steps - 1, options.grain or 10 do edges[step] = true end
    end
  end
  local sorted, list = {}, {}
  for edge in pairs(edges) do sorted[#sorted + 1] = edge end
  table.sort(sorted)
  for i = 1, #sorted - 1 do
    local set = {}
    for name, value in pairs(values) do set[name] = value(sorted[i]) end
    list[i] = { start = sorted[i], stop = sorted[i + 1], set = set }
  end
  return list
end

--- Sets a stretch's settings where they change.
local function apply(x, stretch)
  local change
  for name, value in pairs(stretch.set) do
    if x[name] ~= value then
      change = change or {}
      change[name] = value
    end
  end
  if change then x:set(change) end
end

--- Which target a row of the trace has reached, or nil.
local function reached(row, options)
  local function below(name)
    local target = options["until_" .. name]
    return target and row[name] <= target
  end
  if below("loss") then return "loss" end
  if below("test_loss") then return "test_loss" end
  local accuracy = options.until_test_accuracy
  if accuracy and row.test_accuracy >= accuracy then return "test_accuracy" end
end

local function check_targets(x, options)
  local m = x:measure()
  for _, name in ipairs { "test_loss", "test_accuracy" } do
    if options["until_" .. name] and not m[name] then
      refuse("until_%s: the data has no %s", name, name:gsub("_", " "))
    end
  end
end

---@param x userdata the experiment
---@param options table checked options of `schedule`
local function schedule(x, options)
  local steps = options.steps or 1000
  -- A row of the trace takes 2 kB.
  kramers.check_memory(250 * steps / (options.every or steps), "every: the rows of the trace")
  local list = stretches(options, steps)
  check_targets(x, options)
  -- Every value is tried before the first step: nothing half-done.
  local trial = x:clone()
  for _, stretch in ipairs(list) do apply(trial, stretch) end

  local every = options.every or steps
  local start, message, stable_lr = x:snapshot(), nil, nil
  local trace, time, at, outcome, last = {}, 0, 0, "completed", nil
  for _, stretch in ipairs(list) do
    apply(x, stretch)
    while at < stretch.stop and outcome == "completed" do
      local stop = math.min((at // every + 1) * every, stretch.stop)
      last = x:train { steps = stop - at }
      time = time + last.steps * x.lr
      at = at + last.steps
      if last.outcome == "diverged" then
        outcome = "diverged"
        message, stable_lr = kramers.diverged(x, start, last.diverged_at)
      elseif at % every == 0 or at == steps then
        trace[#trace + 1] = {
          step = at, time = time, epochs = last.epochs, loss = last.loss,
          test_loss = last.test_loss, accuracy = last.accuracy,
          test_accuracy = last.test_accuracy, modes = last.modes, l2 = x.l2, lr = x.lr,
          temperature = x.temperature, batch = x.batch,
        }
        if reached(trace[#trace], options) then outcome = "reached" end
        kramers.keep { kind = "schedule", outcome = "interrupted", steps = at, time = time }
      end
    end
  end
  last = last or x:measure()
  return {
    kind = "schedule",
    outcome = outcome,
    message = message,
    diverged_at = last.diverged_at,
    stable_lr = stable_lr,
    steps = at,
    time = time,
    epochs = last.epochs,
    loss = last.loss,
    test_loss = last.test_loss,
    accuracy = last.accuracy,
    test_accuracy = last.test_accuracy,
    modes = last.modes,
    l2 = x.l2,
    lr = x.lr,
    temperature = x.temperature,
    batch = x.batch,
    seed = x.seed,
    trace = trace,
  }
end

local options = {
  { name = "steps", type = "integer", range = "positive", unit = "steps", default = 1000,
    help = "to take",
  },
  { name = "every", type = "integer", range = "positive", unit = "steps",
    help = "between two trace rows",
  },
  { name = "grain", type = "integer", range = "positive", unit = "steps", default = 10,
    help = "over which ramps and functions are held constant",
  },
}
for _, name in ipairs(kramers.settings) do
  options[#options + 1] = {
    name = name, type = "programme", default_text = "the experiment's",
    help = "a value, {{step, value}, ...} with shape = \"steps\" or \"ramp\", {pulse =, start =, "
      .. "length =, base =, period =}, or a function of the step",
  }
end
for _, stop in ipairs {
  { name = "until_loss", type = "number", range = "positive",
    help = "stop at this data term",
  },
  { name = "until_test_loss", type = "number", range = "positive",
    help = "stop at this test loss",
  },
  { name = "until_test_accuracy", type = "number", range = "in (0, 1]",
    help = "stop at this test accuracy",
  },
} do
  options[#options + 1] = stop
end

return {
  entry = {
    summary =
      "trains while settings follow programmes: steps, ramps, pulses, or functions of "
      .. "the step",
    options = options,
    returns =
      "kind=\"schedule\": steps, time (sum of lr), losses, outcome (\"completed\", "
      .. "\"reached\", \"diverged\" with diverged_at, message and stable_lr), trace with "
      .. "the settings of each row",
    answer = {
      fields = { "time", "epochs", "loss energy", "test_loss energy", "accuracy", "test_accuracy",
        "modes", "l2", "stable_lr", "trace: step loss test_loss l2 lr temperature batch" },
      summary = { "[diverged_at] {message}", "{outcome} after {steps steps}: loss {loss}" },
    },
    example = [[
local task = data.population { singular = {0.9, 0.8} }
experiment { data = task, depth = 3, width = 2, lr = 0.2 }
local s = schedule { steps = 2000, every = 500, l2 = { {0, 0}, {1000, 0.37}, {2000, 0.1},
  shape = "ramp" } }
for _, row in ipairs(s.trace) do print(row.step, row.l2, row.modes[2]) end
]],
    see_also = { "accelerate", "train", "set" },
  },
  body = schedule,
}
