/* What Swift may call of Lua. `lua.h` is left out on purpose: Swift cannot even name the raw API.
 *
 * The rule: an error in Lua is a longjmp, and a longjmp over a Swift frame leaks whatever the frame
 * held and is undefined behaviour. So nothing below ever jumps past its own frame:
 *
 *   klq_*  quiet: uses only calls that cannot raise;
 *   klp_*  protected: runs the raising calls under lua_pcall and returns a status. It takes its
 *          inputs from the stack in any case; unless the status is KL_OK it leaves exactly one
 *          value there, the error;
 *   kl_*   does not touch a Lua stack.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

typedef struct lua_State lua_State;
typedef struct kl_interrupt kl_interrupt;

#define KL_OK 0
#define KL_ERRRUN 2
#define KL_ERRSYNTAX 3
#define KL_ERRMEM 4
#define KL_ERRERR 5

#define KL_NIL 0
#define KL_BOOLEAN 1
#define KL_NUMBER 3
#define KL_STRING 4
#define KL_TABLE 5
#define KL_FUNCTION 6

/* ---- state: allocator with accounting, a limit and fault injection ---- */

typedef struct {
  size_t bytes; /* allocated by Lua */
  size_t boxes; /* Swift objects retained by Lua */
} kl_tally;

/* limit 0: none. The interrupt must outlive the state. NULL: no memory. */
lua_State *_Nullable kl_open(size_t limit, kl_interrupt *interrupt);
kl_tally kl_close(lua_State *L); /* what is still live afterwards: zeros, or a leak */
kl_tally kl_live(lua_State *L);
/* After n more successful allocations fails `times` of them, all if negative; n < 0: none. */
void kl_fail_after(lua_State *L, long n, long times);
/* Chunks whose name begins so are skipped in positions and tracebacks (cut at 63 bytes). */
void kl_set_internal_prefixes(lua_State *L, const char *first, const char *second);
int klp_openlibs(lua_State *L);

/* ---- the stack, quietly ---- */

int klq_top(lua_State *L);
void klq_settop(lua_State *L, int top);
void klq_replace(lua_State *L, int index); /* pops the top into that place */
bool klq_room(lua_State *L, int slots);
int klq_type(lua_State *L, int index);
const char *klq_typename(lua_State *L, int index);
bool klq_boolean(lua_State *L, int index);
bool klq_isinteger(lua_State *L, int index);
int64_t klq_integer(lua_State *L, int index);
double klq_number(lua_State *L, int index);
/* NULL unless the value is a string: a number is never converted in place. */
const char *_Nullable klq_string(lua_State *L, int index, size_t *length);
void klq_push_nil(lua_State *L);
void klq_push_boolean(lua_State *L, bool value);
void klq_push_integer(lua_State *L, int64_t value);
void klq_push_number(lua_State *L, double value);
void klq_push_value(lua_State *L, int index);
void klq_push_globals(lua_State *L);
int klp_push_string(lua_State *L, const void *_Nullable bytes, size_t length);

/* ---- references: a value kept alive by the registry ---- */

int klp_ref(lua_State *L, int *reference, const void *_Nullable *_Nonnull pointer); /* pops it */
void klq_push_ref(lua_State *L, int reference);
bool klq_unref(lua_State *L, int reference); /* false: no stack room, try again later */

/* ---- tables ---- */

int klp_new_table(lua_State *L, int array, int fields);
void klq_rawget(lua_State *L, int table);   /* key -> value */
void klq_rawgeti(lua_State *L, int table, int64_t i); /* -> value */
/* key -> key value, or nothing at the end; the table must not have changed since the last key. */
bool klq_next(lua_State *L, int table);
const void *_Nullable klq_pointer(lua_State *L, int index);
int klp_rawset(lua_State *L);               /* table key value -> */
int klp_get(lua_State *L);                  /* table key -> value */
int klp_set(lua_State *L);                  /* table key value -> */
int klp_next(lua_State *L, bool *more);     /* table key -> key value (nils at the end) */
uint64_t klq_rawlen(lua_State *L, int index);
bool klq_push_metatable(lua_State *L, int index);
int klp_set_metatable(lua_State *L);        /* table metatable-or-nil -> */

/* ---- numbers in bulk ---- */

typedef struct {
  int64_t row;            /* 1-based; 0 when the table is flat */
  int64_t index;          /* 1-based; 0 when the row itself is at fault */
  const char *_Nullable type; /* what stands there; NULL: a row of another length */
} kl_offender;

int klp_push_numbers(lua_State *L, const double *_Nullable values, size_t count);
int klp_push_rows(lua_State *L, const double *_Nullable values, size_t rows, size_t columns);
bool klq_numbers(lua_State *L, int table, double *_Nullable out, size_t count, kl_offender *bad);
bool klq_rows(
    lua_State *L, int table, double *_Nullable out, size_t rows, size_t columns, kl_offender *bad);
uint64_t klq_columns(lua_State *L, int table); /* length of the first row, 0 if it is no table */

/* ---- Swift in Lua ---- */

#define KL_RAISE (-1)
/* The number of results on top of the stack, or KL_RAISE with an error value on top. */
typedef int (*kl_body)(void *context, lua_State *L);
typedef void (*kl_release)(void *context);

/* The context belongs to Lua only when the status is KL_OK. */
int klp_push_closure(lua_State *L, kl_body body, void *context, kl_release release);
int klp_push_object(lua_State *L, void *object, kl_release release); /* metatable -> userdata */
bool klq_push_known_object(lua_State *L, void *object); /* the userdata that carries it already */
void *_Nullable klq_object(lua_State *L, int index);

/* ---- names and numbers of the program's own ---- */

/* table function -> ; a user's chunk that reads what is not in the table calls function(name). */
int klp_make_strict(lua_State *L);
/* names function -> ; the names stand behind the globals, assigning one calls function(name). */
int klp_guard_globals(lua_State *L);
int klp_strict_chunk(lua_State *L, const char *chunk); /* a chunk of the user's */
int klp_seed_random(lua_State *L, uint64_t seed);      /* math.random and randomseed() */
/* Its four words; false: not Lua's generator. */
bool klq_random_state(lua_State *L, uint64_t *state);
bool klq_set_random_state(lua_State *L, const uint64_t *state);

/* ---- errors ---- */

typedef struct {
  int line; /* 0: no Lua frame of the user was found */
  const char *chunk;
  const char *_Nullable traceback;
} kl_report;

int klp_push_error(
    lua_State *L, const void *_Nullable text, size_t length, void *_Nullable context,
    kl_release _Nullable release);
bool klq_is_error(lua_State *L, int index);
void *_Nullable klq_error_context(lua_State *L, int index);
const char *_Nullable klq_error_message(lua_State *L, int index, size_t *length);
/* Where the error on top was raised; the pointers live until the next call into Lua. */
kl_report klq_take_report(lua_State *L);
/* value traceback -> value: the value, about to be raised again, keeps its first report. */
void klq_keep_report(lua_State *L, int line, const char *chunk);

/* ---- running ---- */

int klp_load(lua_State *L, const void *_Nullable bytes, size_t length, const char *chunk);
int klp_call(lua_State *L, int arguments); /* function arguments -> all results */
int klp_tostring(lua_State *L);            /* value -> string, through __tostring */
/* value -> the words of an error: a table without __tostring says what it is */
int klp_error_text(lua_State *L);
uint64_t kl_names(lua_State *L); /* how many values tostring has named */
int klp_set_names(lua_State *L, uint64_t names); /* forgets those given after it */
int klp_collect(lua_State *L);

/* ---- interrupt ---- */

kl_interrupt *_Nullable kl_interrupt_new(void);
void kl_interrupt_free(kl_interrupt *interrupt);
/* Async-signal-safe, from any thread: Lua stops at its next instruction, past every pcall. */
void kl_interrupt_request(kl_interrupt *interrupt);
bool kl_interrupt_requested(const kl_interrupt *interrupt);
void kl_interrupt_clear(kl_interrupt *interrupt);
/* The same stop, until the release; false: somebody requested it meanwhile, and it stands. */
void kl_interrupt_hold(kl_interrupt *interrupt);
bool kl_interrupt_release(kl_interrupt *interrupt);
/* Requests the interrupt after so many instructions, counted in thousands; a script that sets a hook
 * of its own is not counted while it stands. */
void kl_limit_instructions(lua_State *L, uint64_t instructions);
bool kl_instructions_spent(lua_State *L);
/* Requests the stop and pushes the error that nothing in Lua can catch. */
void klq_push_interrupt(lua_State *L);
bool klq_is_interrupt(lua_State *L, int index);

/* ---- strangers ---- */

/* Takes away what the list in sandbox.c does not name: io, debug, package, most of os, ... */
int klp_enter_sandbox(lua_State *L);

/* ---- SIGINT and SIGTERM, for the one state that has the terminal ---- */

bool kl_signals_install(kl_interrupt *interrupt);
void kl_signals_restore(void);
/* What the handler does, whatever the process does at the signal; any thread. */
void kl_signals_receive(int signal);
/* A second SIGINT within 2 s ends the process at once, by the signal. */
void kl_signals_end_on_haste(bool ends);
/* The next signal after the first ends the process, however late it comes. */
void kl_signals_end_next(void);
int kl_signal_received(void); /* the last one, 0: none */
int kl_signal_count(void);
int kl_signal_level(void); /* 0 none, 1 asked to stop, 2 a second SIGINT within 2 s */
void kl_signals_clear(void);

#pragma clang assume_nonnull end
