import KramersBindings
import Testing

@Suite("limits of a run: it stops at a step boundary with status 75, and goes on")
struct LimitTests {
  private let folder: SessionFolder

  init() throws { folder = try SessionFolder() }

  private static let script = """
    x = experiment { data = data.gaussian { singular = {0.9, 0.5}, samples = 64, seed = 3 },
      depth = 3, width = 2, l2 = 0.05, lr = 0.05, batch = 8, temperature = 1e-4 }
    for stage = 1, 3 do
      emit(train { steps = 250000, every = 50000 })
      local sum = 0
      for i = 1, 2e6 do sum = sum + i end
      emit { stage = stage, sum = sum }
    end
    """

  @Test(
    "stopped by a limit again and again and resumed, the bytes are those of the unlimited run",
    arguments: [["--max-seconds", "0.4"], ["--max-steps", "4"]])
  func resumes(limit: [String]) throws {
    let path = try folder.write(Self.script, to: "s.lua")
    let whole = try folder.kramers(path)
    #expect(whole.status == 0 && whole.records.count == 7, "\(whole.errors)")
    let session = folder.path("s.kramers")
    var run = try folder.start(limit + ["--session", session, path]).finish()
    var stops = 0
    while run.status == 75, stops < 40 {
      stops += 1
      #expect(run.errors.contains("kramers: stopped by \(limit[0])"), "\(run.errors)")
      #expect(run.errors.contains("--resume \(session) goes on"), "\(run.errors)")
      // What Lua itself computes is computed again: twice the limit every other time.
      let more = [limit[0], "\((Double(limit[1]) ?? 1) * Double(stops + 1))"]
      run = try folder.start(more + ["--resume", session]).finish()
    }
    #expect(stops > 0)
    #expect(run.status == 0 && run.output == whole.output, "\(run.errors)")
  }

  @Test("limits that are not reached change no byte")
  func unreached() throws {
    let path = try folder.write(Self.script, to: "s.lua")
    let whole = try folder.kramers(path)
    let limited = try folder.kramers(
      "--max-seconds", "100", "--max-memory", "8G", "--max-steps", "1e3", path)
    #expect(limited.status == 0 && limited.output == whole.output, "\(limited.errors)")
  }

  @Test(
    "nothing in Lua catches the stop",
    arguments: [
      "while true do pcall(function() while true do end end) end",
      "while true do coroutine.wrap(function() pcall(error) for i = 1, 1e7 do end end)() end",
      "setmetatable({}, {__gc = function() while true do end end}) while true do local t = {} end",
      "while true do xpcall(error, function() while true do end end) end",
      "for i = 1, math.huge do local c <close> = setmetatable({}, {__close = function() end}) end",
    ])
  func uncatchable(code: String) throws {
    for limit in [["--max-seconds", "0.2"], ["--max-steps", "5"]] {
      let run = try folder.start(limit + ["-e", code]).finish(timeout: 20)
      #expect(run.status == 75, "\(limit): \(run.errors)")
      #expect(run.errors.contains("stopped by \(limit[0])"), "\(run.errors)")
    }
  }

  @Test("instructions are counted: the same place on every run")
  func counted() throws {
    let code = "local n = 0 while true do n = n + 1 if n % 1e5 == 0 then print(n) end end"
    let runs = try (0..<2).map { _ in try folder.kramers("--max-steps", "3", "-e", code) }
    #expect(runs[0].status == 75 && runs[0].output == runs[1].output)
    // Five instructions a turn and some more each hundred thousand.
    let last = Int(runs[0].output.split(separator: "\n").last ?? "") ?? 0
    #expect((300_000...1_000_000).contains(last), "\(last)")
  }

  @Test(
    "memory: what grows is stopped, one piece that is too large is not begun",
    arguments: [
      "local t = {} while true do t[#t + 1] = ('x'):rep(1e6) .. #t end",
      "local t = {} while true do pcall(function() t[#t + 1] = ('x'):rep(1e6) .. #t end) end",
      "local t = {} while true do t[#t + 1] = data.gaussian { singular = {1}, samples = 1e5 } end",
      "('x'):rep(1e9)",
    ])
  func memory(code: String) throws {
    let run = try folder.kramers("--max-memory", "200M", "-e", code, timeout: 60)
    #expect(run.status == 75, "\(run.errors)")
    #expect(run.errors.contains("stopped by --max-memory 200M"), "\(run.errors)")
  }

  @Test("data beyond the limit is a sentence with both sizes, and an error that can be caught")
  func data() throws {
    let code = "data.gaussian { singular = {1}, samples = 3e7 }"
    let run = try folder.kramers("--max-memory", "200M", "-e", code)
    #expect(run.status == 1)
    #expect(run.errors.contains("would take 0.4 GiB of memory, and the limit here is 0.2 GiB"))
    let caught = try folder.kramers(
      "--max-memory", "200M", "-e", "print(pcall(function() \(code) end))")
    #expect(caught.status == 0 && caught.output.hasPrefix("false"), "\(caught.errors)")
  }

  @Test(
    "output ends before the line that would pass its limit, and counts files and standard error")
  func output() throws {
    let run = try folder.kramers(
      "--max-output", "1k", "-e", "for i = 1, 1e6 do pcall(print, ('x'):rep(99)) end")
    #expect(run.status == 75 && run.errors.contains("stopped by --max-output 1K"), "\(run.errors)")
    #expect(run.output == String(repeating: String(repeating: "x", count: 99) + "\n", count: 10))
    let path = folder.path("m.json")
    let code = """
      experiment { data = data.population { singular = {1} }, depth = 3, width = 1 }
      log(('x'):rep(900)) measure():json('\(path)')
      """
    let both = try folder.kramers("--max-output", "1k", "-e", code)
    #expect(both.status == 75 && !folder.files.contains("m.json"), "\(both.errors)")
    #expect(try folder.kramers("--max-output", "2k", "-e", code).status == 0)
  }

  @Test("sizes are read as people write them, and limits that make no sense are refused")
  func options() throws {
    for (words, bytes) in [
      ("64M", 1 << 26), ("2G", 1 << 31), ("1.5GiB", 3 << 29), ("100kb", 102_400), ("7", 7),
    ] {
      #expect(MemorySize(words: words)?.bytes == bytes)
    }
    for words in ["", "M", "-1M", "1X", "nan", "1e3M", "9999999T", "1 M"] {
      #expect(MemorySize(words: words) == nil, "\(words)")
    }
    for arguments in [
      ["--max-seconds", "0"], ["--max-seconds", "nan"], ["--max-steps", "-1"],
      ["--max-steps", "inf"], ["--max-memory", "1M"], ["--max-memory", "lots"],
    ] {
      let run = try folder.start(arguments + ["-e", "print(1)"]).finish()
      #expect(run.status == 64 && run.errors.contains(arguments[0]), "\(run.errors)")
    }
    #expect(try folder.start(["--max-seconds", "1", "--sessions"]).finish().status == 64)
  }
}
