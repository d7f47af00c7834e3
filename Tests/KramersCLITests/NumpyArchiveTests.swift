import Foundation
import Testing

@Suite struct NumpyArchiveTests {
  private static let python = ProcessInfo.processInfo.environment["KRAMERS_PYTHON"] ?? "python3"

  @Test("what numpy.savez writes has the singular values that numpy computes of it")
  func archives() throws {
    guard try shell("\(Self.python) -c 'import numpy'").status == 0 else {
      print("skipped: no Python with numpy (KRAMERS_PYTHON)")
      return
    }
    let folder = try Scratch()
    let script = try folder.write(
      "make.py",
      """
      import sys, json, numpy as np
      folder = sys.argv[1]
      rng = np.random.default_rng(1)
      def values(x, y):
          x = x.reshape(len(x), -1).astype(float); y = y.reshape(len(y), -1).astype(float)
          return np.linalg.svd(y.T @ x / len(x), compute_uv=False).tolist()
      def one(name, save, x, y, more=""):
          save(f"{folder}/{name}.npz", inputs=x, targets=y, unused=np.array([None, 1], dtype=object))
          d = y if not more else np.eye(y.max() + 1)[y]
          print(json.dumps({"name": name, "inputs": x[0].size, "more": more, "singular": values(x, d)}))
      for kind in ["f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1"]:
          for k, order in enumerate("<>"):
              x = rng.integers(0, 100, (40, 3)) * (1 if kind[0] in "ub" else -1) / (8 if kind[0] == "f" else 1)
              y = rng.integers(0, 2, (40, 2))
              x = x.astype(order + kind); y = y.astype(order + kind)
              if k: x = np.asfortranarray(x)
              one(kind + str(k), [np.savez, np.savez_compressed][k], x, y)
      cube = np.asfortranarray(rng.integers(0, 256, (30, 4, 5)).astype("u1"))
      one("cube", np.savez_compressed, cube, rng.integers(0, 3, 30).astype("u1"), ", labels = true")
      """)
    let made = try shell("\(Self.python) \(script) \(folder.url.path)")
    let cases = made.output.split(separator: "\n")
    #expect(cases.count == 25, "\(made.errors)")
    var code = ""
    var expected: [[Double]] = []
    for line in cases {
      let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      let (name, more) = (object?["name"] as? String ?? "", object?["more"] as? String ?? "")
      code += """
        d = data.npz { path = '\(folder.url.path)/\(name).npz', x = 'inputs', y = 'targets'\(more) }
        emit { inputs = d.inputs, singular = d:singular_values() }

        """
      expected.append(
        [Double(object?["inputs"] as? Int ?? 0)] + (object?["singular"] as? [Double] ?? []))
    }
    let run = try kramers("-", input: code)
    let records = run.records.filter { $0["singular"] != nil }
    #expect(records.count == expected.count, "\(run.errors)")
    for (record, expected) in zip(records, expected) {
      let found =
        [Double(record["inputs"] as? Int ?? 0)] + (record["singular"] as? [Double] ?? [])
      #expect(found.count == expected.count)
      // Double precision on both sides; the largest value sets the scale of the errors.
      for (a, b) in zip(found, expected) { #expect(abs(a - b) <= 1e-12 * expected[1]) }
    }
    let objects = try kramers(
      "-e", "data.npz{path = '\(folder.url.path)/cube.npz', x = 'inputs', y = 'unused'}")
    #expect(
      objects.errors.contains(
        "y (array 'unused' of \(folder.url.path)/cube.npz): the dtype must be an integer, a boolean "
          + "or a float of up to 64 bits, got '|O' (Python objects)"), "\(objects.errors)")
  }
}
