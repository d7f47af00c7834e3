import Foundation
import Testing

@testable import KramersBindings

@Suite("cluster.map: items of a list, in one process or in several")
struct ClusterMapTests {
  @Test("the same results by one process and by shards, of every kind of data")
  func same() throws {
    let bench = try ShardBench()
    let script = try bench.script(
      quickChain + """
        local kinds = cluster.map({ "n", "i", "t", "l", "r", "e" }, function(kind, i)
          if kind == "n" then return 1 / 3 end
          if kind == "i" then return i end
          if kind == "t" then return { name = "x", flag = false, inner = { 1.0, 2, "three" } } end
          if kind == "l" then return {} end
          if kind == "r" then return measure_escape { temperature = dE / 3, replicas = 5 } end
          return { random = math.random(1000000), l2 = x.l2 }
        end)
        emit(kinds)
        print(math.type(kinds[1]), math.type(kinds[2]), math.type(kinds[3].inner[1]), #kinds[4])
        print(kinds[5].tau, kinds[5]:json() == measure_escape {
          temperature = dE / 3, replicas = 5 }:json())
        local a = cluster.map(linspace(1, 3, 3), function() return math.random(1000000) end)
        local b = cluster.map(linspace(1, 3, 3), function() return math.random(1000000) end)
        print(a[1], a[2], a[3], b[1], b[2], b[3], math.random(1000000))
        """)
    let one = try RunningBinary([binary.path, script]).finish()
    #expect(one.status == 0, "\(one.errors)")
    #expect(one.output.contains("float\tinteger\tfloat\t0"))
    let numbers = one.output.split(separator: "\n").last?.split(separator: "\t") ?? []
    #expect(Set(numbers).count == 7, "items have random numbers of their own")
    for n in [2, 5] {
      let (merge, _) = try bench.merged(n, script)
      #expect(merge.status == 0 && merge.output == one.output, "\(merge.errors)")
      try FileManager.default.removeItem(atPath: bench.parts)
    }
  }

  @Test("every item begins from the experiments as they stand at the call")
  func start() throws {
    let run = try kramers(
      "-e",
      quickChain + """
        x:train(5)
        local other = x:clone()
        local steps = cluster.map({ 1, 2, 3 }, function(n)
          experiment { data = data.population { singular = {1} }, depth = 2, width = 1 }
          train(7)
          x:train(n)
          other:set { l2 = 0.1 * n }
          return x.step
        end)
        print(steps[1], steps[2], steps[3], x.step, current() == x, other.l2)
        """)
    #expect(run.output == "6\t7\t8\t5\ttrue\t0.3\n", "\(run.errors)")
  }

  @Test(
    "what another process cannot hand over or share is an error, already in one process",
    arguments: [
      ("local n = 0; cluster.map({1, 2}, function(i) n = n + i return i end)", "'n'"),
      ("local rows = {}; cluster.map({1}, function(i) rows[i] = i return i end)", "'rows'"),
      (
        "local t = { deep = { 1 } }; local function add() t.deep[2] = 1 end "
          + "cluster.map({1}, function(i) add() return i end)", "'add'"
      ),
      ("total = 0; cluster.map({1, 2}, function(i) total = total + i return i end)", "'total'"),
      ("cluster.map({1}, function(i) new = i return i end)", "'new'"),
      (
        "cluster.map({1, 2}, function(i) if i == 1 then return 1 end end)",
        "item 2: the function returned nothing"
      ),
      ("cluster.map({1}, function() return print end)", "no data"),
      ("cluster.map({1}, function() return { x = print } end)", "no data"),
      ("cluster.map({1}, function() return { [3] = 1 } end)", "keys must be names"),
      (
        "cluster.map({1}, function() return { d = data.population { singular = {1} } } end)",
        "no data"
      ),
      ("cluster.map({1})", "is called cluster.map"), ("cluster.map(3, print)", "is called"),
      ("cluster.map({1, 2}, function(i) error('own ' .. i) end)", "own 1"),
    ])
  func refused(code: String, words: String) throws {
    let run = try kramers("-e", code)
    #expect(run.status == 1 && run.errors.contains(words), "\(run.errors)")
  }

  @Test("an item that is stopped is done again, those before it are kept")
  func stopped() throws {
    let bench = try ShardBench()
    let script = try bench.script(
      quickChain + """
        local list = cluster.map({ 1, 2, 3, 4 }, function(i)
          local file <close> = io.open(arg[1], "a")
          file:write(i, "\\n")
          file:flush()
          return measure_escape { temperature = dE / 8, replicas = 4, stream = i }.tau
        end)
        for _, tau in ipairs(list) do print(tau) end
        """)
    let log = bench.folder + "/log"
    let run = try RunningBinary(
      [binary.path, "--threads", "1", "--shard", "1/1", "--out", bench.parts, script, log])
    #expect(
      run.wait { _ in
        ((try? String(contentsOfFile: log, encoding: .utf8)) ?? "").contains("2\n")
      })
    run.send(SIGTERM)
    #expect(try run.finish().signal == SIGTERM)
    #expect(try bench.shard(1, of: 1, script, [log]).status == 0)
    let items = try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n")
    #expect(items.count { $0 == "1" } == 1 && items.count { $0 == "4" } == 1, "\(items)")
    #expect(try bench.merge().output == kramers(script, log).output)
  }
}
