package import Kramers

/// What an option may be.
package enum OptionKind: Sendable, Equatable {
  case number(Rule)
  case integer(Rule)
  case flag
  case choice([String])
  /// The name of an observable, or a function of the experiment.
  case observable
  case text
  /// A list of numbers, or of integers, each obeying the rule.
  case numbers(Rule)
  case integers(Rule)
  /// Rows of numbers, all of one length.
  case rows
  case data
  case snapshot
  case snapshots
  /// `"full"` or a number of samples.
  case batch
  case function
  /// A column by name or number, or a list of them.
  case columns
  /// A list of texts.
  case names
  /// A table that the protocol itself reads.
  case table
  /// A number of things, or a list that names each.
  case countOrList
  /// A setting as a function of the step: a value, a table of knots or a pulse, or a function.
  case programme
  /// `"column"`, `"page"` or width and height in inches.
  case size

  package typealias Rule = NumberRule

  /// One of the words of an enumeration.
  static func choice<Word: CaseIterable & RawRepresentable<String>>(of _: Word.Type) -> OptionKind {
    .choice(Word.allCases.map(\.rawValue))
  }

  /// The words that it may be; empty where it is no choice.
  package var choices: [String] {
    switch self {
    case .choice(let names): names
    case .observable: Observable.all.map(\.name)
    default: []
    }
  }

  /// The type as help and errors name it.
  package var words: String {
    switch self {
    case .number: "a number"
    case .integer: "an integer"
    case .flag: "true or false"
    case .choice(let names): "one of " + names.map { "\"\($0)\"" }.joined(separator: ", ")
    case .observable: "a name, or a function of the experiment"
    case .text: "a string"
    case .numbers: "a list of numbers"
    case .integers: "a list of integers"
    case .rows: "a list of rows of numbers"
    case .data: "a data set"
    case .snapshot: "a snapshot or an experiment"
    case .snapshots: "a list of snapshots"
    case .batch: Setting.batchRule
    case .function: "a function"
    case .columns: "a column name or number, or a list of them"
    case .names: "a list of names"
    case .table: "a table"
    case .countOrList: "a positive integer or a list of integers"
    case .programme: "a value, a list of {step, value}, a pulse, or a function of the step"
    case .size: "\"column\", \"page\" or {width, height} in inches, 1 to 40"
    }
  }
}

/// One option of a verb: name, what it may be, unit, default, meaning.
package struct OptionEntry: Sendable {
  package let name: String
  package let kind: OptionKind
  package let unit: String
  /// The default as the user would write it, or a few words; `"required"` where there is none.
  package let standard: String
  package let summary: String
  /// What a protocol gets where the option is not given.
  let filling: Record?
  /// Of numbers, beside the kind's own rule.
  let limits: ClosedRange<Double>?

  var isRequired: Bool { standard == "required" }

  init(
    _ name: String, _ kind: OptionKind, unit: String = "", standard: String = "",
    _ summary: String, filling: Record? = nil, limits: ClosedRange<Double>? = nil
  ) {
    self.name = name
    self.kind = kind
    self.unit = unit
    self.standard = standard
    self.summary = summary
    self.filling = filling
    self.limits = limits
  }

  /// The rule of a number in words; nil where any number will do.
  var rule: String? {
    if let limits {
      return "in \(plainNumber(limits.lowerBound))...\(plainNumber(limits.upperBound))"
    }
    switch kind {
    case .number(let rule), .integer(let rule), .numbers(let rule), .integers(let rule):
      return rule == .any ? nil : rule.rawValue
    default: return nil
    }
  }
}

/// One public name. The catalogue of these feeds help, the unknown-option errors, completion and
/// the tests that run every example.
package struct Entry: Sendable {
  /// How the name is called.
  package enum Role: Sendable, Equatable {
    /// A global function, also a method of experiments: `train{...}` and `x:train{...}`.
    case verb
    /// A function or a function in a table: `print`, `data.gaussian`.
    case function
    /// A method of data sets, experiments or results: `d:subsample{...}`.
    case method
  }

  package let name: String
  let body: Body
  package let summary: String
  package var role: Role {
    if name.contains(":") { return .method }
    switch body {
    case .verb, .protocolVerb: return .verb
    default: return .function
    }
  }
  /// Whether it leaves the experiment as it is: an observer may call it.
  let looks: Bool
  /// Option that a lone positional argument stands for: `train(100)` means `steps = 100`.
  package let positional: String?
  package let options: [OptionEntry]
  /// How it is called, where that is not a table of options: `linspace(a, b, n)`.
  package let usage: String?
  /// How the shell's command of this name is written: `:time [on|off]`; the words after it are the
  /// function's arguments.
  package let command: String?
  package let returns: String
  /// What the result of its kind shows first.
  package let answer: Answer?
  package let example: String
  package let seeAlso: [String]

  init(
    _ name: String, _ body: Body, _ summary: String, positional: String? = nil,
    options: [OptionEntry] = [], usage: String? = nil, command: String? = nil, looks: Bool = false,
    returns: String, answer: Answer? = nil, example: String, seeAlso: [String] = []
  ) {
    self.name = name
    self.body = body
    self.summary = summary
    self.positional = positional
    self.options = options
    self.usage = usage
    self.command = command
    self.looks = looks
    self.returns = returns
    self.answer = answer
    self.example = example
    self.seeAlso = seeAlso
  }
}
