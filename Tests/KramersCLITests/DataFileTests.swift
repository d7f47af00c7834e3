import Foundation
import Testing

/// A folder that is removed at the end of a test.
final class Scratch {
  let url = FileManager.default.temporaryDirectory.appendingPathComponent(
    "kramers-\(UUID().uuidString)")
  init() throws {
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }
  deinit { try? FileManager.default.removeItem(at: url) }

  func path(_ name: String) -> String { url.appendingPathComponent(name).path }
  func write(_ name: String, _ text: String) throws -> String {
    try text.write(toFile: path(name), atomically: true, encoding: .utf8)
    return path(name)
  }
}

@Suite struct DataFileTests {
  @Test("a CSV file becomes a data set, by name and by number")
  func csv() throws {
    let folder = try Scratch()
    let file = try folder.write("d.csv", "a,b,\"y, z\"\r\n1,2,3\r\n\r\n4,5,6\r\n")
    let byName = try kramers(
      "-e", "print(data.csv{path = '\(file)', inputs = {'a'}, targets = {'y, z', 2}})")
    #expect(byName.output == "csv: 2 samples, 1 input, 2 outputs\n", "\(byName.errors)")
    let ragged = try folder.write("r.csv", "1,2\n3\n")
    let wrong = try kramers("-e", "data.csv{path = '\(ragged)', targets = 2}")
    #expect(wrong.status == 1)
    #expect(wrong.errors.contains("line 2"), "\(wrong.errors)")
    let text = try folder.write("t.csv", "1,2\n3,x\n")
    let word = try kramers("-e", "data.csv{path = '\(text)', targets = 2}")
    #expect(word.errors.contains("line 2") && word.errors.contains("column 2"), "\(word.errors)")
  }

  @Test("what is no regular file, or cannot be read, is a sentence with the path")
  func unreadable() throws {
    let folder = try Scratch()
    mkfifo(folder.path("pipe"), 0o600)
    let secret = try folder.write("secret", "1,2\n")
    chmod(secret, 0)
    let empty = try folder.write("empty", "")
    var cases = [
      (folder.url.path, "is a directory"), (folder.path("pipe"), "is a pipe"),
      (folder.path("missing"), "No such file"), ("/dev/zero", "is a device"), (empty, "empty"),
    ]
    if getuid() != 0 { cases.append((secret, "Permission denied")) }
    for (path, words) in cases {
      for call in [
        "data.csv{path = '\(path)', targets = 1}", "data.npy{x = '\(path)', y = '\(path)'}",
        "data.idx{images = '\(path)', labels = '\(path)'}",
        "experiment{data = data.population{singular = {1}}, depth = 2, width = 1}:import('\(path)')",
      ] {
        let run = try kramers("-e", call)
        #expect(run.status == 1, "\(call)")
        let isShort = words == "empty"
        #expect(isShort || run.errors.contains(words), "\(call): \(run.errors)")
        let verb = call.hasPrefix("experiment") ? "import" : String(call.prefix { $0 != "{" })
        #expect(run.errors.hasPrefix("kramers: (-e):1: \(verb): "), "\(run.errors)")
        #expect(run.errors.contains(path), "\(run.errors)")
      }
    }
  }

  @Test("MNIST in IDX format loads, plain and gzip, and trains")
  func mnist() throws {
    let shared = packageRoot.deletingLastPathComponent().appendingPathComponent("shared/data")
    let images = shared.appendingPathComponent("mnist5k-test-images-idx3-ubyte").path
    let labels = shared.appendingPathComponent("mnist5k-test-labels-idx1-ubyte").path
    guard FileManager.default.fileExists(atPath: images) else {
      print("skipped: ../shared/data is absent")
      return
    }
    let code = """
      local d = data.idx{images = '\(images)', labels = '\(labels)', limit = 500}
      print(d)
      experiment{data = d, widths = {784, 16, 10}, activation = 'tanh', bias = true,
        loss = 'cross_entropy', optimizer = 'adam', lr = 3e-3, batch = 50, seed = 1}
      emit{accuracy = train{epochs = 20}.accuracy}
      """
    let run = try kramers("-", input: code)
    #expect(run.output.hasPrefix("idx: 500 samples, 784 inputs, 10 outputs\n"), "\(run.errors)")
    let accuracy = try #require(run.records.last?["accuracy"] as? Double)
    #expect(accuracy > 0.9)
  }

  @Test("numpy and safetensors read what we write, and we read what they write")
  func python() throws {
    let environment = ProcessInfo.processInfo.environment
    let python = environment["KRAMERS_PYTHON"] ?? "python3"
    let probe = try shell("\(python) -c 'import numpy, safetensors'")
    guard probe.status == 0 else {
      print("skipped: no Python with numpy and safetensors (KRAMERS_PYTHON)")
      return
    }
    let folder = try Scratch()
    let script = try folder.write(
      "make.py",
      """
      import sys, numpy as np
      from safetensors.numpy import load_file, save_file
      folder = sys.argv[1]
      rng = np.random.default_rng(1)
      x = rng.standard_normal((40, 3)); w = rng.standard_normal((2, 3))
      np.save(folder + "/x.npy", np.asfortranarray(x)); np.save(folder + "/y.npy", (x @ w.T).astype(">f8"))
      tensors = load_file(folder + "/out.safetensors") if len(sys.argv) > 2 else None
      if tensors is None:
          sys.exit()
      assert [tensors[f"layers.{l}.weight"].shape for l in range(3)] == [(4, 3), (4, 4), (2, 4)]
      f = x
      for l in range(3):
          f = f @ tensors[f"layers.{l}.weight"].T + tensors[f"layers.{l}.bias"]
          tensors[f"layers.{l}.weight"] = 2 * tensors[f"layers.{l}.weight"]
      save_file(tensors, folder + "/doubled.safetensors")
      print(repr(float(0.5 * ((f - x @ w.T) ** 2).sum() / 40)))
      """)
    _ = try shell("\(python) \(script) \(folder.url.path)")
    let setup = """
      local f = '\(folder.url.path)'
      local x = experiment{data = data.npy{x = f .. '/x.npy', y = f .. '/y.npy'}, widths = {3, 4, 4, 2},
        bias = true, lr = 0.02, seed = 3}
      x:train(50)
      """
    let ours = try kramers(
      "-", input: setup + "\nx:export(f .. '/out.safetensors') print(x:measure().loss)")
    #expect(ours.status == 0, "\(ours.errors)")
    let theirs = try shell("\(python) \(script) \(folder.url.path) read")
    let loss = try #require(Double(ours.output.trimmingCharacters(in: .newlines)))
    let reread = try #require(
      Double(theirs.output.trimmingCharacters(in: .newlines)), "\(theirs.errors)")
    #expect(abs(loss / reread - 1) < 1e-12)
    let doubled = try kramers(
      "-",
      input: setup + """

        local before = x:weights(2)[1][1]
        x:import(f .. '/doubled.safetensors')
        print(x:weights(2)[1][1] == 2 * before)
        """)
    #expect(doubled.output == "true\n", "\(doubled.errors)")
  }

  @Test("a 100 MB table would be refused before it is read when memory is short")
  func claimedSizes() throws {
    let folder = try Scratch()
    // An npy header that claims 2^60 doubles and brings none.
    let dictionary = "{'descr': '<f8', 'fortran_order': False, 'shape': (1152921504606846976, 1), }"
    let padded = dictionary + String(repeating: " ", count: 117 - dictionary.utf8.count) + "\n"
    var bytes: [UInt8] = [0x93] + Array("NUMPY".utf8) + [1, 0, 118, 0]
    bytes += Array(padded.utf8)
    try Data(bytes).write(to: URL(fileURLWithPath: folder.path("huge.npy")))
    let file = folder.path("huge.npy")
    let run = try kramers("-e", "data.npy{x = '\(file)', y = '\(file)'}")
    #expect(run.status == 1)
    #expect(run.errors.contains("x"), "\(run.errors)")
    #expect(!run.errors.contains("Fatal"))
  }

  @Test("missing numbers: dropped and counted, or named by file, line and column in experiment")
  func missing() throws {
    let folder = try Scratch()
    let file = try folder.write("d.csv", "a,b,y\n1,2,3\nnan,1,2\n3,1,1\n")
    let call = "data.csv{path = '\(file)', targets = 'y'"
    let dropped = try kramers(
      "-e", "local d = \(call), missing = 'drop'} print(d, d.dropped, d:subsample(1).dropped)")
    #expect(
      dropped.output == "csv, 1 row dropped: 2 samples, 2 inputs, 1 output\t1\t1\n",
      "\(dropped.errors)")
    let place = "\(file), line 3, column 1 (a)"
    for use in [
      "experiment{data = d, depth = 2, width = 2}", "d:whiten()", "d:singular_values()",
      "experiment{data = d, depth = 2, width = 2, activation = 'tanh'}",
    ] {
      let run = try kramers("-e", "local d = \(call), allow_nan = true} print(d) \(use)")
      #expect(run.status == 1)
      #expect(run.output == "csv: 3 samples, 2 inputs, 1 output\n")
      #expect(run.errors.contains("the data holds nan: \(place)"), "\(run.errors)")
    }
    for (options, words) in [
      ("", ": line 3, column 1 (a) must be a finite number, got 'nan'; missing = \"drop\""),
      (", allow_nan = true, missing = 'drop'", "give either allow_nan = true or missing"),
      (", missing = 'omit'", "did you mean \"drop\"?"),
    ] {
      let run = try kramers("-e", "\(call)\(options)}")
      #expect(run.status == 1 && run.errors.contains(words), "\(run.errors)")
    }
  }

  @Test("numbers that are not finite are refused by every constructor of data")
  func constructors() throws {
    for call in [
      "data.teacher{singular = {1}, samples = 4, noise = 0/0}",
      "data.teacher{singular = {1}, samples = 4, input_spectrum = {0/0}}",
      "data.teacher{singular = {1}, samples = 4, test = 4, test_spectrum = {1/0}}",
      "data.population{singular = {1}, input_spectrum = {0/0}}",
      "data.population{singular = {0/0}}", "data.gaussian{singular = {0/0}, samples = 4}",
      "data.completion{size = 4, fraction = 0/0}", "data.from{x = {{0/0}}, y = {{1}}}",
      "data.from{x = {{1}}, y = {{1}}, test_x = {{1}}, test_y = {{1/0}}}",
    ] {
      let run = try kramers("-e", call)
      #expect(run.status == 1, "\(call)")
      #expect(run.errors.contains("finite"), "\(call): \(run.errors)")
    }
  }

  @Test("a session keeps how many rows were dropped")
  func droppedInSession() throws {
    let folder = try Scratch()
    let file = try folder.write("d.csv", "a,y\n1,2\n,1\n,3\n3,1\n")
    let session = folder.path("s.kramers")
    let save = try kramers(
      "-e", "d = data.csv{path = '\(file)', targets = 'y', missing = 'drop'}",
      "-e", "session.save('\(session)')")
    #expect(save.status == 0, "\(save.errors)")
    let run = try kramers("-e", "session.open('\(session)') print(d, d.dropped)")
    #expect(
      run.output == "csv, 2 rows dropped: 2 samples, 1 input, 1 output\t2\n", "\(run.errors)")
  }

  @Test("remarks on row numbers and empty classes go to stderr, and --quiet is quiet")
  func remarks() throws {
    let folder = try Scratch()
    let file = try folder.write("d.csv", ",a,y,z\n0,5,0,1\n1,7,0,1\n2,7,0,1\n")
    let call = "print(data.csv{path = '\(file)', targets = {'y', 'z'}})"
    let run = try kramers("-e", call)
    #expect(run.output == "csv: 3 samples, 2 inputs, 2 outputs\n")
    #expect(
      run.errors
        == "kramers: data.csv: targets: no training sample has class 1\n"
        + "kramers: data.csv: column 1 (no name) only counts the rows, and is an input now; "
        + "inputs = {...} leaves it out\n")
    #expect(try kramers("--quiet", "-e", call).errors.isEmpty)
  }

  @Test("import tells on stderr, and returns, which tensor became which layer")
  func importedNames() throws {
    let folder = try Scratch()
    let path = folder.path("w.safetensors")
    let header =
      "{\"fc1.weight\":{\"dtype\":\"F16\",\"shape\":[1,2],\"data_offsets\":[0,4]},"
      + "\"fc2.weight\":{\"dtype\":\"F16\",\"shape\":[2,1],\"data_offsets\":[4,8]}}"
    var bytes = (0..<8).map { UInt8(header.utf8.count >> (8 * $0) & 0xFF) } + Array(header.utf8)
    bytes += [0x00, 0x38, 0x00, 0x3C, 0x00, 0xC2, 0x00, 0x40]
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    let setup =
      "local x = experiment{data = data.population{singular = {1, 1}}, widths = {2, 1, 2}} "
    let show =
      "print(x:weights(1)[1][1], x:weights(1)[1][2], x:weights(2)[1][1], x:weights(2)[2][1])"
    let run = try kramers(
      "-e",
      setup + "local y, map = x:import('\(path)') print(y == x, map['layers.0.weight']) " + show)
    #expect(run.output == "true\tfc1.weight\n0.5\t1.0\t-3.0\t2.0\n", "\(run.errors)")
    #expect(
      run.errors
        == "kramers: import: layers.0.weight is 'fc1.weight', layers.1.weight is 'fc2.weight'\n")
    for (options, words) in [
      (
        "map = {'fc2', 'fc1'}", "\(path): 'fc2.weight' must have shape [1, 2] for this network, got"
      ),
      ("map = 'fc1'", "map must be a list of names"),
      ("map = {1, 2}", "map must be a list of names"),
      ("map = {}", "map must be a list of names"),
    ] {
      let wrong = try kramers("-e", setup + "x:import{path = '\(path)', \(options)}")
      #expect(wrong.status == 1 && wrong.errors.contains(words), "\(wrong.errors)")
    }
  }

  @Test("errors about files name verb and path; no path holds a byte 0")
  func paths() throws {
    let folder = try Scratch()
    let setup = "local x = experiment{data = data.population{singular = {1}}, depth = 1} "
    let missing = folder.path("no/such")
    for (call, verb) in [
      ("x:export('\(missing)')", "export"), ("x:import('\(missing)')", "import"),
      ("x:measure():csv('\(missing)')", "r:csv"), ("x:measure():json('\(missing)')", "r:json"),
      ("session.journal('\(missing)')", "session.journal"),
      ("session.export('\(missing).jsonl')", "session.export"),
      ("session.open('\(missing)')", "session.open"),
    ] {
      let run = try kramers("-e", setup + call)
      #expect(run.status == 1)
      #expect(run.errors.hasPrefix("kramers: (-e):1: \(verb): "), "\(call): \(run.errors)")
      #expect(run.errors.contains(missing), "\(run.errors)")
    }
    for call in [
      "x:export('a\\0b')", "x:import('a\\0b')", "x:measure():csv('a\\0b')",
      "x:measure():json('a\\0b')", "session.journal('a\\0b')", "session.export('a\\0b.jsonl')",
      "session.save('a\\0b')", "session.open('./a\\0b')", "session.delete('a\\0b.kramers')",
      "data.csv{path = 'a\\0b', targets = 1}", "data.npy{x = 'a\\0b', y = 'y'}",
      "data.idx{images = 'a\\0b', labels = 'y'}",
    ] {
      let run = try kramers("-e", setup + call)
      #expect(run.status == 1, "\(call)")
      #expect(run.errors.contains("no path holds a byte 0"), "\(call): \(run.errors)")
      #expect(run.errors.contains("a\u{FFFD}b"), "\(call): \(run.errors)")
    }
    #expect(!FileManager.default.fileExists(atPath: "a"))
  }
}
