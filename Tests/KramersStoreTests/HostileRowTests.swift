import Foundation
import Kramers
import Testing

@testable import KramersStore

@Suite("a row that no session has")
struct HostileRowTests {
  static let large = "1152921504606846976"
  static let notText = "CAST(x'FF80' AS TEXT)"

  /// SQL, and what the sentence must say.
  static let cases: [(sql: String, said: String)] = [
    ("DELETE FROM session", "'session' has 0 rows"),
    ("UPDATE session SET saved = saved + 1", "a row is not the one that was saved"),
    ("UPDATE session SET digest = 1", "a row is not the one that was saved"),
    ("UPDATE journal SET seconds = NULL", "a row is not the one that was saved"),
    ("UPDATE result SET json = '{}'", "a row is not the one that was saved"),
    ("UPDATE result SET provenance = NULL", "a row is not the one that was saved"),
    ("UPDATE object SET kind = 'snapshot' WHERE position = 0", "damaged"),
    ("INSERT INTO session VALUES (2, '', '', 0, 0, 0)", "'session' has 2 rows"),
    ("UPDATE session SET program = \(notText)", "program is not UTF-8"),
    // Sizes.
    ("UPDATE dataset SET samples = \(large)", "samples"),
    ("UPDATE dataset SET samples = -1", "samples"),
    ("UPDATE dataset SET samples = 0", "numbers long"),
    ("UPDATE dataset SET inputs = \(large)", "inputs"),
    ("UPDATE dataset SET inputs = 2147483647, outputs = 2147483647", "numbers long"),
    ("UPDATE dataset SET outputs = 0", "numbers long"),
    ("UPDATE dataset SET test_samples = 2147483647", "numbers long"),
    ("UPDATE dataset SET x = NULL", "x is of a wrong type"),
    ("UPDATE dataset SET x = 1", "array is missing"),
    ("UPDATE dataset SET samples = NULL, x = NULL", "damaged"),
    ("UPDATE dataset SET name = 'other'", "not the one that was saved"),
    ("DELETE FROM dataset", "data set is missing"),
    ("UPDATE experiment SET widths = '[2,\(large),2]'", "widths"),
    ("UPDATE experiment SET widths = '[2,2147483647,2147483647,2]'", "widths"),
    ("UPDATE experiment SET widths = '[3037000500,3037000500]'", "damaged"),
    ("UPDATE experiment SET widths = '[2]'", "depth"),
    ("UPDATE experiment SET widths = '[2,-3,2]'", "widths"),
    ("UPDATE experiment SET widths = '[2,1e300,2]'", "widths"),
    (
      "UPDATE experiment SET widths = replace(hex(zeroblob(100000)), '00', '[')", "widths"
    ),
    ("UPDATE experiment SET parameters = 5", "array is missing"),
    ("UPDATE experiment SET first_moment = (SELECT content FROM state WHERE id = 0)", "damaged"),
    ("UPDATE experiment SET l2_center = (SELECT moments FROM dataset LIMIT 1)", "damaged"),
    ("UPDATE experiment SET data = 5", "data set is missing"),
    ("UPDATE experiment SET step = -1", "step"),
    ("UPDATE experiment SET cursor = \(large)", "cursor"),
    ("UPDATE experiment SET moment_steps = -\(large)", "moment_steps"),
    ("UPDATE experiment SET epochs = 9e999", "epochs"),
    ("UPDATE experiment SET epochs = -1.5", "epochs"),
    ("UPDATE experiment SET batch = \(large), sampling = 'replacement'", "batch"),
    ("UPDATE experiment SET batch = 0", "batch"),
    ("UPDATE experiment SET momentum = 1.5", "momentum"),
    ("UPDATE experiment SET lr = 9e999", "lr"),
    ("UPDATE experiment SET optimizer = 'magic'", "optimizer is 'magic'"),
    ("UPDATE experiment SET sampling = ''", "sampling"),
    ("UPDATE experiment SET bias = 2", "bias is 2"),
    ("UPDATE experiment SET precision = 'half'", "precision"),
    ("UPDATE experiment SET activation = \(notText)", "not UTF-8"),
    ("UPDATE experiment SET loss = 'cross_entropy'", "damaged"),
    ("UPDATE experiment SET seed = 1", "not the one that was saved"),
    // Arrays.
    ("DELETE FROM content", "array is missing"),
    ("UPDATE content SET bytes = zeroblob(3)", "damaged"),
    ("UPDATE content SET bytes = zeroblob(length(bytes))", "not those that were saved"),
    ("UPDATE content SET part = 1", "parts are not in order"),
    ("UPDATE content SET part = \(large)", "parts are not in order"),
    ("INSERT INTO content SELECT id, 1, bytes FROM content", "parts are not in order"),
    ("UPDATE content SET bytes = zeroblob(20000000)", "has 20000000 bytes"),
    // Places.
    ("UPDATE journal SET entry = \(large) WHERE entry = 3", "row 3 of table 'journal'"),
    ("UPDATE journal SET entry = -1 WHERE entry = 0", "entry is -1"),
    ("UPDATE journal SET kind = 'code ' WHERE entry = 0", "kind is 'code '"),
    ("UPDATE journal SET outcome = 'fine'", "outcome"),
    ("UPDATE journal SET arguments = '{\"a\":1}'", "arguments"),
    ("UPDATE journal SET arguments = replace(hex(zeroblob(50000)), '00', '[')", "arguments"),
    ("UPDATE journal SET message = \(notText)", "message is not UTF-8"),
    ("DELETE FROM journal WHERE entry < 2", "row 0 of table 'journal'"),
    ("DELETE FROM journal", "damaged"),
    ("UPDATE unsaved SET entry = 99", "entry 99 of 4"),
    ("DELETE FROM variable WHERE position = 0", "'variable'"),
    ("UPDATE result SET position = position + 7", "'result'"),
    ("DELETE FROM state WHERE id = 0", "'state'"),
    ("DELETE FROM state", "'state'"),
    ("DELETE FROM state WHERE id = 1", "no entry that was interrupted"),
    (
      "INSERT INTO state SELECT id + 2, entry, seed, random, current, content FROM state", "'state'"
    ),
    ("UPDATE state SET random = x'01020304050607'", "math.random"),
    ("UPDATE state SET current = \(large)", "current experiment"),
    ("UPDATE state SET current = 1", "current experiment"),
    ("UPDATE state SET entry = 4 WHERE id = 1", "entry 4 of 4"),
    ("UPDATE state SET entry = NULL WHERE id = 1", "entry is of a wrong type"),
    ("UPDATE state SET content = 77", "array is missing"),
    ("UPDATE object SET kind = 'function'", "'function'"),
    ("UPDATE object SET owner = 0 - \(large) WHERE kind = 'states'", "owner"),
    ("UPDATE object SET owner = 99 WHERE kind = 'states'", "object 99"),
    ("UPDATE object SET owner = 6 WHERE kind = 'states'", "object 6"),
    ("UPDATE object SET kind = 'states', owner = position", "damaged"),
    ("UPDATE object SET experiment = NULL", "experiment is of a wrong type"),
    ("DELETE FROM object WHERE position = 3", "row 3 of table 'object'"),
    ("UPDATE object_state SET object = 1 WHERE object = 6", "object 1"),
    ("UPDATE object_state SET object = \(large) WHERE object = 6", "object \(large)"),
    ("UPDATE object_state SET position = position + 10", "'object_state'"),
    ("UPDATE call SET number = -1", "number"),
    ("UPDATE call SET has_ended = 5", "has_ended"),
    ("DELETE FROM call", "call 0 of 0"),
    ("UPDATE call_experiment SET call = 9", "call 9 of 2"),
  ]

  @Test("is refused, in a sentence that says which", arguments: cases.indices)
  func refused(index: Int) throws {
    let example = Self.cases[index]
    let hostile = try edited(savedSample(), example.sql)
    let look = try look(at: hostile, in: Folder(), "\(example.sql)")
    #expect(!look.opened, "\(example.sql)")
    #expect(look.sentence.contains(example.said), "\(example.sql): \(look.sentence)")
    #expect(look.seconds < 20)
  }

  /// Settings and clocks at the ends of their ranges, under an id that is right.
  static let extremes = [
    "step = 4611686018427387904", "step = 4611686018427387905", "epoch = 4611686018427387904",
    "epoch = -1", "moment_steps = 4611686018427387904", "moment_steps = 9223372036854775807",
    "cursor = 12", "cursor = 11, epoch = 3", "cursor = 13", "epochs = 1e308", "epochs = 5e-324",
    "lr = 1.7e308", "lr = 5e-324", "l2 = 1.7e308", "momentum = 0.9999999999999999",
    "temperature = 1.7e308, optimizer = 'sgd'", "gradient_noise = 1.7e308",
    "label_noise = 1.7e308", "init_scale = 1.7e308", "seed = -1", "batch = 12", "batch = 13",
    "batch = 1", "batch = 1000, sampling = 'replacement'", "batch = NULL", "precision = 'single'",
    "batch = 2147483647, sampling = 'replacement'", "optimizer = 'adamw'", "optimizer = 'sgd'",
    "optimizer = 'momentum'", "second_moment = NULL", "first_moment = NULL",
    "l2_center = parameters", "l2_center = NULL", "activation = 'relu'", "activation = 'linear'",
    "activation = 'linear', batch = NULL, optimizer = 'sgd', label_noise = 0.0",
    "activation = 'gelu'", "activation = 'sigmoid'", "bias = 1", "init = 'zero'",
  ]

  @Test("may be odd: what is let through can be used", arguments: extremes)
  func odd(change: String) throws {
    let folder = try Folder()
    var contents = SessionContents()
    contents.state.objects = [.experiment(try Sample.trained())]
    try SessionFile(path: folder.file()).save(contents)
    let hostile = try edited(bytes(of: folder.file()), "UPDATE experiment SET \(change)")
    #expect(FileManager.default.createFile(atPath: folder.file(), contents: Data(hostile)))
    do {
      // Without the comparison of hashes, which whoever writes such a file can make right.
      use(
        try Connection(FilePlace(folder.file()), .reading(size: hostile.count)).run {
          try SessionReader($0, size: hostile.count).contents()
        })
    } catch { #expect("\(error)".contains("impossible"), "\(error)") }
    #expect(throws: SessionError.self) { try SessionFile.open(folder.file()) }
  }

  /// Hashes do not tell honest numbers from others.
  @Test("with numbers that no data has can be used", arguments: awkward + [1e200, 1e-200])
  func numbers(value: Double) throws {
    let folder = try Folder()
    var contents = SessionContents()
    for (activation, place) in [(Activation.linear, 0), (.tanh, 3), (.relu, 5), (.linear, 7)] {
      var x = (0..<8).map { Double($0 % 5) }
      var y = (0..<8).map { Double($0 % 3) }
      x[place] = value
      if activation != .tanh { y[7 - place] = value }
      let odd = Dataset(
        name: "literal", train: Samples(count: 4, inputs: 2, outputs: 2, x: x, y: y),
        test: Samples(count: 4, inputs: 2, outputs: 2, x: x, y: y))
      contents.state.objects.append(.data(odd))
      // Numbers that are not finite, or whose squares are not, may be looked at, not trained on.
      let isUsable = abs(value) < 1e150
      let network = try Network(widths: [2, 3, 2], activation: activation)
      #expect(isUsable == ((try? Experiment(data: odd, network: network)) != nil))
      let data = isUsable ? odd : try Dataset.gaussian(singular: [0.9, 0.5], samples: 4)
      var experiment = try Experiment(data: data, network: network, seed: 1)
      contents.state.objects.append(.experiment(experiment))
      var parameters = experiment.state.parameters
      parameters[place] = value
      try experiment.setParameters(parameters)
      contents.state.objects.append(.experiment(experiment))
    }
    try SessionFile(path: folder.file()).save(contents)
    let opened = try SessionFile.open(folder.file())
    #expect(portrait(opened) == portrait(contents))
    use(opened)
  }
}
