-- Globals that the program provides to scripts and protocols.
std = "lua54"
max_line_length = 100
read_globals = {
  "accelerate", "arrhenius", "clone", "current", "data", "emit", "escape", "experiment", "export",
  "grok", "help", "import", "linspace", "log", "logspace", "measure", "measure_escape", "phases",
  "reset", "restore", "schedule", "set", "set_l2", "snapshot", "train", "trap", "use",
}
