/* Tab: the shell finds the candidates, readline inserts what they share. */
#include <stdlib.h>
#include <string.h>

#include "editing.h"

static kr_context context;

static char *word_breaks(void) {
  context = kr_shell.find(rl_line_buffer, rl_point);
  switch (context) {
    case KR_STRING: return "\"'";
    case KR_WORD: return " ";
    default: return " \t\n\"\\'><=;+-*/%^~#{}()[]!,|&?"; /* neither '.' nor ':' */
  }
}

static char *candidate(const char *text, int state) {
  (void)text;
  static int next;
  if (state == 0) next = 0;
  const char *name;
  while ((name = kr_shell.candidate(next++))) {
    if (strncmp(name, text, strlen(text)) == 0) return strdup(name);
  }
  return NULL;
}

static char **complete(const char *text, int start, int end) {
  (void)end;
  rl_attempted_completion_over = 1; /* never file names by default */
  /* A string gets its closing quote. */
  bool quoted = context == KR_STRING && start > 0;
  rl_completion_append_character = quoted ? rl_line_buffer[start - 1] : 0;
  char **names = rl_completion_matches(text, candidate);
  if (names || !kr_shell.completes_files()) return names;
  rl_filename_completion_desired = 1;
  return rl_completion_matches(text, rl_filename_completion_function);
}

static void list(char **matches, int count, int widest) {
  int rows, columns;
  rl_get_screen_size(&rows, &columns);
  const char *text = kr_shell.listing(matches[0], columns);
  rl_crlf();
  if (text) {
    fputs(text, rl_outstream);
  } else {
    rl_display_match_list(matches, count, widest);
  }
  rl_on_new_line();
  rl_redisplay();
}

void kr_open_completion(void) {
  rl_attempted_completion_function = complete;
  rl_completion_word_break_hook = word_breaks;
  rl_completion_display_matches_hook = list;
}
