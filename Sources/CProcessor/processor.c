#include "CProcessor.h"

#include <unistd.h>

// A constructor, because the Swift runtime's own start-up code is compiled with the same flags:
// a check in `main` would come after the first illegal instruction.
__attribute__((constructor(101))) void kp_require_processor(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) {
    static const char words[] = "kramers: this CPU lacks AVX2 or FMA, which every result needs "
                                "(Intel Haswell, AMD Excavator or newer has them)\n";
    ssize_t written = write(2, words, sizeof words - 1);
    (void)written;
    _exit(70);
  }
#endif
}
