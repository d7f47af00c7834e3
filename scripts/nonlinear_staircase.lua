-- Question   Does a nonlinear network forget the features of digits one at a time as L2 grows?
-- Quantity   Modes (singular values of the centred outputs) and accuracy on ramps up and down of a
--            tanh network and, by ramps alone, of ReLU, which has kinks, and of sigmoid with
--            cross-entropy and Adam in minibatches as in arXiv 2512.11866, there on MNIST: a folder
--            with its four IDX files as third argument adds it.
-- Theory     Continuation: every fold and branch point at which training leaves a tanh state.
-- Run time   15 min of processor time (small: 10 s; MNIST: 3 min more).
-- Output     A nonlinear_staircase record: transitions, the ramp's step beside each, ramps.

local small = arg[1] == "small"
local task = data.digits { classes = small and { 0, 1, 2 } or nil, seed = 1 }
local width = small and 4 or 16
local low, high, ratio = 0.02, 0.3, small and 1.25 or 1.08

local function network(activation)
  experiment {
    data = task, widths = { task.inputs, width, width, task.outputs }, activation = activation,
    init = "balanced", l2 = low, lr = 0.1, seed = 1,
  }
  train { steps = small and 5000 or 20000 }
end

local grid = { low }
while grid[#grid] * ratio < high do grid[#grid + 1] = grid[#grid] * ratio end
grid[#grid + 1] = high
local falling = {}
for i = 1, #grid do falling[i] = grid[#grid + 1 - i] end

local function ramp(l2)
  return sweep { l2 = l2, hold = small and 1000 or 1500, floor = 1e-2 }
end

local function rows(s)
  local result = {}
  for i, p in ipairs(s.points) do
    result[i] = { l2 = p.l2, accuracy = p.accuracy, loss = p.loss, norm = p.norm, modes = p.modes }
  end
  return result
end

local ramps = {}
for _, activation in ipairs { "tanh", "relu" } do
  network(activation)
  ramps[activation] = { up = rows(ramp(grid)), down = rows(ramp(falling)) }
end

-- Noise settles nowhere: every point has the same number of steps.
local function noisy(data_set, hidden, steps)
  experiment {
    data = data_set, widths = { data_set.inputs, hidden, hidden, data_set.outputs },
    activation = "sigmoid", bias = true, loss = "cross_entropy", init = "balanced",
    optimizer = "adam", batch = 64, l2 = 1e-3, lr = 1.5e-3, seed = 1,
  }
  train { steps = 4 * steps }
  local step = small and 1.5 or 1.12
  local l2 = {}
  local b = 1e-3
  while b < 0.06 do
    l2[#l2 + 1] = b
    b = b * step
  end
  local function ride(first, last, by)
    local result = {}
    for i = first, last, by do
      set_l2(l2[i])
      train { steps = steps }
      local m = measure()
      result[#result + 1] = {
        l2 = l2[i], accuracy = m.accuracy, test_accuracy = m.test_accuracy, loss = m.loss,
        norm = m.norm, modes = m.modes,
      }
    end
    return result
  end
  return { up = ride(1, #l2, 1), down = ride(#l2, 1, -1) }
end
ramps.sigmoid = noisy(task, width, small and 200 or 1000)
if arg[3] then
  local function file(name)
    local plain = arg[3] .. "/" .. name
    local found = io.open(plain)
    if found then found:close() end
    return found and plain or plain .. ".gz"
  end
  local mnist = data.idx {
    images = file "train-images-idx3-ubyte", labels = file "train-labels-idx1-ubyte",
    test_images = file "t10k-images-idx3-ubyte",
    test_labels = file "t10k-labels-idx1-ubyte",
  }
  ramps.mnist = noisy(mnist, 128, 1000)
end

-- The minimum that training comes to, and what it meets on the way up.
network("tanh")
settle()
local start = measure()
local followed = continuation { branches = small and 4 or 80, stable = not small }
local transitions = {}
for i, t in ipairs(followed.transitions) do
  transitions[i] = {
    l2 = t.spinodal, kind = t.kind, order = t.order, mode = t.mode, before = t.before,
    after = t.after, coexistence = t.coexistence,
  }
end

-- Where the ramp has each of them: the step in which the mode falls through the middle of its jump.
local up = ramps.tanh.up
for _, t in ipairs(transitions) do
  for i = 2, #up do
    local half = ((t.before or 0) + (t.after or 0)) / 2
    if t.mode and up[i - 1].modes[t.mode] > half and up[i].modes[t.mode] <= half then
      t.ramp_low, t.ramp_high = up[i - 1].l2, up[i].l2
      t.within_one_step = t.l2 > t.ramp_low / ratio and t.l2 < t.ramp_high * ratio
    end
  end
end

-- A feature is lost at a jump where its mode loses more than half of what it was.
local lost, folds = 0, 0
for _, t in ipairs(transitions) do
  if t.kind == "fold" then folds = folds + 1 end
  if t.order == 1 and t.mode and t.after < 0.5 * t.before then lost = lost + 1 end
end
local features = 0
for _, mode in ipairs(start.modes) do
  if mode > 0.01 * start.modes[1] then features = features + 1 end
end
local last = transitions[#transitions]
local sentence = ("%d transitions as l2 rises from %g to %.3g: %d folds and %d branch points; %d "
  .. "features are learned, and %d transitions take more than half of one at a jump"):format(
  #transitions, low, last and last.l2 or low, folds, #transitions - folds, features, lost)
emit {
  kind = "nonlinear_staircase", sentence = sentence,
  widths = { task.inputs, width, width, task.outputs },
  samples = task.samples, learned = start.modes, transitions = transitions,
  folds = #followed.folds, branch_points = #followed.branch_points, points = #followed.points,
  left_out = followed.left_out, ramps = ramps,
}
if arg[2] then
  local picture = {}
  for i, p in ipairs(up) do
    picture[i] = { l2 = p.l2, mode_1 = p.modes[1], mode_2 = p.modes[2], mode_3 = p.modes[3],
      down = ramps.tanh.down[#ramps.tanh.down + 1 - i].modes[1],
      relu = ramps.relu.up[i].modes[1] }
  end
  plot(picture, arg[2], { x = "l2", y = { "mode_1", "mode_2", "mode_3", "down", "relu" },
    log = "x", title = "Digits: modes of a tanh network on a ramp of L2, up and down" })
end
