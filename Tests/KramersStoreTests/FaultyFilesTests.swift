import CFaultyFiles
import Foundation
import Testing

@testable import KramersStore

/// A share of the faults in the normal suite; when KRAMERS_LONG is set, every operation that fails
/// once, and every fourth of the other kinds.
private let isLong = getenv("KRAMERS_LONG") != nil

/// Saves of a session, as autosaves come one after the other, on files that fail.
@Suite("a disk that fails", .serialized, .enabled(if: childRole == nil))
struct FaultyFilesTests {
  private static let isInstalled = faulty_files_install() == 0

  /// What is saved one after the other: the file grows, most of it becomes free, it shrinks.
  private let states: [SessionContents]
  private let portraits: [[String]]
  /// A file that holds the first of them.
  private let original: [UInt8]

  init() throws {
    let whole = try Sample.everything()
    states = [0, 400_000, 1_000, 2_500_000, 500, 40_000].enumerated().map { k, size in
      var contents = whole
      contents.saved = Double(k)
      contents.journal[0].seconds = Double(k)
      contents.state.values = [UInt8](repeating: UInt8(k), count: size)
      return contents
    }
    portraits = states.map { portrait($0) }
    let folder = try Folder()
    try SessionFile(path: folder.file()).save(states[0])
    original = bytes(of: folder.file())
    #expect(Self.isInstalled)
  }

  private func begin() throws -> Folder {
    let folder = try Folder()
    #expect(FileManager.default.createFile(atPath: folder.file(), contents: Data(original)))
    return folder
  }

  /// Saves the states, going on after errors unless the power is off.
  ///
  /// - Parameter looks: whether to open the file after each save, which a fault may meet too.
  /// - Returns: the last state that was reported as saved, and the last that was tried.
  private func saveAll(
    _ folder: Folder, stopsAtError: Bool, looks: Bool, _ comment: Comment
  ) throws -> (reported: Int, tried: Int) {
    var (reported, tried) = (0, 0)
    let file: SessionFile
    do {
      file = try SessionFile(path: folder.file())
    } catch {
      #expect(error.kind == .failure, "\(comment): \(error)")
      return (reported, tried)
    }
    for k in 1..<states.count - 1 {
      tried = k
      do {
        try file.save(states[k])
        reported = k
      } catch {
        #expect(error.kind == .failure, "\(comment): \(error)")
        if stopsAtError { break }
      }
      guard looks else { continue }
      do {
        let found = try portrait(SessionFile.open(folder.file()))
        #expect(found == portraits[reported] || found == portraits[tried], comment)
      } catch { #expect(error.kind == .failure, "\(comment): \(error)") }
    }
    return (reported, tried)
  }

  /// Which of the operations are to fail.
  private func places(_ count: Int, share: Int, _ salt: UInt64, step: Int) -> [Int] {
    if isLong { return Array(stride(from: 1 + Int(salt) % step, through: count, by: step)) }
    var random = salt
    // The last one cuts the file after the transaction.
    return [count]
      + (0..<share).map { k in
        random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        // The first operations and the last are of every kind.
        return k < share / 4 ? k + 1 : 1 + Int(random >> 33) % count
      }
  }

  private func operations(looks: Bool) throws -> Int {
    let folder = try begin()
    faulty_files_watch(folder.path, FAULTY_ONCE, 0)
    defer { faulty_files_end() }
    let (reported, _) = try saveAll(folder, stopsAtError: true, looks: looks, "no fault")
    #expect(reported == states.count - 2)
    let count = faulty_files_count()
    #expect(count > 500, "\(count)")
    return count
  }

  @Test(
    "at one operation, or from it on: the last state that was reported as saved is there",
    arguments: [FAULTY_ONCE, FAULTY_FULL, FAULTY_TORN, FAULTY_ALWAYS].map(\.rawValue))
  func fails(kind: UInt32) throws {
    let kind = faulty_kind(rawValue: kind)
    let count = try operations(looks: kind != FAULTY_ALWAYS)
    var failures = 0
    let step = kind == FAULTY_ONCE ? 1 : 4
    for place in places(count, share: 24, UInt64(kind.rawValue), step: step) {
      let comment: Comment = "kind \(kind.rawValue) at \(place) of \(count)"
      let folder = try begin()
      faulty_files_watch(folder.path, kind, place)
      let (reported, tried) = try saveAll(
        folder, stopsAtError: false, looks: kind != FAULTY_ALWAYS, comment)
      faulty_files_end()
      if reported < states.count - 2 { failures += 1 }
      let found = try portrait(SessionFile.open(folder.file()))
      // A save that did its work and could not be sure of it may have been told as failed.
      #expect(
        found == portraits[reported] || (kind == FAULTY_TORN && found == portraits[tried]), comment)
      let file = try SessionFile(path: folder.file())
      try file.save(states[states.count - 1])
      #expect(try portrait(SessionFile.open(folder.file())) == portraits.last, comment)
      #expect(folder.names == ["s.kramers"], comment)
    }
    if kind == FAULTY_ALWAYS { #expect(failures > 0) }
  }

  @Test("when the power fails, also while what it left is taken back")
  func power() throws {
    let count = try operations(looks: false)
    var (recovered, lost) = (0, 0)
    for place in places(count, share: 80, 9, step: 4) {
      for seed in 0..<(isLong ? 2 : 1) as Range<UInt64> {
        let comment: Comment = "power fails at \(place) of \(count), seed \(seed)"
        let folder = try begin()
        faulty_files_watch(folder.path, FAULTY_CRASH, place)
        let (reported, tried) = try saveAll(folder, stopsAtError: true, looks: false, comment)
        faulty_files_crash(UInt64(place) &* 31 &+ seed)
        if folder.names.count > 1 {
          recovered += 1
          // Opening takes the half transaction back; at one of its operations the power fails again.
          faulty_files_watch(folder.path, FAULTY_CRASH, 1 + place % 7)
          _ = try? SessionFile.open(folder.file())
          faulty_files_crash(UInt64(place) &* 37 &+ seed)
        }
        let found = try portrait(SessionFile.open(folder.file()))
        #expect(found == portraits[reported] || found == portraits[tried], comment)
        if found != portraits[tried] { lost += 1 }
        let file = try SessionFile(path: folder.file())
        try file.save(states[states.count - 1])
        #expect(try portrait(SessionFile.open(folder.file())) == portraits.last, comment)
      }
    }
    // Both ends of a transaction were met.
    #expect(recovered > 0 && lost > 0)
  }

  @Test("a state that was reported as saved is not lost when the power fails just then")
  func reported() throws {
    for seed in 0..<(isLong ? 200 : 20) as Range<UInt64> {
      let folder = try begin()
      faulty_files_watch(folder.path, FAULTY_ONCE, 0)
      try SessionFile(path: folder.file()).save(states[1])
      faulty_files_crash(seed)
      #expect(try portrait(SessionFile.open(folder.file())) == portraits[1], "seed \(seed)")
    }
  }
}
