import Kramers

extension Catalog {
  /// What several processes share; `docs/clusters.md` says how they are started.
  static let clusters: [Entry] = [
    Entry(
      "cluster.map", .call(Program.clusterMap),
      "f(item, i) of each item of a list. With --shard each process computes some of the items, else "
        + "they come one after the other, with the same results: every item begins from the "
        + "experiments as they stand at the call and has random numbers of its own, f returns data "
        + "(numbers, words, flags, tables of them, a result), and may change nothing that stands "
        + "outside of it, which is checked. Measurements inside of an item are that process's alone",
      usage: "cluster.map(list, function(item, i) ... end)",
      returns: "the list of what f returned",
      example: """
        experiment { data = data.population { singular = {1} }, depth = 3, width = 1, lr = 0.2 }
        local losses = cluster.map(linspace(0.05, 0.25, 3), function(l2)
          return train { steps = 50, l2 = l2 }.loss
        end)
        print(losses[1], losses[2], losses[3])
        """,
      seeAlso: ["measure_escape", "cluster.slurm"]),
    Entry(
      "cluster.slurm", .options(Program.clusterSlurm),
      "runs the script as an array of Slurm: submits its shards, watches them, runs lost ones again, "
        + "writes what one process would have written, and ends, as kramers --slurm does from the "
        + "command line; the same command goes on after an end of its own. In the shards it does "
        + "nothing. It must stand before the first output",
      options: [
        OptionEntry(
          "shards", .integer(.positive), standard: "required", "tasks of the array"),
        OptionEntry(
          "out", .text, standard: "the script's name and .parts", "the folder that they share"),
        OptionEntry(
          "time", .text, standard: "3 times an estimate",
          "of a task, as sbatch takes it: \"2:00:00\"; the estimate is made by some 5 s of one shard"
        ),
        OptionEntry("partition", .text, standard: "the cluster's", "where tasks run"),
        OptionEntry(
          "memory", .text, standard: "twice that of the estimate's shard",
          "of a task, as sbatch takes it: \"4G\""),
        OptionEntry(
          "cpus", .integer(.positive), standard: "1", "of a task; its shard has as many threads"),
      ],
      returns: "nothing",
      example: """
        -- Where there is a cluster: cluster.slurm { shards = 8, time = "2:00:00", memory = "4G" }
        local refused = not pcall(cluster.slurm, { shards = 0 })
        print(refused)
        """,
      seeAlso: ["cluster.map"]),
  ]
}
