#pragma once

#include "LaneGroup.h"

// processor.c itself is compiled for any CPU and has no such vectors.
#if !defined(__x86_64__) || defined(__AVX2__)
#include "Lanes.h"
#endif

/// Refuses, before any Swift code runs, a CPU without the instructions the program was built for.
/// Linking this target is enough; the call exists so that the linker keeps it.
void kp_require_processor(void);

/// Whether the CPU and the system run the AVX-512 kernels (F, BW, CD, DQ, VL: x86-64-v4).
int kp_has_avx512(void);

/// Whether they are used: wherever they run, unless KRAMERS_ISA=avx2 stands in the environment.
int kp_uses_avx512(void);

/// 16 KiB of memory of the calling thread, aligned to 64 bytes, for a kernel's use until it returns: the
/// temporary allocations of Swift go to the heap beyond 1 KiB.
void *kp_scratch(void);

/// Asks the system to back memory by large pages, where it has them.
void kp_prefer_large_pages(void *start, unsigned long bytes);

/// Treats denormal numbers as zero in this thread (`on` != 0) and returns the mode to restore.
///
/// A collapsed layer decays through 1e-308: denormal arithmetic is a hundred times slower there,
/// and a weight of 1e-310 is no state that a physical argument could depend on.
unsigned long kp_flush_denormals(int on);
void kp_restore_denormals(unsigned long mode);
