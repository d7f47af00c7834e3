--- Which picture a value has: that of its kind, columns of its table, or several in one.
local draw, kinds, own = ...

local tables = { "points", "trace", "survival", "curve", "twins", "programmes", "modes" }

--- The rows of a result or of a table of numbers, and their name: rows themselves, columns, or the
--- main table of a result.
local function rows_of(value)
  if type(value[1]) == "table" then return value, "the table" end
  for _, name in ipairs(tables) do
    local rows = value[name]
    if type(rows) == "table" and type(rows[1]) == "table" then return rows, name end
  end
  local rows = {}
  for name, column in pairs(value) do
    if type(column) == "table" and type(column[1]) == "number" then
      for i, x in ipairs(column) do
        rows[i] = rows[i] or {}
        rows[i][name] = x
      end
    end
  end
  if #rows > 0 then return rows, "the table" end
  for name, list in pairs(value) do
    if type(list) == "table" and type(list[1]) == "table" then return list, name end
  end
  return nil
end

--- The names of columns that hold numbers, or lists of numbers, in order.
local function columns_of(rows)
  local seen, names = {}, {}
  for _, row in ipairs(rows) do
    for name, value in pairs(row) do
      local is_list = type(value) == "table" and type(value[1]) == "number"
      if not seen[name] and (type(value) == "number" or is_list) then
        seen[name] = true
        names[#names + 1] = name
      end
    end
  end
  table.sort(names, function(a, b) return tostring(a) < tostring(b) end)
  return names, seen
end

local function list_of(given)
  if type(given) == "table" then return given end
  return { given }
end

local function words_of(names)
  local words = {}
  for i, name in ipairs(names) do words[i] = tostring(name) end
  return table.concat(words, ", ")
end

--- x and y by the names of columns.
local function by_columns(value, options)
  local rows, where = rows_of(value)
  if not rows then return nil, "there is no table of numbers in it to take x and y from" end
  local names, seen = columns_of(rows)
  local x_name = options.x and list_of(options.x)[1]
  if not x_name then return nil, "give x too, a column of " .. where .. ": " .. words_of(names) end
  local y_names = options.y and list_of(options.y)
  if not y_names then
    y_names = {}
    for _, name in ipairs(names) do
      local stem = tostring(name):gsub("_low$", ""):gsub("_high$", "")
      if name ~= x_name and (stem == name or not seen[stem]) then y_names[#y_names + 1] = name end
    end
  end
  for _, name in ipairs { x_name, table.unpack(y_names) } do
    if not seen[name] then
      return nil, ("%s has no column '%s' of numbers; it has %s"):format(where, tostring(name),
        words_of(names))
    end
  end
  local series = {}
  local x = draw.column(rows, x_name)
  local is_dense = #rows > 60
  for _, name in ipairs(y_names) do
    if type(rows[1][name]) == "table" then
      for k in ipairs(rows[1][name]) do
        series[#series + 1] = { draw = "line", x = x, name = ("%s %d"):format(name, k),
          y = draw.map(rows, function(row) return row[name] and row[name][k] or 0 / 0 end) }
      end
    else
      local low, high = name .. "_low", name .. "_high"
      local has_bars = seen[low] and seen[high]
      series[#series + 1] = {
        draw = (is_dense and not has_bars) and "line" or "points", x = x,
        y = draw.column(rows, name), low = has_bars and draw.column(rows, low) or nil,
        high = has_bars and draw.column(rows, high) or nil,
        name = #y_names > 1 and tostring(name) or nil,
      }
    end
  end
  return {
    title = type(value.kind) == "string" and value.kind or nil,
    panels = { { x = draw.axis(tostring(x_name)),
      y = #y_names == 1 and draw.axis(tostring(y_names[1])) or draw.axis(words_of(y_names)),
      series = series } },
  }
end

local function one(value, options)
  if options.x or options.y then return by_columns(value, options) end
  local kind = value.kind
  local picture = type(kind) == "string" and (own[kind] or kinds[kind])
  if picture then return picture(value, options, draw) end
  local rows, where = rows_of(value)
  local known = rows and words_of((columns_of(rows))) or ""
  local words = type(kind) == "string" and ("the kind '%s' has no picture of its own"):format(kind)
    or "a table of numbers needs x and y"
  if known == "" then return nil, words end
  return nil, ("%s; name columns of %s: x = ..., y = ...: it has %s"):format(words, where, known)
end

--- Fields whose values tell results apart, the likeliest first.
local distinguishing = {
  "temperature", "l2", "lr", "batch", "mode", "depth", "method", "optimizer", "gradient_noise",
  "label_noise", "replacement", "precision", "seed", "stream", "rank", "steps", "direction",
}
local markers = { "circle", "square", "triangle", "diamond", "ring", "cross" }
local symbols = { temperature = "T", l2 = "b" }

--- What a legend calls each of several results: the settings in which they differ.
local function labels(results)
  local differing, told_apart = {}, false
  for _, name in ipairs(distinguishing) do
    local seen, count = {}, 0
    for _, r in ipairs(results) do
      local value = r[name]
      if value ~= nil and not seen[value] then seen[value], count = true, count + 1 end
    end
    if count > 1 and #differing < 2 and not told_apart then
      differing[#differing + 1] = name
      told_apart = count == #results
    end
  end
  local words = {}
  for i, r in ipairs(results) do
    local parts = {}
    for k, name in ipairs(differing) do
      parts[k] = ("%s = %s"):format(symbols[name] or name, draw.number(r[name]))
    end
    words[i] = #parts > 0 and table.concat(parts, ", ") or "result " .. i
  end
  return words
end

--- Pictures of one kind over each other: a colour for each result.
local function overlaid(pictures, results)
  local words = labels(results)
  local sum = { title = ("%d results: %s"):format(#results, tostring(results[1].kind or "tables")),
    panels = {} }
  for i, picture in ipairs(pictures) do
    for k, panel in ipairs(picture.panels) do
      local into = sum.panels[k]
      if not into then
        into = { x = panel.x, y = panel.y, series = {}, notes = {}, height = panel.height }
        sum.panels[k] = into
      end
      local main
      for n, series in ipairs(panel.series) do
        main = main or series.draw ~= "band" and series.draw ~= "rules" and n or nil
        local copy = {}
        for name, field in pairs(series) do copy[name] = field end
        copy.color = (i - 1) % 6 + 1
        if series.marker ~= "plus" then copy.marker = markers[copy.color] end
        -- The legend names each result once, and the other parts by those of the first.
        if n == main then
          copy.name = words[i]
        else
          copy.name = i == 1 and series.name and series.name:gsub(",.*", "") or nil
        end
        into.series[#into.series + 1] = copy
      end
      for _, note in ipairs(panel.notes or {}) do
        into.notes[#into.notes + 1] = words[i] .. ": " .. note
      end
    end
  end
  return sum
end

--- Whether panels of the same place have the same axes: named places of one result are not those
--- of another.
local function is_alike(pictures)
  for _, picture in ipairs(pictures) do
    if #picture.panels ~= #pictures[1].panels then return false end
    for k, panel in ipairs(picture.panels) do
      local first = pictures[1].panels[k]
      if panel.x.names or panel.y.names or panel.x.label ~= first.x.label
        or panel.y.label ~= first.y.label
      then
        return false
      end
    end
  end
  return true
end

local function several(results, options)
  local pictures = {}
  for i, r in ipairs(results) do
    local picture, why = one(r, options)
    if not picture then return nil, ("item %d: %s"):format(i, why) end
    pictures[i] = picture
  end
  local same_kind = true
  for _, r in ipairs(results) do same_kind = same_kind and r.kind == results[1].kind end
  if same_kind and is_alike(pictures) then return overlaid(pictures, results) end
  local sum = { title = ("%d results"):format(#results), panels = {} }
  for i, picture in ipairs(pictures) do
    for k, panel in ipairs(picture.panels) do
      if k == 1 and picture.title then
        panel.notes = { ("%d: %s"):format(i, picture.title), table.unpack(panel.notes or {}) }
      end
      sum.panels[#sum.panels + 1] = panel
    end
  end
  return sum
end

--- The legend names what looks and reads the same once.
local function each_name_once(picture)
  if type(picture.panels) ~= "table" then return end
  for _, panel in ipairs(picture.panels) do
    local seen = {}
    for _, series in ipairs(type(panel.series) == "table" and panel.series or {}) do
      local key = series.name
        and ("%s %s %s"):format(series.name, series.draw, series.marker or series.color)
      if key and seen[key] then series.name = nil end
      if key then seen[key] = true end
    end
  end
end

---@param value table a result, a list of results, or a table of numbers
---@param options table checked options of `plot`
return function(value, options)
  if next(value) == nil then return nil, "the table is empty: there is nothing to draw" end
  local is_list = value.kind == nil and type(value[1]) == "table" and value[1].kind ~= nil
  local picture, why
  if is_list and #value > 1 then
    picture, why = several(value, options)
  else
    picture, why = one(is_list and value[1] or value, options)
  end
  if type(picture) ~= "table" then return nil, why or "the picture function returned no picture" end
  picture.title = options.title or picture.title
  each_name_once(picture)
  if options.log and type(picture.panels) == "table" then
    for _, panel in ipairs(picture.panels) do
      for _, letter in ipairs { "x", "y" } do
        local axis = panel[letter]
        if axis and not axis.names then
          axis.scale = draw.is_log(options, letter) and "log"
            or axis.scale ~= "symlog" and "linear" or axis.scale
        end
      end
    end
  end
  return picture
end
