/* pcall and xpcall, as in Lua 5.4.4's lbaselib.c but for the stop, which neither catches. */
#include "border.h"

static int finish(lua_State *L, int status, lua_KContext skipped) {
  if (status == LUA_OK || status == LUA_YIELD) return lua_gettop(L) - (int)skipped;
  if (kl_stopping(L)) {
    lua_rawgetp(L, LUA_REGISTRYINDEX, &KL_INTERRUPTED);
    return lua_error(L);
  }
  kl_of(L)->reported = false; /* caught: its report is nobody's */
  lua_pushboolean(L, false);
  lua_pushvalue(L, -2);
  return 2;
}

static int catch(lua_State *L) {
  luaL_checkany(L, 1);
  lua_pushboolean(L, true);
  lua_insert(L, 1);
  return finish(L, lua_pcallk(L, lua_gettop(L) - 2, LUA_MULTRET, 0, 0, finish), 0);
}

/* The user's handler, upvalue 1, is not called for the stop: a handler runs with hooks off when the
 * hook itself raised, so one that loops could never be ended. */
static int handler(lua_State *L) {
  if (kl_stopping(L)) return 1;
  lua_settop(L, 1);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_call(L, 1, 1);
  return 1;
}

static int catch_with(lua_State *L) {
  int n = lua_gettop(L);
  luaL_checktype(L, 2, LUA_TFUNCTION);
  lua_pushvalue(L, 2);
  lua_pushcclosure(L, handler, 1);
  lua_replace(L, 2);
  lua_pushboolean(L, true);
  lua_pushvalue(L, 1);
  lua_rotate(L, 3, 2);
  return finish(L, lua_pcallk(L, n - 2, LUA_MULTRET, 2, 2, finish), 2);
}

void kl_open_catching(lua_State *L) {
  lua_register(L, "pcall", catch);
  lua_register(L, "xpcall", catch_with);
}
