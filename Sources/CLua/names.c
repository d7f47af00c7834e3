/* Strict names: the public names stand in a table of their own behind the globals, where nothing
 * overwrites them, and a user's chunk that reads a name nobody defined is told so. Both cost
 * nothing until they happen: a hit is two lookups in tables. */
#include "border.h"

const char KL_STRICT = 0;

/* Whether the function that reads belongs to a chunk of the user's: modules see nil, as in Lua. */
static bool asked_by_user(lua_State *L) {
  lua_Debug frame;
  if (!lua_getstack(L, 1, &frame)) return false;
  lua_getinfo(L, "S", &frame);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &KL_STRICT);
  lua_pushlstring(L, frame.source, frame.srclen);
  bool strict = lua_rawget(L, -2) != LUA_TNIL;
  lua_pop(L, 2);
  return strict;
}

/* __index of a table of names; upvalue 1: a function of the name that raises. */
static int missing(lua_State *L) {
  if (lua_type(L, 2) != LUA_TSTRING || !asked_by_user(L)) return 0;
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_pushvalue(L, 2);
  lua_call(L, 1, 0);
  return 0;
}

/* __newindex of the globals; upvalues: the public names, a function of the name that raises. */
static int assign(lua_State *L) {
  lua_pushvalue(L, 2);
  if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL) {
    lua_pushvalue(L, lua_upvalueindex(2));
    lua_pushvalue(L, 2);
    lua_call(L, 1, 0);
    return 0;
  }
  lua_settop(L, 3);
  lua_rawset(L, 1);
  return 0;
}

static void copy(lua_State *L, int from, int to) {
  lua_pushnil(L);
  while (lua_next(L, from)) {
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    lua_rawset(L, to);
  }
}

/* __pairs of the globals: they and the public names (upvalue 1), which they may shadow. */
static int all_names(lua_State *L) {
  lua_settop(L, 1);
  lua_newtable(L);
  copy(L, lua_upvalueindex(1), 2);
  copy(L, 1, 2);
  lua_pushcfunction(L, kl_ordered_pairs);
  lua_pushvalue(L, 2);
  lua_call(L, 1, 3);
  return 3;
}

/* table function -> */
static int make_strict(lua_State *L) {
  lua_createtable(L, 0, 2);
  lua_pushvalue(L, 3);
  lua_pushcclosure(L, missing, 1);
  lua_setfield(L, -2, "__index");
  lua_pushboolean(L, false);
  lua_setfield(L, -2, "__metatable");
  lua_setmetatable(L, 2);
  return 0;
}
int klp_make_strict(lua_State *L) { return kl_protect(L, make_strict, NULL, 2, 0); }

/* names function -> */
static int guard_globals(lua_State *L) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
  lua_createtable(L, 0, 4);
  lua_pushvalue(L, 2);
  lua_setfield(L, -2, "__index");
  lua_pushvalue(L, 2);
  lua_pushvalue(L, 3);
  lua_pushcclosure(L, assign, 2);
  lua_setfield(L, -2, "__newindex");
  lua_pushvalue(L, 2);
  lua_pushcclosure(L, all_names, 1);
  lua_setfield(L, -2, "__pairs");
  lua_pushboolean(L, false);
  lua_setfield(L, -2, "__metatable");
  lua_setmetatable(L, -2);
  return 0;
}
int klp_guard_globals(lua_State *L) { return kl_protect(L, guard_globals, NULL, 2, 0); }

static int add_strict(lua_State *L) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &KL_STRICT);
  lua_pushstring(L, lua_touserdata(L, 1));
  lua_pushboolean(L, true);
  lua_rawset(L, -3);
  return 0;
}
int klp_strict_chunk(lua_State *L, const char *chunk) {
  return kl_protect(L, add_strict, (void *)chunk, 0, 0);
}

void kl_open_names(lua_State *L) {
  lua_newtable(L);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &KL_STRICT);
}
