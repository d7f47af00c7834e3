/// A path between two minima as a string of states, relaxed towards the path of least energy:
///
///     theta_i <- theta_i - dt grad E(theta_i),  then theta_i redistributed at equal distances
///
/// The ends stand still. Where the string settles, the gradient is parallel to it, and its highest
/// point is a saddle. Straight segments between images make the height of the top an
/// underestimate of second order in their distance, so that the saddle itself has to be searched
/// from there (`Objective.climb`).
///
/// Source: W. E, W. Ren and E. Vanden-Eijnden, J. Chem. Phys. 126 (2007) 164103.
struct StringMethod {
  private(set) var images: [[Double]]
  private(set) var objectives: [Double] = []
  /// Largest part of a gradient across the string, relative to the largest gradient.
  private(set) var misfit = Double.infinity
  private(set) var iterations = 0

  /// A path from `start` to `end` that bends through a random direction:
  ///
  ///     theta(s) = start + s (end - start) + 4 s (1 - s) bend
  init(from start: [Double], to end: [Double], bend: [Double], images count: Int) {
    images = (0..<count).map { i in
      let s = Double(i) / Double(count - 1)
      let arch = 4 * s * (1 - s)
      return start.indices.map { start[$0] + s * (end[$0] - start[$0]) + arch * bend[$0] }
    }
  }

  /// Relaxes until the misfit is at most `tolerance`.
  mutating func relax(
    _ objective: Objective, tolerance: Double, iterations limit: Int,
    shouldStop: () -> Bool = { false }
  ) {
    var gradients = images
    var rate = 0.0
    for iteration in 0..<limit {
      if iteration % 500 == 0 {
        if shouldStop() { break }
        let probes = Swift.stride(from: 0, to: images.count, by: max(images.count / 5, 1))
        let top = (Array(probes) + [images.count - 1]).reduce(0.0) {
          max($0, objective.extreme(images[$1], .largest)?.value ?? 0)
        }
        guard top > 0 else { break }
        rate = 0.7 / top
      }
      for i in 1..<images.count - 1 { _ = objective.value(images[i], &gradients[i]) }
      iterations += 1
      if iteration % 50 == 49 {
        misfit = acrossShare(gradients)
        if misfit <= tolerance { break }
      }
      for i in 1..<images.count - 1 {
        for k in images[i].indices { images[i][k] -= rate * gradients[i][k] }
      }
      redistribute()
    }
    objectives = images.map { objective.value($0) }
  }

  /// Index of the highest image between the ends.
  var top: Int {
    (1..<images.count - 1).max { objectives[$0] < objectives[$1] } ?? 0
  }

  func tangent(_ i: Int) -> [Double] { zip(images[i + 1], images[i - 1]).map { $0 - $1 } }

  /// Distances along the string from its start.
  var distances: [Double] {
    var result = [0.0]
    for (a, b) in zip(images, images.dropFirst()) {
      result.append(result[result.count - 1] + gap(a, b))
    }
    return result
  }

  /// Puts the saddle that was found from image i into its place.
  mutating func place(_ saddle: [Double], objective: Double, at i: Int) {
    images[i] = saddle
    objectives[i] = objective
  }

  /// Pushes the middle of the string aside, to leave a saddle of higher index.
  mutating func push(along direction: [Double], by size: Double) {
    let count = images.count
    for i in 1..<count - 1 {
      let s = Double(i) / Double(count - 1)
      let arch = 4 * s * (1 - s) * size
      for k in direction.indices { images[i][k] += arch * direction[k] }
    }
  }

  private func acrossShare(_ gradients: [[Double]]) -> Double {
    var across = 0.0
    var largest = 0.0
    for i in 1..<images.count - 1 {
      let t = tangent(i)
      let length = norm(t)
      let size = norm(gradients[i])
      let along = length > 0 ? dot(gradients[i], t) / length : 0
      across = max(across, max(size * size - along * along, 0).squareRoot())
      largest = max(largest, size)
    }
    return largest > 0 ? across / largest : 0
  }

  /// Moves the images to equal distances along the broken line through them.
  private mutating func redistribute() {
    let distances = distances
    let total = distances[distances.count - 1]
    guard total > 0 else { return }
    let old = images
    var segment = 0
    for i in 1..<images.count - 1 {
      let goal = total * Double(i) / Double(images.count - 1)
      while segment < old.count - 2, distances[segment + 1] < goal { segment += 1 }
      let width = distances[segment + 1] - distances[segment]
      let share = width > 0 ? (goal - distances[segment]) / width : 0
      for k in old[segment].indices {
        images[i][k] = old[segment][k] + share * (old[segment + 1][k] - old[segment][k])
      }
    }
  }

  private func gap(_ a: [Double], _ b: [Double]) -> Double {
    var sum = 0.0
    for k in a.indices {
      let d = a[k] - b[k]
      sum += d * d
    }
    return sum.squareRoot()
  }
}
