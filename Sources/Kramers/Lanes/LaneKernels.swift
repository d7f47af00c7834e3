internal import CProcessor
internal import KramersLanes

#if canImport(KramersLanes512)
  internal import KramersLanes512
#endif

/// The kernels of one instruction set and precision: groups of replicas, one in each lane.
struct LaneKernels: Sendable {
  typealias Group = UnsafeMutablePointer<kp_lane_group>

  let name: String
  let precision: Precision
  /// Replicas in a group.
  let lanes: Int
  /// The most columns of a strip whose sums have `count` terms, and whether an operation may have several.
  let widestStrip: @Sendable (_ count: Int) -> (columns: Int, isInBlocks: Bool)
  /// Takes steps in every lane.
  let run: @Sendable (Group, _ steps: Int) -> Void
  /// Draws the noise of the present step.
  let drawNoise: @Sendable (Group) -> Void
  /// Writes a lane's permutation of its present epoch.
  let shuffle: @Sendable (Group, _ lane: Int) -> Void
  /// For each lane whether at least k singular values of the map reach a threshold: 1, 0, or -1 where
  /// rounding does not let it be known.
  let testModes:
    @Sendable (
      Group, UnsafePointer<kp_look>, _ k: Int, _ threshold: Double,
      _ verdicts: UnsafeMutablePointer<Int8>
    ) -> Void
  /// Does `rounds` rounds of independent fused multiply-adds; the number depends on all of them.
  let peak: @Sendable (_ rounds: Int) -> (operations: Double, result: Double)

  /// Bytes of a number, and of a vector.
  var numberSize: Int { precision == .double ? 8 : 4 }
  var vectorSize: Int { numberSize * lanes }

  /// The widest that is used.
  static func best(_ precision: Precision) -> LaneKernels {
    isWide ? available(precision)[0] : precision == .double ? doubles : floats
  }

  private static let isWide = kp_uses_avx512() != 0

  /// All that this processor runs, the widest first. They give the same bits.
  static func available(_ precision: Precision) -> [LaneKernels] {
    var kernels: [LaneKernels] = []
    #if canImport(KramersLanes512)
      if kp_has_avx512() != 0 { kernels.append(precision == .double ? doubles512 : floats512) }
    #endif
    kernels.append(precision == .double ? doubles : floats)
    return kernels
  }

  #if arch(x86_64)
    private static let baseName = "AVX2"
  #else
    private static let baseName = "NEON"
  #endif

  private static let doubles = LaneKernels(
    name: baseName, precision: .double, lanes: KramersLanes.doubleLanes,
    widestStrip: { KramersLanes.widestStrip($0) },
    run: { KramersLanes.runDoubles($0, $1) },
    drawNoise: { KramersLanes.drawNoiseDoubles($0) },
    shuffle: { KramersLanes.shuffleDoubles($0, $1) },
    testModes: { KramersLanes.testModesDoubles($0, $1, $2, $3, $4) },
    peak: { KramersLanes.peakDoubles($0) })
  private static let floats = LaneKernels(
    name: baseName, precision: .single, lanes: KramersLanes.floatLanes,
    widestStrip: { KramersLanes.widestStrip($0) },
    run: { KramersLanes.runFloats($0, $1) },
    drawNoise: { KramersLanes.drawNoiseFloats($0) },
    shuffle: { KramersLanes.shuffleFloats($0, $1) },
    testModes: { KramersLanes.testModesFloats($0, $1, $2, $3, $4) },
    peak: { KramersLanes.peakFloats($0) })

  #if canImport(KramersLanes512)
    private static let doubles512 = LaneKernels(
      name: "AVX-512", precision: .double, lanes: KramersLanes512.doubleLanes,
      widestStrip: { KramersLanes512.widestStrip($0) },
      run: { KramersLanes512.runDoubles($0, $1) },
      drawNoise: { KramersLanes512.drawNoiseDoubles($0) },
      shuffle: { KramersLanes512.shuffleDoubles($0, $1) },
      testModes: { KramersLanes512.testModesDoubles($0, $1, $2, $3, $4) },
      peak: { KramersLanes512.peakDoubles($0) })
    private static let floats512 = LaneKernels(
      name: "AVX-512", precision: .single, lanes: KramersLanes512.floatLanes,
      widestStrip: { KramersLanes512.widestStrip($0) },
      run: { KramersLanes512.runFloats($0, $1) },
      drawNoise: { KramersLanes512.drawNoiseFloats($0) },
      shuffle: { KramersLanes512.shuffleFloats($0, $1) },
      testModes: { KramersLanes512.testModesFloats($0, $1, $2, $3, $4) },
      peak: { KramersLanes512.peakFloats($0) })
  #endif
}

/// What the kernels that run here are compiled for.
public var instructionSet: String { LaneKernels.best(.double).name }

/// Whether this processor has instructions that KRAMERS_ISA may name: `avx512` or, everywhere, `avx2`
/// for the narrower ones. Both give the same bits.
public func hasInstructionSet(_ name: String) -> Bool? {
  switch name {
  case "avx2": true
  case "avx512": kp_has_avx512() != 0
  default: nil
  }
}
