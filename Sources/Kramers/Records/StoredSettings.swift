/// Settings as session files hold them: some in columns of their own, the others as one line of JSON.
extension Setting {
  /// The settings with columns, in their order.
  public static let columns: [(name: String, setting: Setting)] = all.compactMap { setting in
    setting.column.map { ($0, setting) }
  }
}

extension Settings {
  /// The settings without a column that are not at their defaults, as a JSON object.
  public var others: String {
    jsonLine(
      .object(
        Setting.all.compactMap { setting in
          guard setting.column == nil, self[setting] != setting.standard else { return nil }
          return setting.record(of: self).map { Record.Field(setting.name, $0) }
        }))
  }

  /// Reads what `others` has written.
  ///
  /// - Throws: `InputError` for what is no such text, and for settings that a later program has.
  public mutating func restore(others text: String) throws {
    let stored = try Array(text.utf8).withUnsafeBytes { try record(fromJSON: $0) }
    guard case .object(let fields) = stored else {
      // An object without fields is written as a list without items.
      return
    }
    for field in fields {
      guard let setting = Setting.named[field.name], setting.column == nil else {
        throw InputError.sentence(
          "'\(field.name.prefix(40))' is no setting that this program knows")
      }
      switch (setting.kind, field.value) {
      case (.number, .number(let x)): self[setting] = .number(x)
      case (.number, .integer(let n)): self[setting] = .number(Double(n))
      case (.flag, .boolean(let flag)): self[setting] = .flag(flag)
      case (.choice(let words), .text(let word)) where words.contains(word):
        self[setting] = .word(word)
      default: throw InputError.sentence("\(setting.name) is of a wrong type")
      }
    }
  }
}
