/// The Hessian of the objective at one state, as an operator whose products use several threads.
///
///     H v = sum over chunks of samples of (H_chunk v) + l2 v
///
/// Samples are cut into chunks of `chunk`, whatever the number of threads, and the chunks' products
/// are added in their order: equal bits on any number of threads. The forward and backward pass at
/// the state is kept from the first product on, so that each further one costs two gradients.
///
/// Restricted to a range of the parameters, it is that diagonal block.
///
/// Memory: about 7 buffers of all hidden activations of the batch.
public final class HessianOperator {
  public let network: Network
  let parameters: [Double]
  /// The parameters that it acts on.
  let block: Range<Int>
  private let l2: L2Term
  private let threads: Int
  private let chunks: [Batch]
  // Unsafe: chunk i is worked on by one thread at a time, with workspace i.
  private nonisolated(unsafe) let workspaces: [HessianWorkspace]
  private var isPrepared = false
  /// Products so far.
  public private(set) var products = 0

  /// - Parameters:
  ///   - parameters: parameterCount values.
  ///   - batch: of the whole training set, or its compressed moments.
  ///   - chunk: samples a chunk, a multiple of eight.
  ///   - block: the parameters of a diagonal block; nil is all.
  public init(
    _ network: Network, at parameters: [Double], _ batch: Batch, l2: L2Term, threads: Int = 1,
    chunk: Int = 256, block: Range<Int>? = nil
  ) {
    precondition(parameters.count == network.parameterCount, "state of another network")
    self.network = network
    self.parameters = parameters
    self.block = block ?? 0..<parameters.count
    self.l2 = l2
    self.threads = threads
    chunks = batch.chunks(of: chunk)
    workspaces = chunks.map { HessianWorkspace(network, capacity: $0.count) }
  }

  /// H v, as many values as the block has.
  public func product(_ v: [Double]) -> [Double] {
    guard block.count < parameters.count else { return fullProduct(v) }
    var full = [Double](repeating: 0, count: parameters.count)
    full.replaceSubrange(block, with: v)
    return Array(fullProduct(full)[block])
  }

  private func fullProduct(_ v: [Double]) -> [Double] {
    let isFirst = !isPrepared
    isPrepared = true
    products += 1
    nonisolated(unsafe) let workspaces = workspaces
    let (chunks, parameters) = (chunks, parameters)
    let parts = parallelMap(chunks.count, threads: threads) { i in
      isFirst
        ? workspaces[i].product(parameters, v, chunks[i])
        : workspaces[i].nextProduct(parameters, v, chunks[i])
    }
    var result = [Double](repeating: 0, count: v.count)
    l2.addProduct(v, to: &result, network)
    for part in parts { for k in result.indices { result[k] += part[k] } }
    return result
  }

  /// The extreme eigenvalues by `lanczos`.
  func extremes(
    _ count: Int, _ end: SpectrumEnd, tolerance: Double, maximumSteps: Int? = nil,
    projectingOut: [[Double]] = [], shouldStop: () -> Bool = { false }
  ) -> LanczosResult {
    lanczos(
      size: block.count, count: count, end: end, tolerance: tolerance,
      maximumSteps: maximumSteps, projectingOut: projectingOut, shouldStop: shouldStop
    ) { v, result in result = self.product(v) }
  }
}

extension Batch {
  /// The same samples in order, `size` (a multiple of eight) at a time; the offset stays with the
  /// first chunk.
  func chunks(of size: Int) -> [Batch] {
    precondition(size > 0 && size == DenseKernels.stride(size), "chunks without padding")
    guard count > size else { return [self] }
    return Swift.stride(from: 0, to: count, by: size).map { first in
      var chunk = Batch(
        count: min(size, count - first), inputs: inputs, outputs: outputs, weight: weight,
        offset: first == 0 ? offset : 0)
      func cut(_ source: [Double], rows: Int) -> [Double] {
        (0..<rows).flatMap { row in
          let start = row * self.stride + first
          return source[start..<start + chunk.stride]
        }
      }
      chunk.x = cut(x, rows: inputs)
      chunk.y = cut(y, rows: outputs)
      chunk.targetWeights = targetWeights.map { cut($0, rows: outputs) }
      return chunk
    }
  }
}
