/* The protected call, and the helpers that run a raising call inside it. */
#include "border.h"

int kl_pcall(lua_State *L, int arguments, int results) {
  if (!lua_checkstack(L, 4)) { /* no room even for the handler: the inputs make room for one nil */
    lua_settop(L, -arguments - 2);
    lua_pushnil(L);
    return LUA_ERRMEM;
  }
  kl_state *state = kl_of(L);
  int base = lua_gettop(L) - arguments;
  lua_pushcfunction(L, kl_message_handler);
  lua_insert(L, base);
  kl_enter(state, L);
  int status = lua_pcall(L, arguments, results, base);
  kl_leave(state);
  lua_remove(L, base);
  if (status != LUA_OK && kl_interrupt_requested(state->interrupt)) {
    /* An error that the stop caused on its way (a broken handler, say) is still the stop; an
     * error of Swift's own keeps its cause. */
    if (!klq_error_context(L, -1)) {
      lua_pop(L, 1);
      lua_rawgetp(L, LUA_REGISTRYINDEX, &KL_INTERRUPTED);
    }
  }
  return status;
}

int kl_protect(lua_State *L, lua_CFunction f, void *arguments, int inputs, int outputs) {
  if (!lua_checkstack(L, 6)) {
    lua_settop(L, -inputs - 1);
    lua_pushnil(L);
    return LUA_ERRMEM;
  }
  lua_pushcfunction(L, f); /* a light C function: no allocation */
  lua_pushlightuserdata(L, arguments);
  if (inputs) lua_rotate(L, -(inputs + 2), 2);
  return kl_pcall(L, inputs + 1, outputs);
}

int klp_call(lua_State *L, int arguments) { return kl_pcall(L, arguments, LUA_MULTRET); }

typedef struct {
  const void *bytes;
  size_t length;
} kl_bytes;

static int push_string(lua_State *L) {
  const kl_bytes *a = lua_touserdata(L, 1);
  lua_pushlstring(L, a->bytes ? a->bytes : "", a->length);
  return 1;
}
int klp_push_string(lua_State *L, const void *bytes, size_t length) {
  kl_bytes a = {bytes, length};
  return kl_protect(L, push_string, &a, 0, 1);
}

typedef struct {
  int reference;
  const void *pointer;
} kl_reference;

static int make_reference(lua_State *L) {
  kl_reference *a = lua_touserdata(L, 1);
  a->pointer = lua_topointer(L, 2);
  a->reference = luaL_ref(L, LUA_REGISTRYINDEX);
  return 0;
}
int klp_ref(lua_State *L, int *reference, const void **pointer) {
  kl_reference a = {LUA_NOREF, NULL};
  int status = kl_protect(L, make_reference, &a, 1, 0);
  *reference = a.reference;
  *pointer = a.pointer;
  return status;
}

typedef struct {
  int array, fields;
} kl_sizes;

static int new_table(lua_State *L) {
  const kl_sizes *a = lua_touserdata(L, 1);
  lua_createtable(L, a->array, a->fields);
  return 1;
}
int klp_new_table(lua_State *L, int array, int fields) {
  kl_sizes a = {array, fields};
  return kl_protect(L, new_table, &a, 0, 1);
}

static int rawset(lua_State *L) {
  lua_rawset(L, 2);
  return 0;
}
int klp_rawset(lua_State *L) { return kl_protect(L, rawset, NULL, 3, 0); }

static int get(lua_State *L) {
  lua_gettable(L, 2);
  return 1;
}
int klp_get(lua_State *L) { return kl_protect(L, get, NULL, 2, 1); }

static int set(lua_State *L) {
  lua_settable(L, 2);
  return 0;
}
int klp_set(lua_State *L) { return kl_protect(L, set, NULL, 3, 0); }

static int next(lua_State *L) {
  bool *more = lua_touserdata(L, 1);
  *more = lua_next(L, 2) != 0;
  if (!*more) lua_settop(L, 4); /* two nils */
  return 2;
}
int klp_next(lua_State *L, bool *more) {
  *more = false;
  return kl_protect(L, next, more, 2, 2);
}

static int set_metatable(lua_State *L) {
  if (lua_istable(L, 3)) kl_guard_finalizer(L, 3);
  lua_setmetatable(L, 2);
  return 0;
}
int klp_set_metatable(lua_State *L) { return kl_protect(L, set_metatable, NULL, 2, 0); }

static int to_string(lua_State *L) {
  kl_push_text(L, 2);
  return 1;
}
int klp_tostring(lua_State *L) { return kl_protect(L, to_string, NULL, 1, 1); }

static int error_text(lua_State *L) {
  if (!lua_isstring(L, 2) && luaL_getmetafield(L, 2, "__tostring") == LUA_TNIL) {
    lua_pushfstring(L, "(error object is a %s value)", luaL_typename(L, 2));
  } else {
    luaL_tolstring(L, 2, NULL);
  }
  return 1;
}
int klp_error_text(lua_State *L) { return kl_protect(L, error_text, NULL, 1, 1); }

static int collect(lua_State *L) {
  lua_gc(L, LUA_GCCOLLECT);
  return 0;
}
int klp_collect(lua_State *L) { return kl_protect(L, collect, NULL, 0, 0); }
