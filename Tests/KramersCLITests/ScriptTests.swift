import Foundation
import Testing

@Suite struct ScriptTests {
  static let scripts: [String] =
    ((try? FileManager.default.contentsOfDirectory(
      atPath: packageRoot.appendingPathComponent("scripts").path)) ?? [])
    .filter { $0.hasSuffix(".lua") }.sorted()

  @Test("every script runs at small size, emits records and draws its figure", arguments: scripts)
  func small(name: String) throws {
    let folder = PictureFolder()
    let figure = folder.path + "/figure.svg"
    let run = try kramers("scripts/\(name)", "small", figure)
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.errors.isEmpty)
    #expect(run.records.count >= 2)
    let svg = try String(contentsOfFile: figure, encoding: .utf8)
    #expect(svg.contains("</svg>") && !svg.contains("nothing to draw"), "\(svg.prefix(2000))")
  }

  @Test("every script opens with question, quantity, theory, run time and output")
  func headers() throws {
    #expect(Self.scripts.count >= 3)
    for name in Self.scripts {
      let text = try String(
        contentsOf: packageRoot.appendingPathComponent("scripts/\(name)"), encoding: .utf8)
      for word in ["-- Question", "-- Quantity", "-- Theory", "-- Run time"] {
        #expect(text.contains(word), "\(name) lacks \(word)")
      }
    }
  }

  @Test("features of real digits collapse at their spinodals, within one grid step")
  func digits() throws {
    let run = try kramers("scripts/digits_phases.lua", "small")
    let record = try #require(run.records.last)
    let modes = try #require(record["modes"] as? [[String: Any]])
    #expect(modes.count == 3)
    for mode in modes { #expect(mode["within_one_step"] as? Bool == true, "\(mode)") }
  }

  @Test("KRAMERS_LUA_PATH replaces a protocol")
  func overridden() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let text = """
      return {
        entry = { summary = "mine", returns = "a word", example = "print(arrhenius())", plain = true },
        body = function() return "mine" end,
      }
      """
    try text.write(
      to: folder.appendingPathComponent("arrhenius.lua"), atomically: true, encoding: .utf8)
    let run = try kramers(
      "-e", "print(arrhenius())", environment: ["KRAMERS_LUA_PATH": folder.path])
    #expect(run.output == "mine\n")
  }

  @Test("a protocol's wrong option is blamed on the caller's line")
  func blame() throws {
    let code = """
      experiment{data = data.population{singular = {1}}, depth = 3, width = 1, init = "zero", l2 = .3}
      arrhenius{temperatures = {1e-3, 2e-3}, replcas = 5}
      """
    let run = try kramers("-", input: code)
    #expect(run.status == 1)
    #expect(
      run.errors.hasPrefix(
        "kramers: stdin:2: arrhenius: unknown option 'replcas'; did you mean 'replicas'?\n"))
  }
}
