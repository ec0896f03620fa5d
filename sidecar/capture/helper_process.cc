#include "sidecar/capture/helper_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "sidecar/capture/limits.h"
#include "sidecar/capture/socket_handle.h"

namespace chaperone::capture {
namespace {

using Clock = std::chrono::steady_clock;

struct Pipe {
  SocketHandle read_end;
  SocketHandle write_end;
};

Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) {
    return Error{"pipe: " + std::string(std::strerror(errno))};
  }
  return Pipe{SocketHandle(ends[0]), SocketHandle(ends[1])};
}

// Between fork and exec: async-signal-safe calls only.
[[noreturn]] void become(const char* path, char* const* argv, int in, int out, int err) {
  // iptables-legacy wants a lock file; the pod's root file system may be read-only, and nobody else
  // programs this namespace.
  static char lock[] = "XTABLES_LOCKFILE=/dev/null";
  static char search[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
  char* environment[] = {search, lock, nullptr};
  dup2(in, STDIN_FILENO);
  dup2(out, STDOUT_FILENO);
  dup2(err, STDERR_FILENO);
  execve(path, argv, environment);
  _exit(127);
}

// Reads what is there; false at the end of the stream.
bool drain(int fd, std::string& text) {
  std::array<char, 16384> buffer{};
  ssize_t count = read(fd, buffer.data(), buffer.size());
  if (count > 0) text.append(buffer.data(), static_cast<std::size_t>(count));
  return count > 0 || (count < 0 && errno == EINTR);
}

// Moves bytes until both outputs are closed. False: the deadline or the bound was met.
bool converse(Pipe& in, Pipe& out, Pipe& err, std::string_view input, HelperOutcome& outcome) {
  auto deadline = Clock::now() + std::chrono::milliseconds(kHelperTimeoutMs);
  while (out.read_end || err.read_end) {
    if (input.empty()) in.write_end.reset();
    std::array<pollfd, 3> fds{{{in.write_end.fd(), POLLOUT, 0},
                               {out.read_end.fd(), POLLIN, 0},
                               {err.read_end.fd(), POLLIN, 0}}};
    auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
    if (left.count() <= 0) return false;
    if (poll(fds.data(), fds.size(), static_cast<int>(left.count())) < 0 && errno != EINTR)
      return false;
    if (fds[0].revents != 0) {
      ssize_t sent =
          write(in.write_end.fd(), input.data(), std::min<std::size_t>(input.size(), 4096));
      input.remove_prefix(sent > 0 ? static_cast<std::size_t>(sent) : input.size());
    }
    if (fds[1].revents != 0 && !drain(out.read_end.fd(), outcome.out)) out.read_end.reset();
    if (fds[2].revents != 0 && !drain(err.read_end.fd(), outcome.err)) err.read_end.reset();
    if (outcome.out.size() + outcome.err.size() > kHelperOutputBytesMax) return false;
  }
  return true;
}

}  // namespace

Result<HelperOutcome> run_helper(const std::string& path, const std::vector<std::string>& arguments,
                                 std::string_view input) {
  Result<Pipe> in = make_pipe(), out = make_pipe(), err = make_pipe();
  for (const auto* made : {&in, &out, &err}) {
    if (!made->ok()) return made->error();
  }
  std::vector<char*> argv{const_cast<char*>(path.c_str())};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  pid_t child = fork();
  if (child < 0) return Error{"fork for " + path + ": " + std::strerror(errno)};
  if (child == 0) {
    become(path.c_str(), argv.data(), in->read_end.fd(), out->write_end.fd(), err->write_end.fd());
  }
  in->read_end.reset();
  out->write_end.reset();
  err->write_end.reset();
  HelperOutcome outcome;
  bool ended = converse(*in, *out, *err, input, outcome);
  if (!ended) kill(child, SIGKILL);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!ended)
    return Error{path + " did not end within " + std::to_string(kHelperTimeoutMs) + " ms"};
  outcome.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return outcome;
}

std::string find_helper(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    for (const char* folder : {"/usr/sbin/", "/sbin/", "/usr/bin/", "/bin/", "/usr/local/sbin/"}) {
      std::string path = folder + name;
      if (access(path.c_str(), X_OK) == 0) return path;
    }
  }
  return "";
}

}  // namespace chaperone::capture
