/* The owner: allocator with accounting, a limit and fault injection; panic; warnings. */
#include <stdio.h>
#include <stdlib.h>

#include "border.h"

static void *allocate(void *context, void *block, size_t old, size_t size) {
  kl_state *state = context;
  if (!block) old = 0; /* then it holds the kind of object */
  if (size == 0) {
    free(block);
    state->bytes -= old;
    return NULL;
  }
  if (size > old) { /* Lua relies on shrinking, so only growth may fail */
    if (state->fail_after == 0 && state->fail_times != 0) {
      if (state->fail_times > 0) state->fail_times--;
      return NULL;
    }
    if (state->fail_after > 0) state->fail_after--;
    if (state->limit && state->bytes + (size - old) > state->limit) return NULL;
  }
  void *moved = realloc(block, size);
  if (!moved) return size > old ? NULL : block;
  state->bytes += size - old;
  return moved;
}

static int panic(lua_State *L) {
  const char *message = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "(no message)";
  fprintf(stderr, "kramers: internal error: a Lua error outside protection: %s\n", message);
  abort();
}

/* `warn("@on")` and `warn("@off")`, off at first, as in the stand-alone interpreter. */
static void warning(void *context, const char *text, int more) {
  kl_state *state = context;
  if (!state->warning_continues && !more && text[0] == '@') {
    if (strcmp(text, "@on") == 0) state->warnings = true;
    if (strcmp(text, "@off") == 0) state->warnings = false;
    return;
  }
  if (!state->warnings) return;
  const char *head = state->warning_continues ? "" : "Lua warning: ";
  fprintf(stderr, "%s%s%s", head, text, more ? "" : "\n");
  state->warning_continues = more;
}

lua_State *kl_open(size_t limit, kl_interrupt *interrupt) {
  kl_state *state = calloc(1, sizeof *state);
  if (!state) return NULL;
  state->limit = limit;
  state->fail_after = -1;
  state->interrupt = interrupt;
  lua_State *L = lua_newstate(allocate, state);
  if (!L) {
    free(state);
    return NULL;
  }
  *(kl_state **)lua_getextraspace(L) = state; /* coroutines inherit it */
  kl_set_internal_prefixes(L, "@stdlib/", "");
  lua_atpanic(L, panic);
  lua_setwarnf(L, warning, state);
  return L;
}

kl_tally kl_close(lua_State *L) {
  kl_state *state = kl_of(L);
  kl_interrupt_clear(state->interrupt); /* finalizers run; a new request stops them again */
  kl_enter(state, L);
  lua_close(L);
  kl_leave(state);
  kl_tally left = {state->bytes, state->boxes};
  free(state);
  return left;
}

kl_tally kl_live(lua_State *L) {
  kl_state *state = kl_of(L);
  return (kl_tally){state->bytes, state->boxes};
}

void kl_fail_after(lua_State *L, long n, long times) {
  kl_of(L)->fail_after = n;
  kl_of(L)->fail_times = times;
}

void kl_set_internal_prefixes(lua_State *L, const char *first, const char *second) {
  const char *const prefixes[] = {first, second};
  for (int i = 0; i < 2; i++) {
    kl_state *state = kl_of(L);
    size_t length = strlen(prefixes[i]);
    if (length > sizeof state->internal[i].text - 1) length = sizeof state->internal[i].text - 1;
    memcpy(state->internal[i].text, prefixes[i], length);
    state->internal[i].text[length] = 0;
    state->internal[i].length = length;
  }
}

static int open_libraries(lua_State *L) {
  luaL_openlibs(L);
  kl_open_boxes(L);
  kl_open_errors(L);
  kl_open_coroutines(L);
  kl_open_catching(L);
  kl_open_finalizers(L);
  kl_open_text(L);
  kl_open_order(L);
  kl_open_names(L);
  kl_open_random(L);
  kl_open_naming(L);
  return 0;
}

int klp_openlibs(lua_State *L) { return kl_protect(L, open_libraries, NULL, 0, 0); }
