#include "CStandardStreams.h"

#include <stdio.h>

bool ks_write(const void *bytes, size_t count) { return fwrite(bytes, 1, count, stdout) == count; }
bool ks_flush(void) { return fflush(stdout) == 0 && !ferror(stdout); }
void ks_write_error(const char *text) { fputs(text, stderr); }
size_t ks_read(void *bytes, size_t capacity) { return fread(bytes, 1, capacity, stdin); }
