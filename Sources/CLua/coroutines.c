/* coroutine.resume, wrap and close, as in Lua 5.4.4's lcorolib.c but for this: they tell the
 * interrupt which coroutine runs, they do not swallow the stop, and an error that kills a coroutine
 * keeps its traceback. */
#include "border.h"

int kl_resume(lua_State *L, lua_State *co, int arguments, int *results) {
  kl_state *state = kl_of(L);
  kl_resumer here = {L, state->resumer};
  state->resumer = &here;
  kl_switch(state->interrupt, co);
  int status = lua_resume(co, L, arguments, results);
  state->resumer = here.outer;
  kl_switch(state->interrupt, L);
  return status;
}

/* Closes the coroutine's to-be-closed variables; lua_closethread came after 5.4.4. */
int kl_reset(lua_State *L, lua_State *co) {
  kl_state *state = kl_of(L);
  kl_resumer here = {L, state->resumer};
  state->resumer = &here;
  kl_switch(state->interrupt, co);
  int status = lua_resetthread(co);
  state->resumer = here.outer;
  kl_switch(state->interrupt, L);
  return status;
}

static int raise_interrupt(lua_State *L) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &KL_INTERRUPTED);
  return lua_error(L);
}

static lua_State *check_coroutine(lua_State *L) {
  lua_State *co = lua_tothread(L, 1);
  luaL_argexpected(L, co, 1, "coroutine");
  return co;
}

/* The number of results on top of L, or -1 with an error there. */
static int resume(lua_State *L, lua_State *co, int arguments) {
  int results;
  if (!lua_checkstack(co, arguments)) {
    lua_pushliteral(L, "too many arguments to resume");
    return -1;
  }
  lua_xmove(L, co, arguments);
  int status = kl_resume(L, co, arguments, &results);
  if (status != LUA_OK && status != LUA_YIELD) {
    lua_xmove(co, L, 1);
    /* A killed coroutine keeps its hooks off for ever in 5.4.4: its pending __close could not be
     * stopped, so they are left to the collector. */
    if (kl_stopping(L)) return klq_error_context(L, -1) ? lua_error(L) : raise_interrupt(L);
    return -1;
  }
  if (!lua_checkstack(L, results + 1)) {
    lua_pop(co, results);
    lua_pushliteral(L, "too many results to resume");
    return -1;
  }
  lua_xmove(co, L, results);
  return results;
}

static bool died(lua_State *co) {
  int status = lua_status(co);
  return status != LUA_OK && status != LUA_YIELD;
}

static int co_resume(lua_State *L) {
  lua_State *co = check_coroutine(L);
  int results = resume(L, co, lua_gettop(L) - 1);
  if (results < 0) {
    if (klq_is_error(L, -1) && died(co)) kl_report_death(L, co);
    kl_of(L)->reported = false; /* caught */
  }
  lua_pushboolean(L, results >= 0);
  lua_insert(L, results < 0 ? -2 : -(results + 1));
  return results < 0 ? 2 : results + 1;
}

static int wrapped(lua_State *L) {
  lua_State *co = lua_tothread(L, lua_upvalueindex(1));
  int results = resume(L, co, lua_gettop(L));
  if (results >= 0) return results;
  int status = lua_status(co);
  if (died(co)) {
    kl_report_death(L, co);
    status = kl_reset(L, co);
    lua_xmove(co, L, 1); /* the same error, or a later one from a __close */
    if (!lua_rawequal(L, -1, -2)) kl_of(L)->reported = false;
  }
  if (status != LUA_ERRMEM && lua_type(L, -1) == LUA_TSTRING) {
    luaL_where(L, 1);
    lua_insert(L, -2);
    lua_concat(L, 2);
    kl_report_renamed(L);
  }
  return lua_error(L);
}

static int co_wrap(lua_State *L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  lua_State *co = lua_newthread(L);
  lua_pushvalue(L, 1);
  lua_xmove(L, co, 1);
  lua_pushcclosure(L, wrapped, 1);
  return 1;
}

static const char *condition(lua_State *L, lua_State *co) {
  lua_Debug frame;
  if (L == co) return "running";
  switch (lua_status(co)) {
    case LUA_YIELD: return "suspended";
    case LUA_OK:
      if (lua_getstack(co, 0, &frame)) return "normal";
      return lua_gettop(co) == 0 ? "dead" : "suspended";
    default: return "dead";
  }
}

static int co_close(lua_State *L) {
  lua_State *co = check_coroutine(L);
  const char *now = condition(L, co);
  if (now[0] != 's' && now[0] != 'd') return luaL_error(L, "cannot close a %s coroutine", now);
  if (kl_stopping(L)) return raise_interrupt(L);
  int status = kl_reset(L, co);
  if (kl_stopping(L)) return raise_interrupt(L);
  lua_pushboolean(L, status == LUA_OK);
  if (status == LUA_OK) return 1;
  lua_xmove(co, L, 1);
  return 2;
}

void kl_open_coroutines(lua_State *L) {
  static const luaL_Reg replaced[] = {
      {"resume", co_resume}, {"wrap", co_wrap}, {"close", co_close}, {NULL, NULL}};
  lua_getglobal(L, LUA_COLIBNAME);
  luaL_setfuncs(L, replaced, 0);
  lua_pop(L, 1);
}
