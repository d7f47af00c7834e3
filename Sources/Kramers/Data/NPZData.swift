extension Dataset {
  /// Arrays of one .npz archive, `numpy.savez` or `savez_compressed`, as inputs and targets.
  ///
  /// - Parameters:
  ///   - bytes: the whole file.
  ///   - x, y: the names of the arrays, as they were given to `savez`.
  ///   - testX, testY: those of the test set, both or neither.
  ///   - labels, missing: as `npy` takes them.
  ///   - file: how messages name the archive.
  /// - Throws: a sentence for what is no zip archive or a damaged one, for an array that is not
  ///   there, and for all that `npy` refuses, with archive and array. Only the arrays that are named
  ///   are unpacked.
  public static func npz(
    _ bytes: [UInt8], x: String = "x", y: String = "y", testX: String? = nil,
    testY: String? = nil, labels: Bool = false, missing: MissingNumbers = .refuse, file: String
  ) throws(InputError) -> Dataset {
    let names = [("x", x), ("y", y), ("test_x", testX), ("test_y", testY)]
    return try bytes.withUnsafeBytes { bytes in
      Result { () throws(InputError) in
        guard bytes.starts(with: [0x50, 0x4B]) else {
          throw .sentence("\(file) is no npz archive\(foreignHint(bytes) ?? "")")
        }
        let archive = try archive(bytes, file)
        var arrays: [String: NamedArray] = [:]
        for case (let option, let name?) in names {
          let shownName = "\(option) (array '\(shown(name.utf8))' of \(file))"
          let array = try NPYArray(archive.array(name, option, file, shownName), name: shownName)
          arrays[option] = NamedArray(name: shownName, array: array)
        }
        return try Dataset("npz", arrays: arrays, labels: labels, missing: missing)
      }
    }.get()
  }

  private static func archive(
    _ bytes: UnsafeRawBufferPointer, _ file: String
  ) throws(InputError) -> ZipArchive {
    do throws(InputError) { return try ZipArchive(bytes) } catch {
      throw .sentence("\(file): \(error)")
    }
  }
}

extension ZipArchive {
  /// The bytes of the .npy file that `savez` calls by the array's name.
  fileprivate func array(
    _ name: String, _ option: String, _ file: String, _ shownName: String
  ) throws(InputError) -> [UInt8] {
    let found = members.filter { $0.name == name + ".npy" }
    guard found.count < 2 else { throw .sentence("\(shownName) stands there twice") }
    guard let member = found.first else {
      let names = members.filter { $0.name.hasSuffix(".npy") }.map { String($0.name.dropLast(4)) }
      let list = names.prefix(8).map { "'\(shown($0.utf8))'" }.joined(separator: ", ")
      let held =
        names.isEmpty
        ? "no arrays" : "\(names.count == 1 ? "the array" : "the arrays") \(list)"
      throw .sentence(
        "\(option): \(file) has no array '\(shown(name.utf8))'; it has \(held)"
          + (names.count > 8 ? ", ..." : ""))
    }
    return try unpack(member, shownName)
  }
}
