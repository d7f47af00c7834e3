/// The first five minutes, as entries that the user runs one by one.
package enum Tour {
  package struct Step: Sendable {
    package let words: String
    package let code: String
  }

  package static let steps: [Step] = [
    Step(
      words: "A linear network that learns two features; theory knows every threshold.",
      code: """
        experiment { data = data.population { singular = {0.9, 0.8} }, depth = 3, width = 2, lr = 0.2 }
        """),
    Step(
      words: "Above its spinodal a learned feature cannot be held; below coexistence zero is only "
        + "metastable.",
      code: "phases()"),
    Step(
      words: "Hold feature 2 in its zero phase on purpose, then lower L2 far below both: a trap.",
      code: "trap { rank = 1, release = 0.1 }"),
    Step(
      words: "How long does noise take to carry it out? 64 replicas; theory stands beside.",
      code: "esc = measure_escape { temperature = 3e-4, replicas = 64 }"),
    Step(
      words: "Values print themselves; so do fields. Try esc.<Tab> too.",
      code: "esc.tau, esc.tau_low, esc.tau_high, esc.theory"),
    Step(
      words: "Colder takes longer. Press Ctrl-C in the middle: the partial result is in _.",
      code: "measure_escape { temperature = 1.2e-4, replicas = 256 }"),
    Step(
      words: "It goes on where it was, or says that nothing was interrupted.", code: "resume()"),
    Step(
      words: "Every name explains itself: ?trap, ??noise, examples(), and Tab inside the braces.",
      code: "?measure_escape"),
  ]

  static var text: String {
    steps.map { "-- \($0.words)\n\($0.code)" }.joined(separator: "\n\n")
  }
}
