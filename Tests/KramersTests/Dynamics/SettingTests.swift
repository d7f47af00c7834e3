import Testing

@testable import Kramers

@Suite("the register of settings")
struct SettingTests {
  @Test("has a row for every stored property")
  func complete() {
    #expect(Mirror(reflecting: Settings()).children.count == Setting.all.count)
  }

  /// Another value than the default, in range.
  static func other(_ setting: Setting) -> Setting.Value {
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
    case .vector: .vector([Double](repeating: 0.25, count: 14))
    }
  }

  @Test(
    "changing a setting changes the state hash and what the setting reads as, and nothing else",
    arguments: Setting.all.map(\.name))
  func hash(name: String) throws {
    let setting = try #require(Setting.named[name])
    let data = try Dataset.gaussian(singular: [1, 0.5], samples: 12, seed: 1)
    let network = try Network(widths: [2, 3, 2], bias: false)
    func hash(_ settings: Settings) throws -> UInt64 {
      var hash = StateHash()
      try Experiment(data: data, network: network, settings: settings).add(to: &hash)
      return hash.value
    }
    var settings = Settings()
    let value = Self.other(setting)
    if case .vector = value {
      settings[setting] = .vector([Double](repeating: 0.25, count: network.parameterCount))
    } else {
      settings[setting] = value
    }
    #expect(try hash(settings) != hash(Settings()))
    #expect(setting.record(of: settings) != setting.record(of: Settings()))
    for row in Setting.all where row.name != name { #expect(settings[row] == row.standard) }
  }

  @Test("noise off is what the rows of the role noise say")
  func quiet() {
    var settings = Settings()
    for setting in Setting.all { settings[setting] = Self.other(setting) }
    #expect(settings.isNoisy)
    let quiet = settings.noiseless
    #expect(!quiet.isNoisy && quiet.batch == .full)
    #expect(quiet.temperature == 0 && quiet.gradientNoise == 0 && quiet.labelNoise == 0)
    for setting in Setting.all where setting.role != .noise {
      #expect(quiet[setting] == settings[setting])
    }
  }
}
