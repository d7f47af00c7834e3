/// A setting of the dynamics: all that the program knows of it in one place. From the rows of
/// `Setting.all` come range checks, options of verbs, fields of experiments, the state hash,
/// provenance, conditions of results, columns of session files and "all noise off".
public struct Setting: Sendable {
  /// What a setting is for.
  public enum Role: Sendable {
    case dynamics
    /// A source of noise, which its default switches off.
    case noise
    /// How numbers are computed: a rounding error apart, nothing depends on it.
    case bookkeeping
  }

  /// What values it takes.
  public enum Kind: Sendable, Equatable {
    case number(NumberRule)
    case flag
    /// Words as `Value.word` has them.
    case choice([String])
    /// `"full"` or a number of samples.
    case batch
    /// As many numbers as the network has parameters, or none.
    case vector
  }

  public enum Value: Sendable, Equatable {
    case number(Double)
    case flag(Bool)
    case word(String)
    /// Samples; nil is all of them.
    case count(Int?)
    case vector([Double]?)
  }

  /// As scripts write it.
  public let name: String
  public let kind: Kind
  public let unit: String
  public let role: Role
  /// Whether only optimisers that name it in `OptimizerRule.reads` use it.
  public let isOptimizers: Bool
  /// The column of its own that it has in session files of version 1.
  public let column: String?
  /// Other words that scripts use for words of a choice.
  public let aliases: [String: String]
  public let summary: String
  fileprivate let read: @Sendable (Settings) -> Value
  fileprivate let write: @Sendable (inout Settings, Value) -> Void

  public var standard: Value { read(Settings()) }

  /// The row with this name.
  public static let named = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })

  /// The words of a choice as scripts write them.
  public var words: [String] {
    guard case .choice(let words) = kind else { return [] }
    return words.map(shown)
  }

  /// A word as scripts write it.
  private func shown(_ word: String) -> String {
    aliases.first { $0.value == word }?.key ?? word
  }

  /// The value as scripts read it; nil for no vector. A vector is told by its hash.
  public func record(of settings: Settings) -> Record? {
    switch settings[self] {
    case .number(let x): .number(x)
    case .flag(let flag): .boolean(flag)
    case .word(let word):
      switch shown(word) {
      case "true": .boolean(true)
      case "false": .boolean(false)
      case let word: .text(word)
      }
    case .count(let count): count.map { .integer($0) } ?? .text("full")
    case .vector(let vector): vector.map { .text(String(StateHash.of($0), radix: 16)) }
    }
  }

  /// Refuses a value that is out of range.
  public func check(_ value: Value) throws(InputError) {
    switch (kind, value) {
    case (.number(let rule), .number(let x)): try rule.check(name, x)
    case (.batch, .count(let count)):
      if let count, count < 1 { throw .rule(name, Setting.batchRule, count) }
    default: break
    }
  }

  public static let batchRule = "\"full\" or a number of samples"

  public func isRead(by optimizer: Optimizer) -> Bool {
    !isOptimizers || optimizer.reads.contains(name)
  }

}

extension Settings {
  /// A setting's value, in range or not: experiments check all of them.
  public subscript(setting: Setting) -> Setting.Value {
    get { setting.read(self) }
    set { setting.write(&self, newValue) }
  }

  /// Gives a setting a value. Where several change, the optimiser comes first: it decides which
  /// others there are.
  ///
  /// - Throws: `InputError` for a value out of range, or a setting that the optimiser does not read.
  public mutating func set(_ setting: Setting, _ value: Setting.Value) throws(InputError) {
    try setting.check(value)
    guard setting.isRead(by: optimizer) else {
      let readers = Optimizer.allCases.filter(setting.isRead).map { "\"\($0.rawValue)\"" }
      throw .sentence(
        "\(setting.name) is used by optimizer \(joined(readers)), not by \"\(optimizer.rawValue)\"")
    }
    self[setting] = value
  }

  /// The settings with every source of noise switched off: full batch, no temperature.
  public var noiseless: Settings {
    var settings = self
    for setting in Setting.all where setting.role == .noise {
      settings[setting] = setting.standard
    }
    return settings
  }

  public var isNoisy: Bool { self != noiseless }
}

/// "a, b and c".
func joined(_ words: [String]) -> String {
  words.count < 2
    ? words.first ?? ""
    : words.dropLast().joined(separator: ", ") + " and " + words[words.count - 1]
}

extension Setting {
  typealias Path<Property> = any WritableKeyPath<Settings, Property> & Sendable

  static func number(
    _ name: String, _ path: Path<Double>, _ rule: NumberRule,
    unit: String = "", role: Role = .dynamics, isOptimizers: Bool = false, column: String? = nil,
    _ summary: String
  ) -> Setting {
    Setting(
      name: name, kind: .number(rule), unit: unit, role: role, isOptimizers: isOptimizers,
      column: column, aliases: [:], summary: summary, read: { .number($0[keyPath: path]) },
      write: { if case .number(let x) = $1 { $0[keyPath: path] = x } })
  }

  static func flag(
    _ name: String, _ path: Path<Bool>, column: String? = nil,
    _ summary: String
  ) -> Setting {
    Setting(
      name: name, kind: .flag, unit: "", role: .dynamics, isOptimizers: false, column: column,
      aliases: [:], summary: summary, read: { .flag($0[keyPath: path]) },
      write: { if case .flag(let flag) = $1 { $0[keyPath: path] = flag } })
  }

  static func choice<Word: RawRepresentable<String> & CaseIterable & SendableMetatype>(
    _ name: String, _ path: Path<Word>, role: Role = .dynamics,
    column: String? = nil, aliases: [String: String] = [:], _ summary: String
  ) -> Setting {
    Setting(
      name: name, kind: .choice(Word.allCases.map(\.rawValue)), unit: "", role: role,
      isOptimizers: false, column: column, aliases: aliases, summary: summary,
      read: { .word($0[keyPath: path].rawValue) },
      write: {
        if case .word(let text) = $1, let word = Word(rawValue: text) { $0[keyPath: path] = word }
      })
  }

  static func batch(
    _ name: String, _ path: Path<BatchSize>, column: String? = nil,
    _ summary: String
  ) -> Setting {
    Setting(
      name: name, kind: .batch, unit: "samples", role: .noise, isOptimizers: false, column: column,
      aliases: [:], summary: summary, read: { .count($0[keyPath: path].count) },
      write: {
        if case .count(let count) = $1 { $0[keyPath: path] = count.map { .size($0) } ?? .full }
      })
  }

  static func vector(
    _ name: String, _ path: Path<[Double]?>, column: String? = nil,
    _ summary: String
  ) -> Setting {
    Setting(
      name: name, kind: .vector, unit: "", role: .dynamics, isOptimizers: false, column: column,
      aliases: [:], summary: summary, read: { .vector($0[keyPath: path]) },
      write: { if case .vector(let vector) = $1 { $0[keyPath: path] = vector } })
  }
}
