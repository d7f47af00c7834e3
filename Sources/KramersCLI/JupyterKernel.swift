#if canImport(Glibc)
  import Glibc
#endif

/// `--jupyter install`: the package of Python writes the kernel's description for this program.
enum JupyterKernel {
  /// - Returns: 0; 66 where python3, the package or what it needs is missing.
  static func install() -> Int32 {
    let python = Environment["KRAMERS_PYTHON"] ?? "python3"
    guard let program = realpath("/proc/self/exe", nil) else { return 70 }
    defer { free(program) }
    let path = String(cString: program)
    // Where scripts/setup puts the package, beside the program.
    let folder = path.split(separator: "/").dropLast(2).joined(separator: "/")
    let code = """
      import sys
      sys.path.append(sys.argv[2])
      from kramers.kernel import install
      print(install(sys.argv[1]))
      """
    let arguments = ["-c", code, path, "/\(folder)/share/kramers/python"]
    guard let run = Subprocess.run([python] + arguments) else {
      writeError("kramers: --jupyter: there is no \(python); KRAMERS_PYTHON names another\n")
      return 66
    }
    guard run.status == 0 else {
      let reason = run.errors.split(separator: "\n").last ?? "it failed"
      writeError(
        "kramers: --jupyter: \(python): \(reason)\n"
          + "  it needs the package of python/: pip install 'PATH/python[jupyter]'\n")
      return 66
    }
    writeError("installed the kernel in \(run.output)")
    return 0
  }
}
