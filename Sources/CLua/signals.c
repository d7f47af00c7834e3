/* SIGINT, SIGTERM and SIGHUP ask one state to stop. */
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>

#include "CLua.h"

enum { HASTE_SECONDS = 2 };

static kl_interrupt *_Atomic target;
static atomic_int received, count, level;
static _Atomic long long last_interrupt; /* nanoseconds, 0: none */
static atomic_bool ends_on_haste, ends_next;
static struct sigaction former_int, former_term, former_hup;
static bool installed;

static long long nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000000LL + now.tv_nsec;
}

/* On whatever thread the signal landed: the request reaches the one that runs Lua. */
static void handle(int signal) {
  int kept = errno;
  atomic_fetch_add(&count, 1);
  atomic_store(&received, signal);
  int none = 0;
  atomic_compare_exchange_strong(&level, &none, 1);
  if (signal == SIGINT) {
    long long now = nanoseconds(), before = atomic_exchange(&last_interrupt, now);
    if (before && now - before < HASTE_SECONDS * 1000000000LL) atomic_store(&level, 2);
  }
  bool hasty = atomic_load(&ends_on_haste) && atomic_load(&level) == 2;
  if (hasty || (atomic_load(&ends_next) && atomic_load(&count) > 1)) {
    struct sigaction plain = {.sa_handler = SIG_DFL};
    sigaction(signal, &plain, NULL);
    raise(signal); /* delivered when this handler returns */
  }
  kl_interrupt *interrupt = atomic_load(&target);
  if (interrupt) kl_interrupt_request(interrupt);
  errno = kept;
}

bool kl_signals_install(kl_interrupt *interrupt) {
  atomic_store(&target, interrupt);
  if (installed) return true;
  kl_signals_clear();
  struct sigaction action = {.sa_handler = handle};
  sigemptyset(&action.sa_mask); /* no SA_RESTART: a blocking read should end */
  if (sigaction(SIGINT, &action, &former_int) != 0) return false;
  /* A job that a shell put into the background ignores SIGINT, and goes on doing so. */
  if (former_int.sa_handler == SIG_IGN) sigaction(SIGINT, &former_int, NULL);
  if (sigaction(SIGTERM, &action, &former_term) != 0) {
    sigaction(SIGINT, &former_int, NULL);
    return false;
  }
  if (sigaction(SIGHUP, &action, &former_hup) != 0) {
    sigaction(SIGINT, &former_int, NULL);
    sigaction(SIGTERM, &former_term, NULL);
    return false;
  }
  /* nohup ignores it. */
  if (former_hup.sa_handler == SIG_IGN) sigaction(SIGHUP, &former_hup, NULL);
  return installed = true;
}

void kl_signals_restore(void) {
  if (installed) {
    sigaction(SIGINT, &former_int, NULL);
    sigaction(SIGTERM, &former_term, NULL);
    sigaction(SIGHUP, &former_hup, NULL);
    installed = false;
  }
  atomic_store(&target, NULL);
}

void kl_signals_receive(int signal) { handle(signal); }

void kl_signals_end_on_haste(bool ends) { atomic_store(&ends_on_haste, ends); }
void kl_signals_end_next(void) { atomic_store(&ends_next, true); }

int kl_signal_received(void) { return atomic_load(&received); }
int kl_signal_count(void) { return atomic_load(&count); }
int kl_signal_level(void) { return atomic_load(&level); }

void kl_signals_clear(void) {
  atomic_store(&received, 0);
  atomic_store(&count, 0);
  atomic_store(&level, 0);
  atomic_store(&last_interrupt, 0);
  atomic_store(&ends_next, false);
}
