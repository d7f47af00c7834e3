/// Cells as right-aligned columns, two spaces apart. Columns that a terminal of `width` columns has
/// no room for are left out and named; 0 is any width.
func alignedTable(
  head: [String]?, _ cells: [[String]], width: Int = 0, bold: Bool = false
) -> [String] {
  let count = head?.count ?? cells.first?.count ?? 0
  let widths = (0..<count).map { j in
    max(head?[j].count ?? 0, cells.map { $0[j].count }.max() ?? 0)
  }
  var shown = 0
  var total = -2
  while shown < count, width == 0 || shown == 0 || total + widths[shown] + 2 <= width {
    total += widths[shown] + 2
    shown += 1
  }
  func line(_ texts: [String]) -> String {
    var line = ""
    for j in 0..<shown {
      line += (j > 0 ? "  " : "") + String(repeating: " ", count: widths[j] - texts[j].count)
      line += texts[j]
    }
    return line
  }
  var lines = head.map { [styled(line($0), .bold, bold)] } ?? []
  lines += cells.map(line)
  if shown < count {
    let names = head.map { ": " + $0[shown...].joined(separator: ", ") } ?? ""
    lines.append("... \(count - shown) more column\(count - shown == 1 ? "" : "s")\(names)")
  }
  return lines
}
