--- Figure 2b: escape times from the rank-1 trap over the learning rate, as an Arrhenius plot.
local kramers = ...

local seeds = kramers.part("replication")

--- The trap of a seed, released, and what noise is in it; or why there is none.
local function trapped(o, seed)
  local task = seeds.task(o, seed)
  local x = seeds.network(o, task, seed, o.trap)
  local spinodals, unknown = seeds.spinodals(x)
  if not spinodals then return nil, "not run", unknown end
  local _, _, outcome, why = seeds.trap(x, spinodals, 1, o.trap, o.trap_epochs,
    seeds.steps_per_epoch(o, task))
  if outcome then return nil, outcome, why end
  if (spinodals[2] or 0) < o.release then
    return nil, "nothing to escape to",
      ("mode 2 has no learned phase at l2 = %g: its spinodal is %.4f"):format(o.release,
        spinodals[2] or 0)
  end
  x:set_l2(o.release)
  -- C: the trace of the covariance of one sample's gradient.
  return x, { covariance = x:noise({ batch = 1, replacement = true }).trace,
    absorbing = kramers.absorbing(x, 2).absorbing }
end

--- A seed's row, and at each learning rate what its replicas and their twin did, up to the first
--- that diverged.
local function one_seed(o, seed)
  local x, outcome, why = trapped(o, seed)
  local r = { row = { seed = seed, outcome = x and "ran" or outcome, reason = why }, own = {} }
  if not x then return r end
  local row = r.row
  row.covariance, row.absorbing = outcome.covariance, outcome.absorbing
  r.per_epoch = seeds.steps_per_epoch(o, x.data)
  local steps = math.floor(o.epochs * r.per_epoch)
  for i, lr in ipairs(o.lrs) do
    local e = x:measure_escape { mode = 2, direction = "up", lr = lr, replicas = o.replicas,
      max_steps = steps, every = r.per_epoch, dwell = math.floor(o.dwell * r.per_epoch),
      stream = i }
    if seeds.diverged(row, e) then break end
    local off = { mode = 2, direction = "up", lr = lr, max_steps = steps }
    r.own[i] = { replicas = e.replicas, escapes = e.escapes, times = e.times, escaped = e.escaped,
      twins = x:measure_escape(seeds.without_noise(off)).escapes }
  end
  return r
end

local function run(o, keep)
  local rows, covariances, points = {}, {}, {}
  for i, lr in ipairs(o.lrs) do
    points[i] = { lr = lr, runs = 0, escapes = 0, twins = 0, times = {}, escaped = {} }
  end
  -- Steps between two looks.
  local look = 1
  seeds.each(seeds.list(o.seeds, 42), function(seed) return one_seed(o, seed) end, function(r)
    local row = r.row
    rows[#rows + 1] = row
    -- A seed that diverges at one learning rate is pooled at none.
    if row.outcome == "ran" then
      row.escapes, look = 0, r.per_epoch
      covariances[#covariances + 1] = row.covariance
      for i, p in ipairs(points) do
        local e = r.own[i]
        p.runs, p.escapes, p.twins = p.runs + e.replicas, p.escapes + e.escapes, p.twins + e.twins
        row.escapes = row.escapes + e.escapes
        for k, t in ipairs(e.times) do
          p.times[#p.times + 1], p.escaped[#p.escaped + 1] = t, e.escaped[k]
        end
      end
    end
    keep { seeds = rows, outcomes = seeds.counts(rows) }
  end)
  local covariance = seeds.mean(covariances)
  local table_rows, ran, escapes, runs, twins = {}, #covariances, 0, 0, 0
  for i, p in ipairs(points) do
    escapes, runs, twins = escapes + p.escapes, runs + p.runs, twins + p.twins
    local s = p.runs > 0 and seeds.statistics(p.times, p.escaped, look) or {}
    table_rows[i] = { lr = p.lr, runs = p.runs, escapes = p.escapes, tau = s.tau,
      tau_low = s.tau_low, tau_high = s.tau_high, exposure = s.exposure,
      temperature = covariance and p.lr * covariance / o.batch }
  end
  -- What a time that is constant in lr * steps, without any barrier, draws in this plot.
  local inverse, clock = {}, {}
  for i, lr in ipairs(o.lrs) do inverse[i], clock[i] = 1 / lr, -math.log(lr) end
  local _, _, r2 = seeds.line(inverse, clock)
  -- Both readings of the paper's T: with the trace of one sample's covariance below or above.
  local span = 0.15 * o.batch * math.abs(inverse[1] - inverse[#inverse])
  local claim = { claim = "barrier from the slope of ln tau over 1/T", printed = "0.15 +- 0.05",
    unit = "energy" }
  local fit
  local with = 0
  for _, p in ipairs(table_rows) do with = with + (p.escapes > 0 and 1 or 0) end
  if ran == 0 then
    claim.reason = ("none of %d seeds could be run"):format(#rows)
  elseif with >= 3 then
    local fitted = {}
    for i, p in ipairs(table_rows) do
      fitted[i] = { temperature = p.temperature, escapes = p.escapes, exposure = p.exposure * p.lr,
        look = look * p.lr }
    end
    fit = kramers.rival_laws(fitted)
    claim.measured, claim.measured_low, claim.measured_high = fit.barrier, fit.barrier_low,
      fit.barrier_high
    claim.agrees = fit.barrier_low <= 0.2 and fit.barrier_high >= 0.1
  end
  local escape = { claim = "SGD noise carries runs out of the trap", printed = "at each lr",
    measured = ("%d of %d runs"):format(escapes, runs) }
  if ran == 0 then
    escape.reason = claim.reason
  elseif escapes > 0 then
    escape.agrees = twins == 0
    escape.reason = twins > 0 and ("%d runs without noise escape too"):format(twins) or nil
  else
    escape.agrees = false
    escape.reason = ("no run escapes in %g epochs; every trap lies in a set that minibatch noise "
      .. "cannot leave"):format(o.epochs)
    for _, row in ipairs(rows) do
      if row.outcome == "ran" and not row.absorbing then
        escape.agrees = nil
        escape.reason = ("no run escapes in %g epochs: longer times are open"):format(o.epochs)
      end
    end
    claim.agrees, claim.reason = escape.agrees, "there is no escape to fit a slope to"
  end
  local x = seeds.network(o, data.population { singular = o.singular }, 0, o.release)
  x:trap { rank = 1, exact = true }
  local b = x:barrier { mode = 2 }
  return {
    claims = { claim, escape },
    seeds = rows,
    outcomes = seeds.counts(rows),
    points = table_rows,
    fit = fit,
    control = { { noise = "off", runs = ran * #o.lrs, escapes = twins } },
    finding = ("%d of %d data seeds can be run; %d of %d runs escape within %g epochs at %d "
      .. "learning rates"):format(ran, #rows, escapes, runs, o.epochs, #o.lrs),
    audit = {
      { statement = "barrier of the rank-1 trap: slope, Fig. 2a, Eq. 2",
        printed = "0.15 +- 0.05, 0.003", computed = b.height },
      { statement = "ln tau linear in 1/T: R^2", printed = 0.991,
        computed = ("%.3f for a time constant in lr * steps, no barrier, at the same lrs"):format(
          r2) },
      { statement = "what a barrier of .15 spans in ln tau over these lrs, T = lr / (B C)",
        printed = "about two decades of tau",
        computed = covariance and ("%.3g with C = %.3g as in the trap; %.3g if T = lr C / B")
          :format(span * covariance, covariance, span / covariance) or "no trap to take C from" },
      { statement = "determinants explain the excess of the slope", printed = "yes",
        computed = b.temperature_power
          and ("they do not depend on T; the zero modes' T^-%g changes the slope by -%g T"):format(
            b.temperature_power, b.temperature_power) or b.reason },
      { statement = "batch sizes B in the test of T = lr C / B", printed = tostring(o.batch),
        computed = "1: at one B the noise and the clock change together with lr" },
    },
    missing = {
      { option = "epochs", what = ("when a run is given up: after %g epochs here, as in figure 1a")
        :format(o.epochs) },
    },
    figure = { points = table_rows, clock_r2 = r2 },
  }
end

local function picture(r, draw)
  local points = draw.filter(r.figure.points, function(p) return p.runs > 0 end)
  if #points == 0 then return nil, "no seed could be run: there is nothing to draw" end
  local seen = draw.filter(points, function(p) return p.escapes > 0 end)
  local open = draw.filter(points, function(p) return p.escapes == 0 end)
  local function inverse(rows) return draw.map(rows, function(p) return 1 / p.lr end) end
  local series = {}
  if #seen > 0 then
    series[1] = { draw = "points", x = inverse(seen), y = draw.column(seen, "tau"),
      low = draw.column(seen, "tau_low"), high = draw.column(seen, "tau_high"), color = draw.blue,
      name = "escape time" }
  end
  if #open > 0 then
    local low = draw.column(open, "tau_low")
    series[#series + 1] = { draw = "arrows", x = inverse(open), y = low, to_x = inverse(open),
      to_y = draw.map(low, function(t) return 2 * t end), color = draw.blue,
      name = "no escape: the time is longer" }
  end
  local hot, cold = points[1], points[1]
  for _, p in ipairs(points) do
    if p.lr > hot.lr then hot = p end
    if p.lr < cold.lr then cold = p end
  end
  local x = draw.spaced(1 / hot.lr, 1 / cold.lr, 80)
  series[#series + 1] = { draw = "line", x = x, color = draw.grey, dash = "dashed",
    y = draw.map(x, function(u) return hot.tau_low / 30 * u * hot.lr end),
    name = ("lr * steps constant, any level: R² = %.3f"):format(r.figure.clock_r2) }
  return { title = "Figure 2b: escape times over the learning rate",
    panels = { { x = draw.axis("1/lr, proportional to 1/T"), y = draw.axis("tau",
      { scale = "log" }), series = series,
      notes = { "printed: R² = .991, barrier .15 ± .05; its level is not known" } } } }
end

return {
  paper = "2606.17120", number = "2b", title = "Escape times over the learning rate",
  claim = "ln tau is linear in 1/T, T = lr / (B C), with R^2 = .991 and a barrier of .15 +- .05",
  parameters = {
    { "seeds", 50, 4 }, { "epochs", 20000, 500 }, { "singular", { 0.9, 0.8 } }, { "inputs" },
    { "samples", 512 }, { "test", 512 }, { "data" }, { "depth", 3 }, { "width", 10 },
    { "init", "wide" }, { "lr", 0.08 }, { "lrs", { 5e-4, 1e-3, 2e-3, 3e-3, 5e-3 } },
    { "batch", 64 }, { "trap", 0.361 }, { "trap_epochs", 1000 }, { "release", 0.32 },
    { "replicas", 1 }, { "dwell", 10 },
  },
  run = run,
  picture = picture,
}
