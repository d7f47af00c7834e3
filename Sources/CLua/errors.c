/* Error objects: userdata that carries a Swift error and behaves like its message. */
#include "border.h"
#include "report.h"

const char KL_ERROR_META = 0, KL_ERROR_TAG = 0;

enum { MESSAGE = 1, TRACEBACK = 2 }; /* user values */

typedef struct {
  kl_box box;
  int line;
  char chunk[LUA_IDSIZE];
} kl_error;

typedef struct {
  const char *text;
  size_t length;
  void *context;
  kl_release release;
} kl_words;

static int push_error(lua_State *L) {
  const kl_words *a = lua_touserdata(L, 1);
  kl_error *error = (kl_error *)kl_new_box(L, &KL_ERROR_TAG, sizeof *error, 2, a->release);
  error->line = kl_locate(L, error->chunk);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &KL_ERROR_META);
  lua_setmetatable(L, -2);
  if (error->line) {
    lua_pushfstring(L, "%s:%d: ", error->chunk, error->line);
  } else {
    lua_pushliteral(L, "");
  }
  lua_pushlstring(L, a->text ? a->text : "", a->length);
  char inner[LUA_IDSIZE];
  int line = kl_locate_protocol(L, inner);
  if (line) {
    lua_pushfstring(L, " (in %s:%d)", inner, line);
  } else {
    lua_pushliteral(L, "");
  }
  lua_concat(L, 3); /* the last call that may raise */
  lua_setiuservalue(L, -2, MESSAGE);
  kl_own(L, &error->box, a->context);
  return 1;
}
int klp_push_error(
    lua_State *L, const void *text, size_t length, void *context, kl_release release) {
  kl_words a = {text, length, context, release};
  return kl_protect(L, push_error, &a, 0, 1);
}

bool klq_is_error(lua_State *L, int index) { return kl_to_box(L, index, &KL_ERROR_TAG) != NULL; }

void *klq_error_context(lua_State *L, int index) {
  kl_box *box = kl_to_box(L, index, &KL_ERROR_TAG);
  return box ? box->context : NULL;
}

const char *klq_error_message(lua_State *L, int index, size_t *length) {
  *length = 0;
  if (!klq_is_error(L, index)) return NULL;
  lua_getiuservalue(L, index, MESSAGE);
  const char *text = klq_string(L, -1, length);
  lua_pop(L, 1); /* the object keeps it alive */
  return text;
}

bool kl_error_report(lua_State *L, int index, kl_report *report) {
  kl_error *error = (kl_error *)kl_to_box(L, index, &KL_ERROR_TAG);
  if (!error || error == kl_of(L)->interrupted) return false;
  size_t length;
  lua_getiuservalue(L, index, TRACEBACK);
  *report = (kl_report){error->line, error->chunk, klq_string(L, -1, &length)};
  lua_pop(L, 1);
  return true;
}

bool kl_error_wants_traceback(lua_State *L, int index) {
  kl_report report;
  return kl_error_report(L, index, &report) && !report.traceback;
}

void kl_error_set_traceback(lua_State *L, int index) { lua_setiuservalue(L, index, TRACEBACK); }

/* ---- the words of an error, to a script ---- */

static void push_message(lua_State *L, int index) {
  if (!klq_is_error(L, index)) luaL_typeerror(L, index, "error");
  lua_getiuservalue(L, index, MESSAGE);
}

static int error_tostring(lua_State *L) {
  push_message(L, 1);
  return 1;
}

static int error_len(lua_State *L) {
  push_message(L, 1);
  lua_pushinteger(L, (lua_Integer)lua_rawlen(L, -1));
  return 1;
}

static int error_concat(lua_State *L) {
  for (int i = 1; i <= 2; i++) {
    if (klq_is_error(L, i)) {
      push_message(L, i);
    } else if (lua_isstring(L, i)) {
      lua_pushvalue(L, i);
    } else {
      return luaL_error(L, "attempt to concatenate a %s value", luaL_typename(L, i));
    }
  }
  lua_concat(L, 2);
  return 1;
}

static int error_eq(lua_State *L) {
  bool both = klq_is_error(L, 1) && klq_is_error(L, 2);
  if (both) {
    push_message(L, 1);
    push_message(L, 2);
  }
  lua_pushboolean(L, both && lua_rawequal(L, -1, -2));
  return 1;
}

/* A string method called on an error: `e:match(...)`. */
static int on_message(lua_State *L) {
  if (klq_is_error(L, 1)) {
    push_message(L, 1);
    lua_replace(L, 1);
  }
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
  return lua_gettop(L);
}

static int error_index(lua_State *L) {
  size_t length;
  const char *key = klq_string(L, 2, &length);
  if (key && strcmp(key, "message") == 0) return error_tostring(L);
  if (key && strcmp(key, "traceback") == 0) {
    push_message(L, 1); /* checks the type */
    lua_getiuservalue(L, 1, TRACEBACK);
    return 1;
  }
  lua_pushvalue(L, 2);
  lua_rawget(L, lua_upvalueindex(1));
  if (lua_isfunction(L, -1)) lua_pushcclosure(L, on_message, 1);
  return 1;
}

void kl_open_errors(lua_State *L) {
  static const luaL_Reg methods[] = {
      {"__gc", kl_box_gc},     {"__tostring", error_tostring}, {"__len", error_len},
      {"__eq", error_eq},      {"__concat", error_concat},     {NULL, NULL},
  };
  lua_createtable(L, 0, 8);
  luaL_setfuncs(L, methods, 0);
  lua_getglobal(L, LUA_STRLIBNAME);
  lua_pushcclosure(L, error_index, 1);
  lua_setfield(L, -2, "__index");
  lua_pushliteral(L, "error");
  lua_setfield(L, -2, "__name");
  lua_pushboolean(L, false);
  lua_setfield(L, -2, "__metatable");
  lua_rawsetp(L, LUA_REGISTRYINDEX, &KL_ERROR_META);

  kl_open_reports(L);

  kl_words stop = {"interrupted", strlen("interrupted"), NULL, NULL};
  lua_pushcfunction(L, push_error);
  lua_pushlightuserdata(L, &stop);
  lua_call(L, 1, 1);
  kl_of(L)->interrupted = lua_touserdata(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &KL_INTERRUPTED);
}
