import Foundation
import KramersStore
import Testing

/// Each of these runs is killed once, in the middle, and then finds other inputs than it began with.
@Suite("a run that is resumed with inputs that have changed")
struct ResumedInputTests {
  private let folder: SessionFolder

  init() throws { folder = try SessionFolder() }

  /// Kills the program where `die()` is called for the first time. A script finds its folder in
  /// arg[1].
  private static let preamble = """
    local folder = arg[1]
    local function die()
      if io.open(folder .. "/dead") then return end
      io.open(folder .. "/dead", "w"):close()
      session.save()
      os.execute("kill -9 $PPID")
    end

    """

  private func begin(_ body: String) throws -> (session: String, script: String) {
    let script = try folder.write(Self.preamble + body, to: "s.lua")
    let session = folder.path("s.kramers")
    let run = try folder.kramers("--session", session, script, folder.url.path)
    #expect(run.signal == SIGKILL, "\(run)")
    return (session, script)
  }

  private static let rows = (0..<40).map { "\($0 % 7),\($0 % 5),\(Double($0 % 11) / 8)" }

  private func writeTable(edited: Bool = false) throws {
    var rows = Self.rows
    if edited { rows[17] = "3,2,0.25" }
    _ = try folder.write("a,b,t\n" + rows.joined(separator: "\n") + "\n", to: "d.csv")
  }

  private static let train = """
    x = experiment { data = d, widths = {2, 3, 1}, activation = "tanh", lr = 0.1 }
    emit(train { steps = 30000 })
    die()
    emit(train { steps = 100 })
    """

  @Test("an edited CSV with as many rows stops it with 65 and its name; put back, it goes on")
  func csv() throws {
    try writeTable()
    let (session, script) = try begin(
      "local d = data.csv { path = folder .. '/d.csv', inputs = {1, 2}, targets = {3} }\n"
        + Self.train)
    try writeTable(edited: true)
    for _ in 0..<2 {
      let changed = try folder.kramers("--resume", session)
      #expect(changed.status == 65 && changed.output.isEmpty, "\(changed)")
      #expect(changed.errors.contains("d.csv") && changed.errors.contains("has changed"))
    }
    try writeTable()
    let resumed = try folder.kramers("--resume", session)
    let whole = try folder.kramers(script, folder.url.path)
    #expect(resumed.status == 0 && resumed.output == whole.output, "\(resumed)")
    // Verifying reads it again, and names the data.
    #expect(try folder.kramers("--verify", session).status == 0)
    try writeTable(edited: true)
    let verified = try folder.kramers("--verify", session)
    let record = try #require(verified.records.last)
    let data = try #require(record["changed_data"] as? [String])
    #expect(verified.status == 1 && data.count == 1 && data[0].contains("csv"), "\(verified)")
    let differences = try #require(record["differences"] as? [[String: Any]])
    #expect(differences.contains { $0["name"] as? String == "x.data" })
  }

  @Test("a script that catches the error stops all the same")
  func caught() throws {
    try writeTable()
    let (session, _) = try begin(
      """
      local ok, d = pcall(data.csv, { path = folder .. "/d.csv", inputs = {1, 2}, targets = {3} })
      if not ok then d = data.from { x = {{1, 2}}, y = {{1}} } end
      \(Self.train)
      """)
    try writeTable(edited: true)
    let changed = try folder.kramers("--resume", session)
    #expect(changed.status == 65 && changed.errors.contains("has changed"), "\(changed)")
  }

  @Test("so do npy, idx and safetensors files", arguments: ["npy", "idx", "safetensors"])
  func formats(format: String) throws {
    func write(_ value: UInt8) throws {
      let (x, y, name): ([UInt8], [UInt8], String)
      switch format {
      case "npy":
        func array(_ columns: Int, _ last: UInt8) -> [UInt8] {
          let text = "{'descr': '|u1', 'fortran_order': False, 'shape': (4, \(columns)), }"
          let header = text + String(repeating: " ", count: 117 - text.utf8.count) + "\n"
          return [0x93] + Array("NUMPY".utf8) + [1, 0, 118, 0] + Array(header.utf8)
            + (0..<UInt8(4 * columns - 1)) + [last]
        }
        (x, y, name) = (array(2, value), array(1, 2), "x")
      case "idx":
        x = [0, 0, 8, 3, 0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0, 2, 1, 2, 3, 4, 5, 6, 7, value]
        y = [0, 0, 8, 1, 0, 0, 0, 4, 0, 1, 0, 1]
        name = "x"
      default:
        (x, y, name) = ([], [], "")
        _ = try folder.kramers(
          "-e",
          """
          experiment { data = data.population { singular = {0.9} }, depth = 2, width = 1,
            seed = \(value) }
          export { path = "\(folder.path("w.safetensors"))" }
          """)
      }
      guard !name.isEmpty else { return }
      try Data(x).write(to: folder.url.appendingPathComponent("x"))
      try Data(y).write(to: folder.url.appendingPathComponent("y"))
    }
    try write(8)
    let reading =
      switch format {
      case "npy": "data.npy { x = folder .. '/x', y = folder .. '/y' }"
      case "idx": "data.idx { images = folder .. '/x', labels = folder .. '/y' }"
      default: "data.population { singular = {0.9} }"
      }
    let (session, _) = try begin(
      """
      local d = \(reading)
      x = experiment { data = d, depth = 2, width = 1, lr = 1e-3 }
      \(format == "safetensors" ? "import { path = folder .. '/w.safetensors' }" : "")
      emit(train { steps = 50000 })
      die()
      emit(train { steps = 100 })
      """)
    try write(9)
    let changed = try folder.kramers("--resume", session)
    #expect(changed.status == 65 && changed.output.isEmpty, "\(changed)")
    #expect(changed.errors.contains("has changed since the entry began"), "\(changed)")
    try write(8)
    #expect(try folder.kramers("--resume", session).status == 0)
  }

  @Test(
    "settings that the log must tell apart, read from a file that it does not know",
    arguments: [
      ("'double'", "'single'", "precision = v"), ("0.1", "0.100000000001", "l2 = v"),
      ("'gaussian'", "'orthogonal'", "init = v"), ("1", "2", "seed = v"),
    ])
  func settings(then: String, now: String, option: String) throws {
    _ = try folder.write("return " + then, to: "v.lua")
    let (session, _) = try begin(
      """
      local v = dofile(folder .. "/v.lua")
      x = experiment { data = data.population { singular = {0.9} }, depth = 3, width = 1,
        \(option) }
      emit(train { steps = 100000 })
      die()
      emit(train { steps = 100 })
      """)
    _ = try folder.write("return " + now, to: "v.lua")
    let changed = try folder.kramers("--resume", session)
    #expect(changed.status == 65 && changed.errors.contains("took another way"), "\(changed)")
    _ = try folder.write("return " + then, to: "v.lua")
    #expect(try folder.kramers("--resume", session).status == 0)
  }

  @Test("a script that ends before what it had done, and one that is edited")
  func script() throws {
    _ = try folder.write("return 2", to: "v.lua")
    let (session, script) = try begin(
      """
      x = experiment { data = data.population { singular = {0.9} }, depth = 3, width = 1 }
      for i = 1, dofile(folder .. "/v.lua") do train { steps = 100000 } end
      die()
      emit(measure())
      """)
    _ = try folder.write("return 1", to: "v.lua")
    let changed = try folder.kramers("--resume", session)
    #expect(changed.status == 65 && changed.errors.contains("took another way"), "\(changed)")
    _ = try folder.write("return 2", to: "v.lua")
    let whole = try folder.kramers(script, folder.url.path)
    _ = try folder.write("print('another script')", to: "s.lua")
    let resumed = try folder.kramers("--resume", session)
    #expect(resumed.status == 0 && resumed.output == whole.output)
    #expect(resumed.errors.contains("s.lua has changed"), "\(resumed.errors)")
  }

  @Test("a protocol of KRAMERS_LUA_PATH that is another stops it with 65 and its name")
  func protocols() throws {
    let source = try String(
      contentsOf: packageRoot.appendingPathComponent("stdlib-lua/hysteresis.lua"), encoding: .utf8)
    _ = try folder.write(source, to: "hysteresis.lua")
    let script = try folder.write(
      Self.preamble + """
        x = experiment { data = data.population { singular = {0.9} }, depth = 3, width = 1,
          lr = 0.02, l2 = 0.1 }
        emit(hysteresis { from = 0.1, to = 0.5, points = 5 })
        die()
        emit(measure())
        """, to: "s.lua")
    let session = folder.path("s.kramers")
    func run(_ arguments: [String]) throws -> Run {
      var environment = folder.environment
      environment["KRAMERS_LUA_PATH"] = folder.url.path
      return try RunningBinary([binary.path] + arguments, environment: environment).finish()
    }
    let killed = try run(["--session", session, script, folder.url.path])
    #expect(killed.signal == SIGKILL, "\(killed)")
    _ = try folder.write("-- another\n" + source, to: "hysteresis.lua")
    let changed = try run(["--resume", session])
    #expect(changed.status == 65 && changed.errors.contains("the protocol hysteresis has changed"))
    _ = try folder.write(source, to: "hysteresis.lua")
    let resumed = try run(["--resume", session])
    #expect(resumed.status == 0 && resumed.records.count == 3, "\(resumed)")
  }

  @Test("notes of an earlier kramers are not believed: the entry runs again, and that is said")
  func earlier() throws {
    let (session, script) = try begin(
      """
      x = experiment { data = data.population { singular = {0.9} }, depth = 3, width = 1 }
      emit(train { steps = 100000 })
      die()
      emit(measure())
      """)
    try {
      let file = try SessionFile(path: session)
      var contents = try file.contents()
      let calls = try #require(contents.interrupted?.calls)
      #expect(calls.count == 1)
      // As version 0.1.0 wrote them: the count of values first, of which the first is a result.
      contents.interrupted?.calls[0].content = [1] + Array(calls[0].content.dropFirst(8))
      try file.save(contents)
    }()
    let resumed = try folder.kramers("--resume", session)
    let whole = try folder.kramers(script, folder.url.path)
    #expect(resumed.status == 0 && resumed.output == whole.output, "\(resumed)")
    #expect(resumed.errors.contains("runs again from its start"), "\(resumed.errors)")
  }

  @Test("what another version or instruction set had computed is kept, and that is said")
  func otherProgram() throws {
    let (session, _) = try begin(
      """
      x = experiment { data = data.population { singular = {0.9} }, depth = 3, width = 1 }
      emit(train { steps = 100000 })
      die()
      emit(measure())
      """)
    try {
      let file = try SessionFile(path: session)
      var contents = try file.contents()
      contents.program = "0.0.7"
      try file.save(contents)
    }()
    let resumed = try folder.kramers("--resume", session)
    #expect(resumed.status == 0 && resumed.errors.contains("was computed by kramers 0.0.7"))
  }
}
