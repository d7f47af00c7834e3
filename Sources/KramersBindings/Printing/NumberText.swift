#if canImport(Glibc)
  internal import Glibc
#endif

/// A number as Lua's `tostring` writes it: 14 digits, a float with a point.
func plainNumberText(_ x: Double) -> String {
  let text = numberText(x, digits: 14)
  return x == x.rounded() && x.isFinite && !text.contains("e") ? text + ".0" : text
}

/// A number for reading: `digits` significant digits, no trailing zeros, always a point.
func numberText(_ x: Double, digits: Int = 6) -> String {
  if x.isNaN { return "nan" }
  if x.isInfinite { return x > 0 ? "inf" : "-inf" }
  if x == x.rounded(), abs(x) < 1e15 { return "\(Int(x))" }
  var buffer = [CChar](repeating: 0, count: 64)
  let count = withVaList([Int32(digits), x]) { vsnprintf(&buffer, 64, "%.*g", $0) }
  let bytes = buffer.prefix(Int(count)).map { UInt8(bitPattern: $0) }
  return String(decoding: bytes, as: UTF8.self)
}
