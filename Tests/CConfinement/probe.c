#define _GNU_SOURCE
#include "CConfinement.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "CStandardStreams.h"

static bool can_open(const char *folder, const char *name, int flags) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  int file = open(path, flags | O_CLOEXEC, 0600);
  if (file >= 0) close(file);
  return file >= 0;
}

static bool can_link(const char *folder) {
  char path[4096];
  snprintf(path, sizeof path, "%s/made-link", folder);
  return symlink("/", path) == 0;
}

static bool can_execute(void) {
  pid_t child = vfork();
  if (child == 0) {
    execl("/bin/sh", "sh", "-c", "exit 0", (char *)NULL);
    _exit(127);
  }
  int status = 0;
  return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

static void *nothing(void *context) { return context; }
static bool can_thread(void) {
  pthread_t thread;
  return pthread_create(&thread, NULL, nothing, NULL) == 0 && pthread_join(thread, NULL) == 0;
}

static bool can_type(void) {
  char letter = 'x';
  return ioctl(0, TIOCSTI, &letter) == 0 || errno != EPERM;
}

static int probe(const char *inside, const char *outside) {
  pid_t parent = getppid();
  const char *const reading[] = {"/usr", "/lib", "/lib64", NULL};
  const char *const writing[] = {inside, NULL};
  const char *const executing[] = {NULL};
  if (ks_confine_files(reading, writing, executing) <= 0 || ks_confine_calls(true) <= 0) return -1;
  int found = 0;
  if (can_open(inside, "in.csv", O_RDONLY)) found |= PROBE_READS_INSIDE;
  if (can_open(inside, "probe", O_WRONLY | O_CREAT)) found |= PROBE_WRITES_INSIDE;
  if (can_open(outside, "secret.csv", O_RDONLY)) found |= PROBE_READS_OUTSIDE;
  if (can_open(outside, "planted", O_WRONLY | O_CREAT)) found |= PROBE_WRITES_OUTSIDE;
  if (can_execute()) found |= PROBE_EXECUTES;
  if (socket(AF_INET, SOCK_STREAM, 0) >= 0 || socket(AF_UNIX, SOCK_STREAM, 0) >= 0)
    found |= PROBE_SOCKET;
  if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0) found |= PROBE_TRACES;
  if (kill(parent, 0) == 0) found |= PROBE_SIGNALS;
  if (can_link(inside)) found |= PROBE_LINKS;
  if (unshare(CLONE_NEWUSER) == 0) found |= PROBE_NAMESPACE;
  if (can_type()) found |= PROBE_TYPES;
  if (memfd_create("x", 0) >= 0) found |= PROBE_MEMORY_FILE;
  if (can_thread()) found |= PROBE_THREADS;
  if (kill(getpid(), 0) == 0) found |= PROBE_SIGNALS_ITSELF;
  return found;
}

int probe_confinement(const char *inside, const char *outside) {
  int ends[2], found = -1;
  if (pipe(ends) < 0) return -1;
  pid_t child = fork();
  if (child == 0) {
    found = probe(inside, outside);
    _exit(write(ends[1], &found, sizeof found) != sizeof found);
  }
  close(ends[1]);
  if (child < 0 || read(ends[0], &found, sizeof found) != sizeof found) found = -2;
  close(ends[0]);
  if (child > 0) waitpid(child, NULL, 0);
  return found;
}
