internal import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Refuses `count` doubles that do not fit in memory, naming the size they would take: before anything
/// is allocated, whatever asks for it.
///
/// The limit is `usableMemory`, at most 64 GiB: `RandomStream.fillNormals` numbers its
/// blocks in 32 bits, which is exactly 64 GiB of normals.
///
/// - Parameters:
///   - count: number of doubles; itself a double, so that a product of sizes cannot overflow.
///   - what: the subject of the sentence, in the plural: `512 samples of 2 inputs`.
public func checkMemory(count: Double, what: String) throws(InputError) {
  let needed = count * 8
  let limit = min(0x1p36, usableMemory)
  guard needed > limit else { return }
  throw .sentence(
    "\(what) would take \(gibibytes(needed)) GiB of memory, and the limit here is "
      + "\(gibibytes(limit)) GiB")
}

/// Bytes that may be used: the machine's memory, or less if the user says so.
public var usableMemory: Double { min(machineMemory, Double(givenMemory.load(ordering: .relaxed))) }

/// From now on nothing that takes more is begun.
public func limitMemory(to bytes: Int) { givenMemory.store(bytes, ordering: .relaxed) }

private let givenMemory = Atomic(Int.max)

private let machineMemory: Double = {
  let pages = Double(sysconf(Int32(_SC_PHYS_PAGES)))
  let page = Double(sysconf(Int32(_SC_PAGESIZE)))
  return pages > 0 && page > 0 ? pages * page : 0x1p36
}()

private func gibibytes(_ bytes: Double) -> Double { (bytes / 0x1p30 * 10).rounded() / 10 }

/// Doubles that one item of a long result takes in the end, as a value of Swift, a record and a table
/// of Lua: the memory of the process over the number of items, as measured with a million of them.
enum ItemSize {
  /// Of an ensemble: 280 bytes.
  static let replica = 36.0
  /// Of a trace or of a sweep, beside the parameters: 2 kB.
  static let row = 250.0
}
