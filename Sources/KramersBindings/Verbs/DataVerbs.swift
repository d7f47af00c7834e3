import Kramers
import Lua

/// `data.*` and the methods of data sets.
extension Program {
  func gaussianData(_ o: Options) throws -> [LuaValue] {
    try push(
      .gaussian(
        singular: o.required("singular", o.numbers("singular")), inputs: o.integer("inputs"),
        outputs: o.integer("outputs"), samples: o.required("samples", o.integer("samples")),
        test: o.integer("test"), rotate: o.flag("rotate"), seed: seed(o)))
  }

  func teacherData(_ o: Options) throws -> [LuaValue] {
    try push(
      .teacher(
        singular: o.required("singular", o.numbers("singular")), inputs: o.integer("inputs"),
        outputs: o.integer("outputs"), samples: o.integer("samples"), test: o.integer("test"),
        noise: o.number("noise") ?? 0, inputSpectrum: o.numbers("input_spectrum"),
        testSpectrum: o.numbers("test_spectrum"), seed: seed(o)))
  }

  func populationData(_ o: Options) throws -> [LuaValue] {
    try push(
      .population(
        singular: o.required("singular", o.numbers("singular")), inputs: o.integer("inputs"),
        outputs: o.integer("outputs"), inputSpectrum: o.numbers("input_spectrum")))
  }

  func fromData(_ o: Options) throws -> [LuaValue] {
    try push(
      .from(
        x: o.required("x", o.rows("x")), y: o.required("y", o.rows("y")),
        testX: o.rows("test_x"), testY: o.rows("test_y")), from: o)
  }

  func digitsData(_ o: Options) throws -> [LuaValue] {
    try push(
      .digits(
        classes: o.integers("classes"), train: o.number("train") ?? 0.8,
        center: o.flag("center"), seed: seed(o)))
  }

  func modularData(_ o: Options) throws -> [LuaValue] {
    try push(
      .modular(
        p: o.required("p", o.integer("p")),
        operation: o.choice("operation") ?? .add,
        fraction: o.number("fraction") ?? 0.5, seed: seed(o)))
  }

  func completionData(_ o: Options) throws -> [LuaValue] {
    try push(
      .completion(
        size: o.required("size", o.integer("size")), rank: o.integer("rank") ?? 1,
        fraction: o.required("fraction", o.number("fraction")), seed: seed(o)))
  }

  func csvData(_ o: Options) throws -> [LuaValue] {
    let separator = o.word("separator") ?? ","
    guard separator.utf8.count == 1, let byte = separator.utf8.first else {
      throw InputError.rule("separator", "one character", "\"\(separator)\"")
    }
    return try push(
      o.reading("path") { bytes, file in
        try .csv(
          bytes, inputs: o.columns("inputs"),
          targets: o.required("targets", o.columns("targets")), header: o.value("header")?.bool,
          separator: byte, missing: missing(o), file: file, threads: options.threads)
      }, from: o)
  }

  func npyData(_ o: Options) throws -> [LuaValue] {
    try push(
      .npy(
        x: o.required("x", o.bytes("x")), y: o.required("y", o.bytes("y")),
        testX: o.bytes("test_x"), testY: o.bytes("test_y"), labels: o.flag("labels"),
        missing: missing(o),
        files: o.files(["x", "y", "test_x", "test_y"])), from: o)
  }

  func npzData(_ o: Options) throws -> [LuaValue] {
    let bytes = try o.required("path", o.bytes("path"))
    return try push(
      .npz(
        bytes, x: o.word("x") ?? "x", y: o.word("y") ?? "y", testX: o.word("test_x"),
        testY: o.word("test_y"), labels: o.flag("labels"), missing: missing(o),
        file: shownPath(o.word("path") ?? "")), from: o)
  }

  func idxData(_ o: Options) throws -> [LuaValue] {
    try push(
      .idx(
        images: o.required("images", o.bytes("images")),
        labels: o.required("labels", o.bytes("labels")), testImages: o.bytes("test_images"),
        testLabels: o.bytes("test_labels"), limit: o.integer("limit"),
        files: o.files(["images", "labels", "test_images", "test_labels"])), from: o)
  }

  /// What `missing` and `allow_nan` say together.
  private func missing(_ o: Options) throws -> MissingNumbers {
    guard o.word("missing") == "drop" else { return o.flag("allow_nan") ? .keep : .refuse }
    guard !o.flag("allow_nan") else {
      throw InputError.sentence("give either allow_nan = true or missing = \"drop\"")
    }
    return .drop
  }

  func subsampleData(_ d: Dataset, _ o: Options) throws -> [LuaValue] {
    try push(d.subsample(n: o.required("n", o.integer("n")), seed: seed(o)))
  }

  func splitData(_ d: Dataset, _ o: Options) throws -> [LuaValue] {
    try push(d.split(train: o.number("train") ?? 0.8, seed: seed(o)))
  }

  func whitenData(_ d: Dataset, _: Options) throws -> [LuaValue] {
    try d.checkNumbers()
    return try push(d.whitened())
  }

  func redrawData(_ d: Dataset, _ o: Options) throws -> [LuaValue] {
    let shift = UInt64(bitPattern: Int64(try o.required("shift", o.integer("shift"))))
    return try push(d.redrawn(shift: shift))
  }

  func singularValuesData(_ d: Dataset, _: Options) throws -> [LuaValue] {
    try d.checkNumbers()
    return [.table(try lua.tableFrom(d.singularValues()))]
  }

  /// What a data set answers to.
  func installDataFields() throws {
    let methods = metatables.dataMethods
    try metatables.data.rawSet(
      "__index",
      .function(
        lua.makeFunction { call in
          guard let data = call.argument(1).asObject(DataBox.self)?.data else {
            throw VerbError("data", released)
          }
          switch call.argument(2).text {
          case "samples": return [data.sampleCount.map { LuaValue($0) } ?? .nil]
          case "test_samples": return [data.test.map { LuaValue($0.count) } ?? .nil]
          case "inputs": return [LuaValue(data.inputs)]
          case "outputs": return [LuaValue(data.outputs)]
          case "dropped": return [LuaValue(data.dropped)]
          case "name": return [LuaValue(data.name)]
          default: return [try methods.rawGet(call.argument(2))]
          }
        }))
    try metatables.data.rawSet("__tostring", .function(lua.makeFunction(summaryOfFirst)))
  }

  /// The option `seed`, or the program's.
  func seed(_ options: Options) -> UInt64 { options.seed() ?? self.seed }

  /// - Parameter options: of the call that read the data, whose remarks are then told.
  func push(_ data: Dataset, from options: Options? = nil) throws -> [LuaValue] {
    if let verb = options?.entry.name, showsOutput {
      for remark in data.remarks { errors.warn("\(verb): \(remark)") }
    }
    return [try lua.wrap(DataBox(data), metatable: metatables.data)]
  }

  private func method(
    _ name: String, _ body: @escaping (Dataset, Options) throws -> [LuaValue]
  ) throws {
    let entry = catalog.entry(name)
    let function = try lua.makeFunction { call in
      guard let data = call.argument(1).asObject(DataBox.self)?.data else {
        throw VerbError(name, "is a method: write d\(name.dropFirst(1)){...} with a data set d")
      }
      return try blaming(name) { try body(data, Options(entry, call.argument(2))) }
    }
    try metatables.dataMethods.rawSet(LuaValue(String(name.dropFirst(2))), .function(function))
    functionNames[.function(function)] = name
  }
}

extension DataBox: Summarized {
  var summary: String { data.summary }
}

/// What is left of an object that a script's finalizer kept, or whose `__gc` it called.
let released = "was already released by the collector"

/// `__tostring` of the program's own values.
func summaryOfFirst(_ call: LuaCall) throws -> [LuaValue] {
  guard case .object(let value) = call.argument(1), let object = value.object as? any Summarized
  else {
    return [LuaValue(released)]
  }
  return [LuaValue(object.summary)]
}
