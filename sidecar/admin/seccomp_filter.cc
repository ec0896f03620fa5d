#include <linux/netlink.h>
#include <linux/sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "sidecar/admin/hardening.h"

namespace chaperone::admin {

namespace {

// What a running sidecar calls, whatever the arguments. Files are opened and replaced while it runs
// (spool, policy, mounted Secrets), so their calls are here; the mounts bound what they reach.
constexpr const char* kAllowed[] = {
    // descriptors and files
    "read", "write", "readv", "writev", "pread64", "pwrite64", "preadv", "pwritev", "preadv2",
    "pwritev2", "close", "close_range", "dup", "dup3", "fcntl", "lseek", "fstat", "newfstatat",
    "stat", "lstat", "statx", "statfs", "fstatfs", "open", "openat", "access", "faccessat",
    "faccessat2", "readlink", "readlinkat", "getdents64", "getcwd", "rename", "renameat",
    "renameat2", "unlink", "unlinkat", "mkdir", "mkdirat", "fchmod", "ftruncate", "fallocate",
    "flock", "fsync", "fdatasync", "sync_file_range", "fadvise64", "umask", "inotify_init1",
    "inotify_add_watch", "inotify_rm_watch",
    // memory; mmap and mprotect are below
    "munmap", "mremap", "madvise", "msync", "brk", "mlock", "mlock2", "munlock", "mincore",
    // waiting
    "epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait", "epoll_pwait2", "poll", "ppoll",
    "select", "pselect6", "eventfd2", "pipe2", "timerfd_create", "timerfd_settime",
    "timerfd_gettime", "nanosleep", "clock_nanosleep", "restart_syscall",
    // sockets; socket and socketpair are below
    "connect", "bind", "listen", "accept", "accept4", "getsockname", "getpeername", "getsockopt",
    "setsockopt", "sendto", "recvfrom", "sendmsg", "recvmsg", "sendmmsg", "recvmmsg", "shutdown",
    // threads and the process itself; clone, prctl and tgkill are below
    "futex", "set_robust_list", "get_robust_list", "rseq", "sched_yield", "sched_getaffinity",
    "getcpu", "membarrier", "exit", "exit_group", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn",
    "rt_sigpending", "rt_sigtimedwait", "sigaltstack", "getpid", "gettid", "getppid", "getuid",
    "geteuid", "getgid", "getegid", "getrlimit", "getrusage", "sysinfo", "uname", "clock_gettime",
    "clock_getres", "gettimeofday", "time", "times", "getrandom", "capget"};

// What it never calls and an intruder would: there is nothing to go on for.
constexpr const char* kFatal[] = {"execve",
                                  "execveat",
                                  "fork",
                                  "vfork",
                                  "ptrace",
                                  "process_vm_readv",
                                  "process_vm_writev",
                                  "kcmp",
                                  "pidfd_getfd",
                                  "bpf",
                                  "perf_event_open",
                                  "userfaultfd",
                                  "io_uring_setup",
                                  "io_uring_enter",
                                  "mount",
                                  "umount2",
                                  "move_mount",
                                  "open_tree",
                                  "fsopen",
                                  "fsmount",
                                  "mount_setattr",
                                  "pivot_root",
                                  "chroot",
                                  "unshare",
                                  "setns",
                                  "init_module",
                                  "finit_module",
                                  "delete_module",
                                  "kexec_load",
                                  "kexec_file_load",
                                  "reboot",
                                  "swapon",
                                  "swapoff",
                                  "add_key",
                                  "request_key",
                                  "keyctl",
                                  "open_by_handle_at",
                                  "personality",
                                  "setuid",
                                  "setgid",
                                  "setreuid",
                                  "setregid",
                                  "setresuid",
                                  "setresgid",
                                  "setgroups",
                                  "setfsuid",
                                  "setfsgid",
                                  "capset",
                                  "mknod",
                                  "mknodat",
                                  "quotactl",
                                  "acct",
                                  "iopl",
                                  "ioperm",
                                  "modify_ldt",
                                  "uselib"};

using Filter = std::unique_ptr<void, void (*)(void*)>;

class Rules {
 public:
  explicit Rules(scmp_filter_ctx filter) : filter_(filter) {}

  void add(std::uint32_t action, const char* name) {
    int number = seccomp_syscall_resolve_name(name);
    // One that this library or machine does not know is refused by the default.
    if (number != __NR_SCMP_ERROR) note(seccomp_rule_add(filter_, action, number, 0));
  }
  void allow_if(int number, scmp_arg_cmp first) {
    note(seccomp_rule_add(filter_, SCMP_ACT_ALLOW, number, 1, first));
  }
  void allow_if(int number, scmp_arg_cmp first, scmp_arg_cmp second) {
    note(seccomp_rule_add(filter_, SCMP_ACT_ALLOW, number, 2, first, second));
  }
  void answer(int number, int error) {
    note(seccomp_rule_add(filter_, SCMP_ACT_ERRNO(static_cast<std::uint32_t>(error)), number, 0));
  }
  void note(int status) {
    if (status < 0 && !error_) error_ = -status;
  }
  int error() const { return error_; }

 private:
  scmp_filter_ctx filter_;
  int error_ = 0;
};

scmp_arg_cmp arg_is(unsigned argument, std::uint64_t value) {
  return {argument, SCMP_CMP_EQ, value, 0};
}

scmp_arg_cmp arg_masked(unsigned argument, std::uint64_t mask, std::uint64_t value) {
  return {argument, SCMP_CMP_MASKED_EQ, mask, value};
}

void add_sockets(Rules& rules) {
  for (int family : {AF_INET, AF_INET6}) {
    // No raw and no packet sockets: streams, and datagrams for the resolver.
    for (int type : {SOCK_STREAM, SOCK_DGRAM}) {
      rules.allow_if(SCMP_SYS(socket), arg_is(0, static_cast<std::uint64_t>(family)),
                     arg_masked(1, 0xf, static_cast<std::uint64_t>(type)));
    }
  }
  rules.allow_if(SCMP_SYS(socket), arg_is(0, AF_UNIX));
  rules.allow_if(SCMP_SYS(socketpair), arg_is(0, AF_UNIX));
  rules.allow_if(SCMP_SYS(socket), arg_is(0, AF_NETLINK), arg_is(2, NETLINK_SOCK_DIAG));
  // getaddrinfo() asks for our own addresses, to order what it found.
  rules.allow_if(SCMP_SYS(socket), arg_is(0, AF_NETLINK), arg_is(2, NETLINK_ROUTE));
}

void add_bounded(Rules& rules) {
  rules.allow_if(SCMP_SYS(mmap), arg_masked(2, PROT_EXEC, 0));
  rules.allow_if(SCMP_SYS(mprotect), arg_masked(2, PROT_EXEC, 0));
  for (unsigned request : {FIONBIO, FIONREAD, FIOCLEX}) {
    rules.allow_if(SCMP_SYS(ioctl), arg_is(1, request));
  }
  for (int option : {PR_SET_NAME, PR_GET_NAME, PR_GET_DUMPABLE, PR_GET_NO_NEW_PRIVS, PR_GET_SECCOMP,
                     PR_CAPBSET_READ}) {
    rules.allow_if(SCMP_SYS(prctl), arg_is(0, static_cast<std::uint64_t>(option)));
  }
  // Limits are read, never set; signals go to ourselves (abort).
  rules.allow_if(SCMP_SYS(prlimit64), arg_is(2, 0));
  rules.allow_if(SCMP_SYS(tgkill), arg_is(0, static_cast<std::uint64_t>(::getpid())));
  // A thread and never a process. clone3 hides its flags in memory: without it glibc takes clone.
  rules.allow_if(SCMP_SYS(clone), arg_masked(0, CLONE_THREAD, CLONE_THREAD));
  rules.answer(SCMP_SYS(clone3), ENOSYS);
}

Error seal_error(int error) {
  return Error{std::string("cannot install the seccomp filter: ") + std::strerror(error) +
               "; the sidecar does not serve without it"};
}

}  // namespace

Result<void> seal() {
  Filter filter(seccomp_init(SCMP_ACT_ERRNO(EPERM)), seccomp_release);
  if (!filter) return seal_error(ENOMEM);
  Rules rules(filter.get());
  rules.note(seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_NNP, 1));
  rules.note(seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_TSYNC, 1));
  // The order of a run-time's many calls matters little to the kernel once it is a binary tree.
  rules.note(seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2));
  for (const char* name : kAllowed) rules.add(SCMP_ACT_ALLOW, name);
  for (const char* name : kFatal) rules.add(SCMP_ACT_KILL_PROCESS, name);
  add_sockets(rules);
  add_bounded(rules);
  if (rules.error()) return seal_error(rules.error());
  if (int status = seccomp_load(filter.get())) return seal_error(-status);
  return {};
}

}  // namespace chaperone::admin
