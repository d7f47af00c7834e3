import KramersBindings

/// `--new-protocol NAME`: a file to begin from.
enum NewProtocol {
  /// - Returns: the exit status: 64 for a name that cannot be a verb's, 74 when nothing was written.
  static func write(_ name: String) -> Int32 {
    do {
      let path = try writeNewProtocol(name)
      writeError("wrote \(path); try: kramers -e 'shell.run(\"\(name)\")'\n")
      return 0
    } catch {
      writeError("kramers: --new-protocol: \(error)\n")
      return error is NewProtocolError ? 64 : 74
    }
  }
}
