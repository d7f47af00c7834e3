import Testing

@testable import Kramers

@Suite("data.npz")
struct NPZDataTests {
  private static func message(
    _ members: [(name: String, bytes: [UInt8], isDeflated: Bool)], x: String = "x",
    y: String = "y", testX: String? = nil
  ) -> String {
    refusal { () throws(InputError) in
      try Dataset.npz(zipArchive(members), x: x, y: y, testX: testX, file: "a.npz")
    }
  }

  @Test("arrays become the samples that data.npy makes of the same files")
  func samples() throws {
    let (x, y) = (bytes(hex: npyFortran), bytes(hex: npyVersion2))
    let file = zipArchive([("x.npy", x, true), ("y.npy", y, false), ("z.npy", x, false)])
    let data = try Dataset.npz(file, testX: "z", testY: "y", file: "a.npz")
    let same = try Dataset.npy(x: x, y: y, testX: x, testY: y)
    #expect(data.train == same.train && data.test == same.test && data.name == "npz")
  }

  @Test("errors name archive and array")
  func refusals() {
    let x = (name: "x.npy", bytes: bytes(hex: npyFortran), isDeflated: false)
    let y = (name: "y.npy", bytes: bytes(hex: npyVersion2), isDeflated: false)
    #expect(
      Self.message([x, y], y: "z") == "y: a.npz has no array 'z'; it has the arrays 'x', 'y'")
    #expect(Self.message([], y: "z") == "x: a.npz has no array 'x'; it has no arrays")
    #expect(Self.message([x, y, x]) == "x (array 'x' of a.npz) stands there twice")
    #expect(Self.message([x, y], testX: "x") == "test_x needs test_y beside it")
    for (hex, words) in [
      (npyObject, "(array 'y' of a.npz): the dtype must be an integer, a boolean or a float"),
      (npyObject, "got '|O' (Python objects)"),
      (npyScalar, "(array 'y' of a.npz) must be an array of at least 1 dimension"),
      (npyEmpty, "(array 'y' of a.npz) must hold at least one number, got shape (0, 3)"),
      (npyColumn, "must hold equally many rows, got 2 and 3"),
      (npyNaN, "y (array 'y' of a.npz) row 2, column 2 must be a finite number, got nan"),
    ] {
      let sentence = Self.message([x, ("y.npy", bytes(hex: hex), false)])
      #expect(sentence.contains(words), "\(sentence)")
    }
    let empty = Self.message([x, ("y.npy", [], false)])
    #expect(empty == "y (array 'y' of a.npz): the npy file is empty")
    let archive = zipArchive([x, y])
    for (file, words) in [
      ([], "a.npz is no npz archive"),
      (bytes(hex: npyColumn), "a.npz is no npz archive: it is an npy array, which data.npy reads"),
      (Array(archive.dropLast()), "a.npz: the zip archive is truncated"),
    ] as [([UInt8], String)] {
      let sentence = refusal { () throws(InputError) in try Dataset.npz(file, file: "a.npz") }
      #expect(sentence.hasPrefix(words), "\(sentence)")
    }
  }
}
