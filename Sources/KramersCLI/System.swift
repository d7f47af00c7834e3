#if canImport(Glibc)
  import Glibc
#endif
import KramersBindings
import Lua

internal import CStandardStreams

/// What the program asks of the operating system at start.
enum Processors {
  static var count: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }
}

enum Terminal {
  static var isInput: Bool { isatty(0) == 1 }
  static var isOutput: Bool { isatty(1) == 1 }
  static var isErrors: Bool { isatty(2) == 1 }
}

enum Stream {
  /// Whether the descriptor is a stream between two programs.
  static func isSocket(_ descriptor: Int32) -> Bool {
    var type: Int32 = 0
    var size = socklen_t(MemoryLayout<Int32>.size)
    return getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size) == 0
      && type == Int32(SOCK_STREAM.rawValue)
  }
}

enum Environment {
  static subscript(name: String) -> String? { getenv(name).map { String(cString: $0) } }
}

/// Before anything else: standard output that cannot fail unnoticed, points in numbers.
func prepareProcess() {
  ks_open()
  ks_set_stop { LuaSignals.received }
  ks_keep_points()
  ks_catch_status_request()
  ks_catch_stop()
  ks_catch_continuation()
  ks_set_clear { ErrorStream.clear() }
}

func writeError(_ text: String) {
  let bytes = Array(text.utf8)
  ks_write_error(bytes, bytes.count)
}

/// Ends the process as the signal would have, so that a surrounding loop stops too.
func reraise(_ number: Int32) -> Never {
  signal(number, SIG_DFL)
  raise(number)
  _exit(128 + number)
}
