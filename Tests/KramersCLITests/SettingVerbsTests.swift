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

  /// A value out of range, and one in it, as a script writes them.
  private func values(_ setting: Setting) -> (bad: String, good: String) {
    switch setting.kind {
    case .number: ("-0.5", "0.125")
    case .flag: ("3", "false")
    case .choice: ("'nothing'", setting.words.last.map { "'\($0)'" } ?? "")
    case .batch: ("0", "7")
    case .vector: ("3", "make()")
    }
  }

  @Test(
    "a value out of range is refused by the same sentence", arguments: Setting.all.map(\.name))
  func refused(name: String) throws {
    let setting = try #require(Setting.named[name])
    let bad = values(setting).bad
    let own = optimizer(setting)
    let calls = [
      "make { \(own)\(name) = \(bad) }",
      "make { \(own)}:set { \(name) = \(bad) }",
      "make { \(own)}:train { steps = 1, \(name) = \(bad) }",
      "make { \(own)}:measure_escape { \(name) = \(bad) }",
      "make { \(own)}:schedule { steps = 2, \(name) = \(bad) }",
    ]
    let script = calls.map { "print(select(2, pcall(function() \($0) end)))" }
    let run = try kramers("-", input: Self.setup + script.joined(separator: "\n"))
    let sentences = run.output.split(separator: "\n").map { line in
      line.split(separator: ": ", maxSplits: 2).last.map(String.init) ?? ""
    }
    #expect(sentences.count == 5 && Set(sentences).count == 1, "\(run.output)\(run.errors)")
    #expect(sentences.first?.hasPrefix("\(name) must be ") == true, "\(sentences)")
  }

  @Test(
    "a value in range is a field, stands in provenance, and is taken by train and schedule",
    arguments: Setting.all.map(\.name))
  func taken(name: String) throws {
    let setting = try #require(Setting.named[name])
    let good = values(setting).good
    let own = optimizer(setting)
    let run = try kramers(
      "-",
      input: Self.setup + """
        local x = make { \(own)\(name) = \(good) }
        print(tostring(x.\(name)))
        print(tostring(x:measure():provenance().settings.\(name)) == tostring(x.\(name))
          or x:measure():provenance().settings.\(name) ~= nil)
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
    #expect(lines[1] == "true")
    if setting.kind == .vector {
      #expect(lines[0].hasPrefix("snapshot") && lines[2].hasPrefix("snapshot"))
    } else {
      #expect(lines[0] == lines[2] && lines[0] == lines[3])
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
