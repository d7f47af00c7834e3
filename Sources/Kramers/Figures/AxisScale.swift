#if canImport(Glibc)
  internal import Glibc
#endif

/// An axis with its ends: places values on 0...1 and chooses ticks.
struct AxisScale: Sendable {
  let axis: Figure.Axis
  let low: Double
  let high: Double
  /// Of a symmetric logarithm: the scale on which it is linear.
  let linear: Double

  /// A tick; `power` is its label where that is written `mantissa x 10^exponent`.
  struct Tick: Sendable, Equatable {
    var value: Double
    var label: String
    var power: (mantissa: String, exponent: Int)?

    /// Width on paper, in letters; a power is written smaller.
    var letters: Double {
      power.map { Double($0.mantissa.count) + 4 } ?? Double(label.count)
    }

    static func == (a: Tick, b: Tick) -> Bool { a.value == b.value && a.label == b.label }
  }

  /// - Parameter values: what is drawn along this axis, all of it placeable.
  init(_ axis: Figure.Axis, _ values: [Double]) {
    self.axis = axis
    var size = 0.0
    var least = Double.infinity
    for x in values where x != 0 {
      size = max(size, abs(x))
      least = min(least, abs(x))
    }
    let small = max(least.isFinite ? least : 0, size * 1e-8)
    linear = axis.linear ?? (small > 0 ? small : 1)
    if !axis.names.isEmpty {
      low = 0.5
      high = Double(axis.names.count) + 0.5
      return
    }
    let (first, last) = Self.ends(values.min(), values.max(), axis.scale)
    let transform = Transform(scale: axis.scale, linear: linear)
    let (a, b) = (transform.forward(first), transform.forward(last))
    let margin = axis.scale == .linear ? 0.04 * (b / 2 - a / 2) * 2 : 0.04 * (b - a)
    var (from, to) = (transform.back(a - margin), transform.back(b + margin))
    if !from.isFinite || (axis.scale == .log && from <= 0) { from = first }
    if !to.isFinite { to = last }
    low = axis.from ?? min(from, axis.to.map { axis.scale == .log ? $0 / 10 : $0 - 1 } ?? from)
    high = axis.to ?? max(to, axis.from.map { axis.scale == .log ? $0 * 10 : $0 + 1 } ?? to)
  }

  /// Ends that differ, whatever the values are.
  private static func ends(
    _ first: Double?, _ last: Double?, _ scale: Figure.Axis.Scale
  ) -> (Double, Double) {
    guard let first, let last else { return scale == .log ? (1, 10) : (0, 1) }
    let size = max(abs(first), abs(last))
    if last / 2 - first / 2 > size * 1e-13 { return (first, last) }
    if scale == .log {
      return (max(first / 3, Double.leastNonzeroMagnitude), min(last * 3, 1.7e308))
    }
    if size == 0 { return (-1, 1) }
    return (first - size * 0.1, min(last + size * 0.1, 1.7e308))
  }

  /// Where a value stands; outside of 0...1 it is outside of the panel.
  func place(_ x: Double) -> Double {
    let transform = Transform(scale: axis.names.isEmpty ? axis.scale : .linear, linear: linear)
    // Halves, so that the distance of -1e308 and 1e308 is finite.
    let (a, b) = (transform.forward(low) / 2, transform.forward(high) / 2)
    return (transform.forward(x) / 2 - a) / (b - a)
  }

  /// Whether the axis has a place for the value.
  func holds(_ x: Double) -> Bool { x.isFinite && (axis.scale != .log || x > 0) }

  private struct Transform {
    let scale: Figure.Axis.Scale
    let linear: Double

    func forward(_ x: Double) -> Double {
      switch scale {
      case .linear: x
      case .log: log10(x)
      case .symlog: asinh(x / linear)
      }
    }
    func back(_ u: Double) -> Double {
      switch scale {
      case .linear: u
      case .log: pow(10, u)
      case .symlog: linear * sinh(u)
      }
    }
  }

  // MARK: Ticks

  /// About `most` ticks, or fewer.
  func ticks(most: Int) -> [Tick] {
    if !axis.names.isEmpty {
      return axis.names.enumerated().map { Tick(value: Double($0 + 1), label: $1) }
    }
    let most = max(most, 2)
    let ticks =
      switch axis.scale {
      case .linear: linearTicks(most)
      case .log: logTicks(most)
      case .symlog: symmetricTicks(most)
      }
    let inside = ticks.filter { (-1e-6...1 + 1e-6).contains(place($0.value)) }
    if inside.count >= 2 { return inside }
    // One number says nothing of the axis; less than a decade: neither do fewer than two powers.
    let others = (most...most + 3).lazy.map { [self] in
      linearTicks($0).filter { holds($0.value) && (-1e-6...1 + 1e-6).contains(place($0.value)) }
    }
    return others.first { $0.count >= 2 } ?? linearTicks(most).filter { holds($0.value) }
  }

  private func linearTicks(_ most: Int) -> [Tick] {
    let rough = (high / 2 - low / 2) / Double(most) * 2
    guard rough > 0, rough.isFinite else { return [] }
    let exponent = Int(floor(log10(rough)))
    var (factor, power) = (10.0, exponent)
    for candidate in [1.0, 2, 5] where candidate * decimal(exponent) >= rough * 0.999 {
      factor = candidate
      break
    }
    if factor == 10 { (factor, power) = (1, exponent + 1) }
    let step = factor * decimal(power)
    let (first, last) = (ceil(low / step - 1e-9), floor(high / step + 1e-9))
    guard step > 0, last >= first, last - first < 100 else { return [] }
    let largest = max(abs(first), abs(last)) * step
    return stride(from: first, through: last, by: 1).map { n in
      // 3 * 0.1 is not 0.3, but 3 / 10 is.
      let value = n * factor
      let exact = power < 0 && power > -300 ? value / decimal(-power) : value * decimal(power)
      return Self.tick(exact, digitsTo: power, largest: largest)
    }
  }

  private func logTicks(_ most: Int) -> [Tick] {
    let (first, last) = (Int(ceil(log10(low) - 1e-9)), Int(floor(log10(high) + 1e-9)))
    let count = last - first + 1
    if count >= 2 {
      let step = max(1, Int((Double(count) / Double(most)).rounded(.up)))
      let plain = first >= -3 && last <= 4
      let decades = (first...last).filter { $0 % step == 0 && $0 > -324 && $0 < 309 }
      if decades.count >= 3 || high / low > 50 {
        return decades.map { Self.power(1, $0, plain: plain) }
      }
    }
    var fine: [Tick] = []
    for exponent in (first - 1)...max(last, first - 1) {
      for factor in [1, 2, 5] {
        let value = Double(factor) * decimal(exponent)
        if value >= low * (1 - 1e-9), value <= high * (1 + 1e-9) {
          fine.append(Self.power(factor, exponent, plain: exponent >= -3 && exponent <= 4))
        }
      }
    }
    if fine.count >= 3 { return fine }
    return linearTicks(most).filter { $0.value > 0 }
  }

  private func symmetricTicks(_ most: Int) -> [Tick] {
    let base = Int(ceil(log10(linear) - 1e-9))
    func decades(to end: Double) -> [Int] {
      end >= linear ? Array(base...max(base, Int(floor(log10(end) + 1e-9)))) : []
    }
    let (down, up) = (low < 0 ? decades(to: -low) : [], high > 0 ? decades(to: high) : [])
    let step = max(1, Int((Double(down.count + up.count + 1) / Double(most)).rounded(.up)))
    func chosen(_ list: [Int], _ sign: Double) -> [Tick] {
      // From the far end, so that the largest decade has its tick.
      stride(from: list.count - 1, through: 0, by: -step).map { k in
        var tick = Self.power(1, list[k], plain: false)
        if sign < 0 {
          tick.value = -tick.value
          tick.label = "-" + tick.label
          tick.power = tick.power.map { ("-" + $0.mantissa, $0.exponent) }
        }
        return tick
      }
    }
    let middle = low <= 0 && high >= 0 ? [Tick(value: 0, label: "0")] : []
    // A label beside the zero would stand on it.
    let sides = (chosen(down, -1) + chosen(up, 1)).filter {
      middle.isEmpty || abs(place($0.value) - place(0)) > 0.5 / Double(most)
    }
    return (sides + middle).sorted { $0.value < $1.value }
  }

  private static func power(_ factor: Int, _ exponent: Int, plain: Bool) -> Tick {
    let value =
      exponent < 0 && exponent > -300
      ? Double(factor) / decimal(-exponent) : Double(factor) * decimal(exponent)
    if plain {
      return Tick(value: value, label: fixedNumber(value, decimals: max(-exponent, 0)))
    }
    return Tick(
      value: value, label: exponent == 0 ? "\(factor)" : "\(factor)e\(exponent)",
      power: exponent == 0 ? nil : (factor == 1 ? "" : "\(factor)", exponent))
  }

  /// A tick with digits down to 10^`power`.
  private static func tick(_ x: Double, digitsTo power: Int, largest: Double) -> Tick {
    let top = largest > 0 ? Int(floor(log10(largest) + 1e-9)) : 0
    if x == 0 { return Tick(value: 0, label: "0") }
    if top < 5, power > -5 {
      return Tick(value: x, label: fixedNumber(x, decimals: max(-power, 0)))
    }
    let own = Int(floor(log10(abs(x)) + 1e-9))
    let scaled = own < -300 ? x * 1e300 / decimal(own + 300) : x / decimal(own)
    let mantissa = fixedNumber(scaled, decimals: min(max(own - power, 0), 15))
    return Tick(value: x, label: "\(mantissa)e\(own)", power: (mantissa, own))
  }
}

/// 10^n; a little off where that is no exact number.
private func decimal(_ n: Int) -> Double { pow(10, Double(n)) }

/// With a number of digits behind the point.
func fixedNumber(_ x: Double, decimals: Int) -> String {
  var buffer = [CChar](repeating: 0, count: 400)
  let count = withVaList([Int32(decimals), x]) { vsnprintf(&buffer, buffer.count, "%.*f", $0) }
  let text = String(
    decoding: buffer.prefix(Int(count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  return text.hasPrefix("-") && !text.contains(where: { "123456789".contains($0) })
    ? String(text.dropFirst()) : text
}
