#pragma once

#include <stdint.h>

/// What Swift's vectors do one lane at a time: inlined into code that is compiled for the vectors
/// of `Package.swift`.
typedef double kp_double4 __attribute__((ext_vector_type(4)));
typedef double kp_double8 __attribute__((ext_vector_type(8)));
typedef float kp_float8 __attribute__((ext_vector_type(8)));
typedef float kp_float16 __attribute__((ext_vector_type(16)));
typedef uint32_t kp_word8 __attribute__((ext_vector_type(8)));
typedef uint32_t kp_word16 __attribute__((ext_vector_type(16)));
typedef uint64_t kp_long4 __attribute__((ext_vector_type(4)));
typedef uint64_t kp_long8 __attribute__((ext_vector_type(8)));

/// The same at any address.
typedef double kp_loose_double4 __attribute__((ext_vector_type(4), aligned(8)));
typedef double kp_loose_double8 __attribute__((ext_vector_type(8), aligned(8)));
typedef float kp_loose_float4 __attribute__((ext_vector_type(4), aligned(4)));
typedef float kp_loose_float8 __attribute__((ext_vector_type(8), aligned(4)));
typedef float kp_loose_float16 __attribute__((ext_vector_type(16), aligned(4)));

#define KP_INLINE static inline __attribute__((always_inline))

/// The correctly rounded square root of each lane.
KP_INLINE kp_double4 kp_roots_double4(kp_double4 x) { return __builtin_elementwise_sqrt(x); }
KP_INLINE kp_double8 kp_roots_double8(kp_double8 x) { return __builtin_elementwise_sqrt(x); }
KP_INLINE kp_float8 kp_roots_float8(kp_float8 x) { return __builtin_elementwise_sqrt(x); }
KP_INLINE kp_float16 kp_roots_float16(kp_float16 x) { return __builtin_elementwise_sqrt(x); }

/// The 64-bit product of the lower halves of each lane. One instruction on x86-64, written out
/// there: where only half of a result is used, the optimiser would take a slower one.
#if defined(__x86_64__)
#define KP_LOWER_PRODUCT                                              \
  __asm__("vpmuludq %2, %1, %0" : "=v"(product) : "v"(a), "v"(b)); \
  return product
#else
#define KP_LOWER_PRODUCT return product = (a & 0xFFFFFFFFu) * (b & 0xFFFFFFFFu)
#endif
KP_INLINE kp_long4 kp_lower_product4(kp_long4 a, kp_long4 b) {
  kp_long4 product;
  KP_LOWER_PRODUCT;
}
#if !defined(__x86_64__) || defined(__AVX512F__)
KP_INLINE kp_long8 kp_lower_product8(kp_long8 a, kp_long8 b) {
  kp_long8 product;
  KP_LOWER_PRODUCT;
}
#endif
#undef KP_LOWER_PRODUCT

/// a b + c in each lane, rounded once. (Swift's own addingProduct is a loop over lanes, of which the
/// optimiser leaves some scalar.)
KP_INLINE kp_double4 kp_fma_double4(kp_double4 a, kp_double4 b, kp_double4 c) {
  return __builtin_elementwise_fma(a, b, c);
}
KP_INLINE kp_double8 kp_fma_double8(kp_double8 a, kp_double8 b, kp_double8 c) {
  return __builtin_elementwise_fma(a, b, c);
}
KP_INLINE kp_float8 kp_fma_float8(kp_float8 a, kp_float8 b, kp_float8 c) {
  return __builtin_elementwise_fma(a, b, c);
}
KP_INLINE kp_float16 kp_fma_float16(kp_float16 a, kp_float16 b, kp_float16 c) {
  return __builtin_elementwise_fma(a, b, c);
}

#ifdef __AVX512F__
/// The exponent of each positive normal number.
KP_INLINE kp_double8 kp_exponents_double8(kp_double8 x) {
  kp_double8 exponents;
  __asm__("vgetexppd %1, %0" : "=v"(exponents) : "v"(x));
  return exponents;
}
#endif

/// Each integer below 2^53 as a double: exact.
KP_INLINE kp_double4 kp_doubles4(kp_long4 x) { return __builtin_convertvector(x, kp_double4); }
KP_INLINE kp_double8 kp_doubles8(kp_long8 x) { return __builtin_convertvector(x, kp_double8); }

/// The lower half of each word.
typedef int32_t kp_index4 __attribute__((ext_vector_type(4)));
typedef int32_t kp_index8 __attribute__((ext_vector_type(8)));
KP_INLINE kp_index4 kp_indices4(kp_long4 x) { return __builtin_convertvector(x, kp_index4); }
KP_INLINE kp_index8 kp_indices8(kp_long8 x) { return __builtin_convertvector(x, kp_index8); }

/// The lower halves of two vectors of words, side by side.
KP_INLINE kp_word8 kp_lower_halves8(kp_long4 a, kp_long4 b) {
  return __builtin_shufflevector((kp_word8)a, (kp_word8)b, 0, 2, 4, 6, 8, 10, 12, 14);
}
KP_INLINE kp_word16 kp_lower_halves16(kp_long8 a, kp_long8 b) {
  return __builtin_shufflevector(
      (kp_word16)a, (kp_word16)b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
}

/// Each word as the nearest float.
KP_INLINE kp_float8 kp_floats8(kp_word8 x) { return __builtin_convertvector(x, kp_float8); }
KP_INLINE kp_float16 kp_floats16(kp_word16 x) { return __builtin_convertvector(x, kp_float16); }

/// Copies `width` numbers, a multiple of two, from each of as many rows as a vector has lanes, and
/// writes them transposed: vector k holds entry k of every row and goes to place k * stride of
/// `target`, counted in vectors. Row r begins at rows + offsets[r]. Reads and may write up to the next
/// multiple of four.
KP_INLINE void kp_transpose_double4(
    const double *rows, const int32_t *offsets, void *target, long stride, long width) {
  kp_loose_double4 *const out = target;
  for (long k = 0; k < width; k += 4) {
    const kp_double4 a = *(const kp_loose_double4 *)(rows + offsets[0] + k);
    const kp_double4 b = *(const kp_loose_double4 *)(rows + offsets[1] + k);
    const kp_double4 c = *(const kp_loose_double4 *)(rows + offsets[2] + k);
    const kp_double4 d = *(const kp_loose_double4 *)(rows + offsets[3] + k);
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

KP_INLINE kp_double8 kp_two_rows_double(const double *a, const double *b) {
  return __builtin_shufflevector(
      *(const kp_loose_double4 *)a, *(const kp_loose_double4 *)b, 0, 1, 2, 3, 4, 5, 6, 7);
}

KP_INLINE void kp_transpose_double8(
    const double *rows, const int32_t *offsets, void *target, long stride, long width) {
  kp_loose_double8 *out = target;
  // Read before anything is written: the compiler cannot know that offsets are not overwritten.
  const double *const p0 = rows + offsets[0], *const p1 = rows + offsets[1];
  const double *const p2 = rows + offsets[2], *const p3 = rows + offsets[3];
  const double *const p4 = rows + offsets[4], *const p5 = rows + offsets[5];
  const double *const p6 = rows + offsets[6], *const p7 = rows + offsets[7];
  for (long k = 0; k < width; k += 4) {
    // Rows in such an order that each output takes whole quarters of two vectors: a shuffle that may run
    // beside fused multiply-adds, where one that picks single numbers of two vectors waits for their unit.
    const kp_double8 a = kp_two_rows_double(p0 + k, p2 + k);
    const kp_double8 b = kp_two_rows_double(p1 + k, p3 + k);
    const kp_double8 c = kp_two_rows_double(p4 + k, p6 + k);
    const kp_double8 d = kp_two_rows_double(p5 + k, p7 + k);
    const kp_double8 ab0 = __builtin_shufflevector(a, b, 0, 8, 2, 10, 4, 12, 6, 14);
    const kp_double8 ab1 = __builtin_shufflevector(a, b, 1, 9, 3, 11, 5, 13, 7, 15);
    const kp_double8 cd0 = __builtin_shufflevector(c, d, 0, 8, 2, 10, 4, 12, 6, 14);
    const kp_double8 cd1 = __builtin_shufflevector(c, d, 1, 9, 3, 11, 5, 13, 7, 15);
    out[0] = __builtin_shufflevector(ab0, cd0, 0, 1, 4, 5, 8, 9, 12, 13);
    out[stride] = __builtin_shufflevector(ab1, cd1, 0, 1, 4, 5, 8, 9, 12, 13);
    if (k + 2 >= width) break;
    out[2 * stride] = __builtin_shufflevector(ab0, cd0, 2, 3, 6, 7, 10, 11, 14, 15);
    out[3 * stride] = __builtin_shufflevector(ab1, cd1, 2, 3, 6, 7, 10, 11, 14, 15);
    out += 4 * stride;
  }
}

KP_INLINE kp_float8 kp_two_rows_float(const float *a, const float *b) {
  return __builtin_shufflevector(
      *(const kp_loose_float4 *)a, *(const kp_loose_float4 *)b, 0, 1, 2, 3, 4, 5, 6, 7);
}

KP_INLINE void kp_transpose_float8(
    const float *rows, const int32_t *offsets, void *target, long stride, long width) {
  kp_loose_float8 *const out = target;
  for (long k = 0; k < width; k += 4) {
    const float *const p = rows + k;
    const kp_float8 a = kp_two_rows_float(p + offsets[0], p + offsets[4]);
    const kp_float8 b = kp_two_rows_float(p + offsets[1], p + offsets[5]);
    const kp_float8 c = kp_two_rows_float(p + offsets[2], p + offsets[6]);
    const kp_float8 d = kp_two_rows_float(p + offsets[3], p + offsets[7]);
    const kp_float8 ab0 = __builtin_shufflevector(a, b, 0, 8, 1, 9, 4, 12, 5, 13);
    const kp_float8 ab1 = __builtin_shufflevector(a, b, 2, 10, 3, 11, 6, 14, 7, 15);
    const kp_float8 cd0 = __builtin_shufflevector(c, d, 0, 8, 1, 9, 4, 12, 5, 13);
    const kp_float8 cd1 = __builtin_shufflevector(c, d, 2, 10, 3, 11, 6, 14, 7, 15);
    out[k * stride] = __builtin_shufflevector(ab0, cd0, 0, 1, 8, 9, 4, 5, 12, 13);
    out[(k + 1) * stride] = __builtin_shufflevector(ab0, cd0, 2, 3, 10, 11, 6, 7, 14, 15);
    out[(k + 2) * stride] = __builtin_shufflevector(ab1, cd1, 0, 1, 8, 9, 4, 5, 12, 13);
    out[(k + 3) * stride] = __builtin_shufflevector(ab1, cd1, 2, 3, 10, 11, 6, 7, 14, 15);
  }
}

KP_INLINE kp_float16 kp_four_rows_float(
    const float *p, const int32_t *offsets) {
  const kp_float8 low = kp_two_rows_float(p + offsets[0], p + offsets[4]);
  const kp_float8 high = kp_two_rows_float(p + offsets[8], p + offsets[12]);
  return __builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
}

#ifdef __AVX512F__
KP_INLINE kp_float16 kp_two_long_rows_float(const float *a, const float *b) {
  return __builtin_shufflevector(
      *(const kp_loose_float8 *)a, *(const kp_loose_float8 *)b, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11,
      12, 13, 14, 15);
}

/// Entries 0, 1 and 4, 5 of each half, and the others, of two vectors in turns.
#define KP_LOW(u, v) \
  __builtin_shufflevector(u, v, 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29)
#define KP_HIGH(u, v) \
  __builtin_shufflevector(u, v, 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31)
/// The first and the second pairs of each quarter.
#define KP_FIRST(u, v) \
  __builtin_shufflevector(u, v, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29)
#define KP_SECOND(u, v) \
  __builtin_shufflevector(u, v, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31)
/// Quarters 0 and 2, 1 and 3.
#define KP_EVEN(u, v) \
  __builtin_shufflevector(u, v, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27)
#define KP_ODD(u, v) \
  __builtin_shufflevector(u, v, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31)

/// Eight entries of eight rows: vector k of `out` holds entry k in its quarters 0 and 2, entry k + 4 in
/// quarters 1 and 3.
KP_INLINE void kp_transpose_half_float16(
    const float *p, const int32_t *offsets, kp_float16 *out) {
  const kp_float16 a = kp_two_long_rows_float(p + offsets[0], p + offsets[4]);
  const kp_float16 b = kp_two_long_rows_float(p + offsets[1], p + offsets[5]);
  const kp_float16 c = kp_two_long_rows_float(p + offsets[2], p + offsets[6]);
  const kp_float16 d = kp_two_long_rows_float(p + offsets[3], p + offsets[7]);
  const kp_float16 ab0 = KP_LOW(a, b), ab1 = KP_HIGH(a, b);
  const kp_float16 cd0 = KP_LOW(c, d), cd1 = KP_HIGH(c, d);
  out[0] = KP_FIRST(ab0, cd0);
  out[1] = KP_SECOND(ab0, cd0);
  out[2] = KP_FIRST(ab1, cd1);
  out[3] = KP_SECOND(ab1, cd1);
}

KP_INLINE void kp_transpose_float16(
    const float *rows, const int32_t *offsets, void *target, long stride, long width) {
  kp_loose_float16 *const out = target;
  // Eight columns at a time take an eighth less; rows of four cache lines (32-32-32-32) lose by it.
  const long whole = width < 64 ? width & ~7L : 0;
  long k = 0;
  for (; k < whole; k += 8) {
    kp_float16 low[4], high[4];
    kp_transpose_half_float16(rows + k, offsets, low);
    kp_transpose_half_float16(rows + k, offsets + 8, high);
    for (long j = 0; j < 4; j++) out[(k + j) * stride] = KP_EVEN(low[j], high[j]);
    for (long j = 0; j < 4; j++) out[(k + j + 4) * stride] = KP_ODD(low[j], high[j]);
  }
  for (; k < width; k += 4) {
    const float *const p = rows + k;
    // Quarter q of each vector holds four entries of one row.
    const kp_float16 a = kp_four_rows_float(p, offsets);
    const kp_float16 b = kp_four_rows_float(p, offsets + 1);
    const kp_float16 c = kp_four_rows_float(p, offsets + 2);
    const kp_float16 d = kp_four_rows_float(p, offsets + 3);
    const kp_float16 ab0 = KP_LOW(a, b), ab1 = KP_HIGH(a, b);
    const kp_float16 cd0 = KP_LOW(c, d), cd1 = KP_HIGH(c, d);
    out[k * stride] = KP_FIRST(ab0, cd0);
    out[(k + 1) * stride] = KP_SECOND(ab0, cd0);
    out[(k + 2) * stride] = KP_FIRST(ab1, cd1);
    out[(k + 3) * stride] = KP_SECOND(ab1, cd1);
  }
}
#undef KP_LOW
#undef KP_HIGH
#undef KP_FIRST
#undef KP_SECOND
#undef KP_EVEN
#undef KP_ODD
#endif
