#pragma once

#include <stddef.h>
#include <stdint.h>

enum kz_status {
  KZ_OK = 0,
  KZ_TRUNCATED = 1,
  KZ_CORRUPT = 2,
  KZ_TOO_LARGE = 3,
  KZ_NO_MEMORY = 4,
};

/// Decompresses a whole gzip buffer, all members of it (RFC 1952), checksums included.
///
/// Writes at most `limit` bytes to `target`; with a null `target` it only measures. `*produced` is
/// the number of bytes so far, whatever is returned. Bytes after the last member are corruption.
int kz_gunzip(const uint8_t *source, size_t count, uint8_t *target, size_t limit,
              size_t *produced);

/// The CRC-32 of gzip and zip (RFC 1952, section 8).
uint32_t kz_crc32(const void *bytes, size_t count);
