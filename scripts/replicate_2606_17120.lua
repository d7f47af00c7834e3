-- Question   Which figures of arXiv 2606.17120 does a rerun with its own parameters reproduce?
-- Quantity   Printed claims beside what is measured over 50 data seeds, twins without noise.
-- Theory     Spinodals by the empirical moments of each data set; exact barriers; delays integrated
--            from the stored layers. Figures 2c and 2d are ours: what does show activated escape.
-- Run time   about 10 minutes on one core (small: 5 s). Output: one replication record a figure;
--            the second argument is a file for 1a and 1b, the third for a page with all of them.

local small = arg[1] == "small"

local results, pages = {}, {}
for _, figure in ipairs { "1a", "1b", "2a", "2b", "2c", "2d", "3", "4" } do
  local r = replicate("2606.17120", figure, { scale = small and "small" or "paper" })
  results[#results + 1] = r
  pages["figure " .. figure] = r
  emit(r)
end
if arg[2] then plot({ results[1], results[2] }, arg[2], { title = "arXiv 2606.17120, rerun" }) end
if arg[3] then report(arg[3], pages, { title = "arXiv 2606.17120, rerun" }) end
