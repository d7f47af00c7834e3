--- Figure 1b: the grokking curve from a rank-1 trap on 25 of 5,000 samples. How long the trap was
--- held is not printed, and it decides everything: a residual of mode 2 grows back by itself, or
--- decays. So the length varies, and every run has a twin without noise and a delay that is
--- integrated from the stored layers.
local kramers = ...

local seeds = kramers.part("replication")

local function epochs_of(e, per_epoch)
  if e.escapes == 0 then return nil end
  return (e.delay or e.times[1]) / per_epoch
end

--- One trap of one length, released; its row.
local function released(o, x, row, per_epoch)
  row.residual = x:measure().modes[2]
  if row.residual >= o.threshold then
    row.outcome = "above the threshold"
    row.reason = ("mode 2 has strength %.3g when the trap ends"):format(row.residual)
    return row
  end
  x:set_l2(o.release)
  local steps = math.floor(o.epochs * per_epoch)
  row.outcome = "ran"
  local delay = kramers.delay(x, 2, o.threshold, per_epoch, steps)
  row.predicted_epochs = delay.steps and delay.steps / per_epoch or nil
  local call = { mode = 2, direction = "up", threshold = o.threshold, every = per_epoch,
    max_steps = steps }
  local noisy = { replicas = 1, batch = o.batch, replacement = true }
  for name, value in pairs(call) do noisy[name] = value end
  row.twin_epochs = epochs_of(x:measure_escape(call), per_epoch)
  local e = x:measure_escape(noisy)
  if seeds.diverged(row, e) then return row end
  row.runs, row.escapes, row.epochs = e.replicas, e.escapes, epochs_of(e, per_epoch)
  return row
end

local function one_seed(o, seed, rows, states)
  local whole = seeds.task(o, seed)
  if not whole.samples or whole.samples <= o.n then
    kramers.refuse("n = %d must be below the number of samples, %s", o.n, tostring(whole.samples))
  end
  local task = whole:subsample { n = o.n, seed = seed }
  -- More than n samples a step are all of them; one step is an epoch.
  local x = seeds.network(o, task, seed, o.trap)
  local per_epoch = seeds.steps_per_epoch(o, task)
  local spinodals, unknown = seeds.spinodals(x)
  local why = unknown or seeds.impossible(spinodals, 1, o.trap)
  if why then
    rows[#rows + 1] = { seed = seed, outcome = unknown and "not run" or "not trapped",
      reason = why, spinodal_1 = (spinodals or {})[1], spinodal_2 = (spinodals or {})[2] }
    return
  end
  for _, length in ipairs(o.trap_lengths) do
    x:reset { seed = seed }
    x:set_l2(o.trap)
    x:train { steps = math.floor(length * per_epoch) }
    local row = { seed = seed, trap_epochs = length, spinodal_1 = spinodals[1],
      spinodal_2 = spinodals[2] }
    rows[#rows + 1] = released(o, x, row, per_epoch)
    if row.twin_epochs then states[row] = x:snapshot() end
  end
end

--- Training and test error after a release, each with its own noise.
local function curve(x, epochs, noise)
  x:set(noise)
  local start = x.step
  local every = math.max(math.floor(epochs / 100), 1)
  local run = x:train { steps = math.floor(3 * epochs), every = every }
  local rows = {}
  for i, p in ipairs(run.trace) do
    rows[i] = { epochs = p.step - start, train = p.loss, test = p.test_loss, strength = p.modes[2] }
  end
  return rows
end

--- What the releases say together.
local function summed(rows)
  local s = { ran = 0, delays = {}, exact = 0, both = 0, only_noise = 0, only_twin = 0,
    x = {}, y = {} }
  for _, row in ipairs(rows) do
    if row.outcome == "ran" then
      s.ran = s.ran + 1
      local twin, own = row.twin_epochs, row.epochs
      if twin then
        s.delays[#s.delays + 1] = twin
        if row.predicted_epochs == twin then s.exact = s.exact + 1 end
        local far = math.abs(math.log(twin / 1500))
        if not s.nearest or far < math.abs(math.log(s.nearest.twin_epochs / 1500)) then
          s.nearest = row
        end
      end
      if twin and own then
        s.both = s.both + 1
        s.x[s.both], s.y[s.both] = math.log(twin), math.log(own)
      elseif own then
        s.only_noise = s.only_noise + 1
      elseif twin then
        s.only_twin = s.only_twin + 1
      end
    end
  end
  table.sort(s.delays)
  if s.both > 2 then
    local slope, _, r2 = seeds.line(s.x, s.y)
    s.correlation = (slope < 0 and -1 or 1) * math.sqrt(r2)
  end
  return s
end

--- Both curves of the release whose delay is nearest to the printed one.
local function curves_of(o, row, state)
  local task = seeds.task(o, row.seed):subsample { n = o.n, seed = row.seed }
  local x = seeds.network(o, task, row.seed, o.release)
  x:restore(state)
  local off = curve(x, row.twin_epochs, kramers.noise_off)
  x:restore(state)
  return { off = off,
    own = curve(x, row.twin_epochs, { batch = o.batch, replacement = true }) }
end

local function run(o, keep)
  local rows, states, list = {}, {}, seeds.list(o.seeds, 42)
  for _, seed in ipairs(list) do
    one_seed(o, seed, rows, states)
    keep { seeds = rows, outcomes = seeds.counts(rows) }
  end
  local s = summed(rows)
  local late = { claim = "epochs until mode 2 appears; here without noise (median, range over the "
    .. "lengths of the trap)", printed = 1500, unit = "epochs" }
  local driven = { claim = "share of the escapes that do not come without noise", printed = 1 }
  local shape = { claim = "training error on a plateau below the test error, which falls late" }
  local curves
  if s.nearest then
    local n = #s.delays
    late.measured, late.measured_low, late.measured_high = s.delays[(n + 1) // 2], s.delays[1],
      s.delays[n]
    if s.delays[1] <= 1500 and 1500 <= s.delays[n] then
      late.agrees = true
    else
      late.reason = ("delays of %g to %g epochs at these lengths of the trap"):format(s.delays[1],
        s.delays[n])
    end
    local escapes = s.both + s.only_noise
    if escapes > 0 then
      driven.measured, driven.measured_low, driven.measured_high =
        seeds.share(s.only_noise, escapes)
      driven.agrees = driven.measured_high >= 1
      if not driven.agrees then
        driven.reason = ("%d of %d escapes come with all noise off too"):format(s.both, escapes)
      end
    else
      driven.reason = "no run with noise escaped"
    end
    curves = curves_of(o, s.nearest, states[s.nearest])
    local start, last = curves.off[1], curves.off[#curves.off]
    shape.measured = ("%.3g below %.3g; after the escape %.3g, %.3g"):format(start.train,
      start.test, last.train, last.test)
    shape.agrees = start.train < start.test and last.test < start.test
    if not shape.agrees then shape.reason = "the errors are " .. shape.measured end
  else
    local why = ("none of %d releases came back within %g epochs"):format(s.ran, o.epochs)
    for _, claim in ipairs { late, driven, shape } do claim.reason = why end
  end
  local sample = seeds.task(o, list[1]):subsample { n = o.n, seed = list[1] }
  local y = seeds.network(o, sample, list[1], o.release)
  local longest
  for _, row in ipairs(rows) do
    if row.outcome == "ran" and not row.twin_epochs
      and (not longest or row.trap_epochs > longest.trap_epochs)
    then
      longest = row
    end
  end
  return {
    claims = { driven, late, shape },
    seeds = rows,
    outcomes = seeds.counts(rows),
    control = { { noise = "off", runs = s.ran, escapes = #s.delays },
      { noise = ("B = %d with replacement"):format(o.batch), runs = s.ran,
        escapes = s.both + s.only_noise } },
    twins = { both = s.both, only_noise = s.only_noise, only_twin = s.only_twin,
      correlation = s.correlation, predicted = s.exact },
    finding = s.nearest and (("with all noise off mode 2 comes back in %d of %d releases, after %g "
      .. "to %g epochs by the length of the trap, in %d of them to the epoch as integrated from "
      .. "the stored layers; with noise in %d"):format(#s.delays, s.ran, s.delays[1],
        s.delays[#s.delays], s.exact, s.both + s.only_noise)) or late.reason,
    audit = {
      { statement = ("SGD with B = %d on %d samples"):format(o.batch, o.n),
        printed = "minibatch noise",
        computed = ("trace of its covariance: %g as a full batch, %.3g with replacement"):format(
          y:noise({ batch = "full" }).trace,
          y:noise({ batch = o.batch, replacement = true }).trace) },
      { statement = "length of the rank-1 trap", printed = "to convergence",
        computed = longest
          and ("after %g epochs mode 2 has strength %.2g and does not come back in %g"):format(
            longest.trap_epochs, longest.residual, o.epochs)
          or ("no trap of up to %g epochs keeps mode 2 away for %g"):format(
            o.trap_lengths[#o.trap_lengths], o.epochs) },
    },
    missing = {
      { option = "trap_lengths", what = "how long the trap is trained: several lengths here" },
      { option = "trap", what = ("the trap's L2 strength on 25 samples: %g here, as in figure 1a")
        :format(o.trap) },
    },
    figure = { batch = o.batch, curves = curves, seed = s.nearest and s.nearest.seed,
      trap_epochs = s.nearest and s.nearest.trap_epochs },
  }
end

local function picture(r, draw)
  local panels = {}
  local curves = r.figure.curves
  if curves then
    local series = {}
    local own = "B = " .. r.figure.batch
    for _, kind in ipairs { { "off", "solid", "noise off" }, { "own", "dotted", own } } do
      local rows = curves[kind[1]]
      local x = draw.column(rows, "epochs")
      series[#series + 1] = { draw = "line", x = x, y = draw.column(rows, "train"),
        color = draw.blue, dash = kind[2], name = "training, " .. kind[3] }
      series[#series + 1] = { draw = "line", x = x, y = draw.column(rows, "test"),
        color = draw.orange, dash = kind[2], name = "test, " .. kind[3] }
    end
    series[#series + 1] = { draw = "rules", x = { 1500 }, color = draw.red, name = "printed" }
    panels[1] = { x = draw.axis("epochs", { from = 0 }), y = draw.axis("error",
      { unit = "energy", from = 0 }), series = series }
  end
  local rows = draw.filter(r.seeds, function(row) return row.twin_epochs and row.epochs end)
  if #rows > 0 then
    local low, high = math.huge, 0
    for _, row in ipairs(rows) do
      low, high = math.min(low, row.twin_epochs), math.max(high, row.twin_epochs)
    end
    panels[#panels + 1] = {
      x = draw.axis("epochs without noise", { scale = "log" }),
      y = draw.axis("epochs with noise", { scale = "log" }),
      series = {
        { draw = "line", x = { low, high }, y = { low, high }, color = draw.grey, dash = "dashed",
          name = "equal" },
        { draw = "points", x = draw.column(rows, "twin_epochs"), y = draw.column(rows, "epochs"),
          color = draw.blue, marker = "circle", name = ("%d releases"):format(#rows) },
        { draw = "points", x = { 1500 }, y = { 1500 }, color = draw.red, marker = "diamond",
          name = "printed: 1,500" },
      },
    }
  end
  if #panels == 0 then return nil, "no release came back: there is nothing to draw" end
  return { title = "Figure 1b: late test error after a short trap", panels = panels }
end

return {
  paper = "2606.17120", number = "1b", title = "Grokking curve on 25 samples",
  claim = "from the rank-1 trap the training error stays on a plateau below the test error; at "
    .. "about 1,500 epochs SGD noise carries the network out, and the test error falls",
  parameters = {
    { "seeds", 20, 4 }, { "epochs", 20000, 5000 }, { "singular", { 0.9, 0.8 } }, { "inputs" },
    { "samples", 5000, 500 }, { "test", 10000, 1000 }, { "n", 25 }, { "data" }, { "depth", 3 },
    { "width", 10 }, { "init", "wide" }, { "lr", 0.1 }, { "batch", 64 }, { "trap", 0.361 },
    { "trap_lengths", { 125, 150, 175, 200, 225, 250, 275, 300, 350 }, { 175, 200, 225, 250 } },
    { "release", 0.0025 }, { "threshold", 1e-3 },
  },
  run = run,
  picture = picture,
}
