/* math.random from a seed of the program's: Lua's own generator (xoshiro256**), seeded. */
#include "border.h"

const char KL_RANDOM = 0;

enum { DOMAIN = 0x6B72616D }; /* so that the seeds of a script give other numbers */

/* randomseed() without arguments begins the program's sequence again: Lua would take the clock. */
static int randomseed(lua_State *L) {
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  if (lua_gettop(L) == 1) {
    lua_pushinteger(L, (lua_Integer)kl_of(L)->seed);
    lua_pushinteger(L, DOMAIN);
  }
  lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
  return lua_gettop(L);
}

static int seed_random(lua_State *L) {
  kl_of(L)->seed = *(const uint64_t *)lua_touserdata(L, 1);
  lua_getglobal(L, LUA_MATHLIBNAME);
  lua_pushliteral(L, "randomseed");
  lua_rawget(L, -2);
  lua_call(L, 0, 0);
  return 0;
}
int klp_seed_random(lua_State *L, uint64_t seed) {
  return kl_protect(L, seed_random, &seed, 0, 0);
}

/* The four words that math.random and math.randomseed share. */
static uint64_t *words(lua_State *L) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &KL_RANDOM);
  uint64_t *found = NULL;
  if (lua_getupvalue(L, -1, 1)) {
    if (lua_rawlen(L, -1) == 4 * sizeof *found) found = lua_touserdata(L, -1);
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  return found; /* the function keeps it alive */
}

bool klq_random_state(lua_State *L, uint64_t *state) {
  const uint64_t *found = words(L);
  if (found) memcpy(state, found, 4 * sizeof *found);
  return found != NULL;
}
bool klq_set_random_state(lua_State *L, const uint64_t *state) {
  uint64_t *found = words(L);
  if (found) memcpy(found, state, 4 * sizeof *found);
  return found != NULL;
}

void kl_open_random(lua_State *L) {
  lua_getglobal(L, LUA_MATHLIBNAME);
  lua_getfield(L, -1, "random");
  lua_rawsetp(L, LUA_REGISTRYINDEX, &KL_RANDOM);
  lua_getfield(L, -1, "randomseed");
  lua_pushcclosure(L, randomseed, 1);
  lua_setfield(L, -2, "randomseed");
  lua_pop(L, 1);
}
