import Foundation

/// Set in a child: which of `StoreChild`'s tests it is to run, and with what.
let childRole = ProcessInfo.processInfo.environment["KRAMERS_STORE_CHILD"]
func childSetting(_ name: String) -> String {
  ProcessInfo.processInfo.environment["KRAMERS_STORE_" + name] ?? ""
}

/// Another process of this test program, which runs `StoreChild` in the given role: one may kill it,
/// limit it, and ask how much memory it took.
func startChild(_ role: String, _ settings: [String: String]) throws -> (Process, Pipe) {
  let process = Process()
  let here = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
  process.executableURL = here
  process.arguments = ["--testing-library", "swift-testing", "--filter", "StoreChild"]
  var environment = ProcessInfo.processInfo.environment
  environment["KRAMERS_STORE_CHILD"] = role
  for (name, value) in settings { environment["KRAMERS_STORE_" + name] = value }
  process.environment = environment
  let output = Pipe()
  process.standardOutput = output
  process.standardError = output
  try process.run()
  return (process, output)
}

/// What a child said, and whether it ended well.
func runChild(_ role: String, _ settings: [String: String]) throws -> (ok: Bool, output: String) {
  let (process, output) = try startChild(role, settings)
  let bytes = output.fileHandleForReading.readDataToEndOfFile()
  process.waitUntilExit()
  let ok = process.terminationReason == .exit && process.terminationStatus == 0
  return (ok, String(decoding: bytes, as: UTF8.self))
}

/// Of this process in bytes; `getrusage` would tell that of the process it was made by.
func peakMemory() -> Int {
  let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
  let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
  return 1024 * (line?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0)
}
