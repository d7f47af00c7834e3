/* Where an error was raised, and how error objects keep it. */
#pragma once
#include "border.h"

/* The nearest line of a user's Lua, 0 if there is none; `chunk` holds LUA_IDSIZE bytes. */
int kl_locate(lua_State *L, char *chunk);
/* The line of a protocol of the user's (the second prefix) that raised, 0 if it is another's. */
int kl_locate_protocol(lua_State *L, char *chunk);
void kl_open_reports(lua_State *L);

bool kl_error_report(lua_State *L, int index, kl_report *report);
bool kl_error_wants_traceback(lua_State *L, int index);
void kl_error_set_traceback(lua_State *L, int index); /* pops it */
