--- Figure 3: the staircase of the test error when the L2 strength rises in small steps from zero.
local kramers = ...

local seeds = kramers.part("replication")

--- The ramp on one data set, from the state that is converged without L2. Full batch: quasi-static.
local function ramp(o, task, seed)
  local x = seeds.network(o, task, seed, 0)
  local run = x:train { steps = 1000000, until_converged = 1e-8 }
  if run.outcome ~= "converged" then
    return nil, ("not converged at l2 = 0 (%s)"):format(run.outcome)
  end
  local points = math.floor(o.to / o.step + 0.5) + 1
  return x:sweep { from = 0, to = (points - 1) * o.step, points = points }
end

--- The points at which each mode is gone, with less than a tenth of its strength one step before:
--- seen in the strengths alone, so that modes whose theory is not known jump too.
local function jumps(sweep)
  local list, count, before = {}, 0, {}
  for _, p in ipairs(sweep.points) do
    for k, w in ipairs(before) do
      if not list[k] and w > 0.01 and p.modes[k] < 0.1 * w then
        list[k], count = { l2 = p.l2 }, count + 1
      end
    end
    before = p.modes
  end
  for _, t in ipairs(sweep.transitions) do
    if list[t.mode] then list[t.mode].theory = t.theory end
  end
  return list, count
end

--- What one data set shows: its row, and the strength at which each mode jumps, false where it does
--- not.
local function one_seed(o, seed)
  local s, why = ramp(o, seeds.task(o, seed), seed)
  local r = { row = { seed = seed, outcome = "ran" }, at = {}, worst = 0 }
  local row = r.row
  if not s then
    row.outcome, row.reason = "not run", why
    return r
  end
  local found, seen = jumps(s)
  for k in ipairs(o.singular) do
    local jump = found[k]
    r.at[k] = jump and jump.l2 or false
    if jump then
      row["jump_" .. k], row["spinodal_" .. k] = jump.l2, jump.theory
      r.worst = math.max(r.worst,
        jump.theory and math.abs(jump.l2 - o.step / 2 - jump.theory) or 0)
    end
  end
  if seen < #o.singular then
    row.outcome, row.reason = "fewer jumps", ("%d jumps up to l2 = %g"):format(seen, o.to)
  end
  return r
end

local function run(o, keep)
  local exact, failed = ramp(o, data.population { singular = o.singular }, 42)
  if not exact then kramers.refuse("the ramp on exact moments: %s", failed) end
  local there = jumps(exact)
  local rows, at, worst, hits = {}, {}, 0, 0
  for k in ipairs(o.singular) do at[k] = {} end
  local count = #o.singular
  -- In the order of the ramp: the weakest mode goes first.
  local printed = { [count] = 0.36, [count - 1] = 0.42 }
  seeds.each(seeds.list(o.seeds, 42), function(seed) return one_seed(o, seed) end, function(r)
    rows[#rows + 1] = r.row
    worst = math.max(worst, r.worst)
    local all = #r.at == count
    for k, l2 in ipairs(r.at) do
      if l2 then at[k][#at[k] + 1] = l2 end
      all = all and l2 and (not printed[k] or math.abs(l2 - printed[k]) < 1.01 * o.step)
    end
    hits = hits + (all and 1 or 0)
    keep { seeds = rows, outcomes = seeds.counts(rows) }
  end)
  local claims = {}
  for k = count, count - 1, -1 do
    local jump = there[k]
    local row = { claim = ("first step of the ramp without mode %d (s = %g)"):format(k,
      o.singular[k]), printed = printed[k] }
    if jump then
      row.measured, row.measured_low, row.measured_high = jump.l2, jump.l2 - o.step, jump.l2
      row.agrees = math.abs(jump.l2 - row.printed) < 0.51 * o.step
      if not row.agrees then
        row.reason = ("on exact moments the jump is seen at %g"):format(jump.l2)
      end
    else
      row.reason = ("no jump of mode %d up to l2 = %g"):format(k, o.to)
    end
    claims[#claims + 1] = row
  end
  local audit = {}
  for k = count, count - 1, -1 do
    local mean, low, high, deviation = seeds.mean(at[k])
    audit[#audit + 1] = { statement = ("test error jumps at b = %g"):format(printed[k]),
      printed = printed[k],
      computed = ("spinodal of s = %g on exact moments: %.4f"):format(o.singular[k],
        there[k] and there[k].theory or 0 / 0) }
    if deviation then
      audit[#audit + 1] = { statement = ("the same, one data set of %d samples"):format(o.samples),
        printed = printed[k],
        computed = ("%.3f +- %.3f over %d data seeds (mean %.3f ... %.3f)"):format(mean, deviation,
          #at[k], low, high) }
    end
  end
  local points = {}
  for i, p in ipairs(exact.points) do points[i] = { l2 = p.l2, loss = p.loss, modes = p.modes } end
  return {
    claims = claims,
    seeds = rows,
    outcomes = seeds.counts(rows),
    control = { { noise = "none enters: full batch, each step to convergence, floor "
      .. exact.floor } },
    finding = ("on exact moments the jumps are seen at %s; with %d samples both printed steps are "
      .. "met within one step in %d of %d data sets, and each jump lies within %.1f steps of the "
      .. "empirical spinodal"):format(
        table.concat({ tostring(there[count] and there[count].l2),
          tostring(there[count - 1] and there[count - 1].l2) }, " and "),
        o.samples, hits, #rows, worst / o.step),
    audit = audit,
    missing = { { option = "seeds", what = "which data set is drawn: exact moments here, and many "
      .. "data sets beside them" } },
    figure = { points = points, step = o.step, modes = count },
  }
end

local function picture(r, draw)
  local points = r.figure.points
  local series = {
    { draw = "steps", x = draw.column(points, "l2"), y = draw.column(points, "loss"),
      color = draw.blue, dash = "solid", name = "error, exact moments" },
    { draw = "rules", x = draw.map(r.claims, function(c) return c.printed end), color = draw.red,
      name = "printed" },
  }
  local x, y, top = {}, {}, points[#points].loss
  for i, row in ipairs(r.seeds) do
    for k = 1, r.figure.modes do
      if row["jump_" .. k] then
        x[#x + 1] = row["jump_" .. k]
        y[#y + 1] = top * (0.02 + 0.2 * ((i * 0.618) % 1) + 0.25 * (r.figure.modes - k))
      end
    end
  end
  if #x > 0 then
    series[#series + 1] = { draw = "points", x = x, y = y, color = draw.grey, marker = "ring",
      name = ("jumps of %d data sets"):format(#r.seeds) }
  end
  return { title = "Figure 3: error over a quasi-static ramp",
    panels = { { x = draw.axis("l2"), y = draw.axis("error", { unit = "energy", from = 0 }),
      series = series } } }
end

return {
  paper = "2606.17120", number = "3", title = "Staircase of the error",
  claim = "from the state converged at b = 0, in quasi-static steps of 0.01, the test error jumps "
    .. "at b = 0.36 and 0.42",
  parameters = { { "seeds", 50, 5 }, { "singular", { 0.9, 0.8 } }, { "inputs" }, { "samples", 512 },
    { "test", 512 }, { "data" }, { "depth", 3 }, { "width", 10 }, { "lr", 0.08 }, { "step", 0.01 },
    { "to", 0.5 } },
  run = run,
  picture = picture,
}
