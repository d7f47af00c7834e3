#pragma once
#include <stdbool.h>
#include <stddef.h>

/// C's streams, which Swift 6 does not let itself name (they are mutable globals). Records go
/// through the same `stdout` as Lua's `io.write`, so that their order is kept.

/// false: not everything could be written; errno says why.
bool ks_write(const void *bytes, size_t count);
/// false: this or an earlier write failed.
bool ks_flush(void);
void ks_write_error(const char *text);
/// Bytes read from standard input, 0 at its end.
size_t ks_read(void *bytes, size_t capacity);
