#include "sidecar/admin/hardening.h"

#include <linux/netlink.h>
#include <linux/sched.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <cerrno>
#include <thread>

using namespace chaperone;
using namespace chaperone::admin;

namespace {

constexpr int kSealFailed = 99, kAllowed = 0, kRefused = 1, kWentOtherwise = 2;

// What became of `act` in a process under the filter: its exit code, or minus the fatal signal.
template <class Act>
int under_filter(Act act) {
  pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    if (!give_up_privileges().ok() || !seal().ok()) ::_exit(kSealFailed);
    ::_exit(act());
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

// For calls that the filter answers with EPERM; otherwise these would have another outcome.
template <class Call>
int refused(Call call) {
  return under_filter([&] {
    errno = 0;
    long result = call();
    return result < 0 && errno == EPERM ? kRefused : kWentOtherwise;
  });
}

}  // namespace

TEST_CASE("what an intruder would do kills the process") {
  char program[] = "/bin/true";
  char* arguments[] = {program, nullptr};
  CHECK(under_filter([&] { return ::execv(program, arguments); }) == -SIGSYS);
  CHECK(under_filter([&] {
          return static_cast<int>(::syscall(SYS_execveat, -100, program, arguments, nullptr, 0));
        }) == -SIGSYS);
  CHECK(under_filter([] {
          return static_cast<int>(::ptrace(PTRACE_ATTACH, ::getppid(), nullptr, nullptr));
        }) == -SIGSYS);
  CHECK(under_filter([] { return static_cast<int>(::syscall(SYS_bpf, 0, nullptr, 0)); }) ==
        -SIGSYS);
  CHECK(under_filter([] { return ::mount("none", "/mnt", "tmpfs", 0, nullptr); }) == -SIGSYS);
  CHECK(under_filter([] { return static_cast<int>(::syscall(SYS_unshare, 0)); }) == -SIGSYS);
  CHECK(under_filter([] { return static_cast<int>(::syscall(SYS_io_uring_setup, 1, nullptr)); }) ==
        -SIGSYS);
  CHECK(under_filter([] { return static_cast<int>(::syscall(SYS_vfork)); }) == -SIGSYS);
}

TEST_CASE("what the sidecar never does is refused") {
  CHECK(refused([] { return ::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0); }) == kRefused);
  CHECK(refused([] { return ::socket(AF_INET, SOCK_RAW, IPPROTO_TCP); }) == kRefused);
  CHECK(refused([] { return ::socket(AF_INET6, SOCK_RAW, IPPROTO_TCP); }) == kRefused);
  CHECK(refused([] { return ::socket(AF_VSOCK, SOCK_STREAM, 0); }) == kRefused);
  CHECK(refused([] { return ::socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER); }) == kRefused);
  CHECK(refused([] { return ::kill(::getppid(), 0); }) == kRefused);
  CHECK(refused([] { return ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0); }) == kRefused);
  CHECK(refused([] { return ::chmod("/tmp", 01777); }) == kRefused);
  CHECK(refused([] {
          rlimit limit{0, 0};
          return ::setrlimit(RLIMIT_CORE, &limit);
        }) == kRefused);
  CHECK(refused([] {
          void* page = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
                              MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
          return page == MAP_FAILED ? -1L : 0L;
        }) == kRefused);
  CHECK(refused([] { return ::syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, 0); }) ==
        kRefused);
}

TEST_CASE("what the sidecar needs goes on under the filter") {
  CHECK(under_filter([] {
          Hardening found = hardening_in_force();
          bool all = found.no_core && found.not_dumpable && found.no_new_privileges &&
                     found.no_capabilities && found.sealed && found.files_max > 0;
          return all ? kAllowed : kWentOtherwise;
        }) == kAllowed);
  CHECK(under_filter([] {
          int stream = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
          int six = ::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
          int diag = ::socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
          int local = ::socket(AF_UNIX, SOCK_STREAM, 0);
          int epoll = ::epoll_create1(EPOLL_CLOEXEC);
          return stream >= 0 && six >= 0 && diag >= 0 && local >= 0 && epoll >= 0 ? kAllowed
                                                                                  : kWentOtherwise;
        }) == kAllowed);
  CHECK(under_filter([] {
          std::atomic<int> ran = 0;
          std::thread other([&] { ran = 1; });
          other.join();
          return ran == 1 ? kAllowed : kWentOtherwise;
        }) == kAllowed);
}

TEST_CASE("a crash leaves no core, whatever the limit was") {
  pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    rlimit files{RLIM_INFINITY, RLIM_INFINITY};
    ::setrlimit(RLIMIT_CORE, &files);
    if (!give_up_privileges().ok()) ::_exit(kSealFailed);
    ::signal(SIGSEGV, SIG_DFL);
    ::raise(SIGSEGV);
    ::_exit(kWentOtherwise);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFSIGNALED(status));
  CHECK_FALSE(WCOREDUMP(status));
}

TEST_CASE("the filter holds in threads that ran before it") {
  pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    std::atomic<bool> sealed = false;
    std::atomic<int> outcome = kWentOtherwise;
    std::thread early([&] {
      while (!sealed) std::this_thread::yield();
      errno = 0;
      bool gone = ::socket(AF_PACKET, SOCK_RAW, 0) < 0 && errno == EPERM;
      outcome = gone && ::prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == 2 ? kRefused : kWentOtherwise;
    });
    bool done = give_up_privileges().ok() && seal().ok();
    sealed = true;
    early.join();
    ::_exit(done ? outcome.load() : kSealFailed);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == kRefused);
}

TEST_CASE("capabilities are gone for good") {
  CHECK(under_filter([] {
          return ::prctl(PR_CAPBSET_READ, 21 /* CAP_SYS_ADMIN */, 0, 0, 0) == 0 || ::geteuid() != 0
                     ? kAllowed
                     : kWentOtherwise;
        }) == kAllowed);
}
