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
      seeAlso: ["measure_escape"])
  ]
}
