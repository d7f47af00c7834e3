import Kramers

/// The order in which a person reads the fields of a result: Lua tables have none.
enum FieldOrder {
  private static let names = [
    "kind", "summary", "verdict", "name", "stored", "replayed", "saved", "entries", "variables",
    "results", "last", "verb", "options", "law", "best", "simplest", "warning", "message", "rung",
    "holds", "evidence", "rungs", "open", "mode", "direction", "event", "transition", "phase",
    "singular", "rate", "excess", "count", "height", "temperature", "t_train", "t_test", "delay",
    "ratio", "ratio_low", "ratio_high", "difference", "difference_low", "difference_high",
    "log_rank", "log_rank_p", "horizon", "outcome", "state", "steps", "epochs",
    "step", "loss", "test_loss", "accuracy", "test_accuracy", "objective", "rank", "modes", "l2",
    "l2_trap", "certified", "order", "spinodal", "coexistence", "stability", "method",
    "replicas", "escapes", "censored", "diverged", "diverged_at", "stable_lr", "tau", "tau_low",
    "tau_high", "relative_error", "theory", "theory_error", "theory_error_lr", "theory_reason",
    "uncertainty", "index",
    "saddle_index", "median", "median_low", "median_high", "exponential_p", "lag", "residence",
    "tau_epochs", "tau_time",
    "barrier", "barrier_low", "barrier_high", "slope", "prefactor", "r2", "span", "threshold",
    "thermal_floor", "temperature_power", "observable", "observable_source", "note", "optimizer",
    "gradient_noise", "label_noise", "residual", "support_residual", "saddle", "gradient_norm",
    "hessian_min", "zero_modes",
    "negative_modes", "norm", "effective_rank", "balancedness", "lr", "batch",
    "depth", "widths", "seed", "replacement", "exposure", "steps_total", "seconds",
    "steps_per_second", "times", "escaped", "reason", "points",
  ]
  private static let rank = Dictionary(
    (names + Observable.fieldNames + Setting.all.map(\.name)).enumerated().map { ($1, $0) },
    uniquingKeysWith: min)

  /// Whether a field called `a` is read before one called `b`.
  static func precedes(_ a: String, _ b: String) -> Bool {
    let (first, second) = (rank[a] ?? names.count, rank[b] ?? names.count)
    return first != second ? first < second : precedesBytewise(a, b)
  }

  static func sorted(_ fields: [Record.Field]) -> [Record.Field] {
    if fields.count < 2 { return fields }
    let keyed = fields.map { (rank: rank[$0.name] ?? names.count, field: $0) }
    return keyed.sorted {
      $0.rank != $1.rank
        ? $0.rank < $1.rank : precedesBytewise($0.field.name, $1.field.name)
    }.map(\.field)
  }
}
