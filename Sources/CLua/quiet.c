/* Calls that cannot raise, given room on the stack. */
#include "border.h"

_Static_assert(
    KL_OK == LUA_OK && KL_ERRRUN == LUA_ERRRUN && KL_ERRSYNTAX == LUA_ERRSYNTAX
        && KL_ERRMEM == LUA_ERRMEM && KL_ERRERR == LUA_ERRERR,
    "the statuses are Lua's");
_Static_assert(
    KL_NIL == LUA_TNIL && KL_BOOLEAN == LUA_TBOOLEAN && KL_NUMBER == LUA_TNUMBER
        && KL_STRING == LUA_TSTRING && KL_TABLE == LUA_TTABLE && KL_FUNCTION == LUA_TFUNCTION,
    "the types are Lua's");

int klq_top(lua_State *L) { return lua_gettop(L); }
/* Raises only across a to-be-closed slot, which the border never makes. */
void klq_settop(lua_State *L, int top) { lua_settop(L, top); }
void klq_replace(lua_State *L, int index) { lua_replace(L, index); }
bool klq_room(lua_State *L, int slots) { return lua_checkstack(L, slots) != 0; }

int klq_type(lua_State *L, int index) { return lua_type(L, index); }
const char *klq_typename(lua_State *L, int index) { return luaL_typename(L, index); }
bool klq_boolean(lua_State *L, int index) { return lua_toboolean(L, index) != 0; }
bool klq_isinteger(lua_State *L, int index) { return lua_isinteger(L, index) != 0; }
int64_t klq_integer(lua_State *L, int index) { return lua_tointegerx(L, index, NULL); }
double klq_number(lua_State *L, int index) { return lua_tonumberx(L, index, NULL); }

const char *klq_string(lua_State *L, int index, size_t *length) {
  *length = 0;
  return lua_type(L, index) == LUA_TSTRING ? lua_tolstring(L, index, length) : NULL;
}

void klq_push_nil(lua_State *L) { lua_pushnil(L); }
void klq_push_boolean(lua_State *L, bool value) { lua_pushboolean(L, value); }
void klq_push_integer(lua_State *L, int64_t value) { lua_pushinteger(L, value); }
void klq_push_number(lua_State *L, double value) { lua_pushnumber(L, value); }
void klq_push_value(lua_State *L, int index) { lua_pushvalue(L, index); }
void klq_push_globals(lua_State *L) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
}

void klq_push_ref(lua_State *L, int reference) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, reference);
}
bool klq_unref(lua_State *L, int reference) {
  if (!lua_checkstack(L, 3)) return false;
  luaL_unref(L, LUA_REGISTRYINDEX, reference); /* writes existing keys: no allocation */
  return true;
}

void klq_rawget(lua_State *L, int table) { lua_rawget(L, table); }
void klq_rawgeti(lua_State *L, int table, int64_t i) { lua_rawgeti(L, table, i); }
/* Raises only for a key that is not in the table. */
bool klq_next(lua_State *L, int table) { return lua_next(L, table) != 0; }
const void *klq_pointer(lua_State *L, int index) { return lua_topointer(L, index); }
uint64_t klq_rawlen(lua_State *L, int index) { return lua_rawlen(L, index); }
bool klq_push_metatable(lua_State *L, int index) { return lua_getmetatable(L, index) != 0; }
