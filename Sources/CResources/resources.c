#include "CResources.h"

// C23; the path is relative to this file.
static const unsigned char digits[] = {
#embed "digits.csv.gz"
};

struct kr_resource kr_digits(void) {
  struct kr_resource resource = {digits, sizeof digits};
  return resource;
}
