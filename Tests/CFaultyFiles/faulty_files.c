#define _GNU_SOURCE
#include "faulty_files.h"

#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECTOR 512

/// A write or, without bytes, a truncation, that no sync has followed.
struct change {
  struct change *next;
  sqlite3_int64 offset;
  int count;
  bool truncates;
  unsigned char bytes[];
};

/// A file's contents, by whatever name.
struct node {
  struct node *next; // of all
  unsigned char *safe;
  sqlite3_int64 size;
  struct change *changes, **last;
};

/// What a name has stood for since the folder's last sync; the first is on the disk.
#define MOST_NODES 64
struct name {
  struct name *next;
  struct node *nodes[MOST_NODES]; // NULL: no such file
  int count;
  char path[];
};

struct file {
  sqlite3_file base;
  struct name *name;
  struct node *node;
  bool is_new;
  sqlite3_file *real; // behind this struct
};

static sqlite3_vfs faulty, *real;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static char *folder;
static struct name *names;
static struct node *nodes;
static enum faulty_kind kind;
static long at, count;

// MARK: What is on the disk

static void *need(void *memory) {
  if (memory == NULL) abort();
  return memory;
}

static struct node *make_node(void) {
  struct node *node = need(calloc(1, sizeof *node));
  node->last = &node->changes;
  node->next = nodes;
  return nodes = node;
}

static void resize(unsigned char **bytes, sqlite3_int64 *size, sqlite3_int64 new_size) {
  *bytes = need(realloc(*bytes, (size_t)new_size + 1));
  if (new_size > *size) memset(*bytes + *size, 0, (size_t)(new_size - *size));
  *size = new_size;
}

/// As the file stands, which counts as safe.
static struct node *read_node(const char *path) {
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return NULL;
  struct node *node = make_node();
  struct stat status;
  if (fstat(file, &status) < 0) abort();
  resize(&node->safe, &node->size, status.st_size);
  if (read(file, node->safe, (size_t)node->size) != node->size) abort();
  // Closing it would drop SQLite's locks on the file: it is only read before SQLite opens it.
  close(file);
  return node;
}

static void free_changes(struct node *node) {
  while (node->changes != NULL) {
    struct change *next = node->changes->next;
    free(node->changes);
    node->changes = next;
  }
  node->last = &node->changes;
}

static void put(unsigned char **bytes, sqlite3_int64 *size, const struct change *change) {
  if (change->truncates) {
    resize(bytes, size, change->offset);
    return;
  }
  if (change->offset + change->count > *size) resize(bytes, size, change->offset + change->count);
  memcpy(*bytes + change->offset, change->bytes, (size_t)change->count);
}

static void make_safe(struct node *node) {
  for (struct change *c = node->changes; c != NULL; c = c->next) put(&node->safe, &node->size, c);
  free_changes(node);
}

static void note(struct node *node, const void *bytes, int n, sqlite3_int64 offset, bool truncates) {
  struct change *change = need(calloc(1, sizeof *change + (size_t)n));
  change->offset = offset;
  change->count = n;
  change->truncates = truncates;
  if (n > 0) memcpy(change->bytes, bytes, (size_t)n);
  *node->last = change;
  node->last = &change->next;
}

static struct name *name_of(const char *path) {
  for (struct name *n = names; n != NULL; n = n->next)
    if (strcmp(n->path, path) == 0) return n;
  struct name *name = need(calloc(1, sizeof *name + strlen(path) + 1));
  strcpy(name->path, path);
  name->nodes[0] = read_node(path);
  name->count = 1;
  name->next = names;
  return names = name;
}

static struct node *present(struct name *name) { return name->nodes[name->count - 1]; }

static void rename_to(struct name *name, struct node *node) {
  if (name->count == MOST_NODES) abort();
  name->nodes[name->count++] = node;
}

static void sync_folder(void) {
  for (struct name *n = names; n != NULL; n = n->next) {
    n->nodes[0] = present(n);
    n->count = 1;
  }
}

static void forget(void) {
  while (names != NULL) {
    struct name *next = names->next;
    free(names);
    names = next;
  }
  while (nodes != NULL) {
    struct node *next = nodes->next;
    free_changes(nodes);
    free(nodes->safe);
    free(nodes);
    nodes = next;
  }
  free(folder);
  folder = NULL;
}

// MARK: Faults

static bool is_watched(const char *path) {
  pthread_mutex_lock(&mutex);
  bool is = folder != NULL && path != NULL && strncmp(path, folder, strlen(folder)) == 0;
  pthread_mutex_unlock(&mutex);
  return is;
}

/// Counts an operation. Whether it fails.
static bool fails(void) {
  count += 1;
  if (at == 0 || count < at) return false;
  return count == at || kind == FAULTY_ALWAYS || kind == FAULTY_CRASH;
}

static bool is_dead(void) { return kind == FAULTY_CRASH && at != 0 && count >= at; }

static uint64_t draw(uint64_t *state) {
  uint64_t z = *state += 0x9E3779B97F4A7C15;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  return z ^ (z >> 31);
}

/// What a disk may have of a file: of the changes since the last sync each whole, none, or some
/// sectors.
static void settle(struct node *node, uint64_t *random) {
  // How likely it is that a change has reached the disk: never, mostly, always.
  uint64_t luck = draw(random) % 4;
  for (struct change *c = node->changes; c != NULL; c = c->next) {
    uint64_t fate = luck == 0 ? 0 : luck == 3 ? 1 : draw(random) % 3;
    if (fate == 0) continue;
    if (fate == 1 || c->truncates) {
      put(&node->safe, &node->size, c);
      continue;
    }
    for (sqlite3_int64 start = c->offset; start < c->offset + c->count;) {
      sqlite3_int64 end = (start / SECTOR + 1) * SECTOR;
      if (end > c->offset + c->count) end = c->offset + c->count;
      if (draw(random) % 2 == 0) {
        if (end > node->size) resize(&node->safe, &node->size, end);
        memcpy(node->safe + start, c->bytes + (start - c->offset), (size_t)(end - start));
      }
      start = end;
    }
  }
  free_changes(node);
}

void faulty_files_crash(uint64_t seed) {
  pthread_mutex_lock(&mutex);
  uint64_t random = seed;
  for (struct name *n = names; n != NULL; n = n->next) {
    // Names change in order, but nobody knows how far they got.
    struct node *node = n->nodes[draw(&random) % (uint64_t)n->count];
    if (node == NULL) {
      unlink(n->path);
      continue;
    }
    settle(node, &random);
    int file = open(n->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0 || ftruncate(file, 0) < 0 ||
        write(file, node->safe, (size_t)node->size) != node->size)
      abort();
    close(file);
  }
  forget();
  pthread_mutex_unlock(&mutex);
}

void faulty_files_watch(const char *path, enum faulty_kind new_kind, long new_at) {
  pthread_mutex_lock(&mutex);
  forget();
  folder = need(strdup(path));
  kind = new_kind;
  at = new_at;
  count = 0;
  pthread_mutex_unlock(&mutex);
}

void faulty_files_end(void) {
  pthread_mutex_lock(&mutex);
  forget();
  pthread_mutex_unlock(&mutex);
}

long faulty_files_count(void) { return count; }

// MARK: Files

#define REAL(f) (((struct file *)(f))->real)

static int file_close(sqlite3_file *f) { return REAL(f)->pMethods->xClose(REAL(f)); }

static int file_read(sqlite3_file *f, void *bytes, int n, sqlite3_int64 offset) {
  if (is_dead()) return SQLITE_IOERR_READ;
  return REAL(f)->pMethods->xRead(REAL(f), bytes, n, offset);
}

static int file_write(sqlite3_file *f, const void *bytes, int n, sqlite3_int64 offset) {
  struct file *file = (struct file *)f;
  pthread_mutex_lock(&mutex);
  bool was_dead = is_dead();
  int code = SQLITE_OK;
  if (fails()) {
    code = kind == FAULTY_FULL ? SQLITE_FULL : SQLITE_IOERR_WRITE;
    // Cut off in the middle, it may have reached the disk in part.
    if (kind == FAULTY_CRASH && !was_dead) note(file->node, bytes, n, offset, false);
    n = kind == FAULTY_TORN ? n / 2 : 0;
  }
  if (n > 0) {
    int real_code = REAL(f)->pMethods->xWrite(REAL(f), bytes, n, offset);
    if (real_code == SQLITE_OK) note(file->node, bytes, n, offset, false);
    if (code == SQLITE_OK) code = real_code;
  }
  pthread_mutex_unlock(&mutex);
  return code;
}

static int file_truncate(sqlite3_file *f, sqlite3_int64 size) {
  struct file *file = (struct file *)f;
  pthread_mutex_lock(&mutex);
  int code = SQLITE_IOERR_TRUNCATE;
  if (!fails()) {
    code = REAL(f)->pMethods->xTruncate(REAL(f), size);
    if (code == SQLITE_OK) note(file->node, NULL, 0, size, true);
  }
  pthread_mutex_unlock(&mutex);
  return code;
}

static int file_sync(sqlite3_file *f, int flags) {
  (void)flags;
  struct file *file = (struct file *)f;
  pthread_mutex_lock(&mutex);
  int code = SQLITE_IOERR_FSYNC;
  if (!fails()) {
    code = SQLITE_OK;
    make_safe(file->node);
    // As SQLite's own VFS for Unix: the first sync of a new file is one of its folder too.
    if (file->is_new) sync_folder();
    file->is_new = false;
  }
  pthread_mutex_unlock(&mutex);
  return code;
}

static int file_size(sqlite3_file *f, sqlite3_int64 *size) {
  if (is_dead()) return SQLITE_IOERR_FSTAT;
  return REAL(f)->pMethods->xFileSize(REAL(f), size);
}

static int file_lock(sqlite3_file *f, int level) {
  return REAL(f)->pMethods->xLock(REAL(f), level);
}

static int file_unlock(sqlite3_file *f, int level) {
  return REAL(f)->pMethods->xUnlock(REAL(f), level);
}

static int file_reserved(sqlite3_file *f, int *is_reserved) {
  return REAL(f)->pMethods->xCheckReservedLock(REAL(f), is_reserved);
}

static int file_control(sqlite3_file *f, int operation, void *argument) {
  return REAL(f)->pMethods->xFileControl(REAL(f), operation, argument);
}

static int file_sector(sqlite3_file *f) { return REAL(f)->pMethods->xSectorSize(REAL(f)); }

static int file_characteristics(sqlite3_file *f) {
  return REAL(f)->pMethods->xDeviceCharacteristics(REAL(f));
}

static const sqlite3_io_methods methods = {
    .iVersion = 1,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_reserved,
    .xFileControl = file_control,
    .xSectorSize = file_sector,
    .xDeviceCharacteristics = file_characteristics,
};

static int vfs_open(
    sqlite3_vfs *vfs, sqlite3_filename path, sqlite3_file *f, int flags, int *out) {
  (void)vfs;
  if (!is_watched(path)) return real->xOpen(real, path, f, flags, out);
  struct file *file = (struct file *)f;
  memset(file, 0, sizeof *file);
  pthread_mutex_lock(&mutex);
  int code = SQLITE_CANTOPEN;
  struct name *name = name_of(path);
  bool creates = (flags & SQLITE_OPEN_CREATE) != 0 && present(name) == NULL;
  if (!(creates ? fails() : is_dead())) {
    file->real = (sqlite3_file *)(file + 1);
    code = real->xOpen(real, path, file->real, flags, out);
    if (code == SQLITE_OK) {
      if (creates) rename_to(name, make_node());
      file->is_new = creates;
      file->name = name;
      file->node = present(name);
      file->base.pMethods = &methods;
    }
  }
  pthread_mutex_unlock(&mutex);
  return code;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *path, int syncs) {
  (void)vfs;
  if (!is_watched(path)) return real->xDelete(real, path, syncs);
  pthread_mutex_lock(&mutex);
  int code = SQLITE_IOERR_DELETE;
  struct name *name = name_of(path);
  bool was_dead = is_dead();
  if (!fails()) {
    code = real->xDelete(real, path, 0);
    if (code == SQLITE_OK && present(name) != NULL) rename_to(name, NULL);
    if (syncs) sync_folder();
  } else if (kind == FAULTY_CRASH && !was_dead && present(name) != NULL) {
    rename_to(name, NULL);
  } else if (kind == FAULTY_TORN && real->xDelete(real, path, 0) == SQLITE_OK) {
    // Deleted, but the folder could not be synced.
    rename_to(name, NULL);
    code = SQLITE_IOERR_DIR_FSYNC;
  }
  pthread_mutex_unlock(&mutex);
  return code;
}

static int vfs_access(sqlite3_vfs *vfs, const char *path, int flags, int *out) {
  (void)vfs;
  return real->xAccess(real, path, flags, out);
}

static int vfs_full_path(sqlite3_vfs *vfs, const char *path, int n, char *out) {
  (void)vfs;
  return real->xFullPathname(real, path, n, out);
}

static int vfs_randomness(sqlite3_vfs *vfs, int n, char *out) {
  (void)vfs;
  return real->xRandomness(real, n, out);
}

static int vfs_sleep(sqlite3_vfs *vfs, int microseconds) {
  (void)vfs;
  return real->xSleep(real, microseconds);
}

static int vfs_time(sqlite3_vfs *vfs, double *now) {
  (void)vfs;
  return real->xCurrentTime(real, now);
}

static int vfs_last_error(sqlite3_vfs *vfs, int n, char *out) {
  (void)vfs;
  return real->xGetLastError(real, n, out);
}

int faulty_files_install(void) {
  real = sqlite3_vfs_find(NULL);
  if (real == NULL) return SQLITE_ERROR;
  if (real == &faulty) return SQLITE_OK;
  faulty.iVersion = 1;
  faulty.szOsFile = (int)sizeof(struct file) + real->szOsFile;
  faulty.mxPathname = real->mxPathname;
  faulty.zName = "faulty";
  faulty.xOpen = vfs_open;
  faulty.xDelete = vfs_delete;
  faulty.xAccess = vfs_access;
  faulty.xFullPathname = vfs_full_path;
  faulty.xRandomness = vfs_randomness;
  faulty.xSleep = vfs_sleep;
  faulty.xCurrentTime = vfs_time;
  faulty.xGetLastError = vfs_last_error;
  return sqlite3_vfs_register(&faulty, 1);
}
