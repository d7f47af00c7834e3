internal import CProcessor

// As many numbers as one register of the instruction set holds. The same source is compiled for
// each instruction set (Package.swift): sums never cross lanes, so a lane's bits do not depend on
// how many there are.
#if AVX512
  typealias Doubles = SIMD8<Double>
  typealias Floats = SIMD16<Float>
  typealias Words = SIMD8<UInt64>
  extension SIMD8: Vector where Scalar == Double {
    @inline(__always) func addingProduct(_ a: Self, _ b: Self) -> Self {
      kp_fma_double8(a, b, self)
    }
  }
  extension SIMD16: Vector where Scalar == Float {
    @inline(__always) func addingProduct(_ a: Self, _ b: Self) -> Self {
      kp_fma_float16(a, b, self)
    }
  }
#else
  typealias Doubles = SIMD4<Double>
  typealias Floats = SIMD8<Float>
  typealias Words = SIMD4<UInt64>
  extension SIMD4: Vector where Scalar == Double {
    @inline(__always) func addingProduct(_ a: Self, _ b: Self) -> Self {
      kp_fma_double4(a, b, self)
    }
  }
  extension SIMD8: Vector where Scalar == Float {
    @inline(__always) func addingProduct(_ a: Self, _ b: Self) -> Self {
      kp_fma_float8(a, b, self)
    }
  }
#endif

/// What products need of a vector. The operators are the standard library's own.
protocol Vector: BitwiseCopyable {
  associatedtype Scalar: BinaryFloatingPoint & BitwiseCopyable
  static var zero: Self { get }
  init(repeating: Scalar)
  static func + (a: Self, b: Self) -> Self
  static func - (a: Self, b: Self) -> Self
  static func * (a: Self, b: Self) -> Self
  /// self + a b, rounded once.
  func addingProduct(_ a: Self, _ b: Self) -> Self
}

/// A vector of one number, for columns that fill no register.
struct One<Scalar: BinaryFloatingPoint & BitwiseCopyable>: Vector {
  var value: Scalar

  static var zero: Self { Self(value: 0) }
  @inline(__always) init(value: Scalar) { self.value = value }
  @inline(__always) init(repeating: Scalar) { value = repeating }
  @inline(__always) static func + (a: Self, b: Self) -> Self { Self(value: a.value + b.value) }
  @inline(__always) static func - (a: Self, b: Self) -> Self { Self(value: a.value - b.value) }
  @inline(__always) static func * (a: Self, b: Self) -> Self { Self(value: a.value * b.value) }
  @inline(__always) func addingProduct(_ a: Self, _ b: Self) -> Self {
    Self(value: value.addingProduct(a.value, b.value))
  }
}
