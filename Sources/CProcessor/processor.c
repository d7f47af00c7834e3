#include "CProcessor.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
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

void *kp_scratch(void) {
  static _Thread_local _Alignas(64) char memory[16384];
  return memory;
}

void kp_prefer_large_pages(void *start, unsigned long bytes) {
#ifdef MADV_HUGEPAGE
  (void)madvise(start, bytes, MADV_HUGEPAGE);
#else
  (void)start, (void)bytes;
#endif
}

int kp_has_avx512(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  return __builtin_cpu_supports("x86-64-v4");
#else
  return 0;
#endif
}

int kp_uses_avx512(void) {
  const char *isa = getenv("KRAMERS_ISA");
  return kp_has_avx512() && !(isa && strcmp(isa, "avx2") == 0);
}

#if defined(__x86_64__)
#include <xmmintrin.h>

unsigned long kp_flush_denormals(int on) {
  unsigned long mode = _mm_getcsr();
  if (on) _mm_setcsr((unsigned)mode | 0x8040u);  // flush to zero, denormals are zero
  return mode;
}

void kp_restore_denormals(unsigned long mode) { _mm_setcsr((unsigned)mode); }
#else
unsigned long kp_flush_denormals(int on) {
  unsigned long mode = 0;
  __asm__ volatile("mrs %0, fpcr" : "=r"(mode));
  if (on) __asm__ volatile("msr fpcr, %0" : : "r"(mode | (1ul << 24)));
  return mode;
}

void kp_restore_denormals(unsigned long mode) { __asm__ volatile("msr fpcr, %0" : : "r"(mode)); }
#endif
