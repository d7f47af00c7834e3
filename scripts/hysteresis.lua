-- Question   At which L2 does each mode of a deep linear network vanish, and does it come back?
-- Quantity   Collapse on the way up, loop area per mode, revival on the way down with a floor.
-- Theory     Spinodals and the integral of the learned branch; without a floor depth 3 and more
--            never revive, with one at l2 of the order s floor^(D-2); depth 2 has no loop.
-- Run time   about 2 s (small: 1 s). Output: a hysteresis_summary record per depth.

local small = arg[1] == "small"
local step = small and 0.05 or 0.01

local results = {}
for depth = 2, 4 do
  experiment {
    data = data.population { singular = { 3, 2, 1 } },
    depth = depth,
    width = 3,
    lr = 0.05,
    seed = 1,
  }
  local top = depth == 2 and 3.2 or 2.2
  local points = math.floor((top - 0.05) / step + 0.5) + 1
  local h = hysteresis { from = 0.05, to = top, points = points, floor = 0 }
  results[#results + 1] = h
  local rows = {}
  for k = 1, 3 do
    rows[k] = {
      mode = k,
      spinodal = h.theory.spinodal[k],
      area = h.area[k],
      area_theory = h.theory.area[k],
    }
  end
  for _, row in ipairs(h.transitions) do rows[row.mode][row.event] = row.l2 end

  -- The way down again, from zero, with floors: what comes back is the floor.
  local revivals = {}
  for _, floor in ipairs(depth == 3 and { 0.01, 0.03 } or depth == 4 and { 0.08, 0.16 } or {}) do
    local scale = 3 * floor ^ (depth - 2)
    trap { rank = 0, exact = true, release = 4 * scale }
    local s = sweep {
      from = 4 * scale,
      to = scale / 5,
      points = small and 15 or 60,
      scale = "log",
      floor = floor,
    }
    for _, jump in ipairs(s.jumps) do
      if jump.mode == 1 then
        revivals[#revivals + 1] = {
          floor = floor, l2 = jump.l2, uncertainty = jump.uncertainty, theory = jump.theory,
        }
        break
      end
    end
  end
  emit {
    kind = "hysteresis_summary",
    depth = depth,
    step = step,
    modes = rows,
    revivals = revivals,
  }
end
if arg[2] then plot(results[2], arg[2]) end
