--- Results as one HTML page: nothing in it is fetched from elsewhere, nothing needs a script.

local escapes = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;",
  ["'"] = "&#39;" }

--- Text as HTML; control characters, which HTML does not allow, as blanks.
local function text(words)
  words = tostring(words):gsub("[%z\1-\8\11\12\14-\31\127]", " ")
  return (words:gsub("[&<>\"']", escapes))
end

local style = [[
:root { color-scheme: light dark; --ink: #1b1b1b; --paper: #ffffff; --soft: #5c5c5c;
  --line: #d4d4d4; --shade: #f4f4f2; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e6e6; --paper: #161616; --soft: #a6a6a6;
  --line: #444444; --shade: #222222; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem 1rem 3rem; max-width: 50rem; color: var(--ink);
  background: var(--paper); font: 1rem/1.5 Georgia, "DejaVu Serif", serif; }
h1, h2, h3 { line-height: 1.25; }
h1 { font-size: 1.7rem; margin: 0 0 .3rem; }
h2 { font-size: 1.25rem; margin: 2.5rem 0 .3rem; padding-top: .6rem;
  border-top: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1.3rem 0 .3rem; }
p { margin: .5rem 0; }
.by, .more { color: var(--soft); font-size: .875rem; }
.summary { font-weight: bold; }
.warning { border-left: .25rem solid #d55e00; padding-left: .6rem; }
a { color: inherit; }
figure { margin: 1rem 0; }
svg { display: block; width: 100%; max-width: 42rem; height: auto; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .875rem; }
th, td { padding: .2rem .8rem .2rem 0; text-align: right; vertical-align: top;
  border-bottom: 1px solid var(--line); white-space: nowrap; }
th:first-child, td:first-child, .words td { text-align: left; }
.words td { white-space: normal; overflow-wrap: anywhere; }
.words td:first-child { white-space: nowrap; color: var(--soft); }
th, #theory td { white-space: normal; }
.fields { font-size: .875rem; overflow-wrap: anywhere; }
pre { background: var(--shade); padding: .6rem .8rem; overflow-x: auto; font-size: .8125rem;
  line-height: 1.4; }
code { font-size: .875rem; }
footer { margin-top: 3rem; border-top: 1px solid var(--line); }
@media print {
  :root { --ink: #000000; --paper: #ffffff; --soft: #444444; --line: #bbbbbb; --shade: #ffffff; }
  body { max-width: none; padding: 0; font-size: 10pt; }
  h1, h2, h3 { break-after: avoid; }
  figure, tr, .summary { break-inside: avoid; }
  svg { max-width: 13cm; }
  .summary { break-after: avoid; }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; }
  .scroll { overflow: visible; }
  th, td { white-space: normal; }
  nav { display: none; }
}
]]

--- A picture by gnuplot as a part of the page: ink of the page instead of black on white, and
--- names of its own for what its marks refer to.
local function picture(svg, title, n)
  svg = svg:gsub("^.-<svg", "<svg", 1):gsub(' xmlns="[^"]*"', "", 1)
    :gsub(' xmlns:xlink="[^"]*"', "", 1)
    :gsub(' width="%d+" height="%d+"', ' role="img"', 1)
    :gsub("<title>.-</title>%s*<desc>.-</desc>", function()
      return "<title>" .. text(title) .. "</title>"
    end, 1)
    :gsub('<rect x="0" y="0" width="%d+" height="%d+" fill="#ffffff"/>', "", 1)
    :gsub("<filter.-</filter>", "")
    :gsub("id='gp", "id='p" .. n .. "-"):gsub("'#gp", "'#p" .. n .. "-")
    :gsub(' id="gnuplot_[%w_]*"', "")
    :gsub(' color="black"', ""):gsub("'black'", "'currentColor'")
    :gsub('"black"', '"currentColor"')
    :gsub("'rgb%( *0, *0, *0%)'", "'currentColor'")
  return (svg:gsub("%s+$", ""))
end

local function cells(tag, list)
  local parts = {}
  for i, word in ipairs(list) do parts[i] = ("<%s>%s</%s>"):format(tag, text(word), tag) end
  return "<tr>" .. table.concat(parts) .. "</tr>"
end

--- A table with a head.
local function grid(columns, rows)
  local lines = { '<div class="scroll"><table>',
    "<thead>" .. cells("th", columns) .. "</thead><tbody>" }
  for _, row in ipairs(rows) do lines[#lines + 1] = cells("td", row) end
  lines[#lines + 1] = "</tbody></table></div>"
  return table.concat(lines, "\n")
end

--- Names and their values, two columns.
local function list(fields)
  local lines = { '<div class="scroll"><table class="words"><tbody>' }
  for _, field in ipairs(fields) do lines[#lines + 1] = cells("td", { field.name, field.words }) end
  lines[#lines + 1] = "</tbody></table></div>"
  return table.concat(lines, "\n")
end

local function tables_of(parts, heading)
  local lines = {}
  for _, t in ipairs(parts.tables) do
    lines[#lines + 1] = ("<%s>%s</%s>"):format(heading, text(t.name), heading)
    if #t.columns > 0 then lines[#lines + 1] = grid(t.columns, t.rows) end
    if t.left > 0 then
      lines[#lines + 1] = ('<p class="more">%d more rows are not shown.</p>'):format(t.left)
    end
  end
  return lines
end

local function append(lines, more)
  for _, line in ipairs(more) do lines[#lines + 1] = line end
end

local function is_finite(x) return type(x) == "number" and x == x and math.abs(x) < math.huge end

--- Which fields of a kind theory speaks of: name, unit, measured, its interval, theory.
local compared = {
  escape = function(r) return { { "tau", "steps", r.tau, r.tau_low, r.tau_high, r.theory } } end,
  barrier = function(r) return { { "height", "energy", r.height, nil, nil, r.theory } } end,
  arrhenius = function(r)
    local theory = r.theory or {}
    local rows = { { "barrier", "energy", r.barrier, r.barrier_low, r.barrier_high,
      theory.barrier } }
    for _, p in ipairs(r.points or {}) do
      rows[#rows + 1] = { ("tau at T = %.4g"):format(p.temperature or 0 / 0), "steps", p.tau,
        p.tau_low, p.tau_high, p.theory }
    end
    return rows
  end,
  metastable = function(r) return { { "count", "states", r.count, nil, nil, r.theory } } end,
  hessian = function(r)
    return { { "zero_modes", "", r.zero_modes, nil, nil, r.zero_modes_theory } }
  end,
  hysteresis = function(r)
    local rows, theory = {}, r.theory or {}
    for k, area in ipairs(r.area or {}) do
      rows[k] = { ("area of mode %d"):format(k), "", area, nil, nil, (theory.area or {})[k] }
    end
    for _, t in ipairs(r.transitions or {}) do
      rows[#rows + 1] = { ("l2 where mode %d: %s, %s"):format(t.mode, t.event, t.direction), "",
        t.l2, t.l2 - t.uncertainty / 2, t.l2 + t.uncertainty / 2, t.theory }
    end
    rows[#rows + 1] = r.exponent
      and { "exponent of the delay", "", r.exponent, nil, nil, 2 / 3 } or nil
    return rows
  end,
  replication = function(r)
    local rows = {}
    for i, c in ipairs(r.claims or {}) do
      rows[i] = { c.claim, c.unit or "", c.measured, c.measured_low, c.measured_high, c.theory }
    end
    return rows
  end,
  sweep = function(r)
    local rows = {}
    for i, t in ipairs(r.transitions or {}) do
      rows[i] = { ("l2 where mode %d: %s"):format(t.mode, t.event), "", t.l2,
        t.l2 - t.uncertainty / 2, t.l2 + t.uncertainty / 2, t.theory }
    end
    return rows
  end,
}

local function short(x)
  if not is_finite(x) then return x and tostring(x) or "" end
  return (("%.4g"):format(x):gsub("e%+?(-?)0*", "e%1"))
end

--- Theory beside what was measured, over all results.
local function comparison(items)
  local rows = {}
  for _, item in ipairs(items) do
    local of = compared[item.value.kind]
    for _, c in ipairs(of and of(item.value) or {}) do
      local name, unit, x, low, high, theory = table.unpack(c, 1, 6)
      if is_finite(x) and is_finite(theory) then
        local interval = is_finite(low) and is_finite(high)
        local inside = interval and (low <= theory and theory <= high and "yes" or "no") or ""
        rows[#rows + 1] = { item.title, unit ~= "" and ("%s (%s)"):format(name, unit) or name,
          short(x), interval and ("%s ... %s"):format(short(low), short(high)) or "none",
          short(theory), theory ~= 0 and short(x / theory) or "", inside }
      end
    end
  end
  return rows
end

--- Verb, options, settings and data behind a result.
local function origin(tools, value)
  local p = tools.provenance(value)
  if not p then return {} end
  local fields = { { name = "verb", words = p.verb } }
  for _, name in ipairs { "options", "settings", "data" } do
    local parts = {}
    for i, field in ipairs(p[name] and tools.all(p[name]).fields or {}) do
      parts[i] = field.name .. " = " .. field.words
    end
    if #parts > 0 then fields[#fields + 1] = { name = name, words = table.concat(parts, "; ") } end
  end
  return fields
end

--- What is reported: results and tables with a title each. Rows that follow each other and have the
--- same columns are one table.
local function items_of(given)
  if given.kind ~= nil then return { { value = given } } end
  local items, rows = {}, nil
  local function add(name, value)
    if type(value) ~= "table" then return "results must be tables, got a " .. type(value) end
    if value.kind ~= nil then
      items[#items + 1] = { name = name, value = value }
      rows = nil
      return
    end
    local columns = {}
    for key in pairs(value) do columns[#columns + 1] = tostring(key) end
    local key = table.concat(columns, "\n")
    if not (rows and rows.key == key) then
      rows = { key = key, name = name, value = { rows = {} } }
      items[#items + 1] = rows
    end
    table.insert(rows.value.rows, value)
  end
  for key, value in pairs(given) do
    local name = type(key) == "string" and key or nil
    -- What the program lists by itself.
    if type(value) == "table" and value.item ~= nil then name, value = value.name, value.item end
    local problem = add(name, value)
    if problem then return nil, problem end
  end
  return items
end

--- The result's picture, or why it has none.
local function figure(tools, item, n)
  if not item.value.kind then return nil end
  local svg, title = tools.svg(item.value)
  if not svg then return ('<p class="more">No picture: %s.</p>'):format(text(title)) end
  return "<figure>" .. picture(svg, title, n) .. "</figure>"
end

local function section(tools, item, n)
  local answer = tools.answer(item.value)
  local lines = { ('<section id="r%d"><h2>%d. %s</h2>'):format(n, n, text(item.title)) }
  if answer.summary then
    lines[#lines + 1] = ('<p class="summary">%s</p>'):format(text(answer.summary))
  end
  if item.value.warning then
    lines[#lines + 1] = ('<p class="warning">%s</p>'):format(text(item.value.warning))
  end
  lines[#lines + 1] = figure(tools, item, n)
  if #answer.fields > 0 then lines[#lines + 1] = list(answer.fields) end
  append(lines, tables_of(answer, "h3"))
  if item.value.kind then
    local from = origin(tools, item.value)
    if #from > 0 then append(lines, { "<h3>How it was made</h3>", list(from) }) end
    local shown, rest = {}, {}
    for _, field in ipairs(answer.fields) do shown[field.name] = true end
    for _, field in ipairs(tools.all(item.value).fields) do
      if not shown[field.name] and field.name ~= "summary" then
        rest[#rest + 1] = field.name .. " = " .. field.words
      end
    end
    if #rest > 0 then
      append(lines, { "<h3>Every other field</h3>",
        '<p class="fields">' .. text(table.concat(rest, "; ")) .. "</p>" })
    end
  end
  lines[#lines + 1] = "</section>"
  return table.concat(lines, "\n")
end

--- A word of a command line.
local function word(x)
  if x:find("^[%w%./_%-=:,+]+$") then return x end
  return "'" .. x:gsub("'", "'\\''") .. "'"
end

local function words_of(given)
  local quoted_words = {}
  for i, x in ipairs(given) do quoted_words[i] = word(x) end
  return table.concat(quoted_words, " ")
end

--- The commands that show whether the page is right.
local function verification(about, path)
  if about.session then
    return "runs the journal again and compares every result and weight, bit for bit:",
      "kramers --verify " .. word(about.session)
  elseif about.is_session then
    return "the session was not saved when this was written; after session.save(\"NAME\"), bit for "
      .. "bit:", "kramers --verify NAME"
  end
  local call = { "kramers", "--seed", ("%d"):format(about.seed) }
  for _, code in ipairs(about.code or {}) do
    call[#call + 1] = "-e"
    call[#call + 1] = code
  end
  call[#call + 1] = about.script
  for _, argument in ipairs(about.arguments or {}) do call[#call + 1] = argument end
  return "writes this page again, byte for byte on the same instruction set:",
    ("cp %s before.html && %s >/dev/null && cmp before.html %s"):format(word(path), words_of(call),
      word(path))
end

local function code(source) return "<pre><code>" .. text(source) .. "</code></pre>" end

--- The journal of a session, or the script.
local function inputs(about)
  local lines = {}
  if about.is_session then
    lines[1] = '<section id="journal"><h2>Journal</h2>'
    for i, entry in ipairs(about.journal or {}) do
      local outcome = entry.outcome ~= "ok" and ", " .. entry.outcome or ""
      lines[#lines + 1] = ('<p class="more">[%d] %s%s</p>'):format(i, text(entry.started),
        text(outcome))
      lines[#lines + 1] = code(entry.source)
    end
  else
    lines[1] = '<section id="journal"><h2>Script</h2>'
    for _, source in ipairs(about.code or {}) do lines[#lines + 1] = code(source) end
    if about.source then lines[#lines + 1] = code(about.source) end
  end
  lines[#lines + 1] = "</section>"
  return table.concat(lines, "\n")
end

---@param given table a result, a list of results, or results by name
---@param options table checked options of `report`
---@param tools table svg, answer, all, provenance, about
return function(given, options, tools, path)
  local items, problem = items_of(given)
  if not items then return nil, problem end
  local about = tools.about
  if #items == 0 then
    return nil, about.is_session and "the session holds no results to report"
      or "nothing was emitted yet: emit(result), or name the results, report(path, {a, b})"
  end
  for _, item in ipairs(items) do
    local kind = item.value.kind and tostring(item.value.kind) or "rows"
    item.title = item.name and ("%s: %s"):format(item.name, kind) or kind
  end
  local title = options.title or about.session or about.script or "Results"
  local by = ("kramers %s, %s, seed %d"):format(about.version, about.instruction_set, about.seed)
  local lines = { "<!DOCTYPE html>", '<html lang="en">', "<head>", '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    "<title>" .. text(title) .. "</title>", "<style>", style .. "</style>", "</head>", "<body>",
    "<header><h1>" .. text(title) .. "</h1>", ('<p class="by">%s</p>'):format(text(by)) }
  for paragraph in ((options.text or "") .. "\n\n"):gmatch("(.-)\n%s*\n") do
    if paragraph:find("%S") then lines[#lines + 1] = "<p>" .. text(paragraph) .. "</p>" end
  end
  lines[#lines + 1] = "</header>\n<main>"
  if #items > 1 then
    lines[#lines + 1] = "<nav><ol>"
    for n, item in ipairs(items) do
      local summary = tools.answer(item.value).summary
      lines[#lines + 1] = ('<li><a href="#r%d">%s</a>%s</li>'):format(n, text(item.title),
        summary and ": " .. text(summary) or "")
    end
    lines[#lines + 1] = "</ol></nav>"
  end
  local rows = comparison(items)
  if #rows > 0 then
    append(lines, { '<section id="theory"><h2>Theory beside what was measured</h2>',
      grid({ "result", "quantity", "measured", "interval", "theory", "measured/theory",
        "theory inside" }, rows), "</section>" })
  end
  for n, item in ipairs(items) do lines[#lines + 1] = section(tools, item, n) end
  if (about.emitted or 0) > (about.listed or 0) then
    lines[#lines + 1] = ('<p class="more">%d more were emitted and are not listed.</p>'):format(
      about.emitted - about.listed)
  end
  lines[#lines + 1] = inputs(about)
  local words, command = verification(about, path)
  append(lines, { "</main>", "<footer><p>" .. text(by) .. ". To check it: this "
    .. text(words) .. "</p>", code(command), "</footer>", "</body>", "</html>", "" })
  return table.concat(lines, "\n")
end
