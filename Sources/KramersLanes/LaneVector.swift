internal import CProcessor

/// A vector over replicas.
protocol LaneVector: Vector {
  static var lanes: Int { get }
  subscript(lane: Int) -> Scalar { get set }
  /// Copies rows of a table into lanes; see `kp_transpose_double8`.
  static func transpose(
    _ rows: UnsafeRawPointer, _ offsets: UnsafePointer<Int32>, _ target: UnsafeMutablePointer<Self>,
    stride: Int, width: Int)
  /// Draws the words of at least `count` vectors of normals, of the step that comes `ahead` steps after
  /// this one, to places `at` ... of the group's words.
  static func fillWords(
    _ group: UnsafePointer<kp_lane_group>, purpose: UInt64, ahead: Int, at: Int, count: Int)
  /// Draws the words of four vectors of normals for each of two steps, `ahead` steps after this one and
  /// the next, to places `at` ...
  static func fillWordsOfTwoSteps(
    _ group: UnsafePointer<kp_lane_group>, purpose: UInt64, ahead: Int, at: Int)
  /// Normals k and k + 1 (k even) of these words, of standard deviation `scale`.
  static func normals(_ words: UnsafeRawPointer, _ k: Int, _ scale: Self) -> (Self, Self)
  static func tanh(_ x: Self) -> Self
  /// -2 ln x of positive normal numbers.
  static func minusTwoLogarithm(_ x: Self) -> Self
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
  static func fillWords(
    _ group: UnsafePointer<kp_lane_group>, purpose: UInt64, ahead: Int, at: Int, count: Int
  ) {
    let counter = StepCounter(group, purpose: purpose, ahead: ahead, first: 0)
    let words = group.pointee.words.assumingMemoryBound(to: Words.self) + at
    let keys = group.pointee.round_keys!
    var k = 0
    while k &+ 4 < count {
      let block = k &>> 1
      fillWords(
        counter.afterTwoRounds(block), counter.afterTwoRounds(block &+ 1),
        counter.afterTwoRounds(block &+ 2), counter.afterTwoRounds(block &+ 3), words + k, keys)
      k &+= 8
    }
    while k < count {
      var x = counter.afterTwoRounds(k &>> 1)
      var y = counter.afterTwoRounds((k &>> 1) &+ 1)
      middleRounds(&x, &y, keys)
      (words[k], words[k &+ 1]) = x.lastRound(keys)
      (words[k &+ 2], words[k &+ 3]) = y.lastRound(keys)
      k &+= 4
    }
  }

  @inline(__always)
  static func fillWordsOfTwoSteps(
    _ group: UnsafePointer<kp_lane_group>, purpose: UInt64, ahead: Int, at: Int
  ) {
    let first = StepCounter(group, purpose: purpose, ahead: ahead, first: 0)
    let second = StepCounter(group, purpose: purpose, ahead: ahead &+ 1, first: 0)
    let words = group.pointee.words.assumingMemoryBound(to: Words.self)
    fillWords(
      first.afterTwoRounds(0), first.afterTwoRounds(1), second.afterTwoRounds(0),
      second.afterTwoRounds(1), words + at, group.pointee.round_keys)
  }

  @inline(__always)
  private static func fillWords(
    _ x: PhiloxState, _ y: PhiloxState, _ z: PhiloxState, _ t: PhiloxState,
    _ words: UnsafeMutablePointer<Words>, _ keys: UnsafePointer<UInt64>
  ) {
    var (x, y, z, t) = (x, y, z, t)
    middleRounds(&x, &y, &z, &t, keys)
    (words[0], words[1]) = x.lastRound(keys)
    (words[2], words[3]) = y.lastRound(keys)
    (words[4], words[5]) = z.lastRound(keys)
    (words[6], words[7]) = t.lastRound(keys)
  }

  @inline(__always)
  static func normals(_ words: UnsafeRawPointer, _ k: Int, _ scale: Self) -> (Self, Self) {
    let words = words.assumingMemoryBound(to: Words.self) + k
    return boxMuller(words[0], words[1], scale)
  }

  @inline(__always) static func tanh(_ x: Self) -> Self { hyperbolicTangent(x) }
  @inline(__always) static func minusTwoLogarithm(_ x: Self) -> Self {
    minusTwoLogarithms(x, bits: 0)
  }
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
  static func fillWords(
    _ group: UnsafePointer<kp_lane_group>, purpose: UInt64, ahead: Int, at: Int, count: Int
  ) {
    let lower = StepCounter(group, purpose: purpose, ahead: ahead, first: 0)
    let upper = StepCounter(group, purpose: purpose, ahead: ahead, first: Words.scalarCount)
    let words = group.pointee.words.assumingMemoryBound(to: FloatWords.self) + at
    let keys = group.pointee.round_keys!
    var k = 0
    while k < count {
      var x = lower.afterTwoRounds(k &>> 2)
      var y = upper.afterTwoRounds(k &>> 2)
      middleRounds(&x, &y, keys)
      x.round(keys + 2 &* (PhiloxState.rounds &- 1))
      y.round(keys + 2 &* (PhiloxState.rounds &- 1))
      words[k] = lowerHalves(x.a, y.a)
      words[k &+ 1] = lowerHalves(x.b, y.b)
      words[k &+ 2] = lowerHalves(x.c, y.c)
      words[k &+ 3] = lowerHalves(x.d, y.d)
      k &+= 4
    }
  }

  @inline(__always)
  static func fillWordsOfTwoSteps(
    _ group: UnsafePointer<kp_lane_group>, purpose: UInt64, ahead: Int, at: Int
  ) {
    fillWords(group, purpose: purpose, ahead: ahead, at: at, count: 4)
    fillWords(group, purpose: purpose, ahead: ahead &+ 1, at: at &+ 4, count: 4)
  }

  @inline(__always)
  static func normals(_ words: UnsafeRawPointer, _ k: Int, _ scale: Self) -> (Self, Self) {
    let words = words.assumingMemoryBound(to: FloatWords.self) + k
    return boxMuller(unit(words[0]), unit(words[1]), scale)
  }

  @inline(__always) static func tanh(_ x: Self) -> Self { hyperbolicTangent(x) }
  @inline(__always) static func minusTwoLogarithm(_ x: Self) -> Self { minusTwoLogarithms(x) }
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
  /// The counter of as many lanes as there are words, from lane `first` on, `ahead` steps later.
  @inline(__always)
  init(_ group: UnsafePointer<kp_lane_group>, purpose: UInt64, ahead: Int, first: Int) {
    self.init(
      steps: wordsOfLanes(group.pointee.steps, first) &+ Words(repeating: UInt64(ahead)),
      replicas: wordsOfLanes(group.pointee.replicas, first),
      purpose: purpose, keys: group.pointee.round_keys)
  }
}

/// A word of each lane from `first` on.
@inline(__always)
func wordsOfLanes(_ p: UnsafeMutablePointer<UInt64>, _ first: Int) -> Words {
  UnsafeRawPointer(p + first).loadUnaligned(as: Words.self)
}
