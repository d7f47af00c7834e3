import Synchronization
import Testing

@testable import Kramers

private typealias Figures = ContinuationFigures

@Suite struct ContinuationTests {
  private func options(_ change: (inout ContinuationOptions) -> Void) -> ContinuationOptions {
    var options = ContinuationOptions()
    change(&options)
    return options
  }

  @Test(
    "X1: the fold, and beyond it the saddle of index 1, are those of the independent computation")
  func chain() throws {
    let r = try Figures.chain().continuation(
      options { $0.l2 = [0.05, 0.1, 0.193384, 0.3, 0.5] })
    #expect(r.points.allSatisfy { $0.residual < 1e-12 })
    #expect(r.folds.count == 1 && r.branchPoints.isEmpty)
    #expect(abs(r.points[0].objective - Figures.chainLearned.objective) < 1e-11)
    let fold = try #require(r.folds.first)
    #expect(abs(fold.l2 - Figures.chainFold.l2) < 1e-9, "\(fold.l2)")
    #expect(abs(fold.objective - Figures.chainFold.objective) < 1e-9)
    #expect(fold.indexBefore == 0 && fold.indexAfter == 1 && fold.overlap > 0.1)
    let saddles = r.points.filter { r.branches[$0.branch - 1].born == "fold" && $0.index == 1 }
    for figure in Figures.chainSaddles {
      let point = try #require(saddles.first { $0.l2 == figure.l2 })
      #expect(abs(point.objective - figure.objective) < 1e-11)
      #expect(abs(point.measurement.norm - figure.norm) < 1e-9)
    }
    let last = try #require(saddles.min { $0.l2 < $1.l2 })
    #expect(last.l2 == 0.02 && last.measurement.norm < 0.03)
    // The collapse leads to zero weights.
    #expect(r.transitions.count == 1 && r.transitions[0].order == 1)
    let after = try #require(r.transitions[0].after)
    #expect(r.branches[after - 1].born == "collapse")
    #expect(r.points.filter { $0.branch == after }.allSatisfy { $0.measurement.norm < 1e-12 })
  }

  @Test(
    "X2: branch point, collapse, fold, fold, by elimination and by products alone",
    arguments: [300, 0])
  func square(denseLimit: Int) throws {
    let r = try Figures.square(hidden: 2).continuation(
      options {
        $0.denseLimit = denseLimit
        $0.branches = 6
      })
    #expect(abs(r.points[0].objective - Figures.squareLearned.objective) < 1e-11)
    let point = try #require(r.branchPoints.first { $0.branch == 1 })
    #expect(abs(point.l2 - Figures.squareBranchPoint.l2) < 1e-8, "\(point.l2)")
    #expect(abs(point.objective - Figures.squareBranchPoint.objective) < 1e-8)
    #expect(point.overlap < 1e-6 && point.shape == "pitchfork")
    #expect(point.indexBefore == 0 && point.indexAfter == 1)
    let fold = try #require(r.folds.first { $0.branch == 1 })
    #expect(abs(fold.l2 - Figures.squareFold.l2) < 1e-9, "\(fold.l2)")
    #expect(abs(fold.objective - Figures.squareFold.objective) < 1e-9)
    #expect(fold.indexBefore == 1 && fold.indexAfter == 2 && fold.overlap > 0.1)
    // Training leaves the branch at the branch point, not at the fold.
    let first = try #require(r.transitions.first)
    #expect(first.kind == .branchPoint && first.order == 1 && first.mode == 2)
    let second = try #require(r.transitions.dropFirst().first)
    #expect(second.kind == .fold && second.mode == 1 && second.before == first.after)
    #expect(abs(second.spinodal - Figures.squareSecondFold.l2) < 1e-9, "\(second.spinodal)")
    let collapsed = try #require(first.state)
    #expect(try collapsed.measure().gradientNorm < 1e-11)
    // A little further on the fallen branch than the figure: dE/db = |theta|^2/2.
    let ahead = collapsed.settings.l2 - Figures.squareCollapsed.l2
    let size = try collapsed.measure().norm
    let slope = 0.5 * size * size
    #expect(
      abs(try collapsed.measure().objective - slope * ahead - Figures.squareCollapsed.objective)
        < 1e-5)
    // Its saddles are those of the subcritical pitchfork.
    #expect(first.barriers.count > 3 && first.barriers.allSatisfy { $0.height >= -1e-9 })
  }

  @Test("X2 with three units: a fold first, then the fold of the strongest feature")
  func wide() throws {
    let r = try Figures.square(hidden: 3).continuation(options { $0.branches = 4 })
    #expect(abs(r.points[0].objective - Figures.wideLearned.objective) < 1e-10)
    let spinodals = r.transitions.prefix(2).map(\.spinodal)
    #expect(spinodals.count == 2 && r.transitions.prefix(2).allSatisfy { $0.kind == .fold })
    for (value, figure) in zip(spinodals, [Figures.wideFold, Figures.wideSecondFold]) {
      #expect(abs(value - figure.l2) < 1e-9, "\(value)")
    }
    #expect(abs(r.folds[0].objective - Figures.wideFold.objective) < 1e-9)
  }

  /// Nearer beyond a branch point the growth of the floor takes longer than a point may.
  @Test("a quasi-static sweep collapses where continuation says", arguments: [2, 3])
  func sweeps(hidden: Int) throws {
    var experiment = try Figures.square(hidden: hidden)
    let followed = try experiment.continuation(options { $0.branches = 4 }).transitions
    let spinodal = try #require(followed.first).spinodal
    var training = TrainingOptions(steps: 200_000)
    training.untilConverged = 1e-8
    _ = try experiment.train(training)
    var sweep = SweepOptions(l2: [0.1, 0.15, 0.165, spinodal - 2e-4, spinodal + 1e-3])
    sweep.floor = 1e-5
    let points = try experiment.sweep(sweep).points
    let strengths = points.map { $0.measurement.modes[1] }
    #expect(strengths[3] > 0.08, "\(strengths)")
    #expect(strengths[4] < 1e-3, "\(strengths)")
  }

  /// Non-commuting second moments, three modes; zero modes of all rotations of three hidden units.
  @Test(
    "linear networks: the spinodals and coexistences of theory, to 1e-8",
    arguments: [2, 3, 4], [1, 2, 3])
  func linear(depth: Int, seed: UInt64) throws {
    var settings = Settings()
    settings.l2 = 0.02
    let data = try Dataset.teacher(
      singular: [1, 0.7, 0.4], samples: 200, inputSpectrum: [1.3, 0.8, 0.5], seed: seed)
    var experiment = try Experiment(
      data: data, network: Network(widths: [3] + Array(repeating: 3, count: depth)),
      settings: settings)
    let theory = try experiment.phases().rows.map(\.theory)
    #expect(try !experiment.phaseTheory().commutes)
    try experiment.setParameters(
      learnedState(data.moments, network: experiment.network, rank: 3, l2: 0.02).parameters)
    // Turned, so that no zero weight helps.
    let turned = try experiment.turned(seed: seed)
    let zero = try turned.hessian(dense()).zeroModes
    #expect(zero == experiment.network.predictedZeroModes(rank: 3))
    let found = try turned.continuation(ContinuationOptions()).transitions
    #expect(found.count == 3)
    for (transition, mode) in zip(found, theory.reversed()) {
      let (spinodal, coexistence) = (try #require(mode.spinodal), try #require(mode.coexistence))
      #expect(abs(transition.spinodal - spinodal) < 1e-8, "\(transition.spinodal), not \(spinodal)")
      let crossing = try #require(transition.coexistence)
      #expect(abs(crossing - coexistence) < 1e-8, "\(crossing), not \(coexistence)")
      #expect(transition.mode == mode.mode && transition.order == mode.order)
      #expect(transition.kind == (depth == 2 ? .branchPoint : .fold))
    }
  }

  private func dense() -> HessianRequest {
    var request = HessianRequest()
    request.isDense = true
    return request
  }

  @Test("the barriers along the saddle branch of a linear network are those of theory")
  func barriers() throws {
    var settings = Settings()
    settings.l2 = 0.2
    let data = try Dataset.population(singular: [1])
    var experiment = try Experiment(
      data: data, network: Network(widths: [1, 2, 2, 1]), settings: settings)
    try experiment.setParameters(
      learnedState(data.moments, network: experiment.network, rank: 1, l2: 0.2).parameters)
    let transition = try #require(
      try experiment.continuation(ContinuationOptions()).transitions.first)
    #expect(transition.barriers.count > 5)
    let mode = SingleMode(singular: 1, depth: 3)
    for (l2, height) in transition.barriers.dropFirst() {
      let exact = try #require(mode.barrierFromLearned(l2: l2))
      #expect(abs(height - exact) < 1e-10, "\(height), not \(exact), at l2 = \(l2)")
    }
  }

  @Test("kinks are refused by name, and so is l2 = 0")
  func refusals() throws {
    let data = try Dataset.from(x: [[1], [2]], y: [[1], [2]])
    var settings = Settings()
    settings.l2 = 0.1
    let kinked = try Experiment(
      data: data, network: Network(widths: [1, 2, 1], activation: .relu), settings: settings)
    let words = #expect(throws: InputError.self) {
      try kinked.continuation(ContinuationOptions())
    }?.description
    #expect(words?.contains("'relu' has kinks") == true, "\(words ?? "")")
    #expect(words?.contains("tanh, sigmoid, gelu, quadratic or softplus") == true, "\(words ?? "")")
    let flat = try Experiment(data: data, network: Network(widths: [1, 2, 1], activation: .tanh))
    #expect(throws: InputError.self) { try flat.continuation(ContinuationOptions()) }
    for change: (inout ContinuationOptions) -> Void in [
      { $0.to = 0.02 }, { $0.to = -1 }, { $0.step = 0 }, { $0.maxPoints = 1 }, { $0.branches = 0 },
    ] {
      #expect(throws: InputError.self) { try Figures.chain().continuation(options(change)) }
    }
  }

  @Test("stopped anywhere and resumed from bytes, the result has the same bits")
  func resumes() throws {
    let experiment = try Figures.square(hidden: 2)
    let whole = try experiment.continuation(options { $0.branches = 5 })
    for polls in [1, 6] {
      var progress: ContinuationProgress?
      var parts = 0
      while true {
        parts += 1
        // A slide that is stopped begins anew: each part may do more than the one before.
        let left = Atomic<Int>(polls * parts)
        let monitor = RunMonitor { left.subtract(1, ordering: .relaxed).newValue < 0 }
        let part = try experiment.continuation(
          options { $0.branches = 5 }, monitor: monitor, resuming: progress)
        guard part.isInterrupted else {
          #expect(part.points.map(\.l2) == whole.points.map(\.l2))
          #expect(part.points.map(\.objective) == whole.points.map(\.objective))
          #expect(part.transitions.map(\.coexistence) == whole.transitions.map(\.coexistence))
          break
        }
        var writer = ByteWriter()
        writer.write(try #require(part.progress))
        var reader = ByteReader(writer.bytes)
        let read: ContinuationProgress = try reader.value()
        #expect(read == part.progress)
        progress = read
      }
      #expect(parts > 3, "\(parts) parts at \(polls) polls")
    }
  }
}

extension Experiment {
  /// The same state with its hidden layers turned at random.
  fileprivate func turned(seed: UInt64) throws -> Experiment {
    let random = RandomStream(seed: seed, purpose: .statistics)
    var turns = [Matrix.identity(network.inputs)]
    for (l, width) in network.hiddenWidths.enumerated() {
      turns.append(Matrix.haarOrthogonal(width, random, step: UInt64(l)))
    }
    turns.append(Matrix.identity(network.outputs))
    var copy = self
    try copy.setParameters(
      network.parameters(
        from: (0..<network.depth).map {
          turns[$0 + 1] * network.weights($0, of: state.parameters) * turns[$0].transposed
        }))
    return copy
  }
}
