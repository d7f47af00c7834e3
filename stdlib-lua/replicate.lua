--- Figures of papers, rerun with their own parameters: what was printed beside what is measured
--- here, the twin without noise, and rows that audit what is printed.
---
---     print(replicate())                                       -- papers and figures
---     print(replicate("2606.17120", "3"))
---     print(replicate("2606.17120", "1a", { scale = "small" }))
---
--- A figure is a part that returns a table:
---
---     paper, number, title, claim       what is printed (own = true: a figure of ours)
---     parameters                        rows name, the paper's value, the small one
---     run = function(o)                 o has a value for each parameter; returns fields
---     picture = function(r, draw)       draws r.figure
local kramers = ...

local figures = {}
for _, name in ipairs {
  "figure_1a", "figure_1b", "figure_2a", "figure_2b", "figure_2c", "figure_2d", "figure_3",
  "figure_4", "mnist_transitions",
} do
  figures[#figures + 1] = kramers.part(name)
end

local function names_of(paper)
  local names = {}
  for _, figure in ipairs(figures) do
    if figure.paper == paper then names[#names + 1] = figure.number end
  end
  return names
end

--- Papers and figures, and what each takes.
local function listing()
  local rows = {}
  for i, figure in ipairs(figures) do
    local names = {}
    for k, parameter in ipairs(figure.parameters) do names[k] = parameter[1] end
    rows[i] = { paper = figure.paper, figure = figure.number,
      of = figure.own and "ours" or "the paper", title = figure.title, claim = figure.claim,
      options = table.concat(names, ", ") }
  end
  return { kind = "replication", figures = rows,
    verdict = "options of a figure: replicate().figures[i].options" }
end

--- The figure of a call: "2606.17120" or "arXiv:2606.17120", "2b", "fig2b" or "Figure 2b".
local function find(paper, number)
  -- As a number it loses its last zero.
  if type(paper) ~= "string" then
    kramers.refuse('paper must be a string such as "2606.17120", got a %s', type(paper))
  end
  paper = paper:lower():gsub("^arxiv%s*:%s*", ""):gsub("v%d+$", "")
  local papers, seen = {}, {}
  for _, figure in ipairs(figures) do
    if not seen[figure.paper] then papers[#papers + 1] = figure.paper end
    seen[figure.paper] = true
  end
  if not seen[paper] then
    kramers.refuse("there is no paper '%s'; papers are %s", paper, table.concat(papers, ", "))
  end
  local names = table.concat(names_of(paper), ", ")
  if number == nil then kramers.refuse("figure is required; %s has %s", paper, names) end
  local wanted = tostring(number):lower():gsub("^fig%a*%.?%s*", "")
  for _, figure in ipairs(figures) do
    if figure.paper == paper and figure.number == wanted then return figure end
  end
  kramers.refuse("%s has no figure '%s'; it has %s", paper, tostring(number), names)
end

--- Every parameter of the figure: as given, else the small one or the paper's.
local function settings_of(figure, given)
  local o, known, names = {}, { scale = true }, {}
  local small = given.scale == "small"
  for i, parameter in ipairs(figure.parameters) do
    local name, value, less = parameter[1], parameter[2], parameter[3]
    known[name], names[i] = true, name
    if small and less ~= nil then value = less end
    if given[name] ~= nil then value = given[name] end
    o[name] = value
  end
  if o.singular and #o.singular < 2 then
    kramers.refuse("singular needs two values or more, got %d", #o.singular)
  end
  for name in pairs(given) do
    if not known[name] then
      kramers.refuse("figure %s has no option '%s'; it has scale, %s", figure.number, name,
        table.concat(names, ", "))
    end
  end
  return o
end

--- The figure's verdict from those of its claims: false if one is, nil with the first reason if one
--- is open.
local function judge(claims)
  local agrees, reason = true, nil
  for _, claim in ipairs(claims) do
    if claim.agrees == false then return false, claim.reason end
    if claim.agrees == nil then agrees, reason = nil, reason or claim.reason end
  end
  return agrees, reason
end

--- How the settings are told in the result: data sets by their words.
local function told(o)
  local list = {}
  for name, value in pairs(o) do
    local is_plain = type(value) ~= "userdata" and type(value) ~= "function"
    list[name] = is_plain and value or tostring(value)
  end
  return list
end

---@param paper string|nil its arXiv number; nil lists all
---@param number string|nil the figure
---@param options table|nil options of that figure
local function replicate(paper, number, options)
  if paper == nil then return listing() end
  if type(paper) == "table" then
    kramers.checked(paper)
    kramers.refuse("is called replicate(paper, figure, options)")
  end
  local figure = find(paper, number)
  if options ~= nil and type(options) ~= "table" then
    kramers.refuse("options must be a table, got a %s", type(options))
  end
  local given = kramers.checked(options or {})
  local o = settings_of(figure, given)
  kramers.keep_current()
  local result = { kind = "replication", paper = figure.paper, number = figure.number,
    title = figure.title, own = figure.own or nil, claim = figure.claim, outcome = "interrupted",
    settings = told(o) }
  --- What there is so far, if the run is interrupted.
  local function keep(fields)
    for name, value in pairs(fields) do result[name] = value end
    kramers.keep(result)
  end
  for name, value in pairs(figure.run(o, keep)) do result[name] = value end
  result.outcome = "completed"
  result.agrees, result.reason = judge(result.claims)
  local first = result.claims[1]
  for _, name in ipairs {
    "printed", "theory", "measured", "measured_low", "measured_high", "unit",
  } do
    result[name] = first[name]
  end
  local word = { [true] = "agrees", [false] = "does not agree" }
  result.verdict = ("figure %s%s: %s. %s"):format(figure.number,
    figure.own and " (ours, not in the paper)" or "", word[result.agrees] or "open",
    result.finding)
  return result
end

local function picture(r, _, draw)
  for _, figure in ipairs(figures) do
    if figure.paper == r.paper and figure.number == r.number then
      if not r.figure then
        return nil, r.reason or "the replication was interrupted before it had a figure"
      end
      return figure.picture(r, draw)
    end
  end
  return nil, ("there is no figure %s of %s"):format(tostring(r.number), tostring(r.paper))
end

local by_figure = "the paper's, by figure"
return {
  entry = {
    plain = true,
    summary =
      "reruns a figure of a paper with its own parameters: what was printed beside what is "
      .. "measured, the twin without noise, and an audit of what is printed beside it. Without "
      .. "arguments it lists papers and figures, and which options each takes; figures 2c and 2d "
      .. "of 2606.17120 are ours, not the paper's. The present experiment stays",
    usage = "replicate([paper, figure[, options]])",
    options = {
      { name = "scale", type = "choice", choices = { "paper", "small" }, default = "paper",
        help = "\"small\" looks in seconds, and says so where it cannot tell" },
      { name = "seeds", type = "count or list", default_text = by_figure,
        help = "data seeds: how many from the paper's first (42), or which" },
      { name = "epochs", type = "number", range = "positive", unit = "epochs",
        default_text = by_figure,
        help = "after which a run counts as censored; mnist: at each l2" },
      { name = "data", type = "data", default_text = by_figure,
        help = "a data set instead of the paper's, as of data.idx or data.digits" },
      { name = "singular", type = "numbers", range = "positive", default_text = "{0.9, 0.8}",
        help = "singular values of the Gaussian task" },
      { name = "inputs", type = "integer", range = "positive", default_text = by_figure,
        help = "of the Gaussian task" },
      { name = "samples", type = "integer", range = "positive", default_text = by_figure,
        help = "training samples" },
      { name = "test", type = "integer", range = "positive", default_text = by_figure,
        help = "test samples" },
      { name = "n", type = "integer", range = "positive", unit = "samples", default_text = "25",
        help = "1b: how many of the samples are trained on" },
      { name = "depth", type = "integer", range = { 3, 100 }, default_text = "3",
        help = "weight matrices" },
      { name = "width", type = "integer", range = "positive", default_text = by_figure,
        help = "of the hidden layers" },
      { name = "l2", type = "numbers", range = "0 or positive", default_text = by_figure,
        help = "mnist: the grid of L2 strengths" },
      { name = "release", type = "number", range = "positive", default_text = by_figure,
        help = "L2 strength after the trap; 2a: of the energy" },
      { name = "trap", type = "number", range = "positive", default_text = "0.361",
        help = "L2 strength of the rank-1 trap" },
      { name = "zero_trap", type = "number", range = "positive", default_text = "0.43",
        help = "1a: L2 strength of the rank-0 trap" },
      { name = "trap_epochs", type = "number", range = "positive", unit = "epochs",
        default_text = "1000",
        help = "1a, 2b: how long a trap is trained; the text says \"to convergence\"" },
      { name = "trap_lengths", type = "numbers", range = "positive", unit = "epochs",
        default_text = "125 to 350",
        help = "1b: the same, several lengths; the text gives none" },
      { name = "init", type = "choice", choices = { "wide", "gaussian", "orthogonal", "balanced" },
        default_text = "\"wide\"", help = "initial weights, as experiment has them" },
      { name = "lr", type = "number", range = "positive", default_text = by_figure,
        help = "learning rate" },
      { name = "lrs", type = "numbers", range = "positive", default_text = by_figure,
        help = "2b: learning rates" },
      { name = "batch", type = "integer", range = "positive", unit = "samples",
        default_text = by_figure, help = "samples a step" },
      { name = "batches", type = "integers", range = "positive", unit = "samples",
        default_text = by_figure, help = "2d: samples a step" },
      { name = "share", type = "number", range = "in (0, 1]", default_text = by_figure,
        help = "2d: L2 strength in units of mode 2's spinodal" },
      { name = "temperatures", type = "numbers", range = "positive", unit = "energy",
        default_text = by_figure, help = "2c: temperatures" },
      { name = "replicas", type = "integer", range = "positive", default_text = by_figure,
        help = "independent runs a data seed or point" },
      { name = "dwell", type = "number", range = "0 or positive", unit = "epochs",
        default_text = by_figure, help = "how long an escape must last" },
      { name = "threshold", type = "number", range = "positive", default_text = "0.001",
        help = "1b: strength of mode 2 that counts as escaped" },
      { name = "step", type = "number", range = "positive", default_text = by_figure,
        help = "of the L2 strength in a quasi-static ramp" },
      { name = "to", type = "number", range = "positive", default_text = by_figure,
        help = "where a ramp or a diagram ends" },
      { name = "bias", type = "flag", default_text = "not given in the text",
        help = "mnist: biases in every layer" },
      { name = "centre", type = "choice", choices = { "start", "origin" },
        default_text = "not given in the text", help = "mnist: the centre of the L2 term" },
    },
    returns =
      "kind=\"replication\": claim, claims = rows claim, printed, measured with interval, agrees "
      .. "(true, false, or nil with reason), finding, verdict, seeds = rows data seed, outcome, "
      .. "reason, outcomes (how many of each), control (without noise), audit = rows statement, "
      .. "printed, computed, missing = rows option, what (what the text, as far as it is known "
      .. "here, does not give, and what stands for it), settings, figure (what plot draws). "
      .. "Without arguments figures = rows paper, figure, title, claim, options",
    answer = {
      kind = "replication",
      fields = { "outcomes: outcome=count", "claims: claim printed theory measured agrees",
        "figures: paper figure of title" },
      page = { "claim", "reason", "control: noise start runs escapes",
        "audit: statement printed computed", "missing: option what",
        "seeds: start seed trap_epochs spinodal_1 spinodal_2 outcome escapes runs" },
      summary = { "{verdict}", "figure {number}: {outcome}" },
    },
    example = [[
local r = replicate("2606.17120", "2a")
print(r.claim, r.measured, r.agrees)
for _, row in ipairs(r.audit) do print(row.statement, row.printed, row.computed) end
]],
    see_also = { "check", "control", "report" },
  },
  body = replicate,
  picture = picture,
}
