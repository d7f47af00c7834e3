/// At the prompt `local task = ...` would be gone with its entry, which is what users of Lua's own
/// prompt stumble over first: here such a variable, outside blocks and functions and with a value,
/// is kept as a global. The word becomes spaces, so that columns stay.
///
/// - Parameter isTaken: whether a name cannot be a global; its `local` stays what it is.
func keepingLocals(_ text: LuaText, isTaken: (String) -> Bool) -> [UInt8] {
  var bytes = text.bytes
  let tokens = text.tokens.filter { $0.kind != .comment }
  var depth = 0
  for (i, token) in tokens.enumerated() {
    let words = text.words(token)
    depth += LuaText.change(of: words, token)
    guard depth == 0, token.kind == .name, words == "local" else { continue }
    guard let names = declaredNames(text, tokens[(i + 1)...]), !names.contains(where: isTaken)
    else { continue }
    for k in token.range { bytes[k] = 0x20 }
  }
  return bytes
}

/// The names of `a, b = ...` or `function f`; nil for a declaration without values or with
/// attributes.
private func declaredNames(_ text: LuaText, _ tokens: ArraySlice<LuaToken>) -> [String]? {
  var names: [String] = []
  for (offset, token) in tokens.enumerated() {
    let words = text.words(token)
    if offset == 0, words == "function" { continue }
    if offset % 2 == (tokens.first.map(text.words) == "function" ? 1 : 0) {
      guard token.kind == .name else { return nil }
      names.append(words)
      if tokens.first.map(text.words) == "function" { return names }
    } else if words == "=" {
      return names
    } else if words != "," {
      return nil
    }
  }
  return nil
}
