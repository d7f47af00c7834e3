/* `pairs` in an order that does not change from run to run: integers, other numbers, strings
 * bytewise, false, true, then objects.
 *
 * Objects as keys go by the number they got: those of Swift when they were made, others when a
 * traversal first met them. Several met at once for the first time are numbered by type, functions
 * by the line that defines them; what is left, tables and coroutines, by address, which is the one
 * thing here that another run may do otherwise.
 *
 * Cost: a table whose own order is right already (a list, one field) is only scanned and then
 * traversed by `next`; any other takes a sorted table of its keys. */
#include <stdlib.h>

#include "border.h"

const char KL_ORDER = 0, KL_NEXT = 0;

enum { INTEGER, NUMBER, STRING, BOOLEAN, OBJECT, NEW_OBJECT, FEW = 32 };

typedef struct {
  int rank;
  int place; /* in the table of keys */
  union {
    lua_Integer integer;
    lua_Number number;
    uint64_t serial;
    struct {
      const char *bytes; /* of an object not met before: the source of a function, or NULL */
      size_t length;     /* and its line */
    } text;
  };
  const void *address;
  int type;
} sort_key;

static uint64_t known_serial(lua_State *L, int index) {
  kl_box *box = NULL;
  if (lua_type(L, index) == LUA_TUSERDATA) {
    box = kl_to_box(L, index, &KL_OBJECT_TAG);
  } else if (lua_iscfunction(L, index) && lua_getupvalue(L, index, 1)) {
    box = kl_to_box(L, -1, &KL_FUNCTION_TAG);
    lua_pop(L, 1);
  }
  if (box) return box->serial;
  lua_rawgetp(L, LUA_REGISTRYINDEX, &KL_ORDER);
  lua_pushvalue(L, index);
  lua_rawget(L, -2);
  uint64_t serial = (uint64_t)lua_tointegerx(L, -1, NULL);
  lua_pop(L, 2);
  return serial;
}

static void read_object(lua_State *L, int index, sort_key *key) {
  key->serial = known_serial(L, index);
  key->rank = key->serial ? OBJECT : NEW_OBJECT;
  if (key->serial) return;
  key->address = lua_topointer(L, index);
  key->type = lua_type(L, index);
  key->text.bytes = NULL;
  if (key->type == LUA_TFUNCTION && !lua_iscfunction(L, index)) {
    lua_Debug function;
    lua_pushvalue(L, index);
    lua_getinfo(L, ">S", &function);
    key->text.bytes = function.source;
    key->text.length = (size_t)function.linedefined;
  }
}

/* The key at the absolute index; nothing here allocates. */
static void read_key(lua_State *L, int index, sort_key *key) {
  switch (lua_type(L, index)) {
    case LUA_TNUMBER:
      if (lua_isinteger(L, index)) {
        key->rank = INTEGER;
        key->integer = lua_tointegerx(L, index, NULL);
      } else {
        key->rank = NUMBER;
        key->number = lua_tonumberx(L, index, NULL);
      }
      return;
    case LUA_TSTRING:
      key->rank = STRING;
      key->text.bytes = lua_tolstring(L, index, &key->text.length);
      return;
    case LUA_TBOOLEAN:
      key->rank = BOOLEAN;
      key->integer = lua_toboolean(L, index);
      return;
    default: read_object(L, index, key);
  }
}

#define COMPARE(a, b) (((a) > (b)) - ((a) < (b)))

static int compare_new(const sort_key *a, const sort_key *b) {
  if (a->type != b->type) return COMPARE(a->type, b->type);
  if (a->text.bytes && b->text.bytes) {
    int order = strcmp(a->text.bytes, b->text.bytes);
    if (order) return order;
    if (a->text.length != b->text.length) return COMPARE(a->text.length, b->text.length);
  } else if (a->text.bytes || b->text.bytes) {
    return a->text.bytes ? 1 : -1;
  }
  return COMPARE((uintptr_t)a->address, (uintptr_t)b->address);
}

static int compare(const void *first, const void *second) {
  const sort_key *a = first, *b = second;
  if (a->rank != b->rank) return COMPARE(a->rank, b->rank);
  switch (a->rank) {
    case NUMBER: return COMPARE(a->number, b->number);
    case STRING: {
      size_t shared = a->text.length < b->text.length ? a->text.length : b->text.length;
      int order = memcmp(a->text.bytes, b->text.bytes, shared);
      return order ? order : COMPARE(a->text.length, b->text.length);
    }
    case OBJECT: return COMPARE(a->serial, b->serial);
    case NEW_OBJECT: return compare_new(a, b);
    default: return COMPARE(a->integer, b->integer);
  }
}

/* Whether `next` goes through the table at 1 in order by itself; counts its keys. */
static bool is_ordered(lua_State *L, int *count) {
  bool ordered = true;
  sort_key keys[2];
  lua_pushnil(L);
  for (*count = 0; lua_next(L, 1); ++*count) {
    lua_pop(L, 1);
    if (!ordered) continue;
    sort_key *key = &keys[*count & 1];
    read_key(L, lua_gettop(L), key);
    if (key->rank == NEW_OBJECT) ordered = false;
    if (*count && compare(&keys[~*count & 1], key) > 0) ordered = false;
  }
  return ordered;
}

static void number_new_objects(lua_State *L, int keys, const sort_key *sorted, int count) {
  kl_state *state = kl_of(L);
  for (int i = 0; i < count; i++) {
    if (sorted[i].rank != NEW_OBJECT) continue;
    lua_rawgetp(L, LUA_REGISTRYINDEX, &KL_ORDER);
    lua_rawgeti(L, keys, sorted[i].place);
    lua_pushinteger(L, (lua_Integer)++state->serial);
    lua_rawset(L, -3);
    lua_pop(L, 1);
  }
}

/* Puts the keys into the order of `sorted`, cycle by cycle. */
static void arrange(lua_State *L, int keys, sort_key *sorted, int count) {
  for (int start = 0; start < count; start++) {
    if (sorted[start].place == start + 1) continue;
    lua_rawgeti(L, keys, start + 1);
    int hole = start;
    while (sorted[hole].place != start + 1) {
      int from = sorted[hole].place - 1;
      lua_rawgeti(L, keys, from + 1);
      lua_rawseti(L, keys, hole + 1);
      sorted[hole].place = hole + 1;
      hole = from;
    }
    lua_rawseti(L, keys, hole + 1);
    sorted[hole].place = hole + 1;
  }
}

/* Upvalues: the keys, how many were visited. Fields cleared on the way are left out. */
static int step(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 2);
  lua_Integer i = lua_isnil(L, 2) ? 0 : lua_tointegerx(L, lua_upvalueindex(2), NULL);
  while (lua_rawgeti(L, lua_upvalueindex(1), ++i) != LUA_TNIL) {
    lua_pushvalue(L, -1);
    if (lua_rawget(L, 1) != LUA_TNIL) {
      lua_pushinteger(L, i);
      lua_replace(L, lua_upvalueindex(2));
      return 2;
    }
    lua_pop(L, 2);
  }
  return 1;
}

/* Pushes the keys of the table at 1, sorted. */
static void push_sorted_keys(lua_State *L, int count) {
  sort_key few[FEW], *sorted = few;
  if (count > FEW) sorted = lua_newuserdatauv(L, (size_t)count * sizeof *sorted, 0);
  lua_createtable(L, count, 0);
  int keys = lua_gettop(L), found = 0;
  lua_pushnil(L);
  while (found < count && lua_next(L, 1)) { /* a finalizer may have run since they were counted */
    lua_pop(L, 1);
    read_key(L, lua_gettop(L), &sorted[found]);
    sorted[found].place = found + 1;
    found++;
    lua_pushvalue(L, -1);
    lua_rawseti(L, keys, found);
  }
  lua_settop(L, keys);
  qsort(sorted, (size_t)found, sizeof *sorted, compare);
  number_new_objects(L, keys, sorted, found);
  arrange(L, keys, sorted, found);
}

int kl_ordered_pairs(lua_State *L) {
  int count;
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  if (is_ordered(L, &count)) {
    lua_rawgetp(L, LUA_REGISTRYINDEX, &KL_NEXT);
  } else {
    push_sorted_keys(L, count);
    lua_pushinteger(L, 0);
    lua_pushcclosure(L, step, 2);
  }
  lua_pushvalue(L, 1);
  lua_pushnil(L);
  return 3;
}

static int done(lua_State *L, int status, lua_KContext context) {
  (void)L;
  (void)status;
  (void)context;
  return 3;
}

static int pairs(lua_State *L) {
  if (luaL_getmetafield(L, 1, "__pairs") == LUA_TNIL) return kl_ordered_pairs(L);
  lua_pushvalue(L, 1);
  lua_callk(L, 1, 3, 0, done);
  return 3;
}

void kl_open_order(lua_State *L) {
  lua_newtable(L);
  lua_createtable(L, 0, 1);
  lua_pushliteral(L, "k");
  lua_setfield(L, -2, "__mode");
  lua_setmetatable(L, -2);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &KL_ORDER);
  lua_getglobal(L, "next");
  lua_rawsetp(L, LUA_REGISTRYINDEX, &KL_NEXT);
  lua_register(L, "pairs", pairs);
}
