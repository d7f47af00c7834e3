internal import CReadline
import KramersBindings
internal import Lua

/// Finds completions without running any code: tables are read raw, and what a metatable would
/// answer is known from the catalogue.
struct Completer {
  let program: Program

  func completions(_ entry: [UInt8], at point: Int) -> Completions {
    let before = Array(entry[..<min(point, entry.count)])
    if before.first == UInt8(ascii: ":") { return command(before) }
    if before.first == UInt8(ascii: "?") {
      let names = program.catalog.all.map { Completions.Candidate(text: $0.name) }
      return Completions(candidates: names.sorted { $0.text < $1.text })
    }
    let text = LuaText(before)
    if let last = text.tokens.last, last.isOpen {
      guard last.kind == .string, !last.isLong else { return Completions() }
      return string(text, before: text.tokens.dropLast())
    }
    var tokens = text.tokens[...]
    let path = pathAtEnd(text, &tokens)
    if path.isEmpty || path.count == 1, let verb = openVerb(text, tokens) {
      return option(of: verb, text, tokens, word: path.first ?? "")
    }
    return Completions(candidates: path.count > 1 ? fields(path) : globals(path.first ?? ""))
  }

  // MARK: Where the cursor is

  /// The trailing `a.b:c` as its parts, with the separators before all but the first; removes it
  /// from `tokens`. The last part is empty after a separator.
  private func pathAtEnd(_ text: LuaText, _ tokens: inout ArraySlice<LuaToken>) -> [String] {
    var parts: [String] = []
    var end = text.bytes.count
    while let token = tokens.last, token.range.upperBound == end {
      let words = text.words(token)
      let isSeparator = token.kind == .symbol && (words == "." || words == ":")
      if isSeparator {
        if parts.first.map(isSeparated) ?? false { break }  // `..`
        parts.insert(words + (parts.isEmpty ? "" : parts.removeFirst()), at: 0)
      } else if token.kind == .name, parts.isEmpty || isSeparated(parts[0]) {
        parts.insert(words, at: 0)
      } else {
        break
      }
      end = token.range.lowerBound
      tokens = tokens.dropLast()
    }
    return parts
  }

  private func isSeparated(_ part: String) -> Bool { part.first == "." || part.first == ":" }

  /// The verb inside whose braces the text ends.
  private func openVerb(_ text: LuaText, _ tokens: ArraySlice<LuaToken>) -> Entry? {
    var depth = 0
    for i in tokens.indices.reversed() {
      let words = text.words(tokens[i])
      guard tokens[i].kind == .symbol else { continue }
      if ["}", ")", "]"].contains(words) { depth += 1 }
      guard ["{", "(", "["].contains(words) else { continue }
      depth -= 1
      if depth >= 0 { continue }
      guard words == "{" else { return nil }
      var rest = tokens[..<i]
      let last = rest.last.map { $0.kind == .symbol ? text.words($0) : "" }
      // The options may be the first argument, or a later one: plot(r, "a.svg", { ... }).
      if last == "(" { rest = rest.dropLast() }
      if last == "," { rest = rest[..<(openParenthesis(text, rest) ?? rest.startIndex)] }
      var names: [String] = []
      while let last = rest.last, last.kind == .name || [".", ":"].contains(text.words(last)) {
        names.insert(text.words(last), at: 0)
        rest = rest.dropLast()
      }
      return entry(names)
    }
    return nil
  }

  /// The parenthesis inside which the tokens end.
  private func openParenthesis(_ text: LuaText, _ tokens: ArraySlice<LuaToken>) -> Int? {
    var depth = 0
    for i in tokens.indices.reversed() where tokens[i].kind == .symbol {
      let words = text.words(tokens[i])
      if ["}", ")", "]"].contains(words) { depth += 1 }
      guard ["{", "(", "["].contains(words) else { continue }
      depth -= 1
      if depth < 0 { return words == "(" ? i : nil }
    }
    return nil
  }

  private func entry(_ names: [String]) -> Entry? {
    if let entry = program.catalog.byName[names.joined()] { return entry }
    guard names.count > 2, names[names.count - 2] == ":", let method = names.last else {
      return nil
    }
    return program.catalog.byName[method] ?? program.catalog.byName["x:" + method]
      ?? program.catalog.byName["d:" + method]
  }

  // MARK: What may stand there

  private func option(
    of verb: Entry, _ text: LuaText, _ tokens: ArraySlice<LuaToken>, word: String
  ) -> Completions {
    let last = tokens.last.map(text.words)
    if last == "=" {
      let name = tokens.dropLast().last.map(text.words)
      guard let option = verb.options.first(where: { $0.name == name }) else {
        return Completions(candidates: globals(word))
      }
      switch option.kind {
      case .flag: return Completions(candidates: [.init(text: "true"), .init(text: "false")])
      default: return Completions(candidates: globals(word))
      }
    }
    guard last == "{" || last == "," || last == ";" else {
      return Completions(candidates: globals(word))
    }
    let given = givenOptions(text, tokens)
    let options = verb.options.filter { !given.contains($0.name) || $0.name == word }
    return Completions(
      candidates: options.map { option in
        let standard = option.standard.isEmpty ? "..." : option.standard
        return .init(text: option.name + " = ", note: standard, summary: option.summary)
      })
  }

  /// Names that stand before `=` since the brace was opened.
  private func givenOptions(_ text: LuaText, _ tokens: ArraySlice<LuaToken>) -> Set<String> {
    var names: Set<String> = []
    var depth = 0
    for i in tokens.indices.reversed() {
      let words = text.words(tokens[i])
      depth += LuaText.change(of: words, tokens[i])
      if depth > 0 { break }
      if depth == 0, words == "=", i > tokens.startIndex { names.insert(text.words(tokens[i - 1])) }
    }
    return names
  }

  /// Inside quotes: the words that an option takes, the names that help takes, else files.
  private func string(_ text: LuaText, before tokens: ArraySlice<LuaToken>) -> Completions {
    let last = tokens.last.map(text.words)
    var result = Completions(context: KR_STRING)
    let earlier = tokens.dropLast()
    if last == "=", let verb = openVerb(text, earlier),
      let option = verb.options.first(where: { $0.name == earlier.last.map(text.words) })
    {
      if !option.kind.choices.isEmpty {
        result.candidates = option.kind.choices.map { .init(text: $0) }
        return result
      }
      if option.kind == .batch {
        result.candidates = [.init(text: "full")]
        return result
      }
    }
    let callee = last == "(" ? earlier.last.map(text.words) : last
    if callee == "help" || callee == "run" {
      result.candidates = program.catalog.all.map { .init(text: $0.name) }
      return result
    }
    result.includesFiles = true
    let calls = last == "(" ? earlier : tokens
    if calls.dropLast(2).last.map(text.words) == "session" { result.candidates = sessionNames }
    return result
  }

  private var sessionNames: [Completions.Candidate] {
    SessionPaths.names.map { .init(text: $0) }
  }

  private func command(_ before: [UInt8]) -> Completions {
    let line = String(decoding: before.dropFirst(), as: UTF8.self)
    guard let space = line.firstIndex(of: " ") else {
      let commands = Commands.all.map { name, entry in
        Completions.Candidate(text: ":" + name, summary: entry.summary)
      }
      return Completions(candidates: commands)
    }
    var result = Completions(context: KR_WORD)
    switch line[..<space] {
    case "help", "run": result.candidates = program.catalog.all.map { .init(text: $0.name) }
    case "once", "journal": result.includesFiles = true
    case "open", "save":
      result.candidates = sessionNames
      result.includesFiles = true
    default:
      result.candidates = Commands.words(String(line[..<space])).map { .init(text: $0) }
    }
    return result
  }

  // MARK: Names

  private func globals(_ word: String) -> [Completions.Candidate] {
    var names = Set(keywords)
    for table in [program.publicNames, try? program.lua.globals] {
      guard let table else { continue }
      try? table.forEachRaw { key, _ in
        if let name = key.text, isName(name) { names.insert(name) }
        return names.count < 10_000
      }
    }
    return candidates(names, word)
  }

  private func fields(_ path: [String]) -> [Completions.Candidate] {
    let prefix = path.dropLast().joined()
    guard let separator = path.last?.first, let value = value(of: path.dropLast()) else {
      return []
    }
    let names = names(in: value, methodsOnly: separator == ":")
    let word = String(path.last?.dropFirst() ?? "")
    return candidates(names, word).map { .init(text: "\(prefix)\(separator)\($0.text)") }
  }

  private func value(of path: ArraySlice<String>) -> LuaValue? {
    guard let first = path.first, let globals = try? program.lua.globals else { return nil }
    var value = (try? globals.rawGet(LuaValue(first))) ?? .nil
    if value.isNil { value = (try? program.publicNames.rawGet(LuaValue(first))) ?? .nil }
    for part in path.dropFirst() {
      let name = String(part.dropFirst())
      guard part.first == "." else { return nil }
      value = program.field(name, of: value) ?? .nil
    }
    return value.isNil ? nil : value
  }

  private func names(in value: LuaValue, methodsOnly: Bool) -> Set<String> {
    if let names = program.fieldsAndMethods(of: value) {
      return Set(methodsOnly ? names.methods : names.fields + names.methods)
    }
    var names: Set<String> = []
    var table = value.asTable
    if case .string = value { table = (try? program.lua.globals.rawGet("string"))?.asTable }
    // Behind a table `__index` may stand, itself a table; a function is never called.
    for _ in 0..<8 {
      guard let here = table else { break }
      try? here.forEachRaw { key, field in
        if let name = key.text, isName(name), !methodsOnly || field.asFunction != nil {
          names.insert(name)
        }
        return names.count < 10_000
      }
      table = (try? here.metatable?.rawGet("__index"))?.asTable
    }
    return names
  }

  private func candidates(_ names: Set<String>, _ word: String) -> [Completions.Candidate] {
    // Names of metamethods and the like only when asked for.
    let shown = names.filter { $0.hasPrefix(word) && (word.hasPrefix("_") || !$0.hasPrefix("_")) }
    return shown.sorted().map { .init(text: $0) }
  }

  private func isName(_ name: String) -> Bool {
    guard let first = name.first, first.isASCII, first.isLetter || first == "_" else {
      return false
    }
    return name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
  }
}

private let keywords = [
  "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "goto", "if", "in",
  "local", "nil", "not", "or", "repeat", "return", "then", "true", "until", "while",
]
