import Kramers
import Testing

@testable import KramersStore

@Suite("settings in a session file")
struct SettingColumnsTests {
  /// What a column of this kind of setting is.
  private func definition(_ name: String, _ setting: Setting) -> String {
    switch setting.kind {
    case .number: "  \(name) REAL NOT NULL,"
    case .flag: "  \(name) INTEGER NOT NULL,"
    case .choice: "  \(name) TEXT NOT NULL,"
    case .batch: "  \(name) INTEGER, -- NULL: all samples"
    case .vector: "  \(name) INTEGER, -- id of an array"
    }
  }

  @Test("the columns of version 1 are those of the register, in its order")
  func columns() throws {
    let sql = try #require(Schema.versionOne.first { $0.name == "experiment" }?.sql)
    let lines = sql.split(separator: "\n").map(String.init)
    let first = try #require(lines.firstIndex { $0.contains(" seed ") }) + 1
    let last = try #require(lines.firstIndex { $0.contains(" step ") })
    #expect(Array(lines[first..<last]) == Setting.columns.map { definition($0.name, $0.setting) })
  }

  /// Another value than the default.
  private func other(_ setting: Setting) -> Setting.Value {
    switch setting.standard {
    case .number(let x): .number(0.5 * x + 0.03125)
    case .flag(let flag): .flag(!flag)
    case .word(let word):
      if case .choice(let words) = setting.kind {
        .word(words.last { $0 != word } ?? word)
      } else {
        .word(word)
      }
    case .count: .count(5)
    case .vector: .vector((0..<12).map { Double($0) - 5.5 })
    }
  }

  @Test("every setting comes back, bit for bit, from a file", arguments: Setting.all.map(\.name))
  func comesBack(name: String) throws {
    let setting = try #require(Setting.named[name])
    var settings = Settings()
    settings[setting] = other(setting)
    #expect(settings[setting] != setting.standard)
    let experiment = try Experiment(
      data: Sample.gaussian(), network: Network(widths: [2, 3, 2], activation: .tanh),
      settings: settings, seed: 4)
    var contents = SessionContents()
    contents.state.objects = [.experiment(experiment)]
    let folder = try Folder()
    try SessionFile(path: folder.file()).save(contents)
    guard case .experiment(let read)? = try SessionFile.open(folder.file()).state.objects.first
    else {
      Issue.record("no experiment")
      return
    }
    #expect(read.settings == settings)
  }

  @Test("a setting of a later program is refused by name")
  func unknown() throws {
    var settings = Settings()
    #expect(throws: InputError.sentence("'beta9' is no setting that this program knows")) {
      try settings.restore(others: #"{"beta9": 0.5}"#)
    }
    // One with a column has one place only.
    #expect(throws: InputError.self) { try settings.restore(others: #"{"lr": 0.5}"#) }
    #expect(throws: InputError.self) { try settings.restore(others: #"{"beta2": "0.5"}"#) }
    #expect(throws: InputError.self) { try settings.restore(others: "{") }
    try settings.restore(others: #"{"beta2": 0.5}"#)
    #expect(settings.beta2 == 0.5)
  }
}
