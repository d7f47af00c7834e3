--- Which phase is a mode in, over L2 and temperature? At each point both phases, zero and learned,
--- are run for a number of steps: where each stays what it is, the mode is metastable (one of the
--- two is, theory says which); where both end alike, that phase has won. Where a run diverges, its
--- start is unstable by the step alone, or it does not come to rest, no phase is known.
---
---     phase_diagram { l2 = linspace(0.05, 0.5, 10), temperature = {0, 1e-3, 2e-3} }
---
--- `balances` has the l2 at which, by theory, a learned mode is lost as fast as an absent one is
--- won: under noise that depends on the weights not where both phases have the same objective.
local kramers = ...

--- Where y settles without noise after a number of steps at a temperature: the strength of mode k,
--- which tells on which side of the saddle it is; or nil, why, and whether it diverged.
local function settle(y, k, temperature, steps)
  local limit = kramers.stable_lr(y)
  if limit and y.lr >= limit then
    return nil, ("lr = %g is above %.4g, the largest stable lr by the Hessian at the start; "
      .. "lower lr"):format(y.lr, limit)
  end
  y:set { temperature = temperature }
  local run = y:train { steps = steps }
  if run.outcome ~= "diverged" then
    y:set { temperature = 0, gradient_noise = 0, label_noise = 0, batch = "full" }
    run = y:train { steps = 1000000, until_converged = 1e-6 }
  end
  if run.outcome == "diverged" then return nil, run.message, true end
  if run.outcome ~= "converged" then
    return nil, ("not at rest in %d steps without noise (gradient norm %.3g)")
      :format(run.steps, run.gradient_norm)
  end
  return y:measure().modes[k]
end

---@param x userdata the experiment
---@param options table checked options of `phase_diagram`
local function phase_diagram(x, options)
  local temperatures = options.temperature or { 0 }
  local k = options.mode or 1
  local steps = options.steps or 10000
  local first = x:phases()
  local mode = first.modes[k]
  if not mode then
    kramers.refuse("mode must be in 1...%d, got %d", #first.modes, k)
  end
  if not mode.spinodal then kramers.refuse("mode %d: %s", k, mode.reason) end
  if x.depth < 3 then
    kramers.refuse("depth 2 has no metastable phase: the mode appears at l2 = " .. mode.spinodal)
  end
  local points, balances, unknown, diverged = {}, {}, {}, false
  for j, temperature in ipairs(temperatures) do
    balances[j] = kramers.escape_balance(x, k, temperature)
  end
  for i, l2 in ipairs(options.l2) do
    local row = x:phases({ l2 = l2 }).modes[k]
    -- Where the learned phase does not exist the run starts from its last state, at the spinodal.
    local inside = math.min(l2, 0.999 * mode.spinodal)
    local saddle = row.saddle or x:phases({ l2 = inside }).modes[k].saddle
    -- Noise of its own at each point: the seed counts them.
    local function start(rank, point)
      local y = x:clone()
      y:reset { seed = x.seed + point }
      y:set_l2(inside)
      y:trap { rank = rank, exact = true }
      y:set_l2(l2)
      return y
    end
    local here = x:clone()
    here:set_l2(l2)
    for j, temperature in ipairs(temperatures) do
      local ends, reason = {}, nil
      for n, rank in ipairs { k - 1, k } do
        local y = start(rank, (i - 1) * #temperatures + j)
        local strength, why, blew_up = settle(y, k, temperature, steps)
        ends[n], reason, diverged = strength, reason or why, diverged or blew_up or false
      end
      local phase = "unknown"
      if not reason then
        local from_zero, from_learned = ends[1] > saddle, ends[2] > saddle
        phase = from_zero ~= from_learned and "metastable" or from_zero and "learned" or "zero"
      end
      local up = kramers.predicted_escape(here, k, "appearance", temperature)
      local down = kramers.predicted_escape(here, k, "collapse", temperature)
      points[#points + 1] = {
        l2 = l2,
        temperature = temperature,
        phase = phase,
        reason = reason,
        from_zero = ends[1],
        from_learned = ends[2],
        stability = row.stability,
        escape_time = up.theory,
        escape_error = up.theory_error,
        escape_reason = up.theory_reason,
        collapse_time = down.theory,
        collapse_error = down.theory_error,
        collapse_reason = down.theory_reason,
      }
      if reason then unknown[#unknown + 1] = points[#points] end
      kramers.keep { kind = "phase_diagram", outcome = "interrupted", mode = k, points = points }
    end
  end
  local worst = unknown[1]
  if #unknown == #points then
    kramers.refuse("no phase could be measured: " .. worst.reason)
  end
  return {
    kind = "phase_diagram",
    outcome = diverged and "diverged" or "completed",
    warning = worst and ("the phase is unknown at %d of %d points, the first at l2 = %g, "
      .. "temperature = %g: %s"):format(
        #unknown, #points, worst.l2, worst.temperature, worst.reason) or nil,
    mode = k,
    spinodal = mode.spinodal,
    coexistence = mode.coexistence,
    steps = steps,
    balances = balances,
    points = points,
    depth = x.depth,
    widths = x.widths,
    lr = x.lr,
    seed = x.seed,
  }
end

return {
  entry = {
    summary =
      "which phase a mode is in over a grid of L2 strengths and temperatures: both "
      .. "phases are run for a number of steps at each point. The experiment is left as it "
      .. "is",
    options = {
      { name = "l2", type = "numbers", range = "positive", required = true,
        help = "L2 strengths",
      },
      { name = "temperature", type = "numbers", range = "0 or positive", unit = "energy",
        default_text = "{0}",
        help = "temperatures of Langevin noise",
      },
      { name = "mode", type = "integer", range = "positive", default = 1,
        help = "the mode; stronger ones stay learned",
      },
      { name = "steps", type = "integer", range = "positive", unit = "steps", default = 10000,
        help = "how long each phase has to survive",
      },
    },
    looks = true,
    returns =
      "kind=\"phase_diagram\": points = rows l2, temperature, phase (\"learned\": both "
      .. "starts end learned; \"zero\": both end at zero; \"metastable\": each stays where "
      .. "it is; \"unknown\": a run diverged, would leave its start by the step alone or "
      .. "did not come to rest, with its reason), warning, from_zero and from_learned (the "
      .. "strengths at the end), stability (of the learned phase without noise), escape_time "
      .. "(zero to learned) and collapse_time (learned to zero) in steps, by theory under all "
      .. "noise of the experiment at this temperature, with escape_error and collapse_error "
      .. "(relative), or escape_reason and collapse_reason; balances = rows temperature, l2 (where "
      .. "both times are equal), l2_error (what their errors leave open), the two times and "
      .. "errors, or reason: without additive noise zero is absorbing, and there is no balance",
    answer = {
      fields = { "spinodal", "coexistence", "warning",
        "points: l2 temperature phase from_zero from_learned escape_time" },
      summary = { "{outcome}: mode {mode} at {#points} points" },
    },
    example = [[
experiment { data = data.population { singular = {1} }, depth = 3, width = 1, lr = 0.2 }
local d = phase_diagram { l2 = {0.1, 0.3, 0.5}, temperature = {0, 1e-3}, steps = 2000 }
for _, p in ipairs(d.points) do print(p.l2, p.temperature, p.phase, p.stability) end
]],
    see_also = { "phases", "measure_escape" },
  },
  body = phase_diagram,
}
