#pragma once

#include <stddef.h>

/// The files that the program carries inside itself.
struct kr_resource {
  const unsigned char *bytes;
  size_t count;
};

/// digits.csv.gz: 1,797 rows of 64 pixels (0...16, row-major 8 x 8) and the digit, no header.
///
/// E. Alpaydin, C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning
/// Repository (1998), doi:10.24432/C50P49, licensed CC BY 4.0; its test part.
struct kr_resource kr_digits(void);

/// The n-th file of `stdlib-lua`, from 0: its path there without `.lua`, NULL past the last, and its
/// bytes.
const char *kr_lua_name(size_t n);
struct kr_resource kr_lua(size_t n);
