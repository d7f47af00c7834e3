/* Only source text is loaded: crafted bytecode can read and write any memory. */
#include "border.h"

static const char REFUSED[] = "bytecode is refused: only Lua source text can be loaded";

/* Lua's own words for it, on top, become ours. */
static void reword(lua_State *L) {
  size_t length;
  const char *message = klq_string(L, -1, &length);
  if (!message || !strstr(message, "attempt to load a binary chunk")) return;
  lua_pushstring(L, REFUSED);
  lua_replace(L, -2);
}

static int push_refusal(lua_State *L) {
  lua_pushstring(L, REFUSED);
  return 1;
}

int klp_load(lua_State *L, const void *bytes, size_t length, const char *chunk) {
  if (!lua_checkstack(L, 4)) {
    lua_pushnil(L);
    return LUA_ERRMEM;
  }
  const char *text = bytes ? bytes : "";
  if (length && text[0] == LUA_SIGNATURE[0]) {
    int status = kl_protect(L, push_refusal, NULL, 0, 1);
    return status == LUA_OK ? LUA_ERRSYNTAX : status;
  }
  kl_state *state = kl_of(L);
  kl_enter(state, L);
  int status = luaL_loadbufferx(L, text, length, chunk, "t"); /* lua_load protects itself */
  kl_leave(state);
  return status;
}

/* upvalue 1: the original, with the mode at `mode` and at least that many arguments. */
static int load_text(lua_State *L, int mode) {
  if (lua_gettop(L) < mode) lua_settop(L, mode);
  const char *wanted = luaL_optstring(L, mode, "t");
  if (!strchr(wanted, 't')) {
    lua_pushnil(L);
    lua_pushstring(L, REFUSED);
    return 2;
  }
  lua_pushliteral(L, "t");
  lua_replace(L, mode);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
  if (lua_gettop(L) == 2 && lua_isnil(L, 1)) reword(L);
  return lua_gettop(L);
}
static int load(lua_State *L) { return load_text(L, 3); }
static int loadfile(lua_State *L) { return load_text(L, 2); }

static int dofile_done(lua_State *L, int status, lua_KContext context) {
  (void)status;
  (void)context;
  return lua_gettop(L) - 1;
}
static int dofile(lua_State *L) {
  const char *path = luaL_optstring(L, 1, NULL);
  lua_settop(L, 1);
  if (luaL_loadfilex(L, path, "t") != LUA_OK) {
    reword(L);
    return lua_error(L);
  }
  lua_callk(L, 0, LUA_MULTRET, 0, dofile_done);
  return dofile_done(L, 0, 0);
}

/* require's searcher of Lua files; upvalue 1: the package table. */
static int search_text(lua_State *L) {
  const char *name = luaL_checkstring(L, 1);
  lua_getfield(L, lua_upvalueindex(1), "searchpath");
  lua_pushvalue(L, 1);
  if (lua_getfield(L, lua_upvalueindex(1), "path") != LUA_TSTRING)
    return luaL_error(L, "'package.path' must be a string");
  lua_call(L, 2, 2);
  if (lua_isnil(L, -2)) return 1; /* where it was looked for */
  lua_pop(L, 1);
  const char *path = lua_tostring(L, -1);
  if (luaL_loadfilex(L, path, "t") != LUA_OK) {
    reword(L);
    return luaL_error(
        L, "error loading module '%s' from file '%s':\n\t%s", name, path, lua_tostring(L, -1));
  }
  lua_insert(L, -2);
  return 2;
}

static void wrap(lua_State *L, const char *name, lua_CFunction f) {
  lua_getglobal(L, name);
  lua_pushcclosure(L, f, 1);
  lua_setglobal(L, name);
}

void kl_open_text(lua_State *L) {
  wrap(L, "load", load);
  wrap(L, "loadfile", loadfile);
  lua_register(L, "dofile", dofile);
  lua_getglobal(L, LUA_LOADLIBNAME);
  lua_getfield(L, -1, "searchers");
  lua_pushvalue(L, -2);
  lua_pushcclosure(L, search_text, 1);
  lua_rawseti(L, -2, 2);
  lua_pop(L, 2);
}
