import Glibc
import Testing

@testable import Kramers

private let isLong = getenv("KRAMERS_LONG") != nil

@Suite struct RandomStreamTests {
  @Test("streams that differ in seed, stream, replica, purpose or step share no block")
  func distinct() {
    var blocks: Set<SIMD4<UInt32>> = []
    var count = 0
    let purposes: [RandomPurpose] = [
      .data, .initialization, .permutation, .batch, .langevin, .gradientNoise, .labelNoise, .floor,
      .statistics,
    ]
    for seed in [0, 1, 2, 1 << 32, .max] as [UInt64] {
      for stream in [0, 1, 1 << 31] as [UInt32] {
        for replica in [0, 1, 7] as [UInt32] {
          for purpose in purposes {
            let random = RandomStream(
              seed: seed, stream: stream, replica: replica, purpose: purpose)
            for step in [0, 1, 1 << 32, 1 << 55] as [UInt64] {
              for index in [0, 1] as [UInt32] {
                blocks.insert(random.words(step: step, index))
                count += 1
              }
            }
          }
        }
      }
    }
    #expect(blocks.count == count)
  }

  /// Every field of a key, moved by one, against its neighbour: 4,096 normals each. The
  /// correlation of independent ones has standard error 1/sqrt(4096); z = 5 over 5 pairs.
  @Test("neighbouring streams are uncorrelated")
  func uncorrelated() {
    let count = 4096
    func draws(
      _ seed: UInt64, _ stream: UInt32, _ replica: UInt32, _ purpose: RandomPurpose, _ step: UInt64
    ) -> [Double] {
      RandomStream(seed: seed, stream: stream, replica: replica, purpose: purpose)
        .normals(count, step: step)
    }
    let base = draws(4, 3, 2, .batch, 1)
    let neighbours = [
      draws(5, 3, 2, .batch, 1), draws(4, 4, 2, .batch, 1), draws(4, 3, 3, .batch, 1),
      draws(4, 3, 2, .langevin, 1), draws(4, 3, 2, .batch, 2),
    ]
    for other in neighbours {
      let mean = zip(base, other).reduce(0) { $0 + $1.0 * $1.1 } / Double(count)
      #expect(abs(mean) < 5 / Double(count).squareRoot())
    }
  }

  /// Exact values for a standard normal: E z^(2m) = (2m-1)!!, Var z^k = E z^2k - (E z^k)^2, and
  /// P(|z| > a) = erfc(a/sqrt 2). Tolerance z = 5 standard errors; for tails of few expected counts
  /// the Poisson distribution is wider, so 5 more are allowed (beyond 1e-5 at any mean).
  @Test("normals have the moments to order 6 and the tails to |z| = 5 of the exact distribution")
  func normals() {
    let pairs = isLong ? 100_000_000 : 5_000_000
    let random = RandomStream(seed: 1, purpose: .statistics)
    var sums = [Double](repeating: 0, count: 7)
    var tails = [0, 0, 0, 0, 0, 0]
    var cross = 0.0
    var done = 0
    while done < pairs {
      // Partial sums of 1e4 pairs keep the rounding below 1e-12.
      var (s1, s2, s3, s4, s5, s6, c) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
      let step = UInt64(done)
      for i in 0..<10_000 as Range<UInt32> {
        let (a, b) = random.normals(step: step, i)
        let (a2, b2) = (a * a, b * b)
        s1 += a + b
        s2 += a2 + b2
        s3 += a2 * a + b2 * b
        s4 += a2 * a2 + b2 * b2
        s5 += a2 * a2 * a + b2 * b2 * b
        s6 += a2 * a2 * a2 + b2 * b2 * b2
        c += a * b
        if abs(a) > 1 { tails[min(Int(abs(a)), 5)] += 1 }
        if abs(b) > 1 { tails[min(Int(abs(b)), 5)] += 1 }
      }
      for (k, s) in [s1, s2, s3, s4, s5, s6].enumerated() { sums[k + 1] += s }
      cross += c
      done += 10_000
    }
    let count = Double(2 * pairs)
    // (2m-1)!! for m = 0...6, at index 2m.
    let moments = [1.0, 0, 1, 0, 3, 0, 15, 0, 105, 0, 945, 0, 10395]
    for k in 1...6 {
      let error = ((moments[2 * k] - moments[k] * moments[k]) / count).squareRoot()
      #expect(abs(sums[k] / count - moments[k]) < 5 * error, "moment \(k)")
    }
    #expect(abs(cross / Double(pairs)) < 5 / Double(pairs).squareRoot())
    for a in 1...5 {
      let beyond = Double(tails[a...].reduce(0, +))
      let p = erfc(Double(a) / 2.0.squareRoot())
      let expected = count * p
      let error = (expected * (1 - p)).squareRoot()
      #expect(abs(beyond - expected) < 5 * error + 5, "|z| > \(a): \(beyond), not \(expected)")
    }
  }

  @Test("the most extreme words give finite normals, at most 8.7 away")
  func extremes() {
    let ones = UInt32.max
    let words = [(0, 0), (1, 0), (ones, ones), (0, 1 << 31), (ones - 4095, ones)]
    let uniforms = words.map { RandomStream.unit($0.0, $0.1) }
    #expect(uniforms[0] == 0x1p-54)
    for u in uniforms {
      #expect(u > 0 && u <= 1)
      for (low, high) in words {
        let (a, b) = boxMuller(u, angle: RandomStream.wide(low, high))
        #expect(a.isFinite && b.isFinite)
        #expect(abs((a * a + b * b).squareRoot() - (-2 * log(u)).squareRoot()) < 1e-14)
      }
    }
    let (largest, _) = boxMuller(uniforms[0], angle: 0)
    #expect(abs(largest - (108 * log(2.0)).squareRoot()) < 1e-14)
  }

  /// 3 ulp: 2 of `logarithmOfUniform`, and libm's own. Moments of an exponential number: mean 1, second 2;
  /// their variances are 1 and 20, and the tolerance is 5 standard errors.
  @Test("exponential numbers are -ln of a word each, in the order of the blocks")
  func exponentials() {
    let random = RandomStream(seed: 6, replica: 4, purpose: .statistics)
    for count in [4, 28, 32, 36, 100_000] {
      var values = [Double](repeating: -1, count: count + 4)
      values.withUnsafeMutableBufferPointer {
        random.fillExponentials(
          UnsafeMutableBufferPointer(rebasing: $0[..<count]), step: 1 << 33)
      }
      for i in 0..<count {
        let word = random.words(step: 1 << 33, UInt32(i / 4))[i % 4]
        let expected = -Glibc.log((Double(word) + 0.5) * 0x1p-32)
        #expect(abs(values[i] - expected) <= 3 * expected.ulp)
      }
      #expect(values[count...].allSatisfy { $0 == -1 })
      var later = [Double](repeating: 0, count: 8)
      later.withUnsafeMutableBufferPointer {
        random.fillExponentials($0, step: 1 << 33, first: UInt32(count / 4 - 1))
      }
      #expect(Array(later[..<4]) == Array(values[(count - 4)..<count]))
    }
    var values = [Double](repeating: 0, count: 1 << 20)
    values.withUnsafeMutableBufferPointer { random.fillExponentials($0, step: 0) }
    let n = Double(values.count)
    #expect(abs(values.reduce(0, +) / n - 1) < 5 / n.squareRoot())
    #expect(abs(values.reduce(0) { $0 + $1 * $1 } / n - 2) < 5 * (20 / n).squareRoot())
  }

  @Test("fillNormals writes block i to entries 2i and 2i + 1, also for odd counts")
  func fill() {
    let random = RandomStream(seed: 6, purpose: .floor)
    let five = random.normals(5, scale: 2, step: 3)
    let pairs = (0..<3).map { random.normals(step: 3, UInt32($0)) }
    #expect(five == [pairs[0].0, pairs[0].1, pairs[1].0, pairs[1].1, pairs[2].0].map { 2 * $0 })
  }

  /// Chi-square of the n! orders of n elements against equal shares; its mean is n! - 1 and
  /// its standard deviation sqrt(2 (n! - 1)). z = 5.
  @Test("all orders of a permutation are equally likely", arguments: [2, 3, 4, 5])
  func permutations(n: Int) {
    let random = RandomStream(seed: 2, purpose: .permutation)
    let orders = (1...n).reduce(1, *)
    let draws = 2000 * orders
    var counts: [[Int32]: Int] = [:]
    for step in 0..<draws { counts[random.permutation(n, step: UInt64(step)), default: 0] += 1 }
    #expect(counts.count == orders)
    #expect(counts.keys.allSatisfy { $0.sorted() == (0..<Int32(n)).map { $0 } })
    let chiSquare = counts.values.reduce(0) { $0 + Double(($1 - 2000) * ($1 - 2000)) / 2000 }
    let degrees = Double(orders - 1)
    #expect(abs(chiSquare - degrees) < 5 * (2 * degrees).squareRoot())
  }

  /// 50 elements, 20,000 permutations: each (element, place) pair is binomial with p = 1/50.
  /// z = 5 over 2,500 pairs: a false alarm has probability 1.4e-3, and the seed is fixed.
  @Test("every element of a longer permutation is equally likely at every place")
  func places() {
    let random = RandomStream(seed: 3, purpose: .permutation)
    var counts = [Int](repeating: 0, count: 2500)
    let draws = 20_000
    for step in 0..<draws {
      for (place, element) in random.permutation(50, step: UInt64(step)).enumerated() {
        counts[place * 50 + Int(element)] += 1
      }
    }
    let error = (Double(draws) * 0.02 * 0.98).squareRoot()
    #expect(counts.allSatisfy { abs(Double($0) - 0.02 * Double(draws)) < 5 * error })
  }

  @Test("below stays in its range for extreme words and is uniform for random ones")
  func below() {
    let ones = UInt32.max
    for bound in [1, 2, 3, 7, 1 << 31, Int(Int32.max), 1 << 40] {
      #expect(RandomStream.below(bound, 0, 0) == 0)
      #expect(RandomStream.below(bound, ones, ones) == bound - 1)
    }
    let random = RandomStream(seed: 4, purpose: .batch)
    let draws = 70_000
    var counts = [Int](repeating: 0, count: 7)
    for i in 0..<draws / 2 {
      let w = random.words(step: UInt64(i), 0)
      counts[RandomStream.below(7, w[0], w[1])] += 1
      counts[RandomStream.below(7, w[2], w[3])] += 1
    }
    // Binomial with p = 1/7; z = 5.
    let error = (Double(draws) * 6 / 49).squareRoot()
    #expect(counts.allSatisfy { abs(Double($0) - Double(draws) / 7) < 5 * error })
  }
}
