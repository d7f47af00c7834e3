--- Rival laws: ln tau over 1/T with error bars, fitted and theoretical lines, and the residuals.
local draw = ...

return {
  arrhenius = function(r, options)
    local points = r.points or {}
    if #points == 0 then return nil, "the result has no points to draw" end
    local unit = r.temperature_unit or "energy"
    local measured, bounds, theory = {}, {}, {}
    for _, p in ipairs(points) do
      -- Where replicas diverged there is no time.
      if not p.tau then goto continue end
      local lr = p.lr or r.lr or 1
      local row = { x = 1 / p.temperature, temperature = p.temperature, y = p.tau * lr,
        low = p.tau_low * lr, high = p.tau_high * lr }
      if draw.finite(p.tau) then
        measured[#measured + 1] = row
      else
        bounds[#bounds + 1] = row
      end
      if draw.finite(p.theory) then
        theory[#theory + 1] = { x = row.x, y = p.theory * lr }
      end
      ::continue::
    end
    table.sort(theory, function(a, b) return a.x < b.x end)
    local first, last = math.huge, 0
    for _, p in ipairs(points) do
      first, last = math.min(first, 1 / p.temperature), math.max(last, 1 / p.temperature)
    end
    local grid = draw.spaced(first, last, 81)
    local function curve(law)
      return draw.map(grid, function(x) return draw.law_time(law, 1 / x) end)
    end
    local series = {}
    if #theory > 0 then
      -- Other data have other times at the same abscissa.
      local is_line = #theory > 1 and not r.data_seeds
      series[#series + 1] = { draw = is_line and "line" or "points",
        x = draw.column(theory, "x"), y = draw.column(theory, "y"), color = draw.green,
        dash = "mixed", marker = "triangle",
        name = unit == "energy" and "theory, ΔE = " .. draw.number((r.theory or {}).barrier)
          or "theory" }
    end
    for _, law in ipairs(r.laws or {}) do
      local style = draw.laws[law.law] or { draw.grey, "dashed" }
      local is_main = law.law == "arrhenius"
      if (is_main or options.rivals) and draw.finite(law.prefactor) then
        local name = is_main
          and "Arrhenius, E = " .. draw.number(r.barrier)
          or ("%s%s"):format(law.law, law.rejected and ", rejected" or "")
        series[#series + 1] = { draw = "line", x = grid, y = curve(law), color = style[1],
          dash = style[2], name = name }
      end
    end
    if #measured > 0 then
      series[#series + 1] = { draw = "points", x = draw.column(measured, "x"),
        y = draw.column(measured, "y"), low = draw.column(measured, "low"),
        high = draw.column(measured, "high"), color = draw.blue, marker = "circle",
        name = "measured, 95 %" }
    end
    if #bounds > 0 then
      series[#series + 1] = { draw = "arrows", x = draw.column(bounds, "x"),
        y = draw.column(bounds, "low"), to_x = draw.column(bounds, "x"),
        to_y = draw.map(bounds, function(b) return 3 * b.low end), color = draw.blue,
        name = "no escape: longer than this" }
    end
    local notes = {}
    if r.barrier then
      notes[1] = "E = " .. draw.interval(r.barrier, r.barrier_low, r.barrier_high)
    end
    notes[#notes + 1] = r.warning
    local x = unit == "1/phi" and draw.axis("quasi-potential φ", {})
      or draw.axis("1/T", { unit = unit == "energy" and "1/energy" or unit == "lr/batch"
        and "batch/lr" or "1/(" .. unit .. ")" })
    local panels = { {
      x = x, y = draw.axis("escape time τ", { unit = "lr · steps", scale = "log" }),
      series = series, notes = notes,
    } }
    local main
    for _, law in ipairs(r.laws or {}) do
      if law.law == "arrhenius" then main = law end
    end
    if main and #measured > 0 and draw.finite(main.prefactor) then
      local function residual(name)
        return draw.map(measured, function(p)
          return math.log(p[name] / draw.law_time(main, p.temperature))
        end)
      end
      panels[2] = {
        x = x, y = draw.axis("ln τ/fit"), height = 0.55,
        series = {
          { draw = "rules", y = { 0 }, color = draw.red, dash = "solid" },
          { draw = "points", x = draw.column(measured, "x"), y = residual("y"),
            low = residual("low"), high = residual("high"), color = draw.blue, marker = "circle" },
        },
      }
    end
    return {
      title = r.best and "Escape times: the simplest law not rejected is " .. r.best
        or "Escape times over temperatures",
      panels = panels,
    }
  end,
}
