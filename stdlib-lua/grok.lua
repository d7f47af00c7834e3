--- A grokking curve, with its noise-off twin always beside it: when the training error becomes
--- small, when the test error does, and whether noise had anything to do with it.
---
---     experiment { data = data.completion { size = 20, fraction = 0.4 }, depth = 3, width = 20,
---       init = "balanced", l2 = 3e-3 }
---     print(grok { steps = 12000 })
---
--- Errors are losses relative to those of the zero map; `t_train` and `t_test` are the first looks
--- at which they are below `below`. A delay alone is no evidence for activated escape: the twin,
--- from the same weights and with every noise off, tells.
local kramers = ...

local refuse = kramers.refuse

--- The experiment of the protocol: on n of the samples, the rest as test set, or as it is.
local function prepare(x, options)
  if not options.n then return x:clone() end
  kramers.keep_current()
  local given = kramers.given(x)
  given.data = x.data:subsample { n = options.n, seed = options.seed or x.seed }
  for _, name in ipairs { "widths", "activation", "bias", "loss", "init", "init_scale", "seed" } do
    given[name] = x[name]
  end
  return experiment(given)
end

--- Steps at which to look: every `every` steps, or each 2 % later than the one before.
local function next_look(step, every)
  return every and step + every or math.max(step + 1, step + step // 50)
end

--- Trains and looks; returns the curve and both times.
local function follow(x, steps, options, zero)
  local start = x:snapshot()
  local function small(row, set)
    local accuracy = row[set == "test" and "test_accuracy" or "accuracy"]
    if options.accuracy then return accuracy >= options.accuracy end
    return row[set] < (options.below or 0.05)
  end
  local curve, t_train, t_test, step = {}, nil, nil, 0
  while step < steps do
    local stop = math.min(next_look(step, options.every), steps)
    local run = x:train { steps = stop - step }
    if run.outcome == "diverged" then
      refuse("%s", (kramers.diverged(x, start, run.diverged_at)))
    end
    step = stop
    local row = {
      step = step, train = run.loss / zero.train, test = run.test_loss / zero.test,
      modes = run.modes,
    }
    for _, name in ipairs(kramers.observables) do row[name] = run[name] end
    curve[#curve + 1] = row
    if not t_train and small(row, "train") then t_train = step end
    if not t_test and small(row, "test") then t_test = step end
    if t_test and t_train and options.until_test then break end
  end
  return {
    curve = curve, t_train = t_train, t_test = t_test, steps = step,
    delay = t_train and t_test and t_test - t_train or nil,
    ratio = t_train and t_test and t_test / t_train or nil,
    censored = (t_train and 0 or 1) + (t_test and 0 or 1),
  }
end

--- What the pair of runs says.
local function sentence(noisy, own, twin, steps)
  if not own.t_test then
    return ("the test error was not small within %d steps: t_test is censored"):format(steps)
  end
  if not noisy then
    return "no noise was involved: the curve is that of deterministic dynamics, and no evidence "
      .. "for activated escape"
  end
  if twin.t_test then
    return ("noise is not needed: the noise-off twin generalises at step %d, the noisy run at "
      .. "%d"):format(twin.t_test, own.t_test)
  end
  return ("noise carried it: the noise-off twin has not generalised in %d steps (censored), the "
    .. "noisy run did at %d"):format(steps, own.t_test)
end

---@param x userdata the experiment
---@param options table checked options of `grok`
local function grok(x, options)
  if not x:measure().test_loss and not options.n then
    refuse("the data has no test set; give n to train on n samples and test on the rest")
  end
  if options.below and options.accuracy then refuse("give either below or accuracy") end
  local y = prepare(x, options)
  if not y:measure().test_loss then refuse("the data has no test set") end
  if options.accuracy and not y:measure().accuracy then
    refuse("accuracy needs data with classes")
  end
  if options.trap then
    local t = y:trap(options.trap)
    if t.outcome == "diverged" then refuse("trap: %s", t.reason) end
  end
  if options.l2 then y:set_l2(options.l2) end
  local steps = options.steps or 10000
  if options.every then
    kramers.check_memory(40 * steps / options.every, "every: the rows of the curve")
  end
  local zero = {}
  zero.train, zero.test = kramers.zero_loss(y)
  local noisy = kramers.is_noisy(y)

  local start = y:snapshot()
  local own = follow(y, steps, options, zero)
  kramers.keep {
    kind = "grok", outcome = "interrupted", t_train = own.t_train, t_test = own.t_test,
  }
  -- A run without noise is its own twin.
  local twin = own
  if noisy then
    y:restore(start)
    y:set(kramers.noise_off)
    twin = follow(y, steps, options, zero)
  end
  return {
    kind = "grok",
    outcome = "completed",
    t_train = own.t_train,
    t_test = own.t_test,
    delay = own.delay,
    ratio = own.ratio,
    censored = own.censored,
    steps = own.steps,
    noise = noisy,
    verdict = sentence(noisy, own, twin, steps),
    control = {
      t_train = twin.t_train, t_test = twin.t_test, delay = twin.delay, ratio = twin.ratio,
      censored = twin.censored, steps = twin.steps,
    },
    control_curve = noisy and twin.curve or nil,
    curve = own.curve,
    below = not options.accuracy and (options.below or 0.05) or nil,
    accuracy = options.accuracy,
    samples = y.data.samples,
    l2 = y.l2,
    lr = y.lr,
    seed = y.seed,
  }
end

return {
  entry = {
    summary =
      "a grokking curve with its noise-off twin beside it: when training and test error "
      .. "become small",
    options = {
      { name = "n", type = "integer", range = "positive", unit = "samples", default_text = "all",
        help =
          "train on n of the samples, from fresh weights; without a test set the rest "
          .. "becomes one",
      },
      { name = "trap", type = "table",
        help = "options of trap, run before the curve begins",
      },
      { name = "l2", type = "number", range = "0 or positive", default_text = "the experiment's",
        help = "during the curve",
      },
      { name = "steps", type = "integer", range = "positive", unit = "steps", default = 10000,
        help = "to follow",
      },
      { name = "every", type = "integer", range = "positive", unit = "steps",
        default_text = "each look 2 % later",
        help = "steps between two looks",
      },
      { name = "below", type = "number", range = "positive", default = 0.05,
        help = "relative error, loss / loss of the zero map, that counts as small",
      },
      { name = "accuracy", type = "number", range = "in (0, 1]",
        help = "instead of below, for classes",
      },
      { name = "until_test", type = "flag", default = false,
        help = "stop once the test error is small",
      },
      { name = "seed", type = "integer", default_text = "the experiment's",
        help = "of the choice of n samples",
      },
    },
    returns =
      "kind=\"grok\": t_train, t_test, delay, ratio, censored (how many of the two times "
      .. "were not reached), verdict, curve, control (the same with noise off), "
      .. "control_curve",
    answer = {
      fields = { "ratio", "delay steps", "control.t_train steps", "control.t_test steps",
        "censored", "t_train steps", "t_test steps" },
      summary = { "{verdict}", "{outcome}" },
    },
    example = [[
local task = data.completion { size = 8, fraction = 0.5, seed = 1 }
experiment { data = task, depth = 3, width = 8, init = "balanced", l2 = 3e-3, lr = 0.05 }
local g = grok { steps = 2000 }
print(g.t_train, g.t_test, g.verdict)
]],
    see_also = { "control", "data.completion", "data.teacher" },
  },
  body = grok,
}
