/* What the C files of the border share; Swift never sees it. */
#pragma once
#include <lua5.4/lauxlib.h>
#include <lua5.4/lua.h>
#include <lua5.4/lualib.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/types.h>

#include "CLua.h"

/* A thread that waits for a coroutine it resumed: positions and tracebacks go on there. */
typedef struct kl_resumer {
  lua_State *thread;
  struct kl_resumer *outer;
} kl_resumer;

typedef struct kl_state {
  size_t bytes, limit, boxes;
  long fail_after, fail_times;
  kl_interrupt *interrupt;
  int depth;              /* protected calls that are running */
  kl_resumer *resumer;
  lua_State *finalizer;   /* an idle coroutine for __gc, or NULL */
  const void *interrupted; /* the one "interrupted" error object */
  bool reported;          /* the registry holds the report of KL_REPORT_VALUE */
  int line;
  char chunk[LUA_IDSIZE];
  bool warnings, warning_continues;
  struct { size_t length; char text[64]; } internal[2]; /* prefixes of chunk names */
  uint64_t serial; /* the last number given to an object, for the order of pairs */
  uint64_t names;  /* given by tostring so far */
  uint64_t seed;   /* of math.random */
  bool counts;     /* instructions, down to the limit */
  uint64_t allowance;
} kl_state;

static inline kl_state *kl_of(lua_State *L) { return *(kl_state **)lua_getextraspace(L); }

/* Registry keys, by address. */
extern const char KL_FUNCTION_META, KL_ERROR_META, KL_OBJECTS, KL_INTERRUPTED, KL_FINALIZER,
    KL_REPORT_VALUE, KL_REPORT_TRACE, KL_STRICT, KL_ORDER, KL_NEXT, KL_RANDOM, KL_NAMES;

/* Userdata that holds a Swift object. The tag stands in the block, so that a metatable moved by
 * debug.setmetatable cannot make a foreign userdata look like one. */
typedef struct {
  const void *tag;
  void *context; /* NULL before ownership moves here and after __gc */
  kl_release release;
  kl_body body;
  uint64_t serial;
} kl_box;

extern const char KL_FUNCTION_TAG, KL_OBJECT_TAG, KL_ERROR_TAG;

kl_box *kl_new_box(lua_State *L, const void *tag, size_t size, int values, kl_release release);
kl_box *kl_to_box(lua_State *L, int index, const void *tag);
void kl_own(lua_State *L, kl_box *box, void *context);
int kl_box_gc(lua_State *L);

/* Runs f(arguments, inputs...) under lua_pcall. */
int kl_protect(lua_State *L, lua_CFunction f, void *arguments, int inputs, int outputs);
int kl_pcall(lua_State *L, int arguments, int results);

int kl_message_handler(lua_State *L);
void kl_report_death(lua_State *L, lua_State *co);
void kl_report_renamed(lua_State *L);

void kl_enter(kl_state *state, lua_State *L);
void kl_leave(kl_state *state);
bool kl_stopping(lua_State *L);
void kl_switch(kl_interrupt *interrupt, lua_State *L);
int kl_resume(lua_State *L, lua_State *co, int arguments, int *results);
int kl_reset(lua_State *L, lua_State *co);
void kl_guard_finalizer(lua_State *L, int metatable);

/* Each replaces functions of the standard library or makes a metatable; run once, may raise. */
void kl_open_boxes(lua_State *L);
void kl_open_errors(lua_State *L);
void kl_open_coroutines(lua_State *L);
void kl_open_catching(lua_State *L);
void kl_open_finalizers(lua_State *L);
void kl_open_text(lua_State *L);
void kl_open_order(lua_State *L);
void kl_open_names(lua_State *L);
void kl_open_random(lua_State *L);
void kl_open_naming(lua_State *L);

void kl_push_text(lua_State *L, int index); /* what tostring says; may raise */
int kl_ordered_pairs(lua_State *L); /* the default of pairs */
