/// Which of several processes this one is.
public struct Shard: Sendable, Equatable, CustomStringConvertible {
  /// From 1.
  public let index: Int
  public let count: Int

  public static let most = 100_000

  public init(index: Int, count: Int) throws(ShardError) {
    guard (1...Self.most).contains(count), (1...count).contains(index) else {
      throw ShardError(
        64, "--shard K/N needs K in 1...N and N in 1...\(Self.most), got \(index)/\(count)")
    }
    self.index = index
    self.count = count
  }

  /// `3/8`, or `auto`: from what Slurm and MPI tell a process of itself.
  public init(
    words: String, environment: (String) -> String?
  ) throws(ShardError) {
    if words == "auto" {
      self = try Shard(environment)
      return
    }
    let parts = words.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
    guard parts.count == 2, let index = parts[0], let count = parts[1] else {
      throw ShardError(64, "--shard is K/N, as 3/8, or auto, got '\(words)'")
    }
    try self.init(index: index, count: count)
  }

  /// Ranks of MPI or of `srun`, in each task of an array if there is one.
  private init(_ variable: (String) -> String?) throws(ShardError) {
    func place(_ rank: String, _ size: String) -> (index: Int, count: Int)? {
      guard let index = variable(rank).flatMap({ Int($0) }),
        let count = variable(size).flatMap({ Int($0) })
      else { return nil }
      return (index, count)
    }
    let ranks =
      place("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE") ?? place("PMI_RANK", "PMI_SIZE")
      ?? place("SLURM_PROCID", "SLURM_NTASKS")
    var tasks: (index: Int, count: Int)?
    if let array = place("SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_COUNT") {
      let first = variable("SLURM_ARRAY_TASK_MIN").flatMap { Int($0) } ?? 1
      let step = max(variable("SLURM_ARRAY_TASK_STEP").flatMap { Int($0) } ?? 1, 1)
      let last = variable("SLURM_ARRAY_TASK_MAX").flatMap { Int($0) }
      guard last.map({ ($0 - first) / step + 1 == array.count }) ?? true else {
        throw ShardError(
          64,
          "--shard auto: the Slurm array has \(array.count) tasks between \(first) and "
            + "\(last ?? 0), so that no task knows its place: give "
            + "--shard $SLURM_ARRAY_TASK_ID/N with the N of the first submission")
      }
      tasks = ((array.index - first) / step, array.count)
    }
    guard ranks != nil || tasks != nil else {
      throw ShardError(
        64,
        "--shard auto finds no place of this process: none of SLURM_ARRAY_TASK_ID and "
          + "SLURM_ARRAY_TASK_COUNT, SLURM_PROCID and SLURM_NTASKS, OMPI_COMM_WORLD_RANK and "
          + "OMPI_COMM_WORLD_SIZE, PMI_RANK and PMI_SIZE is set; give --shard K/N")
    }
    let (rank, size) = ranks ?? (0, 1)
    let (task, count) = tasks ?? (0, 1)
    try self.init(index: task * size + rank + 1, count: count * size)
  }

  public var description: String { "\(index)/\(count)" }
}

/// What is wrong with a shard or its files, with the exit status of the program.
public struct ShardError: Error, CustomStringConvertible {
  public let status: Int32
  public let description: String

  init(_ status: Int32, _ words: String) {
    self.status = status
    description = words
  }
}

/// `3, 5-7` of 3, 5, 6, 7; of more than `most` ranges only the first.
public func rangeText(_ numbers: [Int], most: Int = 20) -> String {
  var words: [String] = []
  var place = 0
  while place < numbers.count, words.count < most {
    var end = place
    while end + 1 < numbers.count, numbers[end + 1] == numbers[end] + 1 { end += 1 }
    words.append(end == place ? "\(numbers[place])" : "\(numbers[place])-\(numbers[end])")
    place = end + 1
  }
  return words.joined(separator: ", ") + (place < numbers.count ? ", ..." : "")
}
