--- Figure 2c, ours: what does show Arrhenius' law from such a trap is additive noise at a fixed T.
local kramers = ...

local seeds = kramers.part("replication")

local function run(o)
  local x = seeds.network(o, data.population { singular = o.singular }, 42, o.release)
  x:trap { rank = #o.singular - 1, exact = true, release = o.release }
  local a = x:arrhenius { temperatures = o.temperatures, replicas = o.replicas }
  local twin = x:measure_escape(seeds.without_noise {})
  local theory = a.theory or {}
  local expected = theory.slope or theory.barrier
  local claim = seeds.slope_claim("slope of ln(tau lr) over 1/T: that of the exact barrier", a,
    expected, "energy")
  return {
    claims = { claim },
    points = a.points,
    control = { { noise = "off", runs = 1, escapes = twin.escapes } },
    finding = ("barrier %.3g, theory %.3g, slope expected at these temperatures %.3g; without "
      .. "noise %d of 1 escape"):format(a.barrier or 0 / 0, theory.barrier or 0 / 0,
        expected or 0 / 0, twin.escapes),
    barrier = theory.barrier,
    figure = { arrhenius = a },
  }
end

local function picture(r, draw)
  local a = r.figure.arrhenius
  local points = draw.filter(a.points, function(p) return p.escapes > 0 end)
  local inverse = draw.map(points, function(p) return 1 / p.temperature end)
  local series = {
    { draw = "points", x = inverse, y = draw.column(points, "tau"),
      low = draw.column(points, "tau_low"), high = draw.column(points, "tau_high"),
      color = draw.blue, name = "measured" },
    { draw = "line", x = inverse, y = draw.column(points, "theory"), color = draw.green,
      dash = "dashed", name = "Eyring-Kramers, nothing fitted" },
  }
  return { title = "Figure 2c (ours): additive noise at fixed T",
    panels = { { x = draw.axis("1/T", { unit = "1/energy" }), y = draw.axis("tau",
      { scale = "log" }), series = series, notes = { "ours, not in arXiv 2606.17120" } } } }
end

return {
  paper = "2606.17120", number = "2c", own = true, title = "Additive noise at fixed T",
  claim = "ours, not in the paper: from the rank-1 trap, at width 2, additive noise of temperature "
    .. "T escapes with the slope of the exact barrier",
  parameters = {
    { "singular", { 0.9, 0.8 } }, { "depth", 3 }, { "width", 2 }, { "lr", 0.2 }, { "release", 0.1 },
    { "temperatures", { 3.9e-4, 3e-4, 2.4e-4, 2e-4, 1.6e-4 }, { 3.9e-4, 3e-4, 2.4e-4 } },
    { "replicas", 256, 64 },
  },
  run = run,
  picture = picture,
}
