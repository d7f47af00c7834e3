/* Keys for entries of several lines: Enter runs a complete entry and continues an incomplete one,
 * the arrows move between its lines before they move through history. */
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "editing.h"

/* More has arrived already: a paste into a terminal that does not mark pastes. */
static bool more_is_coming(void) {
  struct pollfd input = {.fd = fileno(rl_instream), .events = POLLIN};
  return poll(&input, 1, 0) > 0;
}

static int line_start(int at) {
  while (at > 0 && rl_line_buffer[at - 1] != '\n') at--;
  return at;
}

/* `end` was typed where the block's own lines begin. */
static void move_out(void) {
  int start = line_start(rl_point);
  int excess = start > 0 ? kr_shell.excess_indentation(rl_line_buffer, start) : 0;
  if (excess <= 0) return;
  rl_delete_text(start, start + excess);
  rl_point = rl_point > start + excess ? rl_point - excess : start;
  rl_redisplay(); /* rl_newline would leave the screen as it is */
}

static int continue_line(int count, int key) {
  (void)count, (void)key;
  move_out();
  rl_begin_undo_group();
  int spaces = more_is_coming() ? 0 : kr_shell.indentation(rl_line_buffer, rl_point);
  rl_insert_text("\n");
  for (int i = 0; i < spaces; i++) rl_insert_text(" ");
  rl_end_undo_group();
  return 0;
}

static int accept(int count, int key) {
  move_out();
  bool runs = !kr_shows_lines() || kr_shell.is_complete(rl_line_buffer);
  return runs ? rl_newline(count, key) : continue_line(count, key);
}

static int line_end(int at) {
  while (at < rl_end && rl_line_buffer[at] != '\n') at++;
  return at;
}

/* `column` bytes into the line that begins at `start`, at the beginning of a character. */
static void move_to(int start, int column) {
  int end = line_end(start);
  int at = column < end - start ? start + column : end;
  while (at > start && ((unsigned char)rl_line_buffer[at] & 0xC0) == 0x80) at--;
  rl_point = at;
}

static int up(int count, int key) {
  int start = line_start(rl_point);
  if (start == 0) return rl_get_previous_history(count, key);
  move_to(line_start(start - 1), rl_point - start);
  return 0;
}

static int down(int count, int key) {
  int start = line_start(rl_point), end = line_end(rl_point);
  if (end == rl_end) return rl_get_next_history(count, key);
  move_to(end + 1, rl_point - start);
  return 0;
}

static int to_line_start(int count, int key) {
  (void)count, (void)key;
  rl_point = line_start(rl_point);
  return 0;
}

static int to_line_end(int count, int key) {
  (void)count, (void)key;
  rl_point = line_end(rl_point);
  return 0;
}

static int edit(int count, int key) {
  (void)count, (void)key;
  rl_crlf();
  fflush(rl_outstream);
  rl_deprep_terminal();
  const char *text = kr_shell.edit(rl_line_buffer);
  rl_prep_terminal(1);
  if (text) {
    rl_begin_undo_group();
    rl_delete_text(0, rl_end);
    rl_point = 0;
    rl_insert_text(text);
    rl_end_undo_group();
  }
  rl_forced_update_display();
  return 0;
}

/* The terminal's late answer to a question is no input: up to its last byte it is read and forgotten.
 * It comes in one piece. */
static void forget_until(bool (*is_last)(int key, int before)) {
  struct pollfd input = {.fd = fileno(rl_instream), .events = POLLIN};
  int before = 0;
  for (int i = 0; i < 256 && poll(&input, 1, 50) > 0; i++) {
    int key = rl_read_key();
    if (is_last(key, before)) return;
    before = key;
  }
}

static bool is_final(int key, int before) {
  (void)before;
  return key >= 0x40 && key <= 0x7E;
}
static bool is_terminator(int key, int before) { return key == '\\' && before == '\033'; }

static int forget_features(int count, int key) {
  (void)count, (void)key;
  forget_until(is_final);
  return 0;
}

static int forget_graphics(int count, int key) {
  (void)count, (void)key;
  forget_until(is_terminator);
  return 0;
}

void kr_bind_keys(void) {
  /* Before the user's own inputrc is read, which may say otherwise. One Tab lists. */
  rl_variable_bind("show-all-if-ambiguous", "on");
  rl_variable_bind("colored-completion-prefix", "on");
  rl_add_defun("kramers-accept", accept, '\r');
  rl_add_defun("kramers-continue", continue_line, -1);
  rl_add_defun("kramers-up", up, -1);
  rl_add_defun("kramers-down", down, -1);
  rl_add_defun("kramers-edit", edit, -1);
  rl_bind_key('\n', accept);
  rl_bind_key(1, to_line_start); /* Ctrl-A, Ctrl-E: of this line of the entry */
  rl_bind_key(5, to_line_end);
  rl_bind_keyseq("\033\r", continue_line); /* Alt-Enter */
  rl_bind_keyseq("\030\005", edit);        /* Ctrl-X Ctrl-E */
  rl_bind_keyseq("\033[?", forget_features);
  rl_bind_keyseq("\033_G", forget_graphics);
  static const char *const ups[] = {"\033[A", "\033OA"}, *const downs[] = {"\033[B", "\033OB"};
  for (int i = 0; i < 2; i++) {
    rl_bind_keyseq(ups[i], up);
    rl_bind_keyseq(downs[i], down);
    rl_bind_keyseq_in_map(ups[i], up, vi_insertion_keymap);
    rl_bind_keyseq_in_map(downs[i], down, vi_insertion_keymap);
  }
  rl_bind_key_in_map('\r', accept, vi_insertion_keymap);
  rl_bind_key_in_map('\n', accept, vi_insertion_keymap);
  rl_bind_key_in_map('\r', accept, vi_movement_keymap);
}
