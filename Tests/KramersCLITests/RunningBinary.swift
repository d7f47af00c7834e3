import Foundation

/// What a run of the real program left behind.
struct Run {
  var status: Int32
  var signal: Int32?
  var output: String
  var errors: String

  /// The records of a JSON Lines output.
  var records: [[String: Any]] {
    output.split(separator: "\n").compactMap {
      (try? JSONSerialization.jsonObject(with: Data($0.utf8))) as? [String: Any]
    }
  }
}

/// The program that was built beside the tests.
let binary: URL = {
  let here = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
  return here.deletingLastPathComponent().appendingPathComponent("kramers")
}()

/// The root of the package.
let packageRoot = URL(fileURLWithPath: #filePath)
  .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

/// Runs `kramers` with the arguments and standard input; both outputs are read to their end.
func kramers(_ arguments: String..., input: String? = nil, environment: [String: String] = [:])
  throws -> Run
{
  let process = Process()
  process.executableURL = binary
  process.arguments = arguments
  process.currentDirectoryURL = packageRoot
  process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
  let output = Pipe()
  let errors = Pipe()
  process.standardOutput = output
  process.standardError = errors
  if let input {
    let pipe = Pipe()
    process.standardInput = pipe
    try process.run()
    pipe.fileHandleForWriting.write(Data(input.utf8))
    try pipe.fileHandleForWriting.close()
  } else {
    process.standardInput = FileHandle.nullDevice
    try process.run()
  }
  // Errors are short; reading them second cannot block the program on a full pipe.
  let text = output.fileHandleForReading.readDataToEndOfFile()
  let words = errors.fileHandleForReading.readDataToEndOfFile()
  process.waitUntilExit()
  let isSignal = process.terminationReason == .uncaughtSignal
  return Run(
    status: isSignal ? -1 : process.terminationStatus,
    signal: isSignal ? process.terminationStatus : nil,
    output: String(decoding: text, as: UTF8.self), errors: String(decoding: words, as: UTF8.self))
}
