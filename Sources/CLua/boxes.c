/* Swift closures as Lua functions, Swift objects as userdata. */
#include "border.h"

const char KL_FUNCTION_META = 0, KL_OBJECTS = 0;
const char KL_FUNCTION_TAG = 0, KL_OBJECT_TAG = 0;

kl_box *kl_new_box(lua_State *L, const void *tag, size_t size, int values, kl_release release) {
  kl_box *box = lua_newuserdatauv(L, size, values);
  *box = (kl_box){tag, NULL, release, NULL, ++kl_of(L)->serial};
  return box;
}

kl_box *kl_to_box(lua_State *L, int index, const void *tag) {
  if (lua_type(L, index) != LUA_TUSERDATA || lua_rawlen(L, index) < sizeof(kl_box)) return NULL;
  kl_box *box = lua_touserdata(L, index);
  return box->tag == tag ? box : NULL;
}

void kl_own(lua_State *L, kl_box *box, void *context) {
  box->context = context;
  if (context) kl_of(L)->boxes++;
}

static kl_box *any_box(lua_State *L, int index) {
  kl_box *box = kl_to_box(L, index, &KL_FUNCTION_TAG);
  if (!box) box = kl_to_box(L, index, &KL_OBJECT_TAG);
  return box ? box : kl_to_box(L, index, &KL_ERROR_TAG);
}

int kl_box_gc(lua_State *L) {
  kl_box *box = any_box(L, 1);
  if (!box || !box->context) return 0;
  void *context = box->context;
  box->context = NULL; /* a script may call __gc by hand, or use the object in a later finalizer */
  kl_of(L)->boxes--;
  if (box->release) box->release(context);
  return 0;
}

/* The only place where a Swift callback's error is raised: Swift is off the stack by then. */
static int trampoline(lua_State *L) {
  kl_box *box = kl_to_box(L, lua_upvalueindex(1), &KL_FUNCTION_TAG);
  if (!box || !box->context) return luaL_error(L, "this function was already released");
  int results = box->body(box->context, L);
  return results == KL_RAISE ? lua_error(L) : results;
}

typedef struct {
  kl_body body;
  void *context;
  kl_release release;
} kl_closure;

static int push_closure(lua_State *L) {
  const kl_closure *a = lua_touserdata(L, 1);
  kl_box *box = kl_new_box(L, &KL_FUNCTION_TAG, sizeof *box, 0, a->release);
  box->body = a->body;
  lua_rawgetp(L, LUA_REGISTRYINDEX, &KL_FUNCTION_META);
  lua_setmetatable(L, -2);
  lua_pushvalue(L, -1);
  lua_pushcclosure(L, trampoline, 1); /* the last call that may raise */
  kl_own(L, box, a->context);
  return 1;
}
int klp_push_closure(lua_State *L, kl_body body, void *context, kl_release release) {
  kl_closure a = {body, context, release};
  return kl_protect(L, push_closure, &a, 0, 1);
}

/* metatable at 2. The cache (weak values) gives one userdata per object, so that identity in
 * Swift is identity in Lua. */
static int push_object(lua_State *L) {
  const kl_closure *a = lua_touserdata(L, 1);
  lua_pushliteral(L, "__gc");
  lua_rawget(L, 2);
  if (lua_tocfunction(L, -1) != kl_box_gc) {
    lua_pushliteral(L, "__gc");
    lua_pushcfunction(L, kl_box_gc);
    lua_rawset(L, 2);
  }
  lua_pop(L, 1);
  kl_box *box = kl_new_box(L, &KL_OBJECT_TAG, sizeof *box, 0, a->release);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &KL_OBJECTS);
  lua_pushvalue(L, -2);
  lua_rawsetp(L, -2, a->context); /* the last call that may raise */
  lua_pop(L, 1);
  lua_pushvalue(L, 2);
  lua_setmetatable(L, -2);
  kl_own(L, box, a->context);
  return 1;
}
int klp_push_object(lua_State *L, void *object, kl_release release) {
  kl_closure a = {NULL, object, release};
  return kl_protect(L, push_object, &a, 1, 1);
}

bool klq_push_known_object(lua_State *L, void *object) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &KL_OBJECTS);
  lua_rawgetp(L, -1, object);
  lua_remove(L, -2);
  if (klq_object(L, -1) == object) return true;
  lua_pop(L, 1);
  return false;
}

void *klq_object(lua_State *L, int index) {
  kl_box *box = kl_to_box(L, index, &KL_OBJECT_TAG);
  return box ? box->context : NULL;
}

void kl_open_boxes(lua_State *L) {
  lua_createtable(L, 0, 2);
  lua_pushcfunction(L, kl_box_gc);
  lua_setfield(L, -2, "__gc");
  lua_pushboolean(L, false);
  lua_setfield(L, -2, "__metatable");
  lua_rawsetp(L, LUA_REGISTRYINDEX, &KL_FUNCTION_META);

  lua_newtable(L);
  lua_createtable(L, 0, 1);
  lua_pushliteral(L, "v");
  lua_setfield(L, -2, "__mode");
  lua_setmetatable(L, -2);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &KL_OBJECTS);
}
