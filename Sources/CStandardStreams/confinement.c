/* What the kernel itself refuses a process that runs a stranger's script: Landlock (Linux 5.13) for
 * files, TCP and signals, seccomp for calls that no experiment makes. Both hold until the process
 * ends, for its threads and children too, whatever its code has become. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "CStandardStreams.h"

#ifdef __linux__
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>

/* ---- opening below a folder ---- */

/* <linux/openat2.h> and the numbers of what is newer than the C library. */
enum {
  OPENAT2 = 437, CREATE_RULESET = 444, ADD_RULE = 445, RESTRICT_SELF = 446,
  NO_MAGIC_LINKS = 0x02, BENEATH = 0x08
};
struct how { uint64_t flags, mode, resolve; };

/* Without openat2: part by part, through no link and no "..". */
int ks_walk_beneath(int folder, const char *path, int flags, unsigned mode) {
  int at = fcntl(folder, F_DUPFD_CLOEXEC, 0);
  while (at >= 0) {
    while (*path == '/') path++;
    size_t length = strcspn(path, "/");
    const char *rest = path + length;
    while (*rest == '/') rest++;
    char part[256];
    if (length >= sizeof part || (length == 2 && !memcmp(path, "..", 2))) {
      errno = length == 2 ? EXDEV : ENAMETOOLONG;
      break;
    }
    memcpy(part, length ? path : ".", length ? length : 1);
    part[length ? length : 1] = 0;
    int next = *rest ? openat(at, part, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
                     : openat(at, part, flags | O_NOFOLLOW | O_CLOEXEC, mode);
    int kept = errno;
    close(at);
    errno = kept;
    if (next < 0 || !*rest) return next;
    at = next;
    path = rest;
  }
  if (at >= 0) {
    int kept = errno;
    close(at);
    errno = kept;
  }
  return -1;
}

int ks_open_beneath(int folder, const char *path, int flags, unsigned mode) {
  struct how how = {
      (uint64_t)(unsigned)flags | O_CLOEXEC, flags & O_CREAT ? mode : 0, BENEATH | NO_MAGIC_LINKS};
  for (int tries = 0; tries < 100; tries++) {
    long file = syscall(OPENAT2, folder, path, &how, sizeof how);
    if (file >= 0) return (int)file;
    if (errno == ENOSYS || errno == EPERM) return ks_walk_beneath(folder, path, flags, mode);
    if (errno != EAGAIN && errno != EINTR) return -1;
  }
  return -1;
}

/* ---- Landlock ---- */

enum {
  EXECUTE = 1 << 0, WRITE_FILE = 1 << 1, READ_FILE = 1 << 2, READ_DIR = 1 << 3,
  REMOVE_DIR = 1 << 4, REMOVE_FILE = 1 << 5, MAKE_DIR = 1 << 7, MAKE_REG = 1 << 8,
  FIRST = (1 << 13) - 1, REFER = 1 << 13, TRUNCATE = 1 << 14, IOCTL_DEVICE = 1 << 15,
  OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEVICE
};
struct ruleset { uint64_t files, net, scoped; };
struct __attribute__((packed)) beneath { uint64_t allowed; int32_t parent; };

int ks_landlock_version(void) {
  long version = syscall(CREATE_RULESET, NULL, 0, 1);
  return version > 0 ? (int)version : 0;
}

static uint64_t handled(int version) {
  uint64_t files = FIRST;
  if (version >= 2) files |= REFER;
  if (version >= 3) files |= TRUNCATE;
  if (version >= 5) files |= IOCTL_DEVICE;
  return files;
}

/* What is not there needs no rule. */
static int allow(int rules, const char *path, uint64_t rights) {
  int file = open(path, O_PATH | O_CLOEXEC);
  if (file < 0) return errno == ENOENT || errno == ENOTDIR || errno == EACCES ? 0 : -1;
  struct stat status;
  if (fstat(file, &status) == 0 && !S_ISDIR(status.st_mode)) rights &= OF_FILES;
  struct beneath rule = {rights, file};
  long result = rights ? syscall(ADD_RULE, rules, 1, &rule, 0) : 0;
  int kept = errno;
  close(file);
  errno = kept;
  return (int)result;
}

static int allow_all(int rules, const char *const *paths, uint64_t rights) {
  for (; *paths; paths++)
    if (allow(rules, *paths, rights) < 0) return -1;
  return 0;
}

int ks_confine_files(
    const char *const *reading, const char *const *writing, const char *const *executing) {
  int version = ks_landlock_version();
  if (version == 0) return 0;
  uint64_t files = handled(version);
  struct ruleset wanted = {files, version >= 4 ? 3 : 0, version >= 6 ? 3 : 0};
  size_t size = version >= 6 ? 24 : version >= 4 ? 16 : 8;
  int rules = (int)syscall(CREATE_RULESET, &wanted, size, 0);
  if (rules < 0) return -1;
  uint64_t read = READ_FILE | READ_DIR;
  uint64_t write = (read | WRITE_FILE | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_REG | TRUNCATE)
                   & files;
  int failed = allow_all(rules, reading, read) < 0 || allow_all(rules, writing, write) < 0
               || allow_all(rules, executing, READ_FILE | EXECUTE) < 0
               || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0
               || syscall(RESTRICT_SELF, rules, 0) < 0;
  int kept = errno;
  close(rules);
  errno = kept;
  return failed ? -1 : version;
}

/* ---- seccomp ---- */

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

#ifdef ARCHITECTURE
/* Other processes, the network, other roots and names, the kernel itself; and what makes a file
 * something else than bytes: links, devices, rights. */
static const int refused[] = {
    SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_kcmp, SYS_tkill,
    SYS_rt_sigqueueinfo, SYS_rt_tgsigqueueinfo,
    SYS_socket, SYS_connect, SYS_bind, SYS_listen, SYS_accept, SYS_accept4,
    SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, SYS_unshare, SYS_setns,
    SYS_bpf, SYS_perf_event_open, SYS_userfaultfd, SYS_add_key, SYS_request_key, SYS_keyctl,
    SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_kexec_load, SYS_reboot,
    SYS_swapon, SYS_swapoff, SYS_acct, SYS_quotactl, SYS_settimeofday, SYS_clock_settime,
    SYS_adjtimex, SYS_clock_adjtime, SYS_sethostname, SYS_setdomainname, SYS_open_by_handle_at,
    SYS_personality, SYS_syslog, SYS_vhangup, SYS_fanotify_init, SYS_memfd_create, SYS_execveat,
    SYS_mknodat, SYS_symlinkat, SYS_fchmod, SYS_fchmodat, SYS_fchown, SYS_fchownat,
    SYS_setxattr, SYS_lsetxattr, SYS_fsetxattr,
#ifdef __x86_64__
    SYS_mknod, SYS_symlink, SYS_chmod, SYS_chown, SYS_lchown, SYS_iopl, SYS_ioperm,
    SYS_kexec_file_load, SYS_modify_ldt,
#endif
    424 /* pidfd_send_signal */, 425, 426, 427 /* io_uring */, 428 /* open_tree */,
    429 /* move_mount */, 430 /* fsopen */, 431, 432, 433, 438 /* pidfd_getfd */,
    442 /* mount_setattr */, 447 /* memfd_secret */, 452 /* fchmodat2 */,
};
enum { REFUSED = sizeof refused / sizeof *refused };

#define LOAD(place) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(place))
#define NUMBER offsetof(struct seccomp_data, nr)
/* The low word of argument n; both architectures are little-endian. */
#define ARGUMENT(n) (offsetof(struct seccomp_data, args) + 8 * (n))
#define RETURN(what) BPF_STMT(BPF_RET | BPF_K, (what))
#define UNLESS(value, skipped) \
  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(value), 0, (skipped))
#define REFUSE RETURN(SECCOMP_RET_ERRNO | EPERM)

int ks_confine_calls(bool may_execute) {
  uint32_t self = (uint32_t)getpid();
  struct sock_filter head[] = {
      LOAD(offsetof(struct seccomp_data, arch)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0),
      RETURN(SECCOMP_RET_KILL_PROCESS),
      LOAD(NUMBER),
#ifdef __x86_64__
      BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1), /* x32 */
      REFUSE,
#endif
      /* The C library tries clone instead, whose flags can be seen. */
      UNLESS(435, 1), RETURN(SECCOMP_RET_ERRNO | ENOSYS),
      /* No namespaces. */
      UNLESS(SYS_clone, 4), LOAD(ARGUMENT(0)),
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x7E020000u, 0, 1), REFUSE, LOAD(NUMBER),
      /* Signals to itself alone. */
      UNLESS(SYS_kill, 4), LOAD(ARGUMENT(0)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, self, 1, 0), REFUSE, LOAD(NUMBER),
      UNLESS(SYS_tgkill, 4), LOAD(ARGUMENT(0)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, self, 1, 0), REFUSE, LOAD(NUMBER),
      /* Nothing is typed into the terminal: TIOCSTI, TIOCLINUX. */
      UNLESS(SYS_ioctl, 5), LOAD(ARGUMENT(1)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x5412, 1, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x541C, 0, 1), REFUSE, LOAD(NUMBER),
      UNLESS(may_execute ? -1 : SYS_execve, 1), REFUSE,
  };
  enum { HEAD = sizeof head / sizeof *head };
  struct sock_filter filter[HEAD + 2 * REFUSED + 1];
  memcpy(filter, head, sizeof head);
  for (int i = 0; i < REFUSED; i++) {
    filter[HEAD + 2 * i] = (struct sock_filter)UNLESS(refused[i], 1);
    filter[HEAD + 2 * i + 1] = (struct sock_filter)REFUSE;
  }
  filter[HEAD + 2 * REFUSED] = (struct sock_filter)RETURN(SECCOMP_RET_ALLOW);
  struct sock_fprog program = {HEAD + 2 * REFUSED + 1, filter};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return errno == EINVAL ? 0 : -1;
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) == 0)
    return 1;
  return errno == ENOSYS || errno == EINVAL ? 0 : -1;
}
#else
int ks_confine_calls(bool may_execute) {
  (void)may_execute;
  return 0;
}
#endif

#else /* another system */

int ks_open_beneath(int folder, const char *path, int flags, unsigned mode) {
  (void)folder, (void)path, (void)flags, (void)mode;
  errno = ENOSYS;
  return -1;
}
int ks_walk_beneath(int folder, const char *path, int flags, unsigned mode) {
  return ks_open_beneath(folder, path, flags, mode);
}
int ks_landlock_version(void) { return 0; }
int ks_confine_files(
    const char *const *reading, const char *const *writing, const char *const *executing) {
  (void)reading, (void)writing, (void)executing;
  return 0;
}
int ks_confine_calls(bool may_execute) {
  (void)may_execute;
  return 0;
}
#endif
