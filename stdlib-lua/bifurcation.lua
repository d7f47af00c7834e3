--- The bifurcation diagram: strength of every mode in its learned (stable) and saddle (unstable)
--- state over L2, by theory.
---
---     local b = bifurcation { from = 0.05, to = 0.45, points = 9 }
---     for _, p in ipairs(b.stable) do print(p.mode, p.l2, p.strength) end
local kramers = ...

--- The grid of the options, or nil and what is wrong; by default up to above the last spinodal.
local function grid_of(options, modes)
  if options.l2 then
    if options.from or options.to or options.points or options.scale then
      return nil, "give either l2, or from, to and points"
    end
    for i = 2, #options.l2 do
      if options.l2[i] <= options.l2[i - 1] then
        return nil,
          ("l2 must rise, but l2[%d] = %g follows l2[%d] = %g"):format(
            i, options.l2[i], i - 1, options.l2[i - 1])
      end
    end
    return options.l2
  end
  local last = 0
  for _, mode in ipairs(modes) do last = math.max(last, mode.spinodal or 0) end
  if last == 0 and not options.to then
    return nil, modes[1] and modes[1].reason or "there is no mode to learn"
  end
  local to = options.to or 1.1 * last
  local from = options.from or to / 100
  if from >= to then return nil, ("from = %g must lie below to = %g"):format(from, to) end
  return (options.scale == "log" and logspace or linspace)(from, to, options.points or 100)
end

---@param x userdata the experiment
---@param options table checked options of `bifurcation`
local function bifurcation(x, options)
  local theory = x:phases()
  local grid, wrong = grid_of(options, theory.modes)
  if not grid then kramers.refuse(wrong) end
  local stable, unstable, modes = {}, {}, {}
  for k, mode in ipairs(theory.modes) do
    modes[k] = {
      mode = mode.mode,
      singular = mode.singular,
      spinodal = mode.spinodal,
      coexistence = mode.coexistence,
      method = mode.method,
      reason = mode.reason,
    }
  end
  for _, l2 in ipairs(grid) do
    for _, mode in ipairs(x:phases({ l2 = l2 }).modes) do
      if mode.learned then
        stable[#stable + 1] = { mode = mode.mode, l2 = l2, strength = mode.learned }
      end
      if mode.saddle then
        unstable[#unstable + 1] = { mode = mode.mode, l2 = l2, strength = mode.saddle }
      end
    end
  end
  return {
    kind = "bifurcation",
    depth = x.depth,
    modes = modes,
    stable = stable,
    unstable = unstable,
  }
end

return {
  entry = {
    summary = "stable and unstable branches of every mode over L2, by theory, for plotting",
    takes = {
      { verb = "sweep", only = { "l2", "from", "to", "points", "scale" } },
    },
    looks = true,
    returns =
      "kind=\"bifurcation\": stable and unstable = rows mode, l2, strength (the zero "
      .. "phase, stable at any l2 > 0, is not listed); modes = rows mode, spinodal, "
      .. "coexistence",
    answer = {
      fields = { "modes: mode singular spinodal coexistence reason" },
      summary = { "depth {depth}: {#stable} stable and {#unstable} unstable points",
        "depth {depth}" },
    },
    example = [[
experiment { data = data.population { singular = {0.9, 0.8} }, depth = 3, width = 2 }
local b = bifurcation { from = 0.05, to = 0.45, points = 9 }
for _, p in ipairs(b.unstable) do print(p.mode, p.l2, p.strength) end
]],
    see_also = { "phases", "hysteresis" },
  },
  body = bifurcation,
}
