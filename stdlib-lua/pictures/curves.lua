--- Training: curves over steps, what grew late, and the settings that were programmed.
local draw = ...

--- What a trace with nothing between its ends says below its curve.
local function sparse(rows)
  return #rows <= 2 and { "start and end alone: every = n keeps what lies between" } or nil
end

--- Rows that the axis of steps can show, its scale, and a sentence about the others. A single row
--- after the start makes no curve: then the start stays, on a linear axis.
local function after_start(rows)
  local kept = draw.filter(rows, function(row) return (row.step or 0) > 0 end)
  if #kept < 2 then return rows, "linear", sparse(rows) end
  return kept, "log", #kept < #rows and { "step 0 has no place on a log axis" } or sparse(rows)
end

--- Whether a column has a number above zero.
local function has(rows, name)
  for _, row in ipairs(rows) do
    if draw.finite(row[name]) then return true end
  end
  return false
end

local function line(rows, name, words, color, dash)
  if not has(rows, name) then return nil end
  return { draw = "line", x = draw.column(rows, "step"), y = draw.column(rows, name), name = words,
    color = color, dash = dash }
end

--- The list without its gaps.
local function present(n, list)
  local result = {}
  for i = 1, n do
    if list[i] then result[#result + 1] = list[i] end
  end
  return result
end

local function step_axis() return draw.axis("step", { scale = "log" }) end

--- The modes over the steps.
local function mode_panel(rows)
  local shown, all = draw.modes(rows)
  if shown == 0 then return nil end
  local series = {}
  for k = 1, shown do
    series[k] = { draw = "line", x = draw.column(rows, "step"), y = draw.mode(rows, k), color = k,
      name = "mode " .. k }
  end
  return {
    x = step_axis(), y = draw.axis("modes"), series = series, height = 0.8,
    notes = { draw.left_out(shown, all) },
  }
end

--- Losses and accuracies of a trace.
local function loss_panels(rows, notes)
  local panels = { {
    x = step_axis(), y = draw.axis("loss", { scale = "log" }), notes = notes,
    series = present(2, {
      line(rows, "loss", "train", draw.blue, "solid"),
      line(rows, "test_loss", "test", draw.red, "dashed"),
    }),
  } }
  if has(rows, "accuracy") or has(rows, "test_accuracy") then
    panels[2] = {
      x = step_axis(), y = draw.axis("accuracy", { from = 0, to = 1.02 }), height = 0.8,
      series = present(2, {
        line(rows, "accuracy", "train", draw.blue, "solid"),
        line(rows, "test_accuracy", "test", draw.red, "dashed"),
      }),
    }
  end
  return panels
end

local function run(r)
  if not r.trace or #r.trace == 0 then
    return nil, "the run has no trace to draw: train { steps = ..., every = n } keeps one"
  end
  local rows, scale, notes = after_start(r.trace)
  local panels = loss_panels(rows, notes)
  panels[#panels + 1] = mode_panel(rows)
  for _, panel in ipairs(panels) do panel.x.scale = scale end
  local last = r.trace[#r.trace]
  return {
    title = ("Training, %s at step %s: loss %s"):format(r.outcome or "", draw.number(last.step),
      draw.number(last.loss)),
    panels = panels,
  }
end

--- The settings of a schedule that vary, a panel each.
local function setting_panels(rows)
  local panels = {}
  for _, name in ipairs { "l2", "temperature", "lr", "batch", "gradient_noise", "label_noise" } do
    local first, varies = rows[1][name], false
    for _, row in ipairs(rows) do
      if row[name] ~= first then varies = true end
    end
    if varies then
      panels[#panels + 1] = {
        x = draw.axis("step"), y = draw.axis(name), height = 0.5,
        series = { { draw = "line", x = draw.column(rows, "step"), y = draw.column(rows, name),
          color = draw.black, dash = "solid" } },
      }
    end
  end
  return panels
end

local function schedule(r)
  if not r.trace or #r.trace == 0 then
    return nil, "the schedule has no trace to draw: give it every = n"
  end
  local panels = loss_panels(r.trace, sparse(r.trace))
  panels[#panels + 1] = mode_panel(r.trace)
  -- Programmes are written in steps, not in decades.
  for _, panel in ipairs(panels) do panel.x.scale = "linear" end
  for _, panel in ipairs(setting_panels(r.trace)) do panels[#panels + 1] = panel end
  return { title = ("Schedule, %s after %s steps"):format(r.outcome or "", draw.number(r.steps)),
    panels = panels }
end

local function grok(r)
  local curve = r.curve or {}
  if #curve == 0 then return nil, "the result has no curve to draw" end
  local by_accuracy = r.accuracy
  local train, test = "train", "test"
  if by_accuracy then train, test = "accuracy", "test_accuracy" end
  local twin = r.control_curve or {}
  local series = present(4, {
    line(curve, train, "train", draw.blue, "solid"),
    line(curve, test, "test", draw.red, "dashed"),
    line(twin, train, "train, noise off", draw.sky, "dotted"),
    line(twin, test, "test, noise off", draw.orange, "mixed"),
  })
  local limit = by_accuracy or r.below
  if limit then
    series[#series + 1] = { draw = "rules", y = { limit }, color = draw.grey, dash = "dotted" }
  end
  local function time(name, color, words)
    local t = r[name]
    series[#series + 1] = draw.finite(t)
      and { draw = "rules", x = { t }, color = color, dash = "dashed",
        name = ("%s = %s"):format(words, draw.number(t)) } or nil
  end
  time("t_train", draw.blue, "t_train")
  time("t_test", draw.red, "t_test")
  local y = by_accuracy and draw.axis("accuracy", { from = 0, to = 1.02 })
    or draw.axis("loss / loss of the zero map", { scale = "log" })
  local panels = { { x = step_axis(), y = y, series = series, notes = { r.verdict } } }
  panels[2] = mode_panel(curve)
  return {
    title = ("Train and test: t_train %s, t_test %s"):format(
      r.t_train and draw.number(r.t_train) or "not reached",
      r.t_test and draw.number(r.t_test) or "not reached"),
    panels = panels,
  }
end

return { run = run, schedule = schedule, grok = grok }
