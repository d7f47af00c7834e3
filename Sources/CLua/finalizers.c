/* __gc in Lua that the interrupt can stop.
 *
 * The collector calls finalizers with the hooks of the running coroutine off, so a finalizer that
 * loops would hang the program. A coroutine of its own has hooks: setmetatable puts a C function
 * that runs the user's __gc in one in its place. */
#include "border.h"

const char KL_FINALIZER = 0;

static int finalize(lua_State *L) {
  kl_state *state = kl_of(L);
  lua_State *co = state->finalizer;
  state->finalizer = NULL; /* taken: a nested finalizer makes its own */
  if (co) {
    lua_pushthread(co);
    lua_xmove(co, L, 1);
  } else {
    co = lua_newthread(L);
  }
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_pushvalue(L, 1);
  lua_xmove(L, co, 2);
  int results, status = kl_resume(L, co, 1, &results);
  if (status == LUA_YIELD) return luaL_error(L, "attempt to yield across a C-call boundary");
  if (status != LUA_OK) { /* this coroutine's hooks stay off: not used again */
    lua_xmove(co, L, 1);
    return lua_error(L);
  }
  lua_pop(co, results);
  lua_settop(L, 2);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &KL_FINALIZER);
  state->finalizer = co;
  return 0;
}

void kl_guard_finalizer(lua_State *L, int metatable) {
  metatable = lua_absindex(L, metatable);
  lua_pushliteral(L, "__gc");
  if (lua_rawget(L, metatable) == LUA_TFUNCTION && !lua_iscfunction(L, -1)) {
    lua_pushcclosure(L, finalize, 1);
    lua_pushliteral(L, "__gc");
    lua_insert(L, -2);
    lua_rawset(L, metatable);
  } else {
    lua_pop(L, 1);
  }
}

static int set_metatable(lua_State *L) {
  int type = lua_type(L, 2);
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_argexpected(L, type == LUA_TNIL || type == LUA_TTABLE, 2, "nil or table");
  if (luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL)
    return luaL_error(L, "cannot change a protected metatable");
  lua_settop(L, 2);
  if (type == LUA_TTABLE) kl_guard_finalizer(L, 2);
  lua_setmetatable(L, 1);
  return 1;
}

static int debug_set_metatable(lua_State *L) {
  int type = lua_type(L, 2);
  luaL_argexpected(L, type == LUA_TNIL || type == LUA_TTABLE, 2, "nil or table");
  lua_settop(L, 2);
  if (type == LUA_TTABLE) kl_guard_finalizer(L, 2);
  lua_setmetatable(L, 1);
  return 1;
}

void kl_open_finalizers(lua_State *L) {
  lua_register(L, "setmetatable", set_metatable);
  lua_getglobal(L, LUA_DBLIBNAME);
  lua_pushcfunction(L, debug_set_metatable);
  lua_setfield(L, -2, "setmetatable");
  lua_pop(L, 1);
}
