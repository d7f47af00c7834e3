import Foundation
import Fuzzing
import Testing

@testable import Lua

/// SplitMix64 of Steele, Lea and Flood (2014).
private struct Draws {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  mutating func below(_ n: Int) -> Int { Int(next() % UInt64(n)) }
}

@Suite("mutated sources through the border")
struct SourceFuzzTests {
  private static let corpus: [[UInt8]] = {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("Fixtures/source")
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return names.sorted().compactMap {
      FileManager.default.contents(atPath: folder.appendingPathComponent($0).path).map(Array.init)
    }
  }()

  private static let tokens = [
    "end", "function", "local x <close> = ", "goto next", "::next::", "...", "return", "(", ")",
    "{",
    "}", "[[", "]]", "\"", "'", "\\", "\0", "\u{1B}Lua", "--[[", "nil", "and", "=", "==", "<const>",
    "setmetatable({}, {__index = _ENV})", "error(error)", "coroutine.yield()", "_ENV", "#", "//",
    "~",
    "0x", "1e", "..", ":", "pcall(", "for i = 1, 9 do ", "repeat ", "until true ", "\u{3C4}",
    "\u{FF}",
  ]

  /// One to four changes: bytes, tokens, and pieces of the corpus.
  private static func mutant(_ draws: inout Draws) -> [UInt8] {
    var bytes = corpus[draws.below(corpus.count)]
    for _ in 0...draws.below(4) {
      let place = draws.below(bytes.count + 1)
      switch draws.below(7) {
      case 0 where place < bytes.count: bytes[place] ^= 1 << UInt8(draws.below(8))
      case 1 where place < bytes.count: bytes.remove(at: place)
      case 2: bytes.insert(contentsOf: tokens[draws.below(tokens.count)].utf8, at: place)
      case 3: bytes.insert(UInt8(draws.below(256)), at: place)
      case 4: bytes.removeSubrange(place..<min(place + draws.below(40), bytes.count))
      case 5 where draws.below(20) == 0: bytes.removeSubrange(place...)
      default:
        let other = corpus[draws.below(corpus.count)]
        let start = draws.below(other.count)
        let end = min(start + draws.below(60), other.count)
        bytes.insert(contentsOf: other[start..<end], at: place)
      }
    }
    return bytes
  }

  @Test("are refused, run, fail or are stopped, and leave the state whole and nothing behind")
  func sources() throws {
    #expect(Self.corpus.count == 6)
    var (compiled, returned, failed, stopped) = (0, 0, 0, 0)
    var draws = Draws(state: 22)
    var seeds = FuzzSeeds("Lua source", normal: 3_000, long: 100_000, share: 0.15, mutants: 100)
    while seeds.next() != nil {
      let lua = try LuaState(memoryLimit: 32 << 20)
      try lua.enterSandbox()
      for _ in 0..<100 {
        let text = Self.mutant(&draws)
        let function: LuaFunction
        do {
          function = try lua.load(text, chunkName: "=mutant")
        } catch let error as LuaError {
          #expect(error.kind == .syntax || error.kind == .memory, "\(error)")
          continue
        }
        compiled += 1
        lua.limitInstructions(50_000)
        do {
          _ = try function.call()
          returned += 1
        } catch let error as LuaError {
          #expect(!error.message.isEmpty || error.kind == .runtime)
          if error.kind == .interrupted { stopped += 1 } else { failed += 1 }
        }
        lua.interrupt.clear()
      }
      // The state still computes, unless a mutant has changed what its names mean.
      lua.limitInstructions(50_000)
      #expect(try lua.load("return 6 * 7", chunkName: "=after").call() == [42])
      let core = lua.core
      core.close()
      let left = try #require(core.leftover)
      #expect(left.bytes == 0 && left.boxes == 0)
    }
    let mutants = 100 * Int(seeds.count)
    #expect(compiled > mutants / 20 && returned > 0 && failed > 0)
    print(
      "sources: \(compiled) of \(mutants) compiled, \(returned) returned, \(failed) failed,",
      "\(stopped) stopped")
  }
}
