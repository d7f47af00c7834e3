import Foundation
import Testing

@Suite("a stranger's script in a sandbox")
struct SandboxTests {
  private let folder: SandboxFolder

  init() throws { folder = try SandboxFolder() }

  // MARK: What it may

  @Test("computes, draws, and reads and writes below its folder, whose name its paths leave out")
  func allowed() throws {
    let script = try folder.write(
      """
      local d = data.csv { path = "here.csv", inputs = 1, targets = 2 }
      experiment { data = data.population { singular = { 1 } }, depth = 3, width = 1, lr = 0.2 }
      local r = train { steps = 20, every = 10 }
      r:csv("sub/r.csv")
      report("r.html", { r })
      current():export("w.safetensors")
      print(d.samples, #r.trace, session.save("mine") ~= nil, #session.list())
      print(require "helper".answer, require "sub.deeper".answer, require "helper" == require "helper")
      print(os.time() > 0, os.clock() >= 0, type(os.date()), collectgarbage("count") > 0)
      print(load("return 6 * 7")(), pcall(error, "x"))
      """, to: "hand-in/s.lua")
    let run = try folder.kramers(script)
    #expect(run.status == 0, "\(run.errors)")
    #expect(
      run.output == """
        2\t3\ttrue\t1
        42\t43\ttrue
        true\ttrue\tstring\ttrue
        42\tfalse\tx

        """)
    let made = ["mine.kramers", "r.html", "sub/r.csv", "w.safetensors"]
    #expect(Set(made).isSubset(of: folder.files))
    #expect(!folder.files.contains { $0.contains("plot") }, "gnuplot's files stay")
  }

  @Test("a script that lies elsewhere is read, and nothing beside it")
  func scriptElsewhere() throws {
    let script = try folder.write("print(pcall(require, 'secret'))", to: "s.lua")
    let run = try folder.kramers(script)
    #expect(run.status == 0 && run.output.hasPrefix("false"), "\(run.errors)")
    #expect(run.output.contains("there is no module 'secret' in the sandbox"))
  }

  @Test("beside a script of a folder within are its modules, and a page shows its text")
  func scriptWithin() throws {
    let script = try folder.write(
      """
      print(require "deeper".answer, require "helper".answer)
      experiment { data = data.population { singular = { 1 } }, depth = 3, width = 1 }
      report("r.html", { measure() })
      """, to: "hand-in/sub/s.lua")
    let run = try folder.kramers(script)
    #expect(run.status == 0 && run.output == "43\t42\n", "\(run.errors)")
    #expect(folder.text("hand-in/r.html")?.contains("require") == true)
  }

  @Test("a signal ends it as it does without a sandbox")
  func signal() throws {
    let run = try shell(
      "\"$KRAMERS\" --sandbox='\(folder.inside)' -e 'print(1)' -e 'while true do end' & "
        + "sleep 0.5; kill -TERM $!; wait $!")
    #expect(run.status == 143, "\(run.status) \(run.errors)")
  }

  @Test("the header names folder, limits and what the kernel enforces; the records are the same")
  func header() throws {
    let code = "emit { n = math.random(1000) }"
    let run = try folder.kramers("--max-seconds", "9", "-e", code)
    let plain = try folder.kramersOutside("-e", code)
    #expect(run.status == 0 && run.records.count == 2, "\(run.errors)")
    let sandbox = try #require(run.records.first?["sandbox"] as? [String: Any])
    #expect(sandbox["dir"] as? String == folder.inside)
    let limits = try #require(sandbox["limits"] as? [String: Double])
    #expect(
      limits == [
        "seconds": 9, "memory": 0x1p30, "instructions": 2e10, "output": 0x1p26, "session": 0x1p26,
      ])
    let kernel = try #require(sandbox["kernel"] as? [String])
    #expect(run.errors.contains("warning: this kernel") == (kernel.count < 2))
    #expect(plain.records.first?["sandbox"] == nil)
    #expect(run.output.split(separator: "\n").last == plain.output.split(separator: "\n").last)
  }

  @Test("alone it means the working directory, and what follows the script is the script's")
  func folderOption() throws {
    let code = "print(pcall(data.csv, { path = 'in.csv', targets = 1 }))"
    let run = try shell("cd '\(folder.inside)' && $KRAMERS --sandbox -e \"\(code)\"")
    #expect(run.status == 0 && run.output.hasPrefix("true"), "\(run.errors)")
    let script = try folder.write("print(rawget(_G, 'io') ~= nil, ...)", to: "s.lua")
    let own = try folder.kramersOutside(script, "--sandbox", folder.inside)
    #expect(own.output == "true\t--sandbox\t\(folder.inside)\n", "\(own.errors)")
    let missing = try folder.kramersOutside("--sandbox=nowhere", "-e", "print(1)")
    #expect(missing.status == 66 && missing.errors.contains("nowhere"))
    #expect(try folder.kramersOutside("--sandbox=/", "-e", "print(1)").status == 66)
    #expect(try folder.kramers("--sessions").status == 64)
    #expect(try folder.kramers("--selftest").status == 64)
  }

  @Test("a missing name says that the sandbox has none, at the line that asked for it")
  func missing() throws {
    let run = try folder.kramers("-e", "io.open('x')")
    #expect(run.status == 1 && run.errors.contains("(-e):1: 'io' is not in the sandbox"))
  }

  // MARK: What it may not

  @Test("no attempt of the literature reaches what lies outside")
  func escapes() throws {
    #expect(escapeAttempts.count >= 60)
    #expect(Set(escapeAttempts.map(\.name)).count == escapeAttempts.count)
    var script = """
      local print, pcall, load, tostring, find = print, pcall, load, tostring, string.find
      secret = "\(folder.path("secret.csv"))"
      function refused(f, ...)
        local ok, e = pcall(f, ...)
        return not ok and (find(tostring(e), "outside of the sandbox", 1, true)
          or find(tostring(e), "no path holds a byte 0", 1, true)
          or find(tostring(e), "No such file", 1, true)
          or find(tostring(e), "Not a directory", 1, true)) ~= nil
      end
      experiment { data = data.population { singular = { 1 } }, depth = 3, width = 1 }
      local function attempt(name, code)
        local f, e = load(code, "=" .. name)
        if not f then return print("BROKEN", name, e) end
        local ok, reached = pcall(f)
        print(ok and reached and "ESCAPED" or "held", name, ok and "" or tostring(reached))
      end

      """
    for attempt in escapeAttempts {
      script += "attempt([==[\(attempt.name)]==], [==[\n\(attempt.code)]==])\n"
    }
    let before = folder.outside
    let start = ContinuousClock.now
    let run = try folder.kramers(folder.write(script, to: "hand-in/escapes.lua"))
    #expect(run.status == 0, "\(run.signal ?? 0) \(run.errors.suffix(2000))")
    #expect(start.duration(to: .now) < .seconds(30))
    let lines = run.output.split(separator: "\n").map(String.init)
    for attempt in escapeAttempts {
      let line = lines.first { $0.hasPrefix("held\t\(attempt.name)\t") }
      #expect(
        line != nil, "\(attempt.name): \(lines.first { $0.contains(attempt.name) } ?? "no line")")
    }
    #expect(!run.output.contains("4711") && !run.errors.contains("4711"))
    #expect(folder.outside == before, "what lies beside the sandbox has changed")
    #expect(folder.text("secret.csv") == SandboxFolder.secret)
    #expect(folder.text("hand-in/run.sh") == "#!/bin/sh\n")
    #expect(
      !folder.files.contains {
        $0.hasPrefix(".")
          || $0.contains("planted") && !$0.contains("|")
            && !$0.contains("<")
      })
    // The scripts beside pictures run no program when somebody runs them.
    let drawn = FileManager.default.isExecutableFile(atPath: "/usr/bin/gnuplot")
    for name in ["|", "<"] {
      guard let script = folder.text("hand-in/\(name)touch planted;.gp") else {
        #expect(!drawn, "\(run.output.split(separator: "\n").filter { $0.contains("gnuplot") })")
        continue
      }
      #expect(script.contains("set output './\(name)touch planted;.svg'"))
      #expect(script.contains("plot './\(name)touch planted;.dat' index 0"))
    }
  }

  @Test("an error that names another file as its chunk does not show that file")
  func foreignChunk() throws {
    let code = "load('error(1)', '@\(folder.path("secret.csv"))')()"
    let run = try folder.kramers("-e", code)
    #expect(run.status == 1 && !run.errors.contains("4711"), "\(run.errors)")
  }

  /// Loops that nothing in Lua ends, by what is to stop them.
  private static let loops: [(limit: [String], code: String)] =
    [
      "while true do end",
      "::again:: goto again",
      "local function f() return f() end f()",
      "while true do pcall(function() while true do end end) end",
      "while true do xpcall(error, function() while true do end end) end",
      "while true do coroutine.wrap(function() while true do end end)() end",
      "while true do local c <close> = setmetatable({}, { __close = function() while true do end end }) end",
      "setmetatable({}, { __gc = function() while true do end end }) while true do local t = {} end",
      "local e = setmetatable({}, { __tostring = function() while true do end end }) tostring(e)",
      "table.sort({ 1, 2, 3 }, function() while true do end end)",
      "('x'):gsub('x', function() while true do end end)",
      "load(function() while true do end end)",
      "local t = setmetatable({}, { __index = function(t, k) return t[k + 1] end }) while true do pcall(function() return t[1] end) end",
      "table.concat(setmetatable({}, { __index = function() return '' end }), '', 1, 1 << 60)",
      "experiment { data = data.population { singular = { 1 } }, depth = 3, width = 1 } while true do pcall(train, { steps = 10, every = 1, observe = function() while true do end end }) end",
      "local co = coroutine.create(function() local c <close> = setmetatable({}, { __close = function() while true do end end }) coroutine.yield() end) coroutine.resume(co) coroutine.close(co)",
      "function f() f() end while true do pcall(f) end",
    ].map { (["--max-steps", "1"], $0) }
    // What no instruction counts: the process goes, with a sentence.
    + [
      "('a'):rep(5e4):find(('.-'):rep(20) .. 'b')",
      "(''):rep(1 << 62)",
      "table.insert(setmetatable({}, { __len = function() return 1 << 60 end }), 1, 1)",
      "table.move({}, 1, 1 << 60, 2, setmetatable({}, {}))",
      // A finalizer put in after the object was marked: its hooks are off.
      """
      local mt = { __gc = function() end }
      for i = 1, 10 do setmetatable({}, mt) end
      mt.__gc = function() while true do end end
      while true do local t = {} end
      """,
    ].map { (["--max-seconds", "0.3"], $0) }
    + [
      "local t = {} while true do t[#t + 1] = ('x'):rep(1e6) .. #t end",
      "local t = {} while true do pcall(function() t[#t + 1] = ('x'):rep(1e6) .. #t end) end",
      "local s = 'x' while true do s = s .. s end",
      "load(function() return 'x = 1 ' end)",
      "local t = {} while true do t[#t + 1] = data.gaussian { singular = {1}, samples = 1e5 } end",
      "local t = {} for i = 1, 1e9 do t[i] = coroutine.create(print) end",
      "local t = {} while true do t = { t, t } end",
    ].map {
      (
        ["--max-memory", "100M"],
        $0
      )
    }
    + [
      "while true do print(('x'):rep(1000)) end",
      "while true do pcall(emit, { x = 1 }) end",
      "while true do log('x') end",
      "local m = measure() for i = 1, 1e9 do pcall(m.csv, m, 'f' .. i % 7 .. '.csv') end",
      "for i = 1, 1e9 do pcall(session.save, 's' .. i % 7) end",
      "while true do pcall(session.export, 'copy.kramers') end",
      "while true do pcall(session.journal, 'j.lua') end",
    ].map {
      (
        ["--max-output", "100K"],
        "experiment { data = data.population { singular = { 1 } }, depth = 3, width = 1 }\n" + $0
      )
    }
    + [
      "t = {} for i = 1, 1e5 do t[i] = i * 1.1 end while true do pcall(session.save, 'large') end"
    ].map { (["--max-session", "200K"], $0) }

  @Test("nothing takes more than its limits, and nothing catches the stop", arguments: loops)
  func stopped(limit: [String], code: String) throws {
    let before = folder.outside
    let start = ContinuousClock.now
    let run = try folder.kramers(limit[0], limit[1], "-e", code, timeout: 30)
    #expect(run.status == 75, "\(run.signal ?? 0) \(run.errors.suffix(500))")
    #expect(
      run.errors.contains("stopped by \(limit[0]) \(limit[1])")
        || limit[0] == "--max-seconds" && run.errors.contains("stopped by a limit"),
      "\(run.errors.suffix(500))")
    #expect(start.duration(to: .now) < .seconds(20))
    #expect(run.output.utf8.count <= 200_000)
    #expect(folder.outside == before)
  }

  @Test("finalizers of a script that has ended are watched, too")
  func lastFinalizers() throws {
    let code = "last = setmetatable({}, { __gc = function() while true do print('x') end end })"
    let run = try folder.kramers("--max-seconds", "0.3", "--max-output", "100K", "-e", code)
    #expect([0, 75].contains(run.status), "\(run.errors)")
    #expect(run.output.utf8.count <= 102_400)
  }

  // MARK: Sessions

  @Test(
    "a session that was begun in a sandbox goes on and is verified in one alone, to the bytes of the whole run"
  )
  func sessions() throws {
    let script = try folder.write(
      """
      experiment { data = data.gaussian { singular = {0.9, 0.5}, samples = 64, seed = 3 },
        depth = 3, width = 2, l2 = 0.05, lr = 0.05, batch = 8, temperature = 1e-4 }
      run = train { steps = 600000, every = 200000 }
      print(run.steps, run.loss)
      """, to: "s.lua")
    let whole = try folder.kramers(script)
    let session = folder.path("kramers/stopped.kramers")
    let stopped = try folder.kramers("--max-seconds", "0.2", "--session", "stopped", script)
    #expect(stopped.status == 75, "\(stopped.errors)")
    #expect(stopped.errors.contains("kramers --sandbox \(folder.inside) --resume"))
    let stillStopped = folder.path("copy.kramers")
    try FileManager.default.copyItem(atPath: session, toPath: stillStopped)
    let outside = try folder.kramersOutside("--resume", "stopped")
    #expect(outside.status == 65 && outside.output.isEmpty)
    #expect(outside.errors.contains("begun in a sandbox"), "\(outside.errors)")
    let verified = try folder.kramersOutside("--verify", session)
    #expect(verified.status == 64 && verified.errors.contains("begun in a sandbox"))
    // What the journal becomes as a script is one.
    let journal = try folder.kramersOutside(
      "-e", "session.open('\(session)')", "-e", "assert(load(session.journal()))")
    #expect(journal.status == 0, "\(journal.errors)")
    let resumed = try folder.kramers("--resume", "stopped")
    #expect(resumed.status == 0 && whole.status == 0, "\(resumed.errors)")
    #expect(resumed.output.split(separator: "\n").last == whole.output.split(separator: "\n").last)
    let again = try folder.kramers("--verify", "stopped")
    #expect(again.status == 0 && again.output.contains("\"verdict\":\"same\""), "\(again.errors)")
    // By a script of the user's that opens it, too.
    let opened = try folder.kramersOutside(
      "-e", "session.open('\(stillStopped)')", "-e", "print(pcall(resume))")
    #expect(opened.output.contains("begun in a sandbox"), "\(opened.output) \(opened.errors)")
    let limited = try folder.kramers("--max-seconds", "0.05", "--verify", "stopped")
    #expect(limited.status == 75 && limited.errors.contains("stopped by --max-seconds 0.05"))
  }

  @Test(
    "a session that grows beyond its limit stops the run, also at its end; the file stays small")
  func sessionSize() throws {
    let code = "t = {} for i = 1, 1e5 do t[i] = i * 1.1 end"
    let run = try folder.kramers("--max-session", "200K", "--session", "large", "-e", code)
    #expect(run.status == 75, "\(run.errors)")
    #expect(run.errors.contains("stopped by --max-session 200K"), "\(run.errors)")
    let size = FileManager.default.contents(atPath: folder.path("kramers/large.kramers"))?.count
    #expect((size ?? 0) <= 204_800)
  }
}
