#if canImport(Glibc)
  internal import Glibc
#endif

/// What the terminal can show beyond characters: asked once, by its own answer.
enum TerminalPicture {
  enum Way { case kitty, sixel }

  static let way: Way? = ask()

  /// Whether only 7-bit characters are safe: a C locale, or a terminal that is none.
  static func isPlain(isTerminal: Bool) -> Bool {
    let term = UserDirectories.variable("TERM")
    if isTerminal, term == nil || term == "dumb" { return true }
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].compactMap(UserDirectories.variable).first ?? "C"
    let name = locale.lowercased()
    return !(name.contains("utf-8") || name.contains("utf8"))
  }

  /// A PNG for kitty's graphics protocol, in pieces of 4096 characters.
  static func kitty(_ png: [UInt8]) -> [UInt8] {
    let text = base64(png)
    var bytes: [UInt8] = []
    var start = 0
    while start < text.count {
      let end = min(start + 4096, text.count)
      let more = end < text.count ? 1 : 0
      let keys = start == 0 ? "a=T,f=100,m=\(more)" : "m=\(more)"
      bytes += Array("\u{1B}_G\(keys);".utf8) + text[start..<end] + Array("\u{1B}\\".utf8)
      start = end
    }
    return bytes + [0x0A]
  }

  static func base64(_ bytes: [UInt8]) -> [UInt8] {
    let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var text: [UInt8] = []
    text.reserveCapacity((bytes.count + 2) / 3 * 4)
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let piece = bytes[start..<min(start + 3, bytes.count)]
      var group: UInt32 = 0
      for byte in piece { group = group << 8 | UInt32(byte) }
      group <<= 8 * UInt32(3 - piece.count)
      for k in 0..<4 {
        text.append(
          k <= piece.count
            ? letters[Int(group >> UInt32(18 - 6 * k) & 63)] : UInt8(ascii: "="))
      }
    }
    return text
  }

  /// Asks for kitty's protocol, and for the terminal's features, which every terminal answers: its
  /// answer ends the wait. Nothing is asked while keys wait to be read, so that none is lost, and
  /// of terminals that are known to be unable.
  private static func ask() -> Way? {
    guard isatty(1) == 1, let term = UserDirectories.variable("TERM"), term != "dumb",
      term != "linux"
    else {
      return nil
    }
    let terminal = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC)
    guard terminal >= 0 else { return nil }
    defer { close(terminal) }
    var waiting = pollfd(fd: terminal, events: Int16(POLLIN), revents: 0)
    var before = termios()
    // In the background of a shell the settings must not be touched.
    guard poll(&waiting, 1, 0) == 0, tcgetattr(terminal, &before) == 0,
      tcgetpgrp(terminal) == getpgrp()
    else { return nil }
    var raw = before
    raw.c_lflag &= ~tcflag_t(ICANON | ECHO)
    guard tcsetattr(terminal, TCSANOW, &raw) == 0 else { return nil }
    defer { tcsetattr(terminal, TCSANOW, &before) }
    // Keys of a line that is not complete become readable only now.
    guard poll(&waiting, 1, 0) == 0 else { return nil }
    let question = Array("\u{1B}_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\u{1B}\\\u{1B}[c".utf8)
    guard write(terminal, question, question.count) == question.count else { return nil }
    return way(in: answer(from: terminal))
  }

  /// What comes until the `c` that ends the features, within a second: every terminal answers, but
  /// one far away takes its time. What comes later readline forgets.
  private static func answer(from terminal: Int32) -> String {
    var answer: [UInt8] = []
    let end = ContinuousClock.now + .seconds(1)
    var waiting = pollfd(fd: terminal, events: Int16(POLLIN), revents: 0)
    while answer.count < 1000 {
      let left = Int32(max(ContinuousClock.now.duration(to: end) / .milliseconds(1), 0))
      var byte: UInt8 = 0
      guard poll(&waiting, 1, left) > 0, read(terminal, &byte, 1) == 1 else { break }
      answer.append(byte)
      if byte == UInt8(ascii: "c"), answer.contains(UInt8(ascii: "?")) { break }
    }
    return String(decoding: answer, as: UTF8.self)
  }

  static func way(in answer: String) -> Way? {
    if answer.contains("_Gi=31;OK") { return .kitty }
    guard let start = answer.range(of: "[?"),
      let end = answer[start.upperBound...].firstIndex(of: "c")
    else { return nil }
    let features = answer[start.upperBound..<end].split(separator: ";")
    return features.contains("4") ? .sixel : nil
  }
}

extension String {
  /// Where `words` stand first.
  fileprivate func range(of words: String) -> Range<String.Index>? { ranges(of: words).first }
}
