import Foundation
import Testing

private let long =
  "experiment{data = data.population{singular = {0.9}}, depth = 3, width = 2, lr = 0.1} "
  + "emit{kind = 'ready'} "

@Suite struct SignalTests {
  private func start(_ code: String, _ options: [String] = []) throws -> RunningBinary {
    let run = try RunningBinary([binary.path] + options + ["-e", code])
    #expect(run.wait { $0.outputSoFar.contains("ready") }, "\(run.errorsSoFar)")
    usleep(50_000)
    return run
  }

  @Test(
    "SIGINT and SIGTERM end a long verb with its partial result, then by themselves",
    arguments: [SIGINT, SIGTERM])
  func partialResult(signal: Int32) throws {
    for code in ["train(1e12)", "pcall(train, 1e12)", "while true do pcall(train, 1e9) end"] {
      let run = try start(long + code)
      run.send(signal)
      let end = try run.finish(timeout: 20)
      #expect(end.signal == signal, "\(code): \(end)")
      let last = try #require(end.records.last)
      #expect(last["outcome"] as? String == "interrupted")
      #expect(end.records.count == 3 && (last["steps"] as? Int ?? 0) > 0)
      #expect(end.output.hasSuffix("\n"))
    }
  }

  @Test(
    "a stop ends pure Lua, in pcall, coroutines, blocking reads and writes",
    arguments: [SIGINT, SIGTERM])
  func pureLua(signal: Int32) throws {
    for code in [
      "while true do end", "while true do pcall(function() while true do end end) end",
      "coroutine.wrap(function() while true do end end)()", "io.popen('sleep 2 2>&-'):read('a')",
      "while true do emit{x = 1} end",
    ] {
      let run = try start("io.stdout:write('ready') io.stdout:flush() " + code)
      run.send(signal)
      let end = try run.finish(timeout: 20)
      #expect(end.signal == signal, "\(code): \(end.errors)")
      #expect(end.errors.contains("interrupted") && !end.errors.contains("traceback"))
    }
  }

  @Test("printed text is not lost by a stop")
  func flushed() throws {
    let run = try start(
      "io.write('before ') io.stderr:write('') emit{kind='ready'} print('after') while true do end")
    run.send(SIGTERM)
    #expect(try run.finish(timeout: 20).output.hasSuffix("after\n"))
  }

  @Test("a call that cannot be interrupted: said after two seconds, one more SIGINT ends it")
  func uninterruptible() throws {
    let stuck = "('a'):rep(40):find(('a?'):rep(40) .. ('a'):rep(40))"
    let slow = try start("emit{kind = 'ready'} local s = \(stuck)")
    slow.send(SIGINT)
    #expect(slow.wait { $0.errorsSoFar.contains("cannot be interrupted") }, "\(slow.errorsSoFar)")
    slow.send(SIGINT)
    #expect(try slow.finish(timeout: 5).signal == SIGINT)
    let hasty = try start("emit{kind = 'ready'} local s = \(stuck)")
    hasty.send(SIGINT)
    usleep(200_000)
    hasty.send(SIGINT)
    #expect(try hasty.finish(timeout: 1.5).signal == SIGINT)
  }

  @Test("a stop does not wait for ever for a reader that takes nothing")
  func blockedPipe() throws {
    let line = "(echo $BASHPID >&2; exec $KRAMERS -e 'while true do emit{x = 1} end') | sleep 30"
    let run = try RunningBinary(["/bin/bash", "-c", line], environment: ["KRAMERS": binary.path])
    #expect(run.wait { $0.errorsSoFar.contains("\n") })
    usleep(500_000)
    let pid = try #require(pid_t(run.errorsSoFar.split(separator: "\n")[0]))
    kill(pid, SIGTERM)
    #expect(run.wait(timeout: 10) { _ in kill(pid, 0) != 0 })
    run.sendToGroup(SIGKILL)
    _ = try run.finish()
  }

  @Test("one Ctrl-C stops a surrounding loop of the shell")
  func loop() throws {
    let line = "for i in 1 2 3; do echo run $i; $KRAMERS -e 'train_'$i'= 1 while true do end'; done"
    let run = try RunningBinary(["/bin/bash", "-c", line])
    #expect(run.wait { $0.outputSoFar.contains("run 1") })
    usleep(300_000)
    run.sendToGroup(SIGINT)
    let end = try run.finish(timeout: 20)
    #expect(end.output == "run 1\n" && end.signal == SIGINT, "\(end)")
  }

  @Test("a job that ignores SIGINT, as in the background of a script, goes on")
  func ignored() throws {
    let run = try RunningBinary(
      ["/bin/bash", "-c", "trap '' INT; exec $KRAMERS -e 'emit{kind=\"ready\"} while true do end'"])
    #expect(run.wait { $0.outputSoFar.contains("ready") })
    run.send(SIGINT)
    usleep(300_000)
    #expect(kill(run.pid, 0) == 0)
    run.send(SIGTERM)
    #expect(try run.finish(timeout: 20).signal == SIGTERM)
  }

  @Test("SIGUSR1 prints a status line, in batch too, and disturbs nothing")
  func status() throws {
    let run = try start(long + "train(1e12)")
    run.send(SIGUSR1)
    #expect(run.wait { $0.errorsSoFar.contains("kramers: train  ") }, "\(run.errorsSoFar)")
    #expect(run.errorsSoFar.contains("/1000000000000 steps  "))
    run.send(SIGTERM)
    #expect(try run.finish(timeout: 20).records.count == 3)
    let idle = try start("emit{kind = 'ready'} while true do end")
    idle.send(SIGUSR1)
    #expect(idle.wait { $0.errorsSoFar.contains("no verb is running") })
    idle.send(SIGKILL)
    _ = try idle.finish()
  }
}
