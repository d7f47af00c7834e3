import Kramers

/// What a result of one kind shows first; declared beside what its verb returns.
package struct Answer: Sendable, Equatable {
  package let kind: String
  /// `loss energy`: a field, and its unit. `theory.area`: one inside of another.
  /// `twins: name tau`: rows, and which of their columns; `rungs: rung=holds`: rows in one line.
  package let fields: [String]
  /// What a page of `report` shows beside them, in the same words.
  package let page: [String]
  /// The last line: the first of these whose fields are all there. `{tau steps}` stands for a field
  /// with unit and interval, `{#points}` for how many rows; `[certified=true]` in front asks for a
  /// value, `[rates]` for a field that is not empty.
  package let summary: [String]

  /// What a page shows first.
  var ofPage: Answer { Answer(kind, fields + page, summary: summary) }

  /// A field as declared.
  package struct Field: Sendable, Equatable {
    package let name: String
    package let unit: String?
    /// Of rows.
    package let columns: [String]
    /// Whether rows stand in one line, as pairs of their two columns.
    package let isLine: Bool

    package init(_ words: some StringProtocol) {
      let text = String(words)
      let parts = text.split(separator: ":").map(String.init)
      let first = (parts.first ?? "").split(separator: " ").map(String.init)
      name = first.first ?? ""
      unit = first.count > 1 ? first[1] : nil
      let rest = parts.count > 1 ? parts[1] : ""
      isLine = rest.contains("=")
      columns = rest.split { $0 == " " || $0 == "=" }.map(String.init)
    }
  }

  init(
    _ kind: String, _ fields: [String], page: [String] = [], summary: [String] = ["{summary}"]
  ) {
    self.kind = kind
    self.fields = fields
    self.page = page
    self.summary = summary
  }

  /// For kinds that nothing is declared of, those of users' protocols: what a record has.
  init(of record: Record) {
    guard case .object(let fields) = record else {
      self.init("", [])
      return
    }
    let isLast = { (field: Record.Field) in ["summary", "verdict"].contains(field.name) }
    let shown = fields.filter { $0.name != "kind" && !$0.value.isRows && !isLast($0) }
    let rows = fields.filter(\.value.isRows).prefix(1)
    self.init(
      "", (shown.prefix(8) + rows).map(\.name),
      summary: fields.filter(isLast).map { "{\($0.name)}" })
  }

  /// Every field that is named, for the test that they exist.
  package var names: [String] {
    (fields + page).map { Field($0).name }
      + summary.flatMap { words in
        words.matches(of: /[\[{]#?([a-z0-9_.]+)/).map { String($0.output.1) }
      }
  }
}
