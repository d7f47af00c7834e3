import Foundation
import Testing

/// The examples of `docs/clusters.md`, as they stand there.
@Suite("shards: started by whatever starts processes", .serialized)
struct ShardEnginesTests {
  private static let script =
    quickChain + """
      for i, T in ipairs { dE / 2.5, dE / 3 } do
        emit(measure_escape { temperature = T, replicas = 10, stream = i })
      end
      """

  /// The blocks of a language, in order.
  private static func blocks(_ language: String) throws -> [String] {
    let page = try String(
      contentsOfFile: packageRoot.path + "/docs/clusters.md", encoding: .utf8)
    return page.components(separatedBy: "```" + language + "\n").dropFirst().map {
      $0.components(separatedBy: "```")[0]
    }
  }

  /// Runs a block in a folder that has the script, and compares the merge with one process.
  private func expectSame(
    _ block: String, script: String = script, environment: [String: String] = [:]
  ) throws {
    let bench = try ShardBench()
    let path = try bench.script(script, name: "escapes.lua")
    try FileManager.default.createSymbolicLink(
      atPath: bench.folder + "/kramers", withDestinationPath: binary.path)
    let one = try shell("cd \(bench.folder) && ./kramers escapes.lua > one.jsonl")
    #expect(one.status == 0, "\(one.errors)")
    let variables = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
    let run = try shell(
      "cd \(bench.folder)\nexport PATH=.:$PATH\n" + block,
      environment: ["PATH": bench.folder + ":" + variables].merging(environment) { $1 })
    #expect(run.status == 0, "\(run.errors) \(run.output) \(path)")
    let same = try shell("cmp \(bench.folder)/one.jsonl \(bench.folder)/result.jsonl")
    #expect(same.status == 0, "\(same.output) \(run.errors)")
  }

  /// Says so where a program is missing: `scripts/check` installs it.
  private func has(_ program: String) throws -> Bool {
    if try shell("command -v \(program)").status == 0 { return true }
    print("skipped: \(program) is not installed (Debian: parallel, openmpi-bin)")
    return false
  }

  @Test("a loop of the shell")
  func loop() throws { try expectSame(Self.blocks("sh")[0]) }

  @Test("GNU parallel")
  func parallel() throws {
    guard try has("parallel") else { return }
    try expectSame(Self.blocks("sh")[1])
  }

  @Test("ranks of MPI")
  func ranks() throws {
    guard try has("mpirun") else { return }
    // Open MPI wants to be told twice that root may, and that there are more ranks than cores.
    try expectSame(
      Self.blocks("sh")[2],
      environment: [
        "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
        "OMPI_MCA_rmaps_base_oversubscribe": "1",
        "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe",
      ])
  }

  @Test("a loop over the stages of a script that goes on with what it measured")
  func stages() throws {
    guard try has("parallel") else { return }
    try expectSame(
      Self.blocks("sh")[3],
      script: Self.script + """

        local e = measure_escape { temperature = dE / 2, replicas = 6 }
        emit(measure_escape { temperature = dE / 2, replicas = 6, max_steps = e.times[1] + 10 })
        """)
  }

  @Test("the tasks of a Slurm array, by the variables that Slurm sets")
  func array() throws {
    let batch = try #require(Self.blocks("slurm").first)
    try expectSame(
      """
      cat > batch <<'END'
      \(batch)END
      for task in 1 2 3 4 5 6 7 8; do
        SLURM_ARRAY_TASK_ID=$task SLURM_ARRAY_TASK_COUNT=8 SLURM_ARRAY_TASK_MIN=1 \\
          SLURM_ARRAY_TASK_MAX=8 SLURM_CPUS_PER_TASK=1 sh batch || exit
      done
      kramers --merge parts > result.jsonl
      """)
  }

  @Test("the Lua of the page runs, and its items and results are the same")
  func lua() throws {
    let start = """
      experiment { data = data.population { singular = { 0.9, 0.8 } }, depth = 3, width = 2,
        lr = 0.2, seed = 1 }
      trap { rank = 1, release = 0.1 }

      """
    let code = try Self.blocks("lua").joined(separator: "\n")
    let bench = try ShardBench()
    let script = try bench.script(start + code + "\nfor _, tau in ipairs(taus) do print(tau) end")
    let (merge, stages) = try bench.merged(3, script)
    #expect(try merge.output == kramers(script).output && stages == 1)
  }
}
