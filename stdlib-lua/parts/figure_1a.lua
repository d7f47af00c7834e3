--- Figure 1a: escapes from the rank-1 and the rank-0 trap, and from random weights. A run has
--- escaped when its test error falls below the middle between the states of two ranks, and stays
--- there.
local kramers = ...

local seeds = kramers.part("replication")

--- One start of one seed: rank is that of the trap, nil for random weights.
local function run(o, seed, start, rank, trap_l2)
  local task = seeds.task(o, seed)
  local x = seeds.network(o, task, seed, o.release)
  local row = { start = start, seed = seed }
  local spinodals, unknown = seeds.spinodals(x)
  if not spinodals then
    row.outcome, row.reason = "not run", unknown
    return row
  end
  row.spinodal_1, row.spinodal_2 = spinodals[1], spinodals[2]
  local per_epoch = seeds.steps_per_epoch(o, task)
  local target = (rank or 1) + 1
  local is_there = (spinodals[target] or 0) > o.release
  -- Whether the moments let the protocol run.
  row.expected = is_there and not (rank and seeds.impossible(spinodals, rank, trap_l2))
  if rank then
    row.found, row.predicted, row.outcome, row.reason =
      seeds.trap(x, spinodals, rank, trap_l2, o.trap_epochs, per_epoch)
    if row.outcome then return row end
    row.absorbing = kramers.absorbing(x, rank + 1).absorbing
  end
  if not is_there then
    row.outcome = "nothing to escape to"
    row.reason = ("mode %d has no learned phase at l2 = %g: its spinodal is %.4f"):format(
      target, o.release, spinodals[target] or 0)
    return row
  end
  local threshold, why = seeds.midpoint(x, o.release, target - 1)
  if not threshold then
    row.outcome, row.reason = "no criterion", why
    return row
  end
  x:set_l2(o.release)
  row.outcome, row.threshold = "ran", threshold
  if x:measure().test_loss <= threshold then
    row.times, row.escaped, row.escapes, row.runs = { 0 }, { true }, 1, 1
    return row
  end
  local call = { observable = "test_loss", threshold = threshold, replicas = o.replicas,
    max_steps = math.floor(o.epochs * per_epoch), every = per_epoch,
    dwell = math.floor(o.dwell * per_epoch) }
  local e, twin = x:measure_escape(call), x:measure_escape(seeds.without_noise(call))
  if seeds.diverged(row, e) then return row end
  row.times, row.escaped, row.escapes, row.runs = {}, e.escaped, e.escapes, e.replicas
  for i, t in ipairs(e.times) do row.times[i] = t / per_epoch end
  row.twin, row.twin_escapes = twin.summary, twin.escapes
  return row
end

local starts = { { "random" }, { "rank 1", 1, "trap" }, { "rank 0", 0, "zero_trap" } }

--- What the rows of a start say together, in epochs.
local function pooled(rows, start)
  local s = { start = start, seeds = 0, ran = 0, escapes = 0, runs = 0, predicted = 0, trapped = 0,
    twins = 0, absorbing = 0, expected = 0 }
  local times, escaped = {}, {}
  for _, row in ipairs(rows) do
    if row.start == start then
      s.seeds = s.seeds + 1
      if row.found then s.trapped = s.trapped + 1 end
      if row.found and row.predicted == row.found then s.predicted = s.predicted + 1 end
      if row.expected then s.expected = s.expected + 1 end
      if row.outcome == "ran" then
        s.ran, s.runs, s.escapes = s.ran + 1, s.runs + row.runs, s.escapes + row.escapes
        s.twins = s.twins + (row.twin_escapes or 0)
        s.absorbing = s.absorbing + (row.absorbing and 1 or 0)
        table.move(row.times, 1, #row.times, #times + 1, times)
        table.move(row.escaped, 1, #row.escaped, #escaped + 1, escaped)
      end
    end
  end
  if s.runs > 0 then
    local e = seeds.statistics(times, escaped, 1)
    s.tau, s.tau_low, s.tau_high = e.tau, e.tau_low, e.tau_high
  end
  return s
end

--- What a printed time, or a printed lower bound of it, and a measured one say of each other.
local function compare(claim, printed, s, is_bound)
  local row = { claim = claim, printed = printed, measured = s.tau, measured_low = s.tau_low,
    measured_high = s.tau_high, unit = "epochs" }
  if s.runs == 0 then
    row.reason = ("none of %d seeds could be run"):format(s.seeds)
    return row
  end
  local count = ("%d of %d runs escaped"):format(s.escapes, s.runs)
  if is_bound then
    if s.tau_low > printed then row.agrees = true
    elseif s.tau_high < printed then row.agrees = false end
  elseif s.tau_low > printed or s.tau_high < printed then
    row.agrees = false
  elseif s.escapes > 0 then
    row.agrees = true
  end
  if s.escapes == 0 and s.absorbing == s.ran then
    -- No time is long enough, whatever was waited for here.
    row.agrees = is_bound or false
    count = count .. "; each trap lies in a set that minibatch noise cannot leave"
  end
  if not is_bound and s.escapes > 0 and s.twins >= s.escapes then
    row.agrees = false
    count = ("%s; %d of their twins without noise do too"):format(count, s.twins)
  end
  if row.agrees == nil then
    row.reason = ("%s: longer than %.0f epochs, which leaves %g open"):format(count, s.tau_low,
      printed)
  elseif not row.agrees then
    row.reason = count
  end
  return row
end

local function figure(o, keep)
  local rows, list = {}, seeds.list(o.seeds, 42)
  kramers.each(starts, function(start)
    seeds.each(list, function(seed)
      return run(o, seed, start[1], start[2], o[start[3]])
    end, function(row)
      rows[#rows + 1] = row
      keep { seeds = rows, outcomes = seeds.counts(rows) }
    end)
  end)
  local random, one, zero = pooled(rows, "random"), pooled(rows, "rank 1"), pooled(rows, "rank 0")
  -- A start from random weights is no waiting time: the typical one is told, with its middle half.
  local quick = {}
  for _, row in ipairs(rows) do
    if row.start == "random" and row.outcome == "ran" then
      for i, t in ipairs(row.times) do
        if row.escaped[i] then quick[#quick + 1] = t end
      end
    end
  end
  table.sort(quick)
  local n = #quick
  local fast = { claim = "epochs from random weights, about 10: within a factor of 3 (median, "
    .. "quartiles)", printed = 10, unit = "epochs", measured = quick[(n + 1) // 2],
    measured_low = quick[(n + 3) // 4], measured_high = quick[(3 * n + 1) // 4] }
  if n == 0 then
    fast.reason = "no run from random weights reached the learned state"
  else
    fast.agrees = fast.measured > 10 / 3 and fast.measured < 30
    if not fast.agrees then
      fast.reason = ("%s than printed, a median of %g"):format(
        fast.measured < 10 and "sooner" or "later", fast.measured)
    end
  end
  local population = seeds.network(o, data.population { singular = o.singular,
    inputs = o.inputs }, 0, o.release)
  local modes, weights = population:phases().modes, population.parameters
  local inputs = population.data.inputs
  local function without(s)
    return { noise = "off", start = s.start, runs = s.ran, escapes = s.twins }
  end
  return {
    claims = {
      compare("mean escape time from the rank-1 trap, carried by SGD noise", 5500, one), fast,
      compare("escape time from the rank-0 trap is longer than", 10000, zero, true),
    },
    seeds = rows,
    outcomes = seeds.counts(rows),
    control = { without(one), without(zero), without(random) },
    starts = { random, one, zero },
    finding = ("from the rank-1 trap %d of %d data seeds can be run (by their moments %d), and %d "
      .. "of %d runs escape within %g epochs; the moments predict the rank that is left in %d of "
      .. "%d traps"):format(one.ran, one.seeds, one.expected, one.escapes, one.runs, o.epochs,
        one.predicted, one.trapped),
    audit = {
      { statement = ("state of the rank-1 trap released at b = %g"):format(o.release),
        printed = "metastable",
        computed = ("%s; coexistence of s = %g at %.4f, spinodal at %.4f"):format(
          o.release > modes[2].coexistence and "stable, the learned state is metastable"
            or "metastable", o.singular[2], modes[2].coexistence, modes[2].spinodal) },
      { statement = "number of parameters D", printed = 170,
        computed = ("%d with %d inputs, as by the recipe"):format(weights, inputs) },
      { statement = "inputs for which D = 170", printed = "none given",
        computed = inputs + (170 - weights) / o.width },
    },
    missing = {
      { option = "trap_epochs", what = ("how long the traps are trained to convergence: %g epochs "
        .. "here"):format(o.trap_epochs) },
      { option = "dwell", what = ("how long the error must stay below the middle: %g epochs here")
        :format(o.dwell) },
    },
    figure = { epochs = o.epochs },
  }
end

local function picture(r, draw)
  local printed = { random = 10, ["rank 1"] = 5500, ["rank 0"] = 10000 }
  local names, series = { "random", "rank 1", "rank 0" }, {}
  local colors = { draw.green, draw.blue, draw.orange }
  for k, name in ipairs(names) do
    local x, y, open_x, open_y, count = {}, {}, {}, {}, 0
    for _, row in ipairs(r.seeds) do
      for i, t in ipairs(row.start == name and row.times or {}) do
        count = count + 1
        local at = k + 0.35 * ((count * 0.618) % 1 - 0.5)
        if row.escaped[i] then
          x[#x + 1], y[#y + 1] = math.max(t, 0.5), at
        else
          open_x[#open_x + 1], open_y[#open_y + 1] = t, at
        end
      end
    end
    series[#series + 1] = { draw = "points", x = { printed[name] }, y = { k + 0.3 },
      color = draw.red, marker = "diamond", name = "printed" }
    if name == "rank 0" then
      series[#series + 1] = { draw = "arrows", x = { printed[name] }, y = { k + 0.3 },
        to_x = { 2 * printed[name] }, to_y = { k + 0.3 }, color = draw.red }
    end
    if #x > 0 then
      series[#series + 1] = { draw = "points", x = x, y = y, color = colors[k], marker = "circle",
        name = ("%s: %d of %d escaped"):format(name, #x, count) }
    end
    if #open_x > 0 then
      series[#series + 1] = { draw = "points", x = open_x, y = open_y, color = colors[k],
        marker = "ring", name = ("%s: %d of %d did not"):format(name, #open_x, count) }
      series[#series + 1] = { draw = "arrows", x = { open_x[1] }, y = { k }, color = colors[k],
        to_x = { 2 * open_x[1] }, to_y = { k } }
    end
  end
  return { title = "Figure 1a: epochs until the test error falls",
    panels = { { x = draw.axis("epochs", { scale = "log", from = 0.4,
      to = math.max(4 * r.figure.epochs, 4e4) }), y = { label = "", names = names },
      series = series } } }
end

return {
  paper = "2606.17120", number = "1a", title = "Escape from trapped states",
  claim = "SGD noise carries the network out of the rank-1 trap after about 5,500 epochs, out of "
    .. "the rank-0 trap after more than 10,000, from random weights it learns in about 10",
  parameters = {
    { "seeds", 50, 4 }, { "epochs", 20000, 500 }, { "singular", { 0.9, 0.8 } }, { "inputs" },
    { "samples", 512 }, { "test", 512 }, { "data" }, { "depth", 3 }, { "width", 10 },
    { "init", "wide" }, { "lr", 0.08 }, { "batch", 64 }, { "trap", 0.361 }, { "zero_trap", 0.43 },
    { "trap_epochs", 1000 }, { "release", 0.32 }, { "replicas", 1 }, { "dwell", 10 },
  },
  run = figure,
  picture = picture,
}
