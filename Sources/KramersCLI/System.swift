#if canImport(Glibc)
  import Glibc
#endif

internal import CStandardStreams

/// What the program asks of the operating system at start.
enum Processors {
  static var count: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }
}

enum Terminal {
  static var isOutput: Bool { isatty(1) == 1 }
  static var isInput: Bool { isatty(0) == 1 }
}

enum Environment {
  static subscript(name: String) -> String? { getenv(name).map { String(cString: $0) } }
}

func writeError(_ text: String) { ks_write_error(text) }
