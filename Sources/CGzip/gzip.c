#include "CGzip.h"

#include <string.h>
#include <zlib.h>

static int status_of(int code) {
  switch (code) {
  case Z_BUF_ERROR: return KZ_TRUNCATED;  // no progress: the scratch was empty, so the input was
  case Z_MEM_ERROR: return KZ_NO_MEMORY;
  default: return KZ_CORRUPT;
  }
}

int kz_gunzip(const uint8_t *source, size_t count, uint8_t *target, size_t limit,
              size_t *produced) {
  // Through a scratch buffer, so that measuring and writing are one path and the last check of
  // the checksum never waits for room in `target`.
  uint8_t scratch[1 << 15];
  const size_t largest = (size_t)1 << 30;  // zlib counts in 32 bits
  size_t used = 0;
  *produced = 0;

  z_stream z;
  memset(&z, 0, sizeof z);
  if (inflateInit2(&z, 15 + 16) != Z_OK) return KZ_NO_MEMORY;  // 15: any window; 16: gzip only
  int status;
  for (;;) {
    uInt offered = (uInt)(count - used < largest ? count - used : largest);
    z.next_in = (Bytef *)(source + used);
    z.avail_in = offered;
    z.next_out = scratch;
    z.avail_out = sizeof scratch;
    int code = inflate(&z, Z_NO_FLUSH);
    used += offered - z.avail_in;
    size_t made = sizeof scratch - z.avail_out;
    if (made > limit - *produced) {
      status = KZ_TOO_LARGE;
      break;
    }
    if (target) memcpy(target + *produced, scratch, made);
    *produced += made;
    if (code == Z_STREAM_END) {
      if (used == count) {
        status = KZ_OK;
        break;
      }
      // Another member, or rubbish: said here, because inflate asks for a second byte first.
      code = source[used] == 0x1f ? inflateReset(&z) : Z_DATA_ERROR;
    }
    if (code != Z_OK) {
      status = status_of(code);
      break;
    }
  }
  inflateEnd(&z);
  return status;
}

uint32_t kz_crc32(const void *bytes, size_t count) {
  return (uint32_t)crc32_z(crc32_z(0, NULL, 0), bytes, count);
}
