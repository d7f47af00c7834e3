#pragma once
#include <stdbool.h>
#include <stddef.h>

/// C's streams, which Swift 6 does not let itself name (they are mutable globals). Records go
/// through the same `stdout` as Lua's `io.write`, so that their order is kept.

/// Makes `stdout` one whose failure nobody can overlook, whoever writes (records, print, io.write,
/// the flush at exit): a closed pipe ends the process by SIGPIPE, any other failure with a message
/// and exit code 74. Signals do not disturb a write. Standard streams that are closed are opened on
/// /dev/null, so that no file of a script takes their place. Call it first in `main`.
void ks_open(void);
/// `received()` tells the signal that asks the process to stop, 0 for none: a write that has been
/// blocked for two seconds then gives up, and the process ends by that signal.
void ks_set_stop(int (*received)(void));
/// Where standard output is a terminal, `clear()` runs before anything is written to it: what is
/// drawn there for the moment makes room.
void ks_set_clear(void (*clear)(void));

/// Waits until the other end of a socket is closed, or can send no more.
void ks_wait_for_hangup(int fd);

/// false: not everything could be written; errno says why.
bool ks_write(const void *bytes, size_t count);
/// false: this or an earlier write failed.
bool ks_flush(void);
/// Whether what was flushed last ended a line.
bool ks_is_at_line_start(void);
void ks_write_error(const void *bytes, size_t count);
/* Between the two Ctrl-Z waits: from the moment at which it is decided where a drawing stands. */
void ks_hold_stop(void);
void ks_release_stop(void);
/// Ends the process from any thread, with words on standard error; what standard output still holds
/// is written first, if nobody is writing.
_Noreturn void ks_end_at_limit(const char *words, int status);
/// Bytes read from standard input, 0 at its end.
size_t ks_read(void *bytes, size_t capacity);
/// Why reading standard input failed; NULL if it did not.
const char *ks_read_failure(void);

/// From now on SIGUSR1 asks for a status line.
void ks_catch_status_request(void);
/// Whether one was asked for since the last call.
bool ks_take_status_request(void);

/// From now on SIGTSTP (Ctrl-Z) waits for the end of what is being written to standard error; where
/// the signal is ignored, it stays so.
void ks_catch_stop(void);
/// From now on it is noticed that the process went on after a stop (fg, bg).
void ks_catch_continuation(void);
/// Whether it did since the last call: others may have written on the terminal.
bool ks_take_continuation(void);
/// Whether the process may draw on the terminal on standard error: not behind a shell's prompt (bg),
/// nor beside an unfinished line that it wrote to the same terminal itself.
bool ks_may_draw(void);

/// Columns and lines of the terminal on standard error; 0 when it is none or does not say.
int ks_error_columns(void);
int ks_error_rows(void);
/// The same of standard output.
int ks_output_columns(void);
/// Its lines, likewise.
int ks_output_rows(void);

/// Numbers keep their points on this thread, whatever the locale of the process becomes.
void ks_keep_points(void);

/// Opens a file below a folder, through no link that leads out of it: -1 and errno, EXDEV for a path
/// that leaves the folder. The descriptor is closed on exec.
int ks_open_beneath(int folder, const char *path, int flags, unsigned mode);
/// The same without the kernel's openat2 (Linux 5.6): follows no link at all, and no "..".
int ks_walk_beneath(int folder, const char *path, int flags, unsigned mode);
/// The version of the kernel's Landlock; 0: it has none, or it is off.
int ks_landlock_version(void);
/// From now on this thread, those it makes and its children open only what lies below these paths,
/// each list ended by NULL; files that are open stay so. What is not there is left out.
///
/// Returns the version of Landlock, 0 where the kernel has none, -1 and errno when it refused.
int ks_confine_files(
    const char *const *reading, const char *const *writing, const char *const *executing);
/// From now on the kernel refuses this process what no experiment does: sockets, other processes,
/// mounts, links, and other programs unless `may_execute`.
///
/// Returns 1, or 0 and -1 as above.
int ks_confine_calls(bool may_execute);
