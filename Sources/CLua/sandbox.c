/* What a stranger's script finds of Lua: the names on these lists and nothing else, so that a later
 * Lua brings nothing in by itself. The rest of the library is gone from the state, not hidden: no
 * table, metatable or function that a script can reach leads to it. */
#include "border.h"

static const char *const BASE[] = {
    "_G", "_VERSION", "arg", "assert", "collectgarbage", "coroutine", "error", "getmetatable",
    "ipairs", "load", "math", "next", "os", "pairs", "pcall", "print", "rawequal", "rawget",
    "rawlen", "rawset", "select", "setmetatable", "string", "table", "tonumber", "tostring", "type",
    "utf8", "xpcall", NULL};
static const char *const COROUTINE[] = {
    "close", "create", "isyieldable", "resume", "running", "status", "wrap", "yield", NULL};
static const char *const MATH[] = {
    "abs", "acos", "asin", "atan", "ceil", "cos", "deg", "exp", "floor", "fmod", "huge", "log",
    "max", "maxinteger", "min", "mininteger", "modf", "pi", "rad", "random", "randomseed", "sin",
    "sqrt", "tan", "tointeger", "type", "ult", NULL};
static const char *const OS[] = {"clock", "date", "difftime", "time", NULL};
static const char *const STRING[] = {
    "byte", "char", "find", "format", "gmatch", "gsub", "len", "lower", "match", "pack",
    "packsize", "rep", "reverse", "sub", "unpack", "upper", NULL};
static const char *const TABLE[] = {
    "concat", "insert", "move", "pack", "remove", "sort", "unpack", NULL};
static const char *const UTF8[] = {
    "char", "charpattern", "codepoint", "codes", "len", "offset", NULL};

static const struct {
  const char *name;
  const char *const *kept;
} LIBRARIES[] = {
    {LUA_COLIBNAME, COROUTINE}, {LUA_MATHLIBNAME, MATH}, {LUA_OSLIBNAME, OS},
    {LUA_STRLIBNAME, STRING},   {LUA_TABLIBNAME, TABLE}, {LUA_UTF8LIBNAME, UTF8}};

/* Clears the fields of the table on top whose names are not on the list, and pops it. */
static void prune(lua_State *L, const char *const *kept) {
  lua_pushnil(L);
  while (lua_next(L, -2)) {
    lua_pop(L, 1);
    bool stays = false;
    for (const char *const *name = kept; lua_type(L, -1) == LUA_TSTRING && *name; name++)
      stays = stays || strcmp(lua_tostring(L, -1), *name) == 0;
    if (stays) continue;
    lua_pushvalue(L, -1);
    lua_pushnil(L);
    lua_rawset(L, -4); /* fields may be cleared on the way */
  }
  lua_pop(L, 1);
}

/* Only what the collector has: a script that stops or tunes it would take more than its memory. */
static int collectgarbage(lua_State *L) {
  const char *what = luaL_optstring(L, 1, "collect");
  if (strcmp(what, "count") != 0)
    return luaL_error(L, "collectgarbage: the sandbox allows \"count\" alone, got \"%s\"", what);
  lua_pushnumber(L, (lua_Number)kl_of(L)->bytes / 1024);
  return 1;
}

static int enter(lua_State *L) {
  lua_gc(L, LUA_GCRESTART);
  lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
  lua_pushliteral(L, "collectgarbage");
  lua_pushcfunction(L, collectgarbage);
  lua_rawset(L, -3);
  for (size_t i = 0; i < sizeof LIBRARIES / sizeof *LIBRARIES; i++) {
    lua_pushstring(L, LIBRARIES[i].name);
    if (lua_rawget(L, -2) == LUA_TTABLE) {
      prune(L, LIBRARIES[i].kept);
    } else {
      lua_pop(L, 1);
    }
  }
  prune(L, BASE);
  /* `package.loaded`, which the registry keeps for tracebacks. */
  lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  prune(L, BASE);
  lua_pushnil(L);
  lua_setfield(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
  /* One metatable serves all strings. */
  lua_pushliteral(L, "");
  if (lua_getmetatable(L, -1)) {
    lua_pushboolean(L, false);
    lua_setfield(L, -2, "__metatable");
  }
  return 0;
}

int klp_enter_sandbox(lua_State *L) { return kl_protect(L, enter, NULL, 0, 0); }
