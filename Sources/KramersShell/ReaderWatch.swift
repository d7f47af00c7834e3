#if canImport(Glibc)
  internal import Glibc
#endif
internal import CStandardStreams
internal import Lua
internal import Synchronization

/// Notices that whoever asks has gone while an entry runs: nothing is read or written then.
final class ReaderWatch: Sendable {
  private static let interval: UInt32 = 100_000  // microseconds

  private let socket: Int32
  private let isBusy = Atomic(false)

  /// Begins to watch, until the process ends.
  init(_ socket: Int32) {
    self.socket = socket
    var thread = pthread_t()
    let context = Unmanaged.passRetained(self).toOpaque()
    let status = pthread_create(
      &thread, nil,
      { context in
        guard let context else { return nil }
        Unmanaged<ReaderWatch>.fromOpaque(context).takeRetainedValue().watch()
        return nil
      }, context)
    precondition(status == 0, "no thread to watch the reader")
    pthread_detach(thread)
  }

  /// Runs `body`, which is stopped if the reader goes.
  func during(_ body: () -> Void) {
    isBusy.store(true, ordering: .sequentiallyConsistent)
    body()
    isBusy.store(false, ordering: .sequentiallyConsistent)
  }

  private func watch() {
    // The thread has no part in signals: the one that runs Lua takes them.
    var all = sigset_t()
    sigfillset(&all)
    pthread_sigmask(SIG_BLOCK, &all, nil)
    ks_wait_for_hangup(socket)
    while true {
      // Again for each entry: one that was asked before may begin after.
      if isBusy.load(ordering: .sequentiallyConsistent), !LuaSignals.endsProcess {
        LuaSignals.receive(SIGHUP)
      }
      usleep(Self.interval)
    }
  }
}
