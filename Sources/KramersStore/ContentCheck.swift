extension SessionContents {
  /// Whether what refers by index refers to what is there. Asked of a file that was read, and before
  /// one is written that nobody could read.
  func check() throws(Damage) {
    try state.check()
    for value in unsaved {
      guard let entry = value.entry, !journal.indices.contains(entry) else { continue }
      throw Damage(
        "unsaved '\(value.name.prefix(40))' comes from entry \(entry) of \(journal.count)")
    }
    guard let interrupted else { return }
    guard journal.indices.contains(interrupted.entry) else {
      throw Damage("entry \(interrupted.entry) of \(journal.count) was interrupted")
    }
    try interrupted.start.check()
    if let call = interrupted.calls.first(where: { $0.index < 0 }) {
      throw Damage("a call of \(call.verb.prefix(40)) is number \(call.index)")
    }
  }
}

extension SessionState {
  fileprivate func check() throws(Damage) {
    if let current { try checkExperiment(current, "the current experiment") }
    for case .states(_, let owner) in objects {
      try checkExperiment(owner, "the experiment of a result's states")
    }
  }

  private func checkExperiment(_ index: Int, _ what: String) throws(Damage) {
    guard objects.indices.contains(index), case .experiment = objects[index] else {
      throw Damage("\(what), object \(index) of \(objects.count), is not one")
    }
  }
}
