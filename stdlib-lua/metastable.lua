--- How many metastable states are there at an L2 strength? Traps of every rank, quenches from
--- random starts, and the aligned states of all subsets of modes, clustered by their sorted
--- singular values and judged by their Hessians. Smooth nonlinear networks: quenches, the branches
--- of continuation and deflation, clustered by their weights modulo permutations and signs of
--- hidden units.
---
---     local m = metastable { l2 = 0.1 }
---     print(m.count, m.theory)
local kramers = ...

--- Whether two lists of singular values are the same to 1e-4 of the largest.
local function same(a, b)
  local scale = math.max(a[1] or 0, b[1] or 0, 1e-6)
  for k = 1, #a do
    if math.abs(a[k] - b[k]) > 1e-4 * scale then return false end
  end
  return true
end

--- Whether x is in the state of a cluster but for a symmetry: linear networks, whose layers
--- rotate, by their singular values.
local function known_as(x, now, c, where)
  if x.activation == "linear" then return same(c.modes, now.modes) end
  if math.abs(c.objective - now.objective) > 1e-6 * math.max(1e-3, c.objective) then
    return false
  end
  local distance, size = x:distance(where)
  return distance <= 1e-4 * math.max(size, 1e-3)
end

--- Adds the state of x to the clusters; returns its cluster. `places` are their snapshots.
local function file(clusters, places, x, how)
  local now = x:measure()
  for i, c in ipairs(clusters) do
    if known_as(x, now, c, places[i]) then
      c.found[how] = (c.found[how] or 0) + 1
      return c
    end
  end
  local cluster = { modes = now.modes, objective = now.objective, norm = now.norm,
    accuracy = now.accuracy, found = { [how] = 1 } }
  places[#places + 1] = x:snapshot()
  if x.parameters <= 2000 then
    local h = x:hessian { dense = true }
    cluster.index, cluster.zero_modes = h.index, h.zero_modes
    cluster.zero_modes_theory = h.zero_modes_theory
  else
    -- Only the sign of the lowest eigenvalue: zero modes stand above it.
    local h = x:hessian { k = 1, which = "smallest" }
    cluster.index = h.values[1] < -h.tolerance and 1 or 0
  end
  clusters[#clusters + 1] = cluster
  return cluster
end

--- Every subset of 1...count with at most `limit` members, the empty set first.
local function subsets(count, limit)
  local result = {}
  for bits = 0, 2 ^ count - 1 do
    local set = {}
    for k = 1, count do
      if (bits // 2 ^ (k - 1)) % 2 == 1 then set[#set + 1] = k end
    end
    if #set <= limit then result[#result + 1] = set end
  end
  return result
end

--- K + 1, where K modes have their spinodal above l2, and where that count holds.
local function expected(phases, limit)
  local count = 0
  for _, mode in ipairs(phases.modes) do
    if not mode.spinodal and mode.mode <= limit then return nil, mode.reason end
    if mode.method and mode.method ~= "closed form" then
      return nil, "the count K + 1 holds for equal input variances; here modes are coupled"
    end
    if mode.variance and math.abs(mode.variance - phases.modes[1].variance) > 1e-9 then
      return nil, "the count K + 1 holds for equal input variances only"
    end
    if mode.spinodal and phases.l2 < mode.spinodal then count = count + 1 end
  end
  if phases.depth == 2 then return 1, nil, count end
  return math.min(count, limit) + 1, nil, count
end

--- Puts z beside a known state: Langevin noise for one relaxation time, of a temperature that moves
--- the weights by three tenths of the largest norm.
local function kick(z, clusters, places, number, seed)
  local l2, largest = z.l2, 0
  for _, c in ipairs(clusters) do largest = math.max(largest, c.norm) end
  z:restore(places[number])
  z:set { l2 = l2, temperature = (0.3 * largest) ^ 2 * l2 / z.parameters }
  z:reset { seed = seed, keep = true }
  z:train { steps = math.ceil(1 / (z.lr * l2)) }
  z:set(kramers.noise_off)
end

---@param x userdata the experiment
---@param options table checked options of `metastable`
local function metastable(x, options)
  local l2 = options.l2 or x.l2
  local quenches = options.quenches or 16
  local max_steps = options.max_steps or 1000000
  -- Each may come to a state of its own, with its place and its spectrum.
  kramers.check_memory((quenches + (options.deflate or 0)) * (2 * x.parameters + 250),
    ("quenches, deflate: the states of %d searches"):format(quenches + (options.deflate or 0)))
  local limit = math.huge
  for _, width in ipairs(x.widths) do limit = math.min(limit, width) end
  local theory, reason, possible
  local known, phases = pcall(x.phases, x, { l2 = l2 })
  if known then
    theory, reason, possible = expected(phases, limit)
  else
    reason = (tostring(phases):gsub("^.-phases: ", ""))
  end
  if x.activation ~= "linear" then reason = "no theory counts the states of a nonlinear network" end

  local clusters, places, failures, diverged, unconverged = {}, {}, {}, 0, 0
  local function keep()
    kramers.keep {
      kind = "metastable", outcome = "interrupted", l2 = l2, states = clusters,
    }
  end
  local function quiet()
    local y = x:clone()
    y:set(kramers.noise_off)
    return y
  end

  local function fail(what, why)
    failures[#failures + 1] = what .. ": " .. why
    if why:find("training diverged", 1, true) then diverged = diverged + 1 end
  end
  local smooth
  do
    local y = quiet()
    y:set_l2(l2)
    smooth = x.activation ~= "linear" and kramers.can_be_continued(y)
  end
  if not smooth and (options.deflate or options.branches) then
    kramers.refuse("deflate and branches are for smooth nonlinear networks at l2 > 0")
  end
  --- Files where y comes to rest; what does not is no state.
  local function rest(y, how, what)
    if smooth then
      y:set_l2(l2)
      if y:settle().outcome == "settled" then return file(clusters, places, y, how) end
      unconverged = unconverged + 1
      return fail(what, "the gradient flow did not come to rest")
    end
    local ok, s = pcall(y.sweep, y, { l2 = { l2 }, converged = 1e-9, max_steps = max_steps })
    if not ok then return fail(what, (tostring(s):gsub("^.-sweep: ", ""))) end
    local point = s.points[1]
    if point.converged then return file(clusters, places, y, how) end
    unconverged = unconverged + 1
    fail(what, ("not at rest after %d steps (gradient norm %.3g)")
      :format(point.steps, point.gradient_norm))
  end

  -- Traps of every rank that theory allows; depth 2 has the learned state only.
  if known and x.depth >= 3 then
    for rank = 0, math.min(possible or #phases.modes, limit) do
      local y = quiet()
      local ok, t = pcall(y.trap, y, { rank = rank, release = l2, max_steps = max_steps })
      if ok and t.certified then
        file(clusters, places, y, "trap")
        keep()
      else
        fail("rank " .. rank, ok and t.reason or (tostring(t):gsub("^.-trap: ", "")))
      end
    end
  end

  -- The zero state, settled: of a network without theory the one trap that needs no choices.
  do
    local y = quiet()
    kramers.enter_subset(y, {})
    rest(y, "zero", "the zero state")
  end

  -- Quenches: a random start of its own, trained at l2.
  for i = 1, quenches do
    local y = quiet()
    y:reset { seed = x.seed + i }
    rest(y, "quench", "quench " .. i)
    keep()
  end

  -- Branches, where they pass l2, and what they miss.
  local deflations = 0
  if smooth then
    local function follow(from, how)
      local y = quiet()
      y:set_l2(from)
      local settled = y:settle().outcome
      if settled ~= "settled" then
        return fail("branches from l2 = " .. from, "the start did not come to rest")
      end
      local ok, c = pcall(y.continuation, y, how)
      if not ok then
        return fail("branches from l2 = " .. from, (tostring(c):gsub("^.-continuation: ", "")))
      end
      for i, point in ipairs(c.points) do
        if point.l2 == l2 then file(clusters, places, c:state(i), "branch") end
      end
      keep()
    end
    local branches = options.branches or 8
    if branches > 0 then
      follow(l2, { branches = branches })
      -- What more is learned at less L2 may hold up to here in a basin that no start falls into.
      follow(l2 / 10, { to = l2, branches = branches, stable = true })
    end
    for i = 1, options.deflate or 0 do
      local z = quiet()
      z:set_l2(l2)
      if i % 2 == 1 and #places > 0 then
        kick(z, clusters, places, (i // 2) % #places + 1, x.seed + quenches + i)
      else
        z:reset { seed = x.seed + quenches + i }
      end
      local d = z:deflate { known = #places > 0 and places or nil }
      if d.outcome == "found" then
        deflations = deflations + 1
        for k = 1, #d.states do file(clusters, places, d:state(k), "deflation") end
      end
      keep()
    end
  end

  -- The aligned state of every subset of modes.
  local saddles = {}
  if theory and x.depth >= 3 and possible <= 6 then
    for _, set in ipairs(subsets(possible, limit)) do
      local y = quiet()
      y:set_l2(l2)
      kramers.enter_subset(y, set)
      local c = file(clusters, places, y, "subset")
      if c.index > 0 then
        saddles[#saddles + 1] = { modes = set, index = c.index, objective = c.objective }
      end
    end
  end

  local states, stationary = {}, 0
  for _, c in ipairs(clusters) do
    c.rank = 0
    for _, strength in ipairs(c.modes) do
      if strength > 1e-4 * math.max(c.modes[1], 1e-3) then c.rank = c.rank + 1 end
    end
    stationary = stationary + 1
    if c.index == 0 then states[#states + 1] = c end
  end
  if smooth then
    table.sort(states, function(a, b) return a.objective < b.objective end)
    for _, c in ipairs(clusters) do
      if c.index > 0 then
        saddles[#saddles + 1] = { index = c.index, objective = c.objective, rank = c.rank,
          modes = c.modes, found = c.found }
      end
    end
    table.sort(saddles, function(a, b) return a.objective < b.objective end)
  else
    table.sort(states, function(a, b) return a.rank < b.rank end)
  end
  -- States that one start alone came to: where there are many, there are more.
  local once = 0
  for _, c in ipairs(states) do
    local times = 0
    for _, n in pairs(c.found) do times = times + n end
    if times == 1 then once = once + 1 end
  end
  if #clusters == 0 then
    kramers.refuse("nothing came to rest: " .. failures[1])
  end
  return {
    kind = "metastable",
    outcome = diverged > 0 and "diverged" or "completed",
    warning = #failures > 0 and ("%d starts came to no state (%d diverged): the count is a lower "
      .. "bound; the first, %s"):format(#failures, diverged, failures[1]) or nil,
    diverged = diverged,
    unconverged = unconverged,
    l2 = l2,
    count = #states,
    lower_bound = not theory or #failures > 0,
    found_once = once,
    deflations = options.deflate and deflations or nil,
    theory = theory,
    theory_reason = reason,
    stationary = stationary,
    states = states,
    saddles = saddles,
    failures = #failures > 0 and failures or nil,
    depth = x.depth,
    widths = x.widths,
    seed = x.seed,
  }
end

return {
  entry = {
    summary =
      "finds the metastable states at an L2 strength: by traps of every rank, by "
      .. "quenches from random starts, and from the aligned states of all subsets of modes; "
      .. "smooth nonlinear networks by quenches along the gradient flow, the branches of "
      .. "continuation and deflation, states that permutations and signs of hidden units make of "
      .. "each other being one. Each is judged by its Hessian. The experiment is left as it is",
    options = {
      { name = "l2", type = "number", range = "0 or positive", default_text = "the experiment's",
        help = "L2 strength",
      },
      { name = "quenches", type = "integer", range = "0 or positive", default = 16,
        help = "random starts",
      },
      { name = "max_steps", type = "integer", range = "positive", unit = "steps",
        default = 1000000,
        help = "of a trap or a quench at the most; not of a quench along the gradient flow",
      },
      { name = "branches", type = "integer", range = "0 or positive", default_text = "8",
        help = "of smooth nonlinear networks: branches of continuation from the state that "
          .. "training comes to at l2, up and back again, and as many from a tenth of it up to l2",
      },
      { name = "deflate", type = "integer", range = "positive", default_text = "none",
        help = "of smooth nonlinear networks: searches for states that are not known yet, from "
          .. "known ones shaken by noise and from random starts in turn",
      },
    },
    looks = true,
    returns =
      "kind=\"metastable\": count, lower_bound (true where no theory counts them, or a start "
      .. "failed), states = rows rank, modes, objective, norm, accuracy, index, zero_modes, found "
      .. "(by what, how often), found_once (states that one start alone came to), stationary "
      .. "(states and saddles), deflations (searches that found a new stationary state), saddles "
      .. "= subsets of modes that are saddles, of smooth nonlinear networks all that were met; "
      .. "failures (starts that came to no state), diverged and unconverged (how "
      .. "many of them), warning, theory (K + 1 at equal input variances) or theory_reason",
    answer = {
      fields = { "theory_reason", "failures", "warning", "unconverged", "found_once",
        "states: rank objective index zero_modes" },
      summary = { "{count} metastable states at l2 = {l2}, theory {theory}",
        "[lower_bound=true] at least {count} metastable states at l2 = {l2}",
        "{count} metastable states at l2 = {l2}", "{outcome}" },
    },
    example = [[
experiment { data = data.population { singular = {1, 0.6} }, depth = 3, width = 2, lr = 0.2 }
local m = metastable { l2 = 0.1, quenches = 4 }
print(m.count, m.theory, #m.saddles)
]],
    see_also = { "trap", "phases", "hessian" },
  },
  body = metastable,
}
