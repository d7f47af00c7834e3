#if canImport(Glibc)
  internal import Glibc
#endif
import KramersBindings
internal import Kramers
internal import Lua

/// What the kernel asks.
struct ServiceRequest {
  let verb: String
  let code: [UInt8]
  let point: Int

  /// - Returns: nil when the other end is closed, or speaks another language.
  init?(from socket: Int32) {
    var head: [UInt8] = []
    while let byte = Self.bytes(1, from: socket)?.first, byte != 0x0A {
      head.append(byte)
      if head.count > 100 { return nil }
    }
    let words = String(decoding: head, as: UTF8.self).split(separator: " ")
    guard words.count == 3, let count = Int(words[1]), let point = Int(words[2]),
      (0...(1 << 28)).contains(count), (0...count).contains(point),
      let code = Self.bytes(count, from: socket)
    else { return nil }
    self.verb = String(words[0])
    self.code = code
    self.point = point
  }

  private static func bytes(_ count: Int, from socket: Int32) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: count)
    var done = 0
    while done < count {
      let got = bytes[done...].withUnsafeMutableBytes { read(socket, $0.baseAddress, $0.count) }
      if got < 0, errno == EINTR, !LuaSignals.endsProcess { continue }
      if got <= 0 { return nil }
      done += got
    }
    return bytes
  }
}

/// What the kernel is told.
final class ServiceReplies {
  private let socket: Int32

  init(_ socket: Int32) { self.socket = socket }

  /// A value that an entry has, as text and, of results, in fields and tables.
  func show(_ values: [LuaValue], of program: Program) throws {
    let text = try program.text(of: values, width: 100, bold: false)
    let answers = try values.map { try program.pageAnswer(of: $0) }
    program.finish()
    send(["kind": "value", "text": text, "answers": answers.compactMap(\.self)])
  }

  func fail(_ words: String, isInterrupt: Bool = false) {
    send(["kind": "failure", "words": words, "interrupt": isInterrupt])
  }

  func send(_ record: Record) {
    let bytes = jsonLineBytes(record) + [0x0A]
    var done = 0
    while done < bytes.count {
      // A reader that has gone ends the program by `ReaderWatch`, not by SIGPIPE.
      let count = bytes[done...].withUnsafeBytes {
        Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      if count < 0, errno == EINTR, !LuaSignals.endsProcess { continue }
      if count <= 0 { return }
      done += count
    }
  }
}
