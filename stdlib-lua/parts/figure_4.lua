--- Figure 4: the bifurcation diagram, one spinodal for each mode.
local kramers = ...

local seeds = kramers.part("replication")

--- How many states quenches find at this L2 strength, and how many theory counts.
local function states(o, singular, l2)
  local x = seeds.network(o, data.population { singular = singular }, 0, l2)
  local r = x:metastable { l2 = l2 }
  return r.count, r.theory
end

local function run(o)
  local count = #o.singular
  local x = seeds.network(o, data.population { singular = o.singular }, 0, 0)
  local diagram = x:bifurcation { from = o.step, to = o.to,
    points = math.floor(o.to / o.step + 0.5) }
  -- Where modes vanish is measured by a ramp, not read from the diagram's theory.
  x:train { steps = 1000000, until_converged = 1e-8 }
  local points = math.floor(o.to / o.step + 0.5) + 1
  local ramp = x:sweep { from = 0, to = (points - 1) * o.step, points = points }
  local claims = { { claim = "spinodals for two modes", printed = count,
    measured = #ramp.jumps, agrees = #ramp.jumps == count } }
  if not claims[1].agrees then claims[1].reason = "the ramp shows another number of jumps" end
  local audit = {}
  for _, jump in ipairs(ramp.jumps) do
    local mode = diagram.modes[jump.mode]
    claims[#claims + 1] = { claim = ("mode %d (s = %g) vanishes at its spinodal"):format(jump.mode,
      mode.singular), theory = mode.spinodal, measured = jump.l2,
      measured_low = jump.l2 - jump.uncertainty / 2, measured_high = jump.l2 + jump.uncertainty / 2,
      agrees = math.abs(jump.l2 - mode.spinodal) <= jump.uncertainty / 2 }
    audit[#audit + 1] = { statement = ("label b_c of s = %g"):format(mode.singular),
      printed = jump.mode == 1 and "the smaller" or jump.mode == 2 and "the larger" or "none",
      computed = ("spinodal %.4f, coexistence %.4f"):format(mode.spinodal, mode.coexistence) }
  end
  local l2 = diagram.modes[count].spinodal / 2
  local found, counted = states(o, o.singular, l2)
  audit[#audit + 1] = { statement = ("K + 1 metastable states, b = %.3f"):format(l2),
    printed = count + 1, computed = found }
  local measured = {}
  for i, p in ipairs(ramp.points) do measured[i] = { l2 = p.l2, modes = p.modes } end
  return {
    claims = claims,
    control = { { noise = "none enters: exact moments, each step to convergence" } },
    finding = ("%d modes and %d jumps of a ramp, each at its spinodal; %d metastable states below "
      .. "both, K + 1 = %d"):format(count, #ramp.jumps, found, counted),
    audit = audit,
    figure = { stable = diagram.stable, unstable = diagram.unstable, modes = diagram.modes,
      points = measured },
  }
end

local function picture(r, draw)
  local f, series = r.figure, {}
  for k, mode in ipairs(f.modes) do
    local function own(row) return row.mode == k end
    for _, branch in ipairs { { "stable", "solid" }, { "unstable", "dashed" } } do
      local rows = draw.filter(f[branch[1]], own)
      series[#series + 1] = { draw = "line", x = draw.column(rows, "l2"),
        y = draw.column(rows, "strength"), color = k, dash = branch[2],
        name = ("s = %s, %s"):format(draw.number(mode.singular),
          branch[1] == "stable" and "learned" or "saddle") }
    end
    series[#series + 1] = { draw = "points", x = draw.column(f.points, "l2"),
      y = draw.mode(f.points, k), color = k, marker = "ring", name = "ramp" }
  end
  series[#series + 1] = { draw = "rules", color = draw.grey, name = "spinodals",
    x = draw.map(f.modes, function(mode) return mode.spinodal end) }
  return { title = "Figure 4: one spinodal for each mode",
    panels = { { x = draw.axis("l2"), y = draw.axis("modes"), series = series } } }
end

return {
  paper = "2606.17120", number = "4", title = "Bifurcation diagram",
  claim = "one first-order transition for each singular value",
  parameters = { { "singular", { 0.9, 0.8 } }, { "depth", 3 }, { "width", 10 }, { "lr", 0.08 },
    { "step", 0.01 }, { "to", 0.5 } },
  run = run,
  picture = picture,
}
