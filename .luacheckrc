-- Globals that the program provides to scripts and protocols.
std = "lua54"
max_line_length = 100
read_globals = {
  "accelerate", "arrhenius", "barrier", "bifurcation", "clone", "continuation", "control",
  "current", "data", "deflate", "emit", "escape", "experiment", "export", "grok", "help",
  "hessian", "hysteresis", "import", "linspace", "log", "logspace", "measure",
  "measure_escape", "metastable", "noise", "passage_time", "phase_diagram", "phases",
  "plot", "protocol", "replicate", "report", "reset", "restore", "schedule", "set", "set_l2",
  "settle", "snapshot", "sweep", "train", "trap", "use",
}
