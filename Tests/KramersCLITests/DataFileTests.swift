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
        #expect(run.errors.hasPrefix("kramers: (-e):1: "), "\(run.errors)")
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
}
