--- Which programme generalises sooner: several schedules on the same seeds, compared by the steps
--- until the test error is small.
---
---     accelerate { seeds = 16, max_steps = 2e5, programmes = {
---       { name = "constant" },
---       { name = "pulses", temperature = { pulse = 4e-4, length = 500, period = 5000 } },
---     } }
---
--- Each programme is what `schedule` takes. Seeds pair the runs: programme and programme start from
--- the same weights and read the same random numbers. The first programme is the reference of
--- `speedup`, the ratio of its time to the other's.
---
--- A time is known within the `every` steps between two looks, and the interval of a speedup holds
--- what every place within the looks allows. A programme with a run that diverged has no time.
local kramers = ...

local refuse = kramers.refuse

--- Mean of a list and half its 95 % interval by Student's t.
local function student(list)
  local n, sum, squares = #list, 0, 0
  for _, value in ipairs(list) do sum = sum + value end
  local mean = sum / n
  for _, value in ipairs(list) do squares = squares + (value - mean) ^ 2 end
  return mean, kramers.student(0.975, n - 1) * math.sqrt(squares / (n - 1) / n)
end

--- Mean of the paired ln ratios of times that are known within (time - look, time], and in whole
--- steps: their 95 % interval runs from the lower end of the least ratios that the looks allow to
--- the upper end of the greatest.
local function paired(reference, own, every)
  local least, middle, greatest = {}, {}, {}
  for i, time in ipairs(own.times) do
    -- From the look before, which may be nearer than `every` at the end, to this one.
    local early, late = (time - 1) // every * every + 0.5, time + 0.5
    local base = reference.times[i]
    local base_early, base_late = (base - 1) // every * every + 0.5, base + 0.5
    least[i] = math.log(base_early / late)
    greatest[i] = math.log(base_late / early)
    middle[i] = math.log((base_late + base_early) / (late + early))
  end
  local low, below = student(least)
  local high, above = student(greatest)
  local mean, half = student(middle)
  local words = high - low > 2 * half and ("looks every %d steps leave more open than the seeds "
    .. "do: take every smaller"):format(every) or nil
  return math.exp(mean), math.exp(low - below), math.exp(high + above), "paired", words
end

--- Speedup over the reference with its 95 % interval. With every run finished it is `paired`. With
--- censored runs: the ratio of the mean times, censored runs included, which takes them for
--- exponential. Where a run diverged there is none.
local function speedup(reference, own, every)
  local a, b = reference.statistics, own.statistics
  if a.diverged + b.diverged > 0 then return nil, nil, nil, "runs diverged" end
  if #own.times >= 2 and a.escapes == #own.times and b.escapes == #own.times then
    return paired(reference, own, every)
  end
  if a.escapes == 0 or b.escapes == 0 then return nil, nil, nil, "too few runs finished" end
  local function width(s) return math.log(s.tau_high / s.tau_low) / 2 end
  local half = math.sqrt(width(a) ^ 2 + width(b) ^ 2)
  local ratio = a.tau / b.tau
  return ratio, ratio * math.exp(-half), ratio * math.exp(half), "censored means"
end

--- The time of every seed under one programme.
local function measure(x, programme, options, seeds, targets)
  local own = { times = {}, reached = {}, clock = {}, looks = {} }
  local call = {
    steps = options.max_steps or 100000,
    every = options.every or 100,
    until_test_loss = not targets.accuracy and targets.loss or nil,
    until_test_accuracy = targets.accuracy,
  }
  for name, value in pairs(programme) do
    if name ~= "name" then call[name] = value end
  end
  local runs = kramers.map(seeds, function(seed)
    local y = x:clone()
    y:reset { seed = seed, keep = options.keep }
    local r = y:schedule(call)
    return { steps = r.steps, outcome = r.outcome, time = r.time }
  end)
  local diverged = 0
  for i, r in ipairs(runs) do
    own.times[i], own.reached[i], own.clock[i] = r.steps, r.outcome == "reached", r.time
    own.looks[i] = call.every
    if r.outcome == "diverged" then diverged = diverged + 1 end
  end
  own.statistics = kramers.escape_statistics {
    times = own.times, escaped = own.reached, looks = own.looks, diverged = diverged,
    seed = seeds[1],
  }
  return own
end

local function median(list)
  local sorted = table.move(list, 1, #list, 1, {})
  table.sort(sorted)
  return sorted[(#sorted + 1) // 2]
end

local function seed_list(options)
  local given = options.seeds or 8
  if type(given) == "table" then return given end
  local list = {}
  for i = 1, given do list[i] = i end
  return list
end

---@param x userdata the experiment
---@param options table checked options of `accelerate`
local function accelerate(x, options)
  local programmes, seeds = options.programmes, seed_list(options)
  if #programmes < 2 then refuse("programmes needs at least two schedules to compare") end
  if #seeds < 2 then refuse("seeds needs at least two") end
  for i, programme in ipairs(programmes) do
    if type(programme) ~= "table" then refuse("programme %d must be a table", i) end
  end
  if not x:measure().test_loss then refuse("the data has no test set: nothing generalises") end
  local targets = { accuracy = options.test_accuracy }
  if not targets.accuracy then
    local _, zero = kramers.zero_loss(x)
    targets.loss = (options.below or 0.05) * zero
  end

  local rows, reference, outcome, warnings = {}, nil, "completed", {}
  kramers.each(programmes, function(programme, i)
    local own = measure(x, programme, options, seeds, targets)
    reference = reference or own
    local s = own.statistics
    local ratio, low, high, by, words = speedup(reference, own, options.every or 100)
    local name = programme.name or ("programme " .. i)
    if s.diverged > 0 then
      outcome = "diverged"
      words = ("%d of %d runs diverged: no time, no speedup; lower lr"):format(s.diverged, #seeds)
    end
    if words and (i > 1 or s.diverged > 0) then
      warnings[#warnings + 1] = ("%s: %s"):format(name, words)
    end
    rows[i] = {
      name = name,
      seeds = #seeds,
      reached = s.escapes,
      censored = s.censored,
      diverged = s.diverged,
      tau = s.tau,
      tau_low = s.tau_low,
      tau_high = s.tau_high,
      median = s.median,
      median_time = s.escapes > #seeds / 2 and median(own.clock) or nil,
      speedup = i > 1 and ratio or nil,
      speedup_low = i > 1 and low or nil,
      speedup_high = i > 1 and high or nil,
      interval = i > 1 and by or nil,
      times = own.times,
    }
    kramers.keep { kind = "accelerate", outcome = "interrupted", programmes = rows }
  end)
  return {
    kind = "accelerate",
    outcome = outcome,
    warning = warnings[1] and table.concat(warnings, "; ") or nil,
    programmes = rows,
    test_loss = targets.loss,
    test_accuracy = targets.accuracy,
    max_steps = options.max_steps or 100000,
    seeds = seeds,
  }
end

return {
  entry = {
    summary =
      "which programme generalises sooner: schedules compared on the same seeds, with "
      .. "intervals",
    options = {
      { name = "programmes", type = "table", required = true,
        help =
          "a list of tables of schedule's options, each with a name; the first is the "
          .. "reference",
      },
      { name = "seeds", type = "count or list", default_text = "8",
        help = "how many seeds, or which",
      },
      { name = "max_steps", type = "integer", range = "positive", unit = "steps",
        default = 100000,
        help = "a run that has not generalised by then is censored",
      },
      { name = "every", type = "integer", range = "positive", unit = "steps", default = 100,
        help = "between two looks",
      },
      { name = "below", type = "number", range = "positive", default = 0.05,
        help = "test loss / test loss of the zero map that counts as generalised",
      },
      { name = "test_accuracy", type = "number", range = "in (0, 1]",
        help = "instead of below, for classes",
      },
      { name = "keep", type = "flag", default = false,
        help = "start every seed from the present weights instead of fresh ones",
      },
    },
    looks = true,
    returns =
      "kind=\"accelerate\": programmes (rows name, seeds, reached, censored, diverged, "
      .. "tau, tau_low, tau_high, median, median_time, speedup, speedup_low, speedup_high: "
      .. "what seeds and looks leave open), warning, outcome",
    answer = {
      fields = { "test_loss", "test_accuracy", "warning",
        "programmes: name reached seeds tau speedup interval" },
      summary = { "{outcome}: {#programmes} programmes, speedups over the first" },
    },
    example = [[
local task = data.completion { size = 8, fraction = 0.5, seed = 1 }
experiment { data = task, depth = 3, width = 8, init = "gaussian", l2 = 3e-3, lr = 0.05 }
local a = accelerate { seeds = 3, max_steps = 3000, programmes = {
  { name = "constant" }, { name = "more decay", l2 = 1e-2 } } }
for _, p in ipairs(a.programmes) do print(p.name, p.median, p.censored, p.speedup) end
]],
    see_also = { "schedule", "grok" },
  },
  body = accelerate,
}
