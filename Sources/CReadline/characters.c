#define _GNU_SOURCE
#include <langinfo.h>
#include <locale.h>
#include <string.h>

#include "CReadline.h"

bool kr_use_characters(void) {
  locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
  if (!plain) return false;
  locale_t own = newlocale(LC_CTYPE_MASK, "", duplocale(plain));
  if (own && strcmp(nl_langinfo_l(CODESET, own), "ANSI_X3.4-1968") == 0) {
    locale_t better = newlocale(LC_CTYPE_MASK, "C.UTF-8", own);
    if (better) own = better;
  }
  if (own) uselocale(own);
  return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}
