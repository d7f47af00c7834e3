/* The loop around readline's callbacks.
 *
 * Signals are looked at with all of them blocked and let through inside ppoll alone, so that none
 * falls between the look and the wait: an idle shell sleeps in the kernel without a timeout.
 * The usual recipe (rl_signal_event_hook that sets rl_done) eats the byte after Ctrl-C. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "editing.h"

kr_callbacks kr_shell;

static char *entry;
static bool is_over;

static void take(char *line) {
  entry = line;
  is_over = true;
  rl_callback_handler_remove();
}

void kr_open(const char *program, int descriptor, kr_callbacks callbacks) {
  kr_shell = callbacks;
  rl_readline_name = program;
  rl_instream = stdin;
  /* Not stdout, which carries data. Buffered, unlike stderr: one write for each key. */
  FILE *terminal = fdopen(dup(descriptor), "w");
  rl_outstream = terminal ? terminal : stderr;
  rl_catch_signals = 1;
  rl_catch_sigwinch = 1;
  rl_persistent_signal_handlers = 1;
  rl_change_environment = 0; /* LINES and COLUMNS would be stale in programs started from here */
  using_history();
  kr_bind_keys();
  kr_open_completion();
}

const char *kr_version(void) { return rl_library_version; }

bool kr_shows_lines(void) { return rl_get_termcap("up") != NULL; }

void kr_forget_history(void) { clear_history(); }
void kr_add_history(const char *text) { add_history(text); }

static void block(sigset_t *former) {
  static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGWINCH, SIGALRM};
  sigset_t set;
  sigemptyset(&set);
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) sigaddset(&set, numbers[i]);
  pthread_sigmask(SIG_BLOCK, &set, former);
}

/* false: the terminal is gone. */
static bool wait_for_key(void) {
  struct pollfd input = {.fd = fileno(rl_instream), .events = POLLIN};
  sigset_t former;
  block(&former);
  int ready = 0;
  if (!rl_pending_signal() && !kr_shell.stop()) ready = ppoll(&input, 1, NULL, &former);
  int reason = errno;
  pthread_sigmask(SIG_SETMASK, &former, NULL);
  if (ready < 0 && reason != EINTR) return false;
  /* With a signal, what was typed after it belongs to the next prompt. */
  if (ready > 0 && !rl_pending_signal() && !kr_shell.stop()) rl_callback_read_char();
  return true;
}

static kr_outcome stopped(void) {
  rl_callback_sigcleanup(); /* leaves a search or a numeric argument */
  rl_free_line_state();
  rl_point = rl_end; /* the new prompt comes below all lines of the entry */
  rl_redisplay();
  rl_replace_line("", 1);
  rl_crlf();
  fflush(rl_outstream);
  rl_callback_handler_remove();
  return kr_shell.stop() == SIGINT ? KR_INTERRUPT : KR_END;
}

kr_outcome kr_read(const char *prompt, const char *initial, char **line) {
  *line = NULL;
  is_over = false;
  rl_reset_screen_size(); /* the window may have changed while code ran */
  rl_callback_handler_install(prompt, take);
  if (initial) {
    rl_insert_text(initial);
    rl_redisplay();
  }
  while (!is_over) {
    rl_check_signals();
    if (kr_shell.stop()) return stopped();
    if (!wait_for_key()) {
      rl_callback_handler_remove();
      return KR_END;
    }
  }
  *line = entry;
  return entry ? KR_LINE : KR_END;
}
