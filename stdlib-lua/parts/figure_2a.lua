--- Figure 2a: the energy of one mode over its strength, with the barrier that the rank-1 trap has.
local kramers = ...

local seeds = kramers.part("replication")

--- The second mode alone; its other modes do not change its energy.
local function network(o, l2)
  return seeds.network(o, data.population { singular = { o.singular[#o.singular] } }, 0, l2)
end

local function run(o)
  local x = network(o, o.release)
  local mode = x:phases().modes[1]
  if not mode.saddle then
    kramers.refuse("there is no barrier at release = %g: the spinodal of s = %g is %.4g", o.release,
      o.singular[#o.singular], mode.spinodal)
  end
  -- From paths in the full weight space: independent of the formula that is audited.
  local string = x:barrier { mode = 1, method = "string" }
  local theory = x:barrier { mode = 1 }
  local claims = {
    { claim = "strength of the saddle", printed = 0.41, measured = string.saddle },
    { claim = "height of the barrier", printed = 0.003, measured = string.height,
      unit = "energy" },
  }
  for _, claim in ipairs(claims) do
    -- Two printed digits, one of which may be rounded.
    claim.agrees = math.abs(claim.measured - claim.printed) < 0.5 * 10 ^ math.floor(
      math.log(claim.printed, 10) - 1e-9)
    if not claim.agrees then
      claim.reason = ("Eq. 2 at b = %g, s = %g and a string relaxed in the full weight space both "
        .. "give %.4g"):format(o.release, o.singular[#o.singular], claim.measured)
    end
  end
  local captioned = network(o, 0.03)
  local low, low_state = captioned:barrier { mode = 1 }, captioned:phases().modes[1]
  -- The L2 term of the learned state against that of one weight a mode.
  x:trap { rank = 1, exact = true }
  local m = x:measure()
  local term, single = m.objective - m.loss, o.release / 2 * m.modes[1] ^ (2 / o.depth)
  return {
    claims = claims,
    control = { { noise = "none enters: exact moments, stationary states" } },
    finding = ("the saddle is at strength %.4f (weight per layer %.3f), the barrier is %.4f")
      :format(string.saddle, string.saddle ^ (1 / o.depth), string.height),
    audit = {
      { statement = ("Eq. 2, b = %g, s = 0.8: strength of the saddle"):format(o.release),
        printed = 0.41, computed = mode.saddle },
      { statement = "the largest strength that a saddle of s = 0.8 has at any b", printed = 0.41,
        computed = x:phases({ l2 = mode.spinodal * (1 - 1e-9) }).modes[1].saddle },
      { statement = ("Eq. 2, b = %g, s = 0.8: barrier"):format(o.release), printed = 0.003,
        computed = theory.height },
      { statement = "the caption's b = 0.03: strength of the saddle, barrier",
        printed = "0.41, 0.003", computed = ("%.4g, %.3g"):format(low_state.saddle, low.height) },
      { statement = "Eq. 1: factor of the L2 term (b/2) w^(2/D) of one mode", printed = 1,
        computed = term / single },
      { statement = "stable state at this b", printed = "learned",
        computed = ("%s: equal energies at b = %.4f"):format(
          o.release > mode.coexistence and "trapped" or "learned", mode.coexistence) },
    },
    barrier = string.height, saddle = string.saddle, learned = mode.learned,
    figure = { path = theory.path, saddle = mode.saddle, height = theory.height,
      release = o.release },
  }
end

local function picture(r, draw)
  local base = r.figure.path[1].objective
  local function line(path, name, color, dash)
    local zero = path[1].objective
    return { draw = "line", x = draw.column(path, "strength"), color = color, dash = dash,
      y = draw.map(path, function(p) return p.objective - zero end), name = name }
  end
  local top = 0
  for _, p in ipairs(r.figure.path) do top = math.max(top, p.objective - base) end
  return { title = "Figure 2a: energy of mode 2 over its strength",
    panels = { { x = draw.axis("strength", { from = 0, to = 0.6 }),
      y = { label = "energy above the trap", unit = "energy", from = -0.2 * top, to = 1.5 * top },
      series = {
        line(r.figure.path, "b = " .. draw.number(r.figure.release), draw.blue, "solid"),
        { draw = "points", x = { r.figure.saddle }, y = { r.figure.height }, color = draw.blue,
          marker = "circle", name = ("saddle %.4f, barrier %.4f"):format(r.figure.saddle,
            r.figure.height) },
        { draw = "points", x = { r.claims[1].printed }, y = { r.claims[2].printed },
          color = draw.red, marker = "diamond", name = "printed: 0.41, 0.003" },
      } } } }
end

return {
  paper = "2606.17120", number = "2a", title = "Energy of one mode",
  claim = "at b = 0.32, s = 0.8 the saddle lies at strength 0.41 and the barrier is 0.003",
  parameters = { { "singular", { 0.9, 0.8 } }, { "release", 0.32 }, { "depth", 3 }, { "width", 1 },
    { "lr", 0.08 } },
  run = run,
  picture = picture,
}
