import Foundation
import Testing

/// README's transcripts against the program.
@Suite struct ReadmeTests {
  /// The fenced blocks of README, without their fences, in order.
  private static let blocks: [String] = {
    let path = packageRoot.appendingPathComponent("README.md")
    let parts = ((try? String(contentsOf: path, encoding: .utf8)) ?? "").components(
      separatedBy: "```")
    return stride(from: 1, to: parts.count, by: 2).map { k in
      String(parts[k].drop { $0 != "\n" }.dropFirst())
    }
  }()

  @Test("the first script prints what stands below it")
  func firstScript() throws {
    let script = try #require(Self.blocks.first { $0.hasPrefix("#!/usr/bin/env kramers") })
    let shown = try #require(Self.blocks.first { $0.hasPrefix("$ kramers --format table") })
    let expected = shown.split(separator: "\n").dropFirst().prefix { $0 != "  ..." }
    let run = try kramers("--format", "table", "-", input: script)
    #expect(run.status == 0, "\(run.errors)")
    let printed = run.output.split(separator: "\n")
    #expect(expected.count > 20)
    #expect(Array(printed.prefix(expected.count)) == Array(expected), "\(run.output)")
  }

  @Test("the first five minutes in the shell print what stands below each line")
  func firstMinutes() throws {
    let block = try #require(Self.blocks.first { $0.hasPrefix("> local task") })
    let shell = try ShellSession()
    var entries: [(line: String, output: [String])] = []
    for line in block.split(separator: "\n").map(String.init) {
      if line.hasPrefix("> ") {
        entries.append((String(line.dropFirst(2)), []))
      } else {
        entries[entries.count - 1].output.append(line)
      }
    }
    #expect(entries.count >= 7)
    for (line, output) in entries {
      #expect(shell.enter(line) == output.joined(separator: "\n"), "\(line)")
    }
  }
}
