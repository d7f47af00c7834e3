internal import CProcessor

/// A vector over replicas.
protocol LaneVector: Vector {
  static var lanes: Int { get }
  subscript(lane: Int) -> Scalar { get set }
  /// Copies rows of a table into lanes; see `kp_transpose_double8`.
  static func transpose(
    _ rows: UnsafeRawPointer, _ offsets: UnsafePointer<Int32>, _ target: UnsafeMutablePointer<Self>,
    stride: Int, width: Int)
  /// Hands `count` vectors of normals of this step, of standard deviation `scale`, to `use`.
  static func fillNormals(
    _ group: UnsafePointer<kp_lane_group>, purpose: UInt64, count: Int, scale: Self,
    _ use: (Int, Self) -> Void)
  static func tanh(_ x: Self) -> Self
  static func / (a: Self, b: Self) -> Self
  static func magnitude(_ x: Self) -> Self
  static func larger(_ a: Self, _ b: Self) -> Self
  static func smaller(_ a: Self, _ b: Self) -> Self
  /// 1 where x > 0, else 0.
  static func isPositive(_ x: Self) -> Self
}

extension Doubles: LaneVector {
  @inline(__always) static var lanes: Int { Doubles.scalarCount }

  @inline(__always)
  static func transpose(
    _ rows: UnsafeRawPointer, _ offsets: UnsafePointer<Int32>,
    _ target: UnsafeMutablePointer<Self>, stride: Int, width: Int
  ) {
    let rows = rows.assumingMemoryBound(to: Double.self)
    #if AVX512
      kp_transpose_double8(rows, offsets, target, stride, width)
    #else
      kp_transpose_double4(rows, offsets, target, stride, width)
    #endif
  }

  /// Block i gives normals 2i and 2i + 1: `RandomStream.normals`.
  @inline(__always)
  static func fillNormals(
    _ group: UnsafePointer<kp_lane_group>, purpose: UInt64, count: Int, scale: Self,
    _ use: (Int, Self) -> Void
  ) {
    let counter = StepCounter(group, purpose: purpose, first: 0)
    let words = group.pointee.words.assumingMemoryBound(to: Words.self)
    // Two passes: short bodies, of which the processor overlaps more than of one long body.
    var k = 0
    while k < count {
      let (x, y) = counter.words(k &>> 1, and: counter, (k &>> 1) &+ 1)
      words[k] = wide(x.a, x.b)
      words[k &+ 1] = wide(x.c, x.d)
      words[k &+ 2] = wide(y.a, y.b)
      words[k &+ 3] = wide(y.c, y.d)
      k &+= 4
    }
    k = 0
    while k < count {
      let (a, b) = boxMuller(words[k], words[k &+ 1], scale)
      use(k, a)
      if k &+ 1 < count { use(k &+ 1, b) }
      k &+= 2
    }
  }

  @inline(__always) static func tanh(_ x: Self) -> Self { hyperbolicTangent(x) }
  @inline(__always) static func magnitude(_ x: Self) -> Self {
    doubles(bits(x) & Words(repeating: 0x7FFF_FFFF_FFFF_FFFF))
  }
  @inline(__always) static func larger(_ a: Self, _ b: Self) -> Self {
    a.replacing(with: b, where: b .> a)
  }
  @inline(__always) static func smaller(_ a: Self, _ b: Self) -> Self {
    a.replacing(with: b, where: b .< a)
  }
  @inline(__always) static func isPositive(_ x: Self) -> Self {
    Self.zero.replacing(with: Self(repeating: 1), where: x .> Self.zero)
  }
}

extension Floats: LaneVector {
  @inline(__always) static var lanes: Int { Floats.scalarCount }

  @inline(__always)
  static func transpose(
    _ rows: UnsafeRawPointer, _ offsets: UnsafePointer<Int32>,
    _ target: UnsafeMutablePointer<Self>, stride: Int, width: Int
  ) {
    let rows = rows.assumingMemoryBound(to: Float.self)
    #if AVX512
      kp_transpose_float16(rows, offsets, target, stride, width)
    #else
      kp_transpose_float8(rows, offsets, target, stride, width)
    #endif
  }

  /// Block i gives normals 4i ... 4i + 3, each pair from two words.
  @inline(__always)
  static func fillNormals(
    _ group: UnsafePointer<kp_lane_group>, purpose: UInt64, count: Int, scale: Self,
    _ use: (Int, Self) -> Void
  ) {
    let lower = StepCounter(group, purpose: purpose, first: 0)
    let upper = StepCounter(group, purpose: purpose, first: Words.scalarCount)
    let words = group.pointee.words.assumingMemoryBound(to: FloatWords.self)
    var k = 0
    while k < count {
      let (x, y) = lower.words(k &>> 2, and: upper, k &>> 2)
      words[k] = lowerHalves(x.a, y.a)
      words[k &+ 1] = lowerHalves(x.b, y.b)
      words[k &+ 2] = lowerHalves(x.c, y.c)
      words[k &+ 3] = lowerHalves(x.d, y.d)
      k &+= 4
    }
    k = 0
    while k < count {
      let (a, b) = boxMuller(unit(words[k]), unit(words[k &+ 1]), scale)
      use(k, a)
      if k &+ 1 < count { use(k &+ 1, b) }
      k &+= 2
    }
  }

  @inline(__always) static func tanh(_ x: Self) -> Self { hyperbolicTangent(x) }
  @inline(__always) static func magnitude(_ x: Self) -> Self {
    floats(bits(x) & FloatWords(repeating: 0x7FFF_FFFF))
  }
  @inline(__always) static func larger(_ a: Self, _ b: Self) -> Self {
    a.replacing(with: b, where: b .> a)
  }
  @inline(__always) static func smaller(_ a: Self, _ b: Self) -> Self {
    a.replacing(with: b, where: b .< a)
  }
  @inline(__always) static func isPositive(_ x: Self) -> Self {
    Self.zero.replacing(with: Self(repeating: 1), where: x .> Self.zero)
  }
}

extension StepCounter {
  /// The counter of as many lanes as there are words, from lane `first` on.
  @inline(__always)
  init(_ group: UnsafePointer<kp_lane_group>, purpose: UInt64, first: Int) {
    self.init(
      steps: wordsOfLanes(group.pointee.steps, first),
      replicas: wordsOfLanes(group.pointee.replicas, first),
      purpose: purpose, keys: group.pointee.round_keys)
  }
}

/// A word of each lane from `first` on.
@inline(__always)
func wordsOfLanes(_ p: UnsafeMutablePointer<UInt64>, _ first: Int) -> Words {
  UnsafeRawPointer(p + first).loadUnaligned(as: Words.self)
}
