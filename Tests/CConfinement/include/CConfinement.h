#pragma once

/// What a confined child could do, as bits.
enum {
  PROBE_READS_OUTSIDE = 1, PROBE_WRITES_OUTSIDE = 2, PROBE_EXECUTES = 4, PROBE_SOCKET = 8,
  PROBE_TRACES = 16, PROBE_SIGNALS = 32, PROBE_LINKS = 64, PROBE_NAMESPACE = 128,
  PROBE_TYPES = 256, PROBE_READS_INSIDE = 512, PROBE_WRITES_INSIDE = 1024, PROBE_THREADS = 2048,
  PROBE_MEMORY_FILE = 4096, PROBE_SIGNALS_ITSELF = 8192
};

/// Forks a child that confines itself to `inside` by the kernel and tries each of these by the
/// system's own calls, as code would that has taken over the process.
///
/// Returns the bits, or -1 where the kernel lacks Landlock or seccomp.
int probe_confinement(const char *inside, const char *outside);
