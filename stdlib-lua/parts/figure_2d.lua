--- Figure 2d, ours: the transition that the noise of SGD does drive is the other one, the collapse
--- of a learned mode, and its law is one of batch/lr.
local kramers = ...

local seeds = kramers.part("replication")

local function run(o)
  -- White inputs: theory knows the path of a collapse where the modes are not coupled.
  local task = seeds.task(o, seeds.list(o.seeds, 42)[1])
  if task.samples then task = task:whiten() end
  local mode = #o.singular
  local x = seeds.network(o, task, 42, o.release)
  x:set { batch = o.batches[1], replacement = true }
  local spinodal = x:phases().modes[mode].spinodal
  x:set_l2(o.share * spinodal)
  x:trap { rank = mode, exact = true }
  local a = x:arrhenius { mode = mode, direction = "down", batches = o.batches,
    replicas = o.replicas, every = 2 }
  local twin = x:measure_escape(seeds.without_noise { mode = mode, direction = "down" })
  local claim = seeds.slope_claim("slope of ln(tau lr) over the quasi-potential phi ~ B/lr", a,
    (a.theory or {}).slope)
  return {
    claims = { claim },
    points = a.points,
    control = { { noise = "off", runs = 1, escapes = twin.escapes } },
    finding = ("at b = %.4g, %.2g of mode %d's spinodal, plain SGD collapses it in %.0f to %.0f "
      .. "steps as B goes from %d to %d; without noise %d of 1"):format(a.l2, o.share, mode,
        a.points[1].tau, a.points[#a.points].tau, a.points[1].batch, a.points[#a.points].batch,
        twin.escapes),
    abscissae = a.abscissae,
    spinodal = spinodal,
    figure = { points = a.points },
  }
end

local function picture(r, draw)
  local points = draw.filter(r.figure.points, function(p) return p.escapes > 0 end)
  local has_phi = #points > 0 and points[1].phi
  local x = draw.column(points, has_phi and "phi" or "batch")
  local series = { { draw = "points", x = x, y = draw.column(points, "tau"),
    low = draw.column(points, "tau_low"), high = draw.column(points, "tau_high"),
    color = draw.blue, name = "measured" } }
  if has_phi then
    series[2] = { draw = "line", x = x, y = draw.column(points, "theory"), color = draw.green,
      dash = "dashed", name = "one-dimensional passage, nothing fitted" }
  end
  return { title = "Figure 2d (ours): collapse of a learned mode under plain SGD",
    panels = { { x = draw.axis(has_phi and "quasi-potential phi ~ B/lr" or "batch"),
      y = draw.axis("tau", { scale = "log" }), series = series,
      notes = { "ours, not in arXiv 2606.17120" } } } }
end

return {
  paper = "2606.17120", number = "2d", own = true, title = "Collapse under plain SGD",
  claim = "ours, not in the paper: near its spinodal a learned mode collapses under plain SGD, at "
    .. "a rate that goes with B/lr by the quasi-potential",
  parameters = {
    { "seeds", { 42 } }, { "singular", { 0.9, 0.8 } }, { "inputs" }, { "samples", 512 },
    { "test", 512 }, { "data" }, { "depth", 3 }, { "width", 10 }, { "lr", 0.08 },
    { "batches", { 8, 12, 16, 20 }, { 4, 8, 12 } }, { "share", 0.95 }, { "replicas", 256, 64 },
  },
  run = run,
  picture = picture,
}
