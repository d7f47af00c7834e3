/* Arrays of numbers, a whole table in one call. */
#include <limits.h>

#include "border.h"

typedef struct {
  const double *values;
  size_t rows, columns;
} kl_matrix;

static int capacity(size_t count) { return count > INT_MAX ? INT_MAX : (int)count; }

static void push_row(lua_State *L, const double *values, size_t count) {
  lua_createtable(L, capacity(count), 0);
  for (size_t i = 0; i < count; i++) {
    lua_pushnumber(L, values[i]);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
}

static int push_numbers(lua_State *L) {
  const kl_matrix *a = lua_touserdata(L, 1);
  push_row(L, a->values, a->columns);
  return 1;
}
int klp_push_numbers(lua_State *L, const double *values, size_t count) {
  kl_matrix a = {values, 1, count};
  return kl_protect(L, push_numbers, &a, 0, 1);
}

static int push_rows(lua_State *L) {
  const kl_matrix *a = lua_touserdata(L, 1);
  lua_createtable(L, capacity(a->rows), 0);
  for (size_t i = 0; i < a->rows; i++) {
    push_row(L, a->values + i * a->columns, a->columns);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  return 1;
}
int klp_push_rows(lua_State *L, const double *values, size_t rows, size_t columns) {
  kl_matrix a = {values, rows, columns};
  return kl_protect(L, push_rows, &a, 0, 1);
}

/* A string that looks like a number is no number: it would hide a reader that forgot to convert. */
bool klq_numbers(lua_State *L, int table, double *out, size_t count, kl_offender *bad) {
  table = lua_absindex(L, table);
  for (size_t i = 0; i < count; i++) {
    int type = lua_rawgeti(L, table, (lua_Integer)i + 1);
    if (type == LUA_TNUMBER) {
      out[i] = lua_tonumberx(L, -1, NULL);
    } else {
      *bad = (kl_offender){0, (int64_t)i + 1, lua_typename(L, type)};
    }
    lua_pop(L, 1);
    if (type != LUA_TNUMBER) return false;
  }
  return true;
}

bool klq_rows(
    lua_State *L, int table, double *out, size_t rows, size_t columns, kl_offender *bad) {
  table = lua_absindex(L, table);
  for (size_t i = 0; i < rows; i++) {
    int type = lua_rawgeti(L, table, (lua_Integer)i + 1);
    bool good = false;
    if (type != LUA_TTABLE) {
      *bad = (kl_offender){0, 0, lua_typename(L, type)};
    } else if (lua_rawlen(L, -1) != columns) {
      *bad = (kl_offender){0, 0, NULL};
    } else {
      good = klq_numbers(L, -1, out + i * columns, columns, bad);
    }
    lua_pop(L, 1);
    if (!good) {
      bad->row = (int64_t)i + 1;
      return false;
    }
  }
  return true;
}

uint64_t klq_columns(lua_State *L, int table) {
  uint64_t length = lua_rawgeti(L, table, 1) == LUA_TTABLE ? lua_rawlen(L, -1) : 0;
  lua_pop(L, 1);
  return length;
}
