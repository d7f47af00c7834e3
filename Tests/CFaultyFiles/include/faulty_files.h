/// Files that fail, for tests of what SQLite makes of it: a VFS before SQLite's own. Of files under one
/// folder it counts the operations that change them (open to create, write, truncate, sync,
/// delete), lets the n-th of them fail, and can take the power away: then each file becomes what a
/// disk may hold, with writes that no sync has followed lost, torn or in any order, and names
/// that were made or deleted without a sync of their folder as they were.
#ifndef FAULTY_FILES_H
#define FAULTY_FILES_H

#include <stdint.h>

enum faulty_kind {
  /// The operation fails and does nothing.
  FAULTY_ONCE,
  /// The same, as on a full disk.
  FAULTY_FULL,
  /// A write fails after half of it is done, deleting after all of it; others as `FAULTY_ONCE`.
  FAULTY_TORN,
  /// It and every later one fails.
  FAULTY_ALWAYS,
  /// It and everything else fails, reading too, until `faulty_files_crash`.
  FAULTY_CRASH,
};

/// Makes the VFS the default of this process. Files that are not watched do not pass through it.
int faulty_files_install(void);

/// Watches the files under `folder`; they are taken to be safe on the disk as they are. The `at`-th
/// operation from now on, counted from 1, fails; 0 for none.
void faulty_files_watch(const char *folder, enum faulty_kind kind, long at);

/// Operations since then.
long faulty_files_count(void);

/// The power fails now, and comes back: the files are left as `seed` has it, and no longer watched.
void faulty_files_crash(uint64_t seed);

/// Ends watching; the files stay as they are.
void faulty_files_end(void);

#endif
