--- Ensembles over data sets: what replications of figures have in common. The unit is the seed that
--- draws the data, the initial weights and the noise; a seed for which the protocol is impossible
--- is a row with its reason.
local kramers = ...

local M = {}

--- The seeds of a count, from `first` on, or of a list.
function M.list(given, first)
  if type(given) == "table" then return given end
  local list = {}
  for i = 1, given do list[i] = first + i - 1 end
  return list
end

--- The Gaussian task of a seed, or the user's own data.
function M.task(o, seed)
  if o.data then return o.data end
  return data.gaussian {
    singular = o.singular, inputs = o.inputs, samples = o.samples, test = o.test, seed = seed,
  }
end

--- The linear network of a figure on a data set, at random weights of this seed.
function M.network(o, task, seed, l2)
  return experiment {
    data = task, depth = o.depth, width = o.width, init = o.init, lr = o.lr, l2 = l2, seed = seed,
    batch = o.batch and task.samples and o.batch < task.samples and o.batch or "full",
  }
end

--- Steps of one epoch, as the optimiser counts them.
function M.steps_per_epoch(o, task)
  if not task.samples or o.batch >= task.samples then return 1 end
  return task.samples // o.batch
end

--- Spinodals of the modes by the empirical moments; nil and why they are not known.
function M.spinodals(x)
  local list = {}
  for k, mode in ipairs(x:phases().modes) do
    if not mode.spinodal then return nil, ("mode %d: %s"):format(k, mode.reason) end
    list[k] = mode.spinodal
  end
  return list
end

--- How many modes have a learned phase at this L2 strength, by their spinodals.
function M.rank_at(spinodals, l2)
  local rank = 0
  for _, b in ipairs(spinodals) do
    if b > l2 then rank = rank + 1 end
  end
  return rank
end

--- How many modes the state has learned.
function M.rank_now(x)
  local rank = 0
  for _, mode in ipairs(x:phases().modes) do
    if mode.state == "learned" then rank = rank + 1 end
  end
  return rank
end

--- Why a trap of this rank at this L2 strength cannot be, from the spinodals; nil where it can.
function M.impossible(spinodals, rank, l2)
  local next_one = spinodals[rank + 1]
  if next_one and next_one > l2 then
    return ("mode %d is not trapped: its spinodal %.4f lies above l2 = %g"):format(
      rank + 1, next_one, l2)
  end
  if rank > 0 and spinodals[rank] < l2 then
    return ("mode %d is lost in the trap: its spinodal %.4f lies below l2 = %g"):format(
      rank, spinodals[rank], l2)
  end
end

--- Trains x at the trap's L2 strength from where it is. Returns the rank that is left and the one
--- that the moments predict, and why the trap is not the one that was asked for.
function M.trap(x, spinodals, rank, l2, epochs, steps_per_epoch)
  x:set_l2(l2)
  local run = x:train { steps = math.floor(epochs * steps_per_epoch) }
  if run.outcome == "diverged" then return nil, nil, "diverged", run.message end
  local found, predicted = M.rank_now(x), M.rank_at(spinodals, l2)
  if found == rank then return found, predicted end
  local why = M.impossible(spinodals, rank, l2)
    or ("rank %d is left after %g epochs, although the spinodals allow rank %d"):format(
      found, epochs, rank)
  return found, predicted, "not trapped", why
end

--- Test losses of the exact states of two ranks at this L2 strength, and the middle between them;
--- nil and why there is none.
function M.midpoint(x, l2, rank)
  local losses = {}
  for i = 0, 1 do
    local y = x:clone()
    y:set_l2(l2)
    local ok, t = pcall(y.trap, y, { rank = rank + i, exact = true })
    if not ok then
      return nil, ("no state of rank %d at l2 = %g: %s"):format(rank + i, l2,
        (tostring(t):gsub("^.-trap: ", "")))
    end
    losses[i] = y:measure().test_loss
  end
  if not losses[1] then return nil, "the data has no test set" end
  if losses[1] >= losses[0] then
    return nil, ("the test error of rank %d, %.4g, is not below that of rank %d, %.4g"):format(
      rank + 1, losses[1], rank, losses[0])
  end
  return (losses[0] + losses[1]) / 2
end

--- f(seed), which returns data, of every seed, and take(what it returned) in order: of several
--- processes each computes some of the seeds.
function M.each(list, f, take)
  kramers.each(list, function(seed) take(kramers.map({ seed }, f)[1]) end)
end

--- Rows `outcome, count`, in the order in which they come; of several starts each with its own.
function M.counts(rows)
  local list, seen = {}, {}
  for _, row in ipairs(rows) do
    local words = (row.start and row.start .. " " or "") .. row.outcome
    if not seen[words] then
      seen[words] = { outcome = words, count = 0 }
      list[#list + 1] = seen[words]
    end
    seen[words].count = seen[words].count + 1
  end
  return list
end

--- Whether replicas of an escape diverged, which are no censored data: the row says so instead.
function M.diverged(row, escape)
  if (escape.diverged or 0) == 0 then return false end
  row.outcome = "diverged"
  row.reason = ("%d of %d replicas diverged; lower lr"):format(escape.diverged, escape.replicas)
  return true
end

--- What the times of one run a data seed say together, censored ones included.
function M.statistics(times, escaped, look)
  local looks = {}
  for i in ipairs(times) do looks[i] = look end
  return kramers.escape_statistics { times = times, escaped = escaped, looks = looks, seed = 0 }
end

--- A share with its 95 % interval (Wilson).
function M.share(k, n)
  local z = 1.959964
  local p, grown = k / n, 1 + z * z / n
  local middle = (p + z * z / (2 * n)) / grown
  local half = z / grown * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
  return p, math.max(middle - half, 0), math.min(middle + half, 1)
end

--- The claim that a fitted slope is that of theory.
function M.slope_claim(words, a, expected, unit)
  local claim = { claim = words, theory = expected, measured = a.barrier,
    measured_low = a.barrier_low, measured_high = a.barrier_high, unit = unit }
  if not (a.barrier_low and expected) then
    local theory = a.theory or {}
    claim.reason = theory.reason or a.reason or "there is no slope or no theory to compare"
  else
    claim.agrees = a.barrier_low <= expected and expected <= a.barrier_high
    if not claim.agrees then claim.reason = "the interval does not hold the slope of theory" end
  end
  return claim
end

--- Options that switch every noise off, with those of a call.
function M.without_noise(call)
  local off = {}
  for name, value in pairs(kramers.noise_off) do off[name] = value end
  for name, value in pairs(call) do off[name] = value end
  return off
end

--- Mean, standard deviation and 95 % interval of the mean by Student's law.
function M.mean(list)
  local n, sum, squares = #list, 0, 0
  for _, x in ipairs(list) do sum = sum + x end
  if n < 2 then return n == 1 and sum or nil end
  local mean = sum / n
  for _, x in ipairs(list) do squares = squares + (x - mean) ^ 2 end
  local deviation = math.sqrt(squares / (n - 1))
  local half = kramers.student(0.975, n - 1) * deviation / math.sqrt(n)
  return mean, mean - half, mean + half, deviation
end

--- Slope, intercept and R^2 of the straight line through points.
function M.line(x, y)
  local n, sx, sy, sxx, sxy, syy = #x, 0, 0, 0, 0, 0
  for i = 1, n do sx, sy = sx + x[i], sy + y[i] end
  for i = 1, n do
    local u, v = x[i] - sx / n, y[i] - sy / n
    sxx, sxy, syy = sxx + u * u, sxy + u * v, syy + v * v
  end
  local slope = sxy / sxx
  return slope, sy / n - slope * sx / n, sxy * sxy / (sxx * syy)
end

return M
