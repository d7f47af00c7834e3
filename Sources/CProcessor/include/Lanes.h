#pragma once

#include <stdint.h>

/// What Swift's vectors do one lane at a time: inlined into code that is compiled for the vectors
/// of `Package.swift`.
typedef double kp_double4 __attribute__((ext_vector_type(4)));

/// The same at any address: memory of Swift is aligned to 16 bytes.
typedef double kp_loose4 __attribute__((ext_vector_type(4), aligned(8)));

#define KP_INLINE static inline __attribute__((always_inline))

/// The correctly rounded square root of each lane.
KP_INLINE kp_double4 kp_square_roots(kp_double4 x) { return __builtin_elementwise_sqrt(x); }

/// Loads `width` doubles, a multiple of four, from each of four rows, and writes them transposed:
/// vector k of the result is entry k of the four rows and goes to place
/// k * stride of `target`, counted in vectors.
KP_INLINE void kp_transpose_rows(
    const double *rows, const int32_t *offsets, void *target, long stride, long width) {
  kp_loose4 *const out = target;
  for (long k = 0; k < width; k += 4) {
    const kp_double4 a = *(const kp_loose4 *)(rows + offsets[0] + k);
    const kp_double4 b = *(const kp_loose4 *)(rows + offsets[1] + k);
    const kp_double4 c = *(const kp_loose4 *)(rows + offsets[2] + k);
    const kp_double4 d = *(const kp_loose4 *)(rows + offsets[3] + k);
    const kp_double4 ab0 = __builtin_shufflevector(a, b, 0, 4, 2, 6);
    const kp_double4 ab1 = __builtin_shufflevector(a, b, 1, 5, 3, 7);
    const kp_double4 cd0 = __builtin_shufflevector(c, d, 0, 4, 2, 6);
    const kp_double4 cd1 = __builtin_shufflevector(c, d, 1, 5, 3, 7);
    out[k * stride] = __builtin_shufflevector(ab0, cd0, 0, 1, 4, 5);
    out[(k + 1) * stride] = __builtin_shufflevector(ab1, cd1, 0, 1, 4, 5);
    out[(k + 2) * stride] = __builtin_shufflevector(ab0, cd0, 2, 3, 6, 7);
    out[(k + 3) * stride] = __builtin_shufflevector(ab1, cd1, 2, 3, 6, 7);
  }
}
