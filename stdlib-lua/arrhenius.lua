--- The Arrhenius law: escape times at several temperatures, and ln tau = a + barrier / T fitted to
--- all of them by maximum likelihood, censored replicas included.
---
---     trap { rank = 1, release = 0.1 }
---     print(arrhenius { temperatures = {4e-4, 3e-4, 2e-4}, replicas = 64 })
local kramers = ...

--- Expected slope of ln tau against 1/T at these temperatures. It lies below the barrier: by the
--- zero modes of the saddle, and because the exact time is longer than the asymptotic formula by
--- 1 + c T/dE, the error that the formula states of itself. nil when a point has no theory.
---@param points table rows with temperature, theory (steps) and theory_error
local function expected_slope(points)
  local n, sx, sy, sxx, sxy = 0, 0, 0, 0, 0
  for _, p in ipairs(points) do
    if not p.theory then return nil end
    local x, y = 1 / p.temperature, math.log(p.theory * (1 + p.theory_error))
    n, sx, sy, sxx, sxy = n + 1, sx + x, sy + y, sxx + x * x, sxy + x * y
  end
  local spread = n * sxx - sx * sx
  return spread > 0 and (n * sxy - sx * sy) / spread or nil
end

--- One line of the table of points.
local function row(e)
  return {
    temperature = e.temperature,
    tau = e.tau,
    tau_low = e.tau_low,
    tau_high = e.tau_high,
    replicas = e.replicas,
    escapes = e.escapes,
    censored = e.censored,
    exponential_p = e.exponential_p,
    theory = e.theory,
    theory_error = e.theory_error,
  }
end

---@param x userdata the experiment
---@param options table checked options of `arrhenius`
local function arrhenius(x, options)
  local temperatures = options.temperatures
  if #temperatures < 2 then error("arrhenius: temperatures needs at least two values", 2) end
  local seen = {}
  for _, temperature in ipairs(temperatures) do
    if seen[temperature] then error("arrhenius: temperatures must differ", 2) end
    seen[temperature] = true
  end
  local _ <close> = kramers.scope
  local points, last = {}, nil
  for i, temperature in ipairs(temperatures) do
    local call = { temperature = temperature, stream = i }
    for name, value in pairs(options) do
      if name ~= "temperatures" then call[name] = value end
    end
    last = x:measure_escape(call)
    points[i] = row(last)
    points[i].exposure = last.exposure
    -- What is emitted if the next measurement is interrupted.
    kramers.keep { kind = "arrhenius", outcome = "interrupted", points = points, l2 = last.l2 }
  end
  local fit = kramers.fit_arrhenius(points)
  for _, p in ipairs(points) do p.exposure = nil end
  return kramers.result {
    kind = "arrhenius",
    points = points,
    barrier = fit.barrier,
    barrier_low = fit.barrier_low,
    barrier_high = fit.barrier_high,
    prefactor = fit.prefactor,
    r2 = fit.r2,
    span = fit.span,
    theory = {
      barrier = last.barrier,
      slope = expected_slope(points),
      reason = last.theory_reason,
    },
    threshold = last.threshold,
    l2 = last.l2,
    lr = last.lr,
    depth = last.depth,
    widths = last.widths,
    seed = last.seed,
    outcome = "completed",
  }
end

return function(...)
  return arrhenius(kramers.target("arrhenius", ...))
end
