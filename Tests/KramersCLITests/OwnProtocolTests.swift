import Foundation
import Testing

/// A folder that stands for the user's data directory.
private struct DataFolder: ~Copyable {
  let path = NSTemporaryDirectory() + "kramers-\(UUID().uuidString)"
  var protocols: String { path + "/kramers/protocols" }
  var environment: [String: String] { ["XDG_DATA_HOME": path] }

  init() throws {
    try FileManager.default.createDirectory(atPath: protocols, withIntermediateDirectories: true)
  }
  deinit { try? FileManager.default.removeItem(atPath: path) }

  func write(_ text: String, to name: String) throws {
    try text.write(toFile: protocols + "/" + name, atomically: true, encoding: .utf8)
  }

  func run(_ arguments: String...) throws -> Run {
    try RunningBinary([binary.path] + arguments, environment: environment).finish(timeout: 120)
  }
}

private let small =
  "experiment { data = data.population { singular = {1} }, depth = 3, width = 1, lr = 0.2 }\n"

private let count = "{ name = 'n', type = 'integer', required = true, help = 'a number' }"

/// A protocol's file around this body.
private func protocolText(_ body: String, options: String = "") -> String {
  """
  local kramers = ...
  local function body(x, options)
  \(body)
  end
  return {
    entry = { summary = "a test", returns = "what it likes", example = "print(1)",
      options = { \(options) } },
    body = body,
  }
  """
}

@Suite("protocols of the user's own") struct OwnProtocolTests {
  @Test("--new-protocol writes one that is a verb, passes its checks, and stands in help")
  func template() throws {
    let folder = try DataFolder()
    #expect(try folder.run("--new-protocol", "escape_scan").status == 0)
    #expect(try folder.run("-e", "shell.run('escape_scan')").status == 0)
    let check = try folder.run("-e", "emit(protocol.check('escape_scan'))").records.last
    #expect(check?["passes"] as? Bool == true, "\(check ?? [:])")
    #expect((check?["checks"] as? [Any])?.count ?? 0 >= 9)
    let help = try folder.run("-e", "help(escape_scan)").output
    #expect(help.contains("in 1...100000; default 64"))
    #expect(try folder.run("-e", "examples()").output.contains(":run escape_scan"))
    #expect(try folder.run("-e", "help()").output.contains("  escape_scan "))
    #expect(try folder.run("--reference").output == kramers("--reference").output)
  }

  @Test("--new-protocol refuses names that are taken or none, and writes over nothing")
  func names() throws {
    let folder = try DataFolder()
    for name in ["train", "print", "control", "a b", "1x", ""] {
      let run = try folder.run("--new-protocol", name)
      #expect(run.status == 64, "\(name): \(run.errors)")
    }
    #expect(try folder.run("--new-protocol", "mine").status == 0)
    let again = try folder.run("--new-protocol", "mine")
    #expect(again.status == 74 && again.errors.contains("is there already"))
  }

  @Test("its parts get its tools; a part that is not there, or no name, is an error")
  func parts() throws {
    let folder = try DataFolder()
    try FileManager.default.createDirectory(
      atPath: folder.protocols + "/parts", withIntermediateDirectories: true)
    try folder.write(
      "local kramers = ... return { twice = function(n) if n > 9 then kramers.refuse('too big') end "
        + "return 2 * n end }", to: "parts/numbers.lua")
    try folder.write(
      "local kramers = ...\nlocal numbers = kramers.part('numbers')\n"
        + protocolText("return { n = numbers.twice(options.n) }", options: count)
        .dropFirst("local kramers = ...\n".count), to: "double.lua")
    try folder.write("local kramers = ... kramers.part('../double')", to: "escapes.lua")
    try folder.write("local kramers = ... kramers.part('none')", to: "lacks.lua")
    let run = try folder.run("-e", small + "emit(double { n = 4 })")
    #expect(run.records.last?["n"] as? Int == 8, "\(run.errors)")
    #expect(run.errors.contains("escapes.lua: ") && run.errors.contains("got \"../double\""))
    #expect(run.errors.contains("parts/none.lua"))
    let refused = try folder.run("-e", small + "double { n = 10 }")
    #expect(refused.status == 1 && refused.errors.contains("double: too big"))
  }

  @Test("its options are checked, and its defaults filled in")
  func options() throws {
    let folder = try DataFolder()
    try folder.write(
      protocolText(
        "return { n = options.n, word = options.word }",
        options: """
          { name = "n", type = "integer", range = { 1, 9 }, default = 4, help = "a number" },
          { name = "word", type = "choice", choices = { "a", "b" }, default = "a", help = "a word" },
          """), to: "mine.lua")
    let run = try folder.run("-e", small + "emit(mine()) emit(current():mine{n = 2, word = 'b'})")
    #expect(run.records.dropFirst().map { $0["n"] as? Int } == [4, 2])
    #expect(run.records.dropFirst().map { $0["kind"] as? String } == ["mine", "mine"])
    for (call, words) in [
      ("mine{m = 1}", "mine: unknown option 'm'; did you mean 'n'?"),
      ("mine{n = 10}", "mine: n must be in 1...9, got 10"),
      ("mine{word = 'c'}", "mine: word must be one of \"a\", \"b\", got \"c\""),
    ] {
      let run = try folder.run("-e", small + call)
      #expect(run.status == 1 && run.errors.contains("(-e):2: \(words)"), "\(run.errors)")
    }
  }

  @Test("an error in it blames the caller's line and says where it was raised")
  func errors() throws {
    let folder = try DataFolder()
    try folder.write(protocolText("kramers.refuse('too %s', 'large')"), to: "refusing.lua")
    try folder.write(protocolText("local t = nil\nreturn t.x"), to: "broken.lua")
    try folder.write(protocolText("x:train{step = 5}"), to: "misusing.lua")
    for (name, words) in [
      ("refusing", "refusing: too large (in protocols/refusing.lua:3)"),
      ("broken", "attempt to index a nil value (local 't') (in protocols/broken.lua:4)"),
      ("misusing", "it is called 'steps' here (in protocols/misusing.lua:3)"),
    ] {
      let run = try folder.run("-e", small + "\n\(name)()")
      #expect(run.status == 1 && run.errors.contains("(-e):3: "), "\(run.errors)")
      #expect(run.errors.contains(words), "\(run.errors)")
    }
  }

  @Test("a file that is no protocol is one warning, with what is wrong")
  func faults() throws {
    for (text, words) in [
      ("local x = = 3", "unexpected symbol"),
      ("return 3", "the file must return"),
      ("return { entry = {}, body = print }", "entry: summary is missing"),
      (protocolText("").replacing("summary =", with: "sumary ="), "did you mean 'summary'?"),
      (protocolText("", options: "{ name = 'n' }"), "option 'n': type is missing"),
      (
        protocolText("", options: "{ name = 'n', type = 'intger', help = 'h' }"),
        "did you mean 'integer'?"
      ),
      (
        protocolText("", options: "{ name = 'n', type = 'number', range = 'big', help = 'h' }"),
        "range must be"
      ),
    ] {
      let folder = try DataFolder()
      try folder.write(text, to: "mine.lua")
      try folder.write(protocolText("return {}"), to: "good.lua")
      let run = try folder.run("-e", small + "print(good().kind)")
      #expect(run.status == 0 && run.output.hasSuffix("good\n"))
      #expect(run.errors.contains("mine.lua") && run.errors.contains(words), "\(run.errors)")
    }
    let folder = try DataFolder()
    try folder.write(protocolText("return {}"), to: "train.lua")
    #expect(try folder.run("-e", "print(1)").errors.contains("the name 'train' is taken"))
  }

  @Test("one that was interrupted shows what it kept, and what the outer of two kept")
  func kept() throws {
    let folder = try DataFolder()
    try folder.write(
      protocolText("kramers.keep { inner = true } x:train(1e12) return {}"), to: "inner.lua")
    try folder.write(
      protocolText("kramers.keep { outer = true } x:inner() return {}"), to: "outer.lua")
    for (name, field) in [("inner", "inner"), ("outer", "outer")] {
      let process = try RunningBinary(
        [binary.path, "-e", small + "print(0) \(name)()"], environment: folder.environment)
      Thread.sleep(forTimeInterval: 1)
      kill(process.pid, SIGINT)
      let run = try process.finish(timeout: 60)
      #expect(run.signal == SIGINT)
      #expect(run.records.last?[field] as? Bool == true, "\(run.output)")
    }
  }

  @Test("require finds modules beside the script")
  func modules() throws {
    let folder = try DataFolder()
    try folder.write("return { answer = 42 }", to: "mine_module.lua")
    try folder.write("print(require('mine_module').answer)", to: "script.lua")
    let run = try kramers(folder.protocols + "/script.lua")
    #expect(run.output == "42\n", "\(run.errors)")
  }
}
