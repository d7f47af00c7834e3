/// A picture as plain data: what is drawn, not how. `text` draws it on a terminal, `gnuplot` writes
/// the script that draws it into a file; both take ranges, ticks and what is left out from
/// `PlacedPanel`.
public struct Figure: Sendable, Equatable {
  public var title: String
  /// From top to bottom.
  public var panels: [Panel]
  public var size: Size

  /// Width and height on paper, in inches; without a height as high as panels and text need.
  public struct Size: Sendable, Equatable {
    public var width: Double
    public var height: Double?

    public init(width: Double, height: Double? = nil) {
      self.width = width
      self.height = height
    }

    /// A column of a journal, and its page's width.
    public static let column = Size(width: 3.4)
    public static let page = Size(width: 7)
  }

  public struct Panel: Sendable, Equatable {
    public var x: Axis
    public var y: Axis
    public var series: [Series]
    /// Sentences below the panel.
    public var notes: [String]
    /// A step function of x whose value stands under every tick: the number at risk.
    public var below: Counts?
    /// Room among the panels, 1 for an ordinary one.
    public var height: Double

    public init(
      x: Axis, y: Axis, series: [Series], notes: [String] = [], below: Counts? = nil,
      height: Double = 1
    ) {
      self.x = x
      self.y = y
      self.series = series
      self.notes = notes
      self.below = below
      self.height = height
    }
  }

  public struct Axis: Sendable, Equatable {
    public enum Scale: String, Sendable, CaseIterable { case linear, log, symlog }

    /// Name and symbol: `escape time τ`.
    public var label: String
    public var unit: String?
    public var scale: Scale
    /// Ends that the data do not decide.
    public var from: Double?
    public var to: Double?
    /// Names of the places 1, 2, ... of an axis that has no numbers.
    public var names: [String]
    /// Of `symlog`: where it goes over from linear to logarithmic; nil: the data decide.
    public var linear: Double?

    public init(
      _ label: String, unit: String? = nil, scale: Scale = .linear, from: Double? = nil,
      to: Double? = nil, names: [String] = [], linear: Double? = nil
    ) {
      self.label = label
      self.unit = unit
      self.scale = scale
      self.from = from
      self.to = to
      self.names = names
      self.linear = linear
    }

    var fullLabel: String { unit.map { "\(label) (\($0))" } ?? label }
  }

  /// Counts that hold up to and with `x`: what stands under ticks.
  public struct Counts: Sendable, Equatable {
    public var name: String
    public var x: [Double]
    public var values: [Double]

    public init(name: String, x: [Double], values: [Double]) {
      self.name = name
      self.x = x
      self.values = values
    }

    /// The first count whose x is not passed yet; 0 behind the last.
    func value(at place: Double) -> Double {
      for (end, value) in zip(x, values) where place <= end { return value }
      return 0
    }
  }

  public struct Series: Sendable, Equatable {
    public enum Drawing: String, Sendable, CaseIterable {
      /// Straight lines from point to point.
      case line
      /// A value that holds until the next x.
      case steps
      /// Markers, with error bars where `low` and `high` or `x_low` and `x_high` are given.
      case points
      /// The area between `low` and `high`.
      case band
      /// From (x, y) to (to_x, to_y), with a head or without.
      case arrows, segments
      /// Lines across the panel at each x, or at each y.
      case rules
      /// Words at (x, y).
      case text
    }

    public enum Column: String, Sendable, CaseIterable {
      case x, y, low, high
      case xLow = "x_low"
      case xHigh = "x_high"
      case toX = "to_x"
      case toY = "to_y"

      var isHorizontal: Bool { [.x, .xLow, .xHigh, .toX].contains(self) }
      /// An end of an interval: infinite ones reach the border of the panel.
      var isBound: Bool { [.low, .high, .xLow, .xHigh].contains(self) }
    }

    public enum Marker: String, Sendable, CaseIterable {
      case circle, square, triangle, diamond, ring, plus, cross
    }
    public enum Dash: String, Sendable, CaseIterable { case solid, dashed, dotted, mixed }

    /// In the legend; nil: not there.
    public var name: String?
    public var drawing: Drawing
    public var columns: [Column: [Double]]
    /// Of `text`, one for each point.
    public var words: [String]
    /// 0 black, 1...6 the palette, 7 grey; nil: by the order in the panel.
    public var color: Int?
    public var dash: Dash?
    public var marker: Marker?

    public init(
      _ drawing: Drawing, name: String? = nil, columns: [Column: [Double]], words: [String] = [],
      color: Int? = nil, dash: Dash? = nil, marker: Marker? = nil
    ) {
      self.name = name
      self.drawing = drawing
      self.columns = columns
      self.words = words
      self.color = color
      self.dash = dash
      self.marker = marker
    }

    var count: Int { columns.values.map(\.count).max() ?? 0 }
    subscript(column: Column) -> [Double] { columns[column] ?? [] }

    /// The rows of these indices.
    func rows(_ kept: [Int]) -> Series {
      var copy = self
      copy.columns = columns.mapValues { column in kept.map { column[$0] } }
      if !words.isEmpty { copy.words = kept.map { words[$0] } }
      return copy
    }
  }

  public init(title: String, panels: [Panel], size: Size) {
    self.title = title
    self.panels = panels
    self.size = size
  }

  /// - Throws: `InputError` where text takes so much of a given page that no plot has room.
  public func checkSize() throws {
    guard size.height != nil else { return }
    let layout = FigureLayout(self, panels.map { PlacedPanel($0, columns: 600) })
    func inches(_ x: Double) -> String { fixedNumber(x, decimals: 1) }
    let plot = layout.places.map { ($0.right - $0.left) * size.width }.min() ?? 0
    guard layout.needed <= layout.height, plot >= 0.5 else {
      throw InputError.sentence(
        "size {\(inches(size.width)), \(inches(layout.height))} has no room for the plot beside its "
          + "text, which takes \(inches(layout.needed - 0.3 * layout.height)) of the height and "
          + "\(inches(size.width - plot)) of the width; a title of your own may be shorter")
    }
  }
}
