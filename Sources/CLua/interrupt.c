/* The interrupt: one atomic flag, and a hook on the coroutine that runs.
 *
 * The hook counts every instruction and stays armed until the flag is cleared, so that nothing in
 * Lua can swallow the stop. It is armed only on the thread that runs Lua, where lua_sethook is safe
 * between any two machine instructions; a request from elsewhere wakes that thread with SIGURG,
 * which programs ignore by default. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "border.h"

const char KL_INTERRUPTED = 0;

enum { WAKE = SIGURG };

struct kl_interrupt {
  atomic_int requested;
  _Atomic pid_t thread;         /* the thread inside Lua, 0: none */
  lua_State *_Atomic running;   /* the coroutine that runs there */
  struct kl_interrupt *outer;   /* another state below on the same thread */
};

static _Thread_local kl_interrupt *volatile innermost;
static _Thread_local pid_t this_thread;
static struct sigaction former_wake;

enum { COUNTED = 1000 }; /* instructions between two looks at the allowance */

static void count(lua_State *L, lua_Debug *frame) {
  (void)frame;
  kl_state *state = kl_of(L);
  if (state->allowance > COUNTED) {
    state->allowance -= COUNTED;
  } else {
    state->allowance = 0;
    kl_interrupt_request(state->interrupt);
  }
}

static void stop(lua_State *L, lua_Debug *frame) {
  (void)frame;
  if (kl_stopping(L)) {
    lua_rawgetp(L, LUA_REGISTRYINDEX, &KL_INTERRUPTED);
    lua_error(L);
  }
  /* Cleared meanwhile: coroutines disarm themselves. */
  if (kl_of(L)->counts) {
    lua_sethook(L, count, LUA_MASKCOUNT, COUNTED);
  } else {
    lua_sethook(L, NULL, 0, 0);
  }
}

static void arm(lua_State *L) { lua_sethook(L, stop, LUA_MASKCOUNT, 1); }

static void wake(int signal, siginfo_t *info, void *context) {
  int kept = errno;
  for (kl_interrupt *i = innermost; i; i = i->outer) {
    lua_State *L = atomic_load(&i->running);
    if (L && atomic_load(&i->requested)) arm(L);
  }
  if (former_wake.sa_flags & SA_SIGINFO) {
    former_wake.sa_sigaction(signal, info, context);
  } else if (former_wake.sa_handler != SIG_DFL && former_wake.sa_handler != SIG_IGN) {
    former_wake.sa_handler(signal);
  }
  errno = kept;
}

static void install_wake(void) {
  struct sigaction action = {.sa_sigaction = wake, .sa_flags = SA_SIGINFO};
  sigemptyset(&action.sa_mask); /* no SA_RESTART: a blocking io.read should end too */
  sigaction(WAKE, &action, &former_wake);
}

kl_interrupt *kl_interrupt_new(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, install_wake);
  return calloc(1, sizeof(kl_interrupt));
}

void kl_interrupt_free(kl_interrupt *interrupt) { free(interrupt); }

enum { ASKED = 1, HELD = 2 }; /* the bits of `requested` */

static void request(kl_interrupt *interrupt, int why) {
  int kept = errno;
  atomic_fetch_or(&interrupt->requested, why);
  pid_t thread = atomic_load(&interrupt->thread);
  if (thread && thread == this_thread) {
    lua_State *L = atomic_load(&interrupt->running);
    if (L) arm(L);
  } else if (thread) {
    tgkill(getpid(), thread, WAKE); /* a thread that ended meanwhile is only an ESRCH */
  }
  errno = kept;
}

void kl_interrupt_request(kl_interrupt *interrupt) { request(interrupt, ASKED); }

void kl_interrupt_hold(kl_interrupt *interrupt) { request(interrupt, HELD); }

bool kl_interrupt_release(kl_interrupt *interrupt) {
  return atomic_fetch_and(&interrupt->requested, ~HELD) == HELD;
}

bool kl_interrupt_requested(const kl_interrupt *interrupt) {
  return atomic_load_explicit(&interrupt->requested, memory_order_relaxed) != 0;
}

void kl_interrupt_clear(kl_interrupt *interrupt) { atomic_store(&interrupt->requested, 0); }

void kl_limit_instructions(lua_State *L, uint64_t instructions) {
  kl_state *state = kl_of(L);
  state->counts = true;
  state->allowance = instructions;
  /* Coroutines inherit the hook of the one that makes them. */
  lua_sethook(L, count, LUA_MASKCOUNT, COUNTED);
  if (state->finalizer) lua_sethook(state->finalizer, count, LUA_MASKCOUNT, COUNTED);
}

bool kl_instructions_spent(lua_State *L) {
  kl_state *state = kl_of(L);
  return state->counts && state->allowance == 0;
}

bool kl_stopping(lua_State *L) { return kl_interrupt_requested(kl_of(L)->interrupt); }

void klq_push_interrupt(lua_State *L) {
  if (!kl_stopping(L)) kl_interrupt_request(kl_of(L)->interrupt);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &KL_INTERRUPTED);
}

bool klq_is_interrupt(lua_State *L, int index) {
  const void *pointer = lua_touserdata(L, index);
  return pointer && pointer == kl_of(L)->interrupted;
}

/* ---- which coroutine runs, on which thread ---- */

/* Dispatch's workers block every signal they can. */
static void prepare_thread(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, WAKE);
  pthread_sigmask(SIG_UNBLOCK, &set, NULL);
  this_thread = gettid();
}

/* The store comes before the look at the flag, and the request does the reverse: one sees the
 * other, so that no request is lost. */
void kl_switch(kl_interrupt *interrupt, lua_State *L) {
  atomic_store_explicit(&interrupt->running, L, memory_order_relaxed);
  atomic_signal_fence(memory_order_seq_cst);
  if (kl_interrupt_requested(interrupt)) arm(L);
}

void kl_enter(kl_state *state, lua_State *L) {
  kl_interrupt *interrupt = state->interrupt;
  if (state->depth++ == 0) {
    if (!this_thread) prepare_thread();
    interrupt->outer = innermost;
    atomic_store(&interrupt->running, L);
    atomic_signal_fence(memory_order_seq_cst);
    innermost = interrupt;
    atomic_store(&interrupt->thread, this_thread);
  }
  if (atomic_load(&interrupt->requested)) arm(L);
}

void kl_leave(kl_state *state) {
  if (--state->depth) return;
  kl_interrupt *interrupt = state->interrupt;
  atomic_store(&interrupt->thread, 0);
  atomic_store(&interrupt->running, NULL);
  innermost = interrupt->outer;
}
