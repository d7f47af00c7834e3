#pragma once
#include <stdbool.h>

#pragma clang assume_nonnull begin

/// One entry at a time from the terminal, through GNU readline's callback interface. Everything is
/// done on the thread that calls `kr_read`.

typedef enum { KR_LINE, KR_END, KR_INTERRUPT } kr_outcome;

/// What a completion may replace.
typedef enum {
  KR_NAMES,  ///< a name of Lua, `a.b:c` as a whole
  KR_STRING, ///< everything since the quote
  KR_WORD,   ///< everything since the last space
} kr_context;

/// What readline asks the shell. `line` is the whole entry, `point` the cursor in it, in bytes.
typedef struct {
  /// Whether Enter runs the entry; if not, it begins a new line of it.
  bool (*is_complete)(const char *line);
  /// Spaces in front of the line that begins at `point`.
  int (*indentation)(const char *line, int point);
  /// Spaces too many in front of the line that begins at `start`, because it closes a block.
  int (*excess_indentation)(const char *line, int start);
  /// Finds what could stand at the cursor; `candidate` then gives the i-th, NULL after the last.
  kr_context (*find)(const char *line, int point);
  const char *_Nullable (*_Nonnull candidate)(int i);
  /// Whether names of files belong there too.
  bool (*completes_files)(void);
  /// The candidates that begin so, as text for `columns` columns; NULL: names alone, as readline
  /// lists them.
  const char *_Nullable (*_Nonnull listing)(const char *prefix, int columns);
  /// Writes the line to a file and lets an editor change it; NULL: it stays as it is.
  const char *_Nullable (*_Nonnull edit)(const char *line);
  /// The signal that asks to stop, 0 for none.
  int (*stop)(void);
} kr_callbacks;

/// Prompts go to `descriptor`, the terminal's. Call it once.
void kr_open(const char *program, int descriptor, kr_callbacks callbacks);

/// Reads an entry, which may have several lines.
///
/// - `initial` stands there to be changed or run.
/// - KR_LINE: `*line` is the entry, which the caller frees. KR_END: Ctrl-D on an empty line, the
///   terminal is gone, or another signal than SIGINT asked to stop. KR_INTERRUPT: Ctrl-C; what
///   stood there is gone.
kr_outcome kr_read(
    const char *prompt, const char *_Nullable initial, char *_Nullable *_Nonnull line);

/// Whether the terminal can show an entry of several lines.
bool kr_shows_lines(void);
/// The version of the library.
const char *kr_version(void);

void kr_forget_history(void);
void kr_add_history(const char *entry);

/// UTF-8 is read as such: the character type of the user's locale, or of C.UTF-8 where that is the
/// bare C locale; all else stays as it is.
/// - Returns: whether the terminal's text is UTF-8.
bool kr_use_characters(void);

#pragma clang assume_nonnull end
