/* Names of values that have no text of their own: "table: 1", "function: 2", in the order in which
 * they were first asked for. Lua shows an address there, which the next run would not repeat.
 *
 * What shows values: `tostring`, `string.format` ("%s" and "%p") and the handles of `io`. */
#include "border.h"

const char KL_NAMES = 0;

/* Pushes the name of the value at the absolute index: a table, function, userdata or coroutine. */
static void push_name(lua_State *L, int index) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &KL_NAMES);
  lua_pushvalue(L, index);
  lua_Integer number = lua_rawget(L, -2) == LUA_TNUMBER ? lua_tointegerx(L, -1, NULL) : 0;
  lua_pop(L, 1);
  if (!number) {
    number = (lua_Integer)(kl_of(L)->names + 1);
    lua_pushvalue(L, index);
    lua_pushinteger(L, number);
    lua_rawset(L, -3);
    kl_of(L)->names++;
  }
  lua_pop(L, 1);
  int kind = luaL_getmetafield(L, index, "__name");
  const char *name = kind == LUA_TSTRING ? lua_tostring(L, -1) : luaL_typename(L, index);
  lua_pushfstring(L, "%s: %I", name, (LUAI_UACINT)number);
  if (kind != LUA_TNIL) lua_remove(L, -2);
}

static bool has_identity(lua_State *L, int index) {
  switch (lua_type(L, index)) {
    case LUA_TTABLE:
    case LUA_TFUNCTION:
    case LUA_TTHREAD:
    case LUA_TUSERDATA:
    case LUA_TLIGHTUSERDATA: return true;
    default: return false;
  }
}

void kl_push_text(lua_State *L, int index) {
  index = lua_absindex(L, index);
  if (!has_identity(L, index)) {
    luaL_tolstring(L, index, NULL);
  } else if (luaL_getmetafield(L, index, "__tostring") == LUA_TNIL) {
    push_name(L, index);
  } else {
    lua_pop(L, 1);
    luaL_tolstring(L, index, NULL);
  }
}

static int to_string(lua_State *L) {
  luaL_checkany(L, 1);
  kl_push_text(L, 1);
  return 1;
}

/* Makes an argument that "%s" or "%p" would show by its address a string. */
static void replace_argument(lua_State *L, int index, bool wants_pointer) {
  if (!has_identity(L, index)) {
    if (!wants_pointer) return;
    lua_pushliteral(L, "(null)"); /* a string's address says nothing of it either */
  } else if (wants_pointer) {
    push_name(L, index);
  } else {
    kl_push_text(L, index);
  }
  lua_replace(L, index);
}

/* upvalue 1: the original, called in this frame so that its errors name this function and the line
 * of its caller. "%p" becomes "%s", unless the original refuses it for its flags. */
static int format(lua_State *L) {
  size_t length;
  const char *text = luaL_checklstring(L, 1, &length), *end = text + length;
  int count = lua_gettop(L), argument = 1;
  char *copy = NULL;
  for (const char *p = text; p < end; p++) {
    if (*p != '%') continue;
    if (++p < end && *p == '%') continue;
    const char *flags = p;
    while (p < end && *p && strchr("-+ #0123456789.", *p)) p++;
    if (p == end || ++argument > count) break;
    if (*p == 's') replace_argument(L, argument, false);
    if (*p != 'p' || (size_t)(p - flags) != strspn(flags, "-0123456789")) continue;
    if (!copy) copy = memcpy(lua_newuserdatauv(L, length, 0), text, length);
    copy[p - text] = 's';
    replace_argument(L, argument, true);
  }
  if (copy) {
    lua_pushlstring(L, copy, length);
    lua_replace(L, 1);
    lua_settop(L, count);
  }
  return lua_tocfunction(L, lua_upvalueindex(1))(L);
}

static int file_to_string(lua_State *L) {
  luaL_Stream *file = luaL_checkudata(L, 1, LUA_FILEHANDLE);
  if (!file->closef) {
    lua_pushliteral(L, "file (closed)");
    return 1;
  }
  lua_settop(L, 1);
  push_name(L, 1);
  const char *name = lua_tostring(L, -1); /* "FILE*: 1" */
  lua_pushfstring(L, "file (%s)", strrchr(name, ' ') + 1);
  return 1;
}

uint64_t kl_names(lua_State *L) { return kl_of(L)->names; }

static int forget_names(lua_State *L) {
  lua_Integer most = (lua_Integer)kl_of(L)->names;
  lua_rawgetp(L, LUA_REGISTRYINDEX, &KL_NAMES);
  lua_pushnil(L);
  while (lua_next(L, -2)) {
    bool goes = lua_tointegerx(L, -1, NULL) > most;
    lua_pop(L, 1);
    if (!goes) continue;
    lua_pushvalue(L, -1);
    lua_pushnil(L);
    lua_rawset(L, -4);
  }
  return 0;
}
int klp_set_names(lua_State *L, uint64_t names) {
  if (names == kl_of(L)->names) return KL_OK;
  kl_of(L)->names = names;
  return kl_protect(L, forget_names, NULL, 0, 0);
}

void kl_open_naming(lua_State *L) {
  lua_newtable(L);
  lua_createtable(L, 0, 1);
  lua_pushliteral(L, "k");
  lua_setfield(L, -2, "__mode");
  lua_setmetatable(L, -2);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &KL_NAMES);

  lua_register(L, "tostring", to_string);

  lua_getglobal(L, LUA_STRLIBNAME);
  lua_getfield(L, -1, "format");
  lua_pushcclosure(L, format, 1);
  lua_setfield(L, -2, "format");
  lua_pop(L, 1);

  luaL_getmetatable(L, LUA_FILEHANDLE);
  lua_pushcfunction(L, file_to_string);
  lua_setfield(L, -2, "__tostring");
  lua_pop(L, 1);
}
