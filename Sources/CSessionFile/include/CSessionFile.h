/// What session files need of C: SQLite itself, locks of an open file description, files that get their name once
/// they are whole, and a variadic function of SQLite. -1 and errno on failure, like the system's.
#ifndef CSESSIONFILE_H
#define CSESSIONFILE_H

#include <sqlite3.h>
#include <stddef.h>

/// Locks the file for as long as `file` is open, against other descriptions in this process too.
/// It dies with the process. EAGAIN when somebody else has it.
///
/// The locked bytes lie at 2^62 and beyond, far from those of SQLite, and their place tells the
/// process: such locks have no owner that one could ask for.
int session_file_lock(int file);

/// Unlocks the file at once. Closing `file` would do it only when every copy is closed, and a child that
/// was begun in this moment has one until it runs its own program.
void session_file_unlock(int file);

/// The process that has the file locked; 0 when nobody has, -1 when it cannot be told.
long session_file_holder(int file);

/// Makes the file `path` in `directory` with these bytes, for its owner alone, locked and safely on
/// the disk before it can be seen. It is opened for reading and writing. EEXIST when it exists.
int session_file_create(
    const char *directory, const char *path, const void *bytes, size_t count);

/// Forbids SQL to write the schema or shadow tables (SQLITE_DBCONFIG_DEFENSIVE).
int session_file_defend(void *connection);

#endif
