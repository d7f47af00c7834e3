import Kramers
import Testing

@testable import KramersBindings

/// Every setting as a user meets it.
@Suite("every setting, in every verb that takes settings")
struct SettingVerbsTests {
  private static let setup = """
    local d = data.gaussian { singular = {0.9, 0.8}, samples = 64, seed = 1 }
    local function make(o)
      o = o or {}
      o.data, o.depth, o.width = d, 3, 2
      return experiment(o)
    end

    """

  /// An optimiser under which the setting is read.
  private func optimizer(_ setting: Setting) -> String {
    let word = Optimizer.allCases.first(where: setting.isRead)?.rawValue ?? "sgd"
    return setting.name == "optimizer" ? "" : "optimizer = '\(word)', "
  }

  /// Values that are none of its own, as a script writes them.
  private func badValues(_ setting: Setting) -> [String] {
    switch setting.kind {
    case .number(let rule):
      ["-0.5", "0/0", "1/0", "-1/0", "'x'"] + (rule == .belowOne ? ["1", "1.5"] : [])
        + (rule == .positive ? ["0"] : [])
    case .flag: ["3", "'x'"]
    case .choice: ["'nothing'", "3"]
    case .batch: ["0", "-1", "1.5", "'x'"]
    case .vector: ["3", "'x'"]
    }
  }

  /// One that is.
  private func goodValue(_ setting: Setting) -> String {
    switch setting.kind {
    case .number: "0.125"
    case .flag: "false"
    case .choice: setting.words.last.map { "'\($0)'" } ?? ""
    case .batch: "7"
    case .vector: "make()"
    }
  }

  /// Every verb that takes it as the register has it, and `schedule`, which takes it as a programme.
  private func verbs(_ setting: Setting) -> [String] {
    catalog.all.filter { entry in
      entry.name == "schedule"
        || entry.role == .verb
          && entry.options.contains {
            $0.name == setting.name && $0.summary == setting.summary
          }
    }.map(\.name)
  }

  @Test(
    "a value out of range is refused by the same sentence in every verb",
    arguments: Setting.all.map(\.name))
  func refused(name: String) throws {
    let setting = try #require(Setting.named[name])
    let own = optimizer(setting)
    let verbs = verbs(setting)
    for verb in ["set", "train", "measure_escape", "arrhenius", "control", "schedule"] {
      #expect(verbs.contains(verb))
    }
    let bad = badValues(setting)
    let script = bad.flatMap { bad in
      ["make { \(own)\(name) = \(bad) }"]
        + verbs.map { "make { \(own)}:\($0) { \(name) = \(bad) }" }
    }.map { "print((select(2, pcall(function() \($0) end)):gsub('\\n', ' ')))" }
    let run = try kramers("-", input: Self.setup + script.joined(separator: "\n"))
    let sentences = run.output.split(separator: "\n").map { line in
      line.split(separator: ": ", maxSplits: 2).last.map(String.init) ?? ""
    }
    let size = verbs.count + 1
    #expect(sentences.count == size * bad.count, "\(run.output)\(run.errors)")
    for (k, value) in bad.enumerated() where sentences.count == size * bad.count {
      let own = Set(sentences[k * size..<(k + 1) * size])
      #expect(own.count == 1, "\(value): \(own)")
      #expect(own.first?.hasPrefix("\(name) must be ") == true, "\(value): \(own)")
    }
  }

  @Test(
    "a value in range is a field, stands in provenance, and is taken by train and schedule",
    arguments: Setting.all.map(\.name))
  func taken(name: String) throws {
    let setting = try #require(Setting.named[name])
    let good = goodValue(setting)
    let own = optimizer(setting)
    let run = try kramers(
      "-",
      input: Self.setup + """
        local x = make { \(own)\(name) = \(good) }
        print(tostring(x.\(name)))
        print(tostring(x:measure():provenance().settings.\(name)))
        local y = make { \(own)}
        y:train { steps = 1, \(name) = \(good) }
        print(tostring(y.\(name)))
        local z = make { \(own)}
        z:schedule { steps = 2, \(name) = \(good) }
        print(tostring(z.\(name)))
        """)
    let lines = run.output.split(separator: "\n").map(String.init)
    #expect(lines.count == 4 && run.status == 0, "\(run.errors)")
    guard lines.count == 4 else { return }
    if setting.kind == .vector {
      #expect(lines[1] != "nil")
      #expect(lines[0].hasPrefix("snapshot") && lines[2].hasPrefix("snapshot"))
    } else {
      #expect(Set(lines).count == 1, "\(lines)")
      #expect(good.contains(lines[0]), "\(lines)")
    }
  }

  @Test("help knows every setting in every verb that takes it")
  func help() {
    for verb in ["experiment", "set", "train", "measure_escape", "schedule"] {
      let names = catalog.entry(verb).options.map(\.name)
      for setting in Setting.all { #expect(names.contains(setting.name), "\(verb)") }
    }
  }
}
