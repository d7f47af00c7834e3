#define _GNU_SOURCE
#include "CSessionFile.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIRST_BYTE ((off_t)1 << 62)

static struct flock range(off_t start, off_t length) {
  struct flock lock;
  memset(&lock, 0, sizeof lock);
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  lock.l_start = start;
  lock.l_len = length;
  return lock;
}

int session_file_lock(int file) {
  struct flock whole = range(FIRST_BYTE, 1);
  if (fcntl(file, F_OFD_SETLK, &whole) < 0) {
    if (errno == EACCES) errno = EAGAIN;
    return -1;
  }
  struct flock process = range(FIRST_BYTE + 1 + getpid(), 1);
  return fcntl(file, F_OFD_SETLK, &process);
}

void session_file_unlock(int file) {
  struct flock all = range(FIRST_BYTE, 0);
  all.l_type = F_UNLCK;
  fcntl(file, F_OFD_SETLK, &all);
}

long session_file_holder(int file) {
  struct flock process = range(FIRST_BYTE + 1, 0);
  if (fcntl(file, F_OFD_GETLK, &process) < 0) return -1;
  if (process.l_type != F_UNLCK) return (long)(process.l_start - FIRST_BYTE - 1);
  struct flock whole = range(FIRST_BYTE, 1);
  if (fcntl(file, F_OFD_GETLK, &whole) < 0 || whole.l_type != F_UNLCK) return -1;
  return 0;
}

/// Writes everything, locks, and waits for the disk.
static int fill(int file, const char *bytes, size_t count) {
  while (count > 0) {
    ssize_t written = write(file, bytes, count);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return -1;
    bytes += written;
    count -= (size_t)written;
  }
  if (session_file_lock(file) < 0) return -1;
  return fsync(file);
}

static int close_and_fail(int file) {
  int error = errno;
  close(file);
  errno = error;
  return -1;
}

/// Renames a file unless another has the new name.
static int move(const char *from, const char *to) {
#ifdef RENAME_NOREPLACE
  if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return -1;
#endif
  if (link(from, to) < 0) return -1;
  return unlink(from);
}

/// Where files without a name do not exist: under a name of its own first.
static int create_named(const char *path, const void *bytes, size_t count) {
  char *name = NULL;
  if (asprintf(&name, "%s.new-%ld", path, (long)getpid()) < 0) return -1;
  int file = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file >= 0) {
    if (fill(file, bytes, count) < 0 || move(name, path) < 0) {
      int error = errno;
      unlink(name);
      errno = error;
      file = close_and_fail(file);
    }
  }
  free(name);
  return file;
}

int session_file_create(
    const char *directory, const char *path, const void *bytes, size_t count) {
  int file = -1;
#ifdef O_TMPFILE
  file = open(directory, O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
#else
  errno = EOPNOTSUPP;
#endif
  if (file >= 0) {
    char self[64];
    snprintf(self, sizeof self, "/proc/self/fd/%d", file);
    if (fill(file, bytes, count) < 0) return close_and_fail(file);
    if (linkat(AT_FDCWD, self, AT_FDCWD, path, AT_SYMLINK_FOLLOW) < 0) {
      if (errno == EEXIST) return close_and_fail(file);
      // Without /proc, for example.
      close(file);
      file = create_named(path, bytes, count);
    }
  } else if (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL) {
    file = create_named(path, bytes, count);
  }
  if (file < 0) return -1;
  int folder = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder >= 0) {
    fsync(folder);
    close(folder);
  }
  return file;
}

int session_file_defend(void *connection) {
  return sqlite3_db_config(connection, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)0);
}
