--- What pictures are made of. A picture is a plain table:
---
---     { title = "...", panels = { {
---         x = { label = "L2 strength b", scale = "linear" | "log" | "symlog", unit = "...",
---               from = 0, to = 1, names = {...} },
---         y = {...},
---         series = { { draw = "line" | "steps" | "points" | "band" | "arrows" | "segments"
---                        | "rules" | "text",
---                      x = {...}, y = {...}, low =, high =, x_low =, x_high =,
---                      to_x =, to_y =, words = {...}, name = "legend", color = 0...7,
---                      dash = "solid" | "dashed" | "dotted" | "mixed",
---                      marker = "circle" | "square" | "triangle" | "diamond" | "ring" | "plus"
---                        | "cross" }, ... },
---         notes = { "a sentence below", ... }, height = 1 }, ... } }
---
--- A protocol's `picture = function(result, options, draw) return picture end` gets this table as
--- its third argument. `options` are those of plot. Instead of a picture it may return nil and a
--- sentence that says why there is none.
local draw = {}

local nan = 0 / 0

draw.black, draw.blue, draw.red, draw.green, draw.pink, draw.orange, draw.sky, draw.grey =
  0, 1, 2, 3, 4, 5, 6, 7

--- Names with symbol and unit, of the fields of results.
local labels = {
  step = { "step" },
  steps = { "steps" },
  time = { "time t = lr · steps" },
  epochs = { "epochs" },
  l2 = { "L2 strength b", "energy/weight²" },
  lr = { "learning rate lr", "time a step" },
  batch = { "batch B", "samples" },
  temperature = { "temperature T", "energy" },
  tau = { "escape time τ", "steps" },
  theory = { "escape time by theory", "steps" },
  tau_time = { "escape time τ", "lr · steps" },
  loss = { "loss", "energy" },
  test_loss = { "test loss", "energy" },
  objective = { "objective", "energy" },
  modes = { "strength w of the modes" },
  strength = { "strength w" },
  distance = { "distance along the path", "weight" },
  norm = { "norm |θ|", "weight" },
  gradient_norm = { "norm of the gradient", "energy/weight" },
  rate = { "rate of the ramp", "b a unit of time" },
  excess = { "delay of the collapse", "energy/weight²" },
}

--- An axis: of a field by its name, with settings of its own.
---@param name string a field of results, or the label itself
---@param settings? table scale, from, to, unit, names
function draw.axis(name, settings)
  local known = labels[name] or { name }
  local axis = { label = known[1], unit = known[2] }
  for key, value in pairs(settings or {}) do axis[key] = value end
  return axis
end

--- A column of rows; a missing number is nan, which is not drawn.
function draw.column(rows, name)
  local list = {}
  for i, row in ipairs(rows) do
    local value = row[name]
    list[i] = type(value) == "number" and value or nan
  end
  return list
end

--- f of every element and its place.
function draw.map(list, f)
  local result = {}
  for i, value in ipairs(list) do result[i] = f(value, i) end
  return result
end

--- The rows for which f is true.
function draw.filter(rows, f)
  local result = {}
  for _, row in ipairs(rows) do
    if f(row) then result[#result + 1] = row end
  end
  return result
end

function draw.finite(x) return type(x) == "number" and x == x and math.abs(x) < math.huge end

--- A number for titles and legends.
function draw.number(x)
  if type(x) ~= "number" then return tostring(x) end
  if x == math.huge then return "infinite" end
  if x == math.floor(x) and math.abs(x) < 1e9 then return ("%d"):format(x) end
  return (("%.4g"):format(x):gsub("e%+?(-?)0*", "e%1"))
end

--- A number with its interval.
function draw.interval(x, low, high)
  if not x then return "unknown" end
  if not (low and high) then return draw.number(x) end
  return ("%s (%s ... %s)"):format(draw.number(x), draw.number(low), draw.number(high))
end

--- n points from a to b, evenly on the axis.
function draw.spaced(a, b, n, is_log)
  local list = {}
  for i = 0, n - 1 do
    local share = i / (n - 1)
    list[i + 1] = is_log and a * (b / a) ^ share or a + share * (b - a)
  end
  return list
end

--- A count with the word for it.
function draw.counted(n, one, many) return ("%d %s"):format(n, n == 1 and one or many) end

--- The sentence about modes that `draw.modes` leaves out; nil where there are none.
function draw.left_out(shown, all)
  if all <= shown then return nil end
  if all == shown + 1 then
    return ("mode %d is not drawn: weak, or beyond the sixth"):format(all)
  end
  return ("modes %d to %d are not drawn: weak, or beyond the sixth"):format(shown + 1, all)
end

--- Whether plot's option `log` names an axis.
function draw.is_log(options, letter) return options.log and options.log:find(letter, 1, true) end

--- Colour and dash of the laws of an escape time over the temperature.
draw.laws = {
  clock = { draw.pink, "dotted" },
  arrhenius = { draw.red, "solid" },
  power = { draw.orange, "dashed" },
  prefactor = { draw.sky, "mixed" },
}

--- The time that a row of `laws` gives at a temperature, in lr * steps.
function draw.law_time(law, temperature)
  if not draw.finite(law.prefactor) then return nan end
  return law.prefactor * math.exp((law.barrier or 0) / temperature)
    * temperature ^ (law.power or 0)
end

--- How many modes are worth a line each: those that reach a share of the strongest.
---@param rows table with `modes`, a list of strengths each
---@return integer shown, integer all
function draw.modes(rows)
  local all, largest, top = 0, {}, 0
  for _, row in ipairs(rows) do
    for k, w in ipairs(row.modes or {}) do
      all = math.max(all, k)
      largest[k] = math.max(largest[k] or 0, w == w and w or 0)
      top = math.max(top, largest[k])
    end
  end
  local shown = 0
  for k = 1, all do
    if k <= 6 and largest[k] > 1e-9 * top then shown = k end
  end
  return shown, all
end

--- The strengths of mode k.
function draw.mode(rows, k)
  return draw.map(rows, function(row) return row.modes and row.modes[k] or nan end)
end

return draw
