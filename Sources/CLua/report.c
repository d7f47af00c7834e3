/* Where an error was raised: position and traceback, taken by the message handler.
 *
 * An error object keeps its own. Any other value (a string, a table) cannot, so the state keeps
 * one report and the value it is about. */
#include "report.h"

const char KL_REPORT_VALUE = 0, KL_REPORT_TRACE = 0;

enum { DEEPEST = 256 }; /* frames looked at; lua_getstack walks from the top each time */

/* Whether a name begins as those of internal chunks do, without the first `skipped` bytes. */
static bool is_internal(const kl_state *state, const char *name, size_t skipped) {
  for (int i = 0; i < 2; i++) {
    size_t length = state->internal[i].length;
    if (length > skipped && !strncmp(name, state->internal[i].text + skipped, length - skipped))
      return true;
  }
  return false;
}

static int locate_in(lua_State *L, lua_State *thread, char *chunk) {
  const kl_state *state = kl_of(L);
  lua_Debug frame;
  for (int level = 0; level < DEEPEST && lua_getstack(thread, level, &frame); level++) {
    lua_getinfo(thread, "Sl", &frame); /* these two letters allocate nothing */
    if (frame.currentline <= 0) continue;
    if (is_internal(state, frame.source, 0)) continue;
    memcpy(chunk, frame.short_src, LUA_IDSIZE);
    return frame.currentline;
  }
  return 0;
}

int kl_locate(lua_State *L, char *chunk) {
  chunk[0] = 0;
  int line = locate_in(L, L, chunk);
  for (kl_resumer *r = kl_of(L)->resumer; !line && r; r = r->outer)
    line = locate_in(L, r->thread, chunk);
  return line;
}

int kl_locate_protocol(lua_State *L, char *chunk) {
  const kl_state *state = kl_of(L);
  lua_Debug frame;
  for (int level = 0; level < DEEPEST && lua_getstack(L, level, &frame); level++) {
    lua_getinfo(L, "Sl", &frame);
    if (frame.currentline <= 0) continue;
    size_t length = state->internal[1].length;
    if (!length || strncmp(frame.source, state->internal[1].text, length)) return 0;
    memcpy(chunk, frame.short_src, LUA_IDSIZE);
    return frame.currentline;
  }
  return 0;
}

/* ---- traceback ---- */

static bool internal_line(const kl_state *state, const char *line) {
  static const char *const NOISE[] = {"stack traceback:", "\t[C]: in ?"};
  for (size_t i = 0; i < sizeof NOISE / sizeof *NOISE; i++)
    if (!strncmp(line, NOISE[i], strlen(NOISE[i]))) return true;
  return line[0] == '\t' && is_internal(state, line + 1, 1); /* short names drop the "@" */
}

static void append_traceback(lua_State *L, lua_State *thread) {
  lua_pushliteral(L, "\n");
  luaL_traceback(L, thread, NULL, 0);
  lua_concat(L, 3);
}

/* The frames of `from`, then of `then` (unless NULL), then of whatever resumed them. */
void kl_push_traceback(lua_State *L, lua_State *from, lua_State *then) {
  const kl_state *state = kl_of(L);
  luaL_checkstack(L, 8, NULL);
  lua_pushliteral(L, "");
  append_traceback(L, from);
  if (then) append_traceback(L, then);
  for (kl_resumer *r = state->resumer; r; r = r->outer) append_traceback(L, r->thread);
  int whole = lua_gettop(L);
  luaL_Buffer kept;
  luaL_buffinit(L, &kept);
  bool any = false;
  for (const char *line = lua_tostring(L, whole); line;) {
    const char *end = strchr(line, '\n');
    if (line[0] && !internal_line(state, line)) {
      luaL_addstring(&kept, any ? "\n" : "stack traceback:\n");
      luaL_addlstring(&kept, line, end ? (size_t)(end - line) : strlen(line));
      any = true;
    }
    line = end ? end + 1 : NULL;
  }
  luaL_pushresult(&kept);
  if (!any) {
    lua_pop(L, 1);
    lua_pushnil(L);
  }
  lua_remove(L, whole);
}

/* value, thread or none: where the value was raised. */
static int collect_traceback(lua_State *L) {
  lua_State *dead = lua_tothread(L, 2);
  kl_push_traceback(L, dead ? dead : L, dead ? L : NULL);
  if (klq_is_error(L, 1) && !klq_is_interrupt(L, 1)) {
    kl_error_set_traceback(L, 1);
  } else {
    lua_rawsetp(L, LUA_REGISTRYINDEX, &KL_REPORT_TRACE);
  }
  return 0;
}

/* Without memory for a traceback the error itself goes on, without one. */
static void try_traceback(lua_State *L, int value, lua_State *dead) {
  if (!lua_checkstack(L, 4)) return;
  value = lua_absindex(L, value);
  lua_pushcfunction(L, collect_traceback);
  lua_pushvalue(L, value);
  if (dead) {
    lua_pushthread(dead);
    lua_xmove(dead, L, 1);
  }
  if (lua_pcall(L, dead ? 2 : 1, 0, 0) != LUA_OK) lua_pop(L, 1);
}

static bool reported(lua_State *L, int value) {
  value = lua_absindex(L, value);
  if (!kl_of(L)->reported) return false;
  lua_rawgetp(L, LUA_REGISTRYINDEX, &KL_REPORT_VALUE);
  bool same = lua_rawequal(L, -1, value);
  lua_pop(L, 1);
  return same;
}

static void open_report(lua_State *L, int value) {
  lua_pushvalue(L, value);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &KL_REPORT_VALUE); /* the keys exist: no allocation */
  lua_pushboolean(L, false);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &KL_REPORT_TRACE);
  kl_of(L)->reported = true;
}

int kl_message_handler(lua_State *L) {
  if (reported(L, 1)) return 1; /* raised before, in a coroutine or below Swift */
  bool object = klq_is_error(L, 1) && !klq_is_interrupt(L, 1);
  if (object && !kl_error_wants_traceback(L, 1)) return 1;
  if (!object) {
    open_report(L, 1);
    kl_state *state = kl_of(L);
    state->line = kl_locate(L, state->chunk);
  }
  try_traceback(L, 1, NULL);
  return 1;
}

/* The error on top of L killed `co`, whose frames are still there. */
void kl_report_death(lua_State *L, lua_State *co) {
  if (klq_is_error(L, -1) && !klq_is_interrupt(L, -1)) {
    if (kl_error_wants_traceback(L, -1)) try_traceback(L, -1, co);
  } else if (!reported(L, -1)) {
    kl_state *state = kl_of(L);
    open_report(L, -1);
    state->line = locate_in(L, co, state->chunk);
    if (!state->line) state->line = kl_locate(L, state->chunk);
    try_traceback(L, -1, co);
  }
}

/* The error on top of L is the reported one, in other words. */
void kl_report_renamed(lua_State *L) {
  if (!kl_of(L)->reported) return;
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &KL_REPORT_VALUE);
}

kl_report klq_take_report(lua_State *L) {
  kl_state *state = kl_of(L);
  kl_report report = {0, "", NULL};
  if (!lua_checkstack(L, 2)) return report;
  if (!kl_error_report(L, -1, &report) && reported(L, -1)) {
    size_t length;
    lua_rawgetp(L, LUA_REGISTRYINDEX, &KL_REPORT_TRACE);
    report = (kl_report){state->line, state->chunk, klq_string(L, -1, &length)};
    lua_pop(L, 1);
  }
  state->reported = false;
  return report;
}

void klq_keep_report(lua_State *L, int line, const char *chunk) {
  kl_state *state = kl_of(L);
  open_report(L, -2);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &KL_REPORT_TRACE);
  state->line = line;
  strncpy(state->chunk, chunk, sizeof state->chunk - 1);
  state->chunk[sizeof state->chunk - 1] = 0;
}

void kl_open_reports(lua_State *L) {
  const char *const keys[] = {&KL_REPORT_VALUE, &KL_REPORT_TRACE, &KL_INTERRUPTED, &KL_FINALIZER};
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
    lua_pushboolean(L, false);
    lua_rawsetp(L, LUA_REGISTRYINDEX, keys[i]);
  }
}
