#define _GNU_SOURCE
#include "CStandardStreams.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { PATIENCE_MS = 2000, CANNOT_WRITE = 74 };

static int (*stop_signal)(void);

static _Noreturn void end_by(int number) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, number);
  signal(number, SIG_DFL);
  pthread_sigmask(SIG_UNBLOCK, &set, NULL);
  raise(number);
  _exit(128 + number);
}

static _Noreturn void give_up(int reason) {
  if (reason == EPIPE) end_by(SIGPIPE); /* also where a parent ignored it */
  dprintf(2, "kramers: standard output could not be written: %s\n", strerror(reason));
  _exit(CANNOT_WRITE);
}

static void wait_for_room(void) {
  struct pollfd output = {.fd = 1, .events = POLLOUT};
  bool stopping = stop_signal && stop_signal();
  int ready = poll(&output, 1, stopping ? PATIENCE_MS : -1);
  if (ready == 0 && stopping) end_by(stop_signal());
}

static atomic_char last_byte = '\n'; /* the thread that draws reads it */
static void (*clear_drawing)(void);

static ssize_t put(void *cookie, const char *bytes, size_t count) {
  (void)cookie;
  if (count > 0 && clear_drawing) clear_drawing();
  if (count > 0) last_byte = bytes[count - 1];
  for (size_t done = 0; done < count;) {
    ssize_t written = write(1, bytes + done, count - done);
    if (written > 0) {
      done += (size_t)written;
    } else if (written < 0 && errno != EINTR && errno != EAGAIN) {
      give_up(errno);
    } else {
      wait_for_room();
    }
  }
  return (ssize_t)count;
}

void ks_open(void) {
  for (int fd = 0; fd <= 2; fd++) {
    if (fcntl(fd, F_GETFD) < 0 && errno == EBADF) open("/dev/null", fd == 2 ? O_WRONLY : O_RDONLY);
  }
  FILE *stream = fopencookie(NULL, "w", (cookie_io_functions_t){.write = put});
  if (!stream) return;
  static char buffer[1 << 16];
  setvbuf(stream, buffer, isatty(1) ? _IOLBF : _IOFBF, sizeof buffer);
  stdout = stream;
}

void ks_set_stop(int (*received)(void)) { stop_signal = received; }
void ks_set_clear(void (*clear)(void)) { clear_drawing = isatty(1) ? clear : NULL; }

bool ks_write(const void *bytes, size_t count) { return fwrite(bytes, 1, count, stdout) == count; }
bool ks_flush(void) { return fflush(stdout) == 0 && !ferror(stdout); }

bool ks_is_at_line_start(void) { return last_byte == '\n'; }

/* Ctrl-Z in the middle of a drawing waits for its end: others then write below it, not into it. */
static atomic_int drawings;
static atomic_bool stop_waits;
static atomic_bool continued;
/* The next continuation ends a stop of ours, which notices it itself. */
static atomic_bool own_stop;

/* In place of a number of drawings: none begins until the process goes on. */
static const int STOPPING = -1;

static void stop_at_once(int number);

/* Whoever finds nobody drawing stops the process; else the last drawing does. */
static void stop_when_free(void) {
  int none = 0;
  while (atomic_load(&stop_waits) && atomic_compare_exchange_strong(&drawings, &none, STOPPING)) {
    if (atomic_exchange(&stop_waits, false)) {
      atomic_store(&own_stop, true);
      stop_at_once(SIGTSTP);
      /* Not left to SIGCONT: the next drawing could come before its handler. */
      atomic_store(&continued, true);
    }
    atomic_store(&drawings, 0);
  }
}

static void stop(int number) {
  (void)number;
  atomic_store(&stop_waits, true);
  stop_when_free();
}

/* The stop that nobody catches: a shell tells it from SIGSTOP. */
static void stop_at_once(int number) {
  int kept = errno;
  struct sigaction usual = {.sa_handler = SIG_DFL}, own;
  sigset_t set, former;
  sigemptyset(&usual.sa_mask);
  sigemptyset(&set);
  sigaddset(&set, number);
  sigaction(number, &usual, &own);
  /* To this thread, which is stopped before it goes on from here; with it the whole process. */
  pthread_sigmask(SIG_UNBLOCK, &set, &former);
  pthread_kill(pthread_self(), number);
  pthread_sigmask(SIG_SETMASK, &former, NULL);
  sigaction(number, &own, NULL);
  errno = kept;
}

void ks_catch_stop(void) {
  struct sigaction action = {.sa_handler = stop, .sa_flags = SA_RESTART}, former;
  sigemptyset(&action.sa_mask);
  if (sigaction(SIGTSTP, NULL, &former) == 0 && former.sa_handler == SIG_DFL) {
    sigaction(SIGTSTP, &action, NULL);
  }
}

void ks_hold_stop(void) {
  int count = atomic_load(&drawings);
  while (count < 0 || !atomic_compare_exchange_weak(&drawings, &count, count + 1)) {
    if (count >= 0) continue;
    sched_yield();
    count = atomic_load(&drawings);
  }
}

void ks_release_stop(void) {
  if (atomic_fetch_sub(&drawings, 1) == 1) stop_when_free();
}

void ks_write_error(const void *bytes, size_t count) {
  ks_hold_stop();
  fwrite(bytes, 1, count, stderr);
  ks_release_stop();
}

_Noreturn void ks_end_at_limit(const char *words, int status) {
  if (ftrylockfile(stdout) == 0) fflush_unlocked(stdout);
  dprintf(2, "%s", words);
  _exit(status);
}

void ks_wait_for_hangup(int fd) {
  struct pollfd end = {.fd = fd, .events = POLLRDHUP};
  while (poll(&end, 1, -1) <= 0) {
  }
}

static int read_failure;

size_t ks_read(void *bytes, size_t capacity) {
  size_t count = fread(bytes, 1, capacity, stdin);
  if (count == 0 && ferror(stdin)) read_failure = errno;
  return count;
}
const char *ks_read_failure(void) { return read_failure ? strerror(read_failure) : NULL; }

static atomic_bool status_requested;

static void note(int number) {
  if (number != SIGCONT) {
    atomic_store(&status_requested, true);
  } else if (!atomic_exchange(&own_stop, false)) {
    atomic_store(&continued, true);
  }
}

static void catch(int number) {
  struct sigaction action = {.sa_handler = note, .sa_flags = SA_RESTART};
  sigemptyset(&action.sa_mask);
  sigaction(number, &action, NULL);
}

void ks_catch_status_request(void) { catch(SIGUSR1); }
bool ks_take_status_request(void) { return atomic_exchange(&status_requested, false); }
void ks_catch_continuation(void) { catch(SIGCONT); }
bool ks_take_continuation(void) { return atomic_exchange(&continued, false); }

bool ks_may_draw(void) {
  pid_t foreground = tcgetpgrp(2);
  if (foreground > 0 && foreground != getpgrp()) return false;
  return ks_is_at_line_start() || !isatty(1);
}

static struct winsize size(int fd) {
  struct winsize size;
  return ioctl(fd, TIOCGWINSZ, &size) == 0 ? size : (struct winsize){0};
}
int ks_error_columns(void) { return size(2).ws_col; }
int ks_error_rows(void) { return size(2).ws_row; }
int ks_output_columns(void) { return size(1).ws_col; }
int ks_output_rows(void) { return size(1).ws_row; }

void ks_keep_points(void) {
  locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
  if (plain) uselocale(plain);
}
