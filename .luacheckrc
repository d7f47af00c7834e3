-- Globals that the program provides to scripts and protocols.
std = "lua54"
max_line_length = 100
read_globals = {
  "arrhenius", "barrier", "bifurcation", "clone", "current", "data", "emit", "experiment",
  "export", "help", "hessian", "hysteresis", "import", "linspace", "log", "logspace", "measure",
  "measure_escape", "metastable", "noise", "passage_time", "phase_diagram", "phases", "reset",
  "restore", "set", "set_l2", "snapshot", "sweep", "train", "trap", "use",
}
