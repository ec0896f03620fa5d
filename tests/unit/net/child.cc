#include "tests/unit/net/child.h"

#include "tests/unit/net/support.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

namespace chaperone::net::test {

TempDir::TempDir() {
  std::string pattern = (std::filesystem::temp_directory_path() / "chaperone-net-XXXXXX").string();
  REQUIRE(::mkdtemp(pattern.data()));
  path_ = pattern;
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

Child::Child(const std::vector<std::string>& words) {
  int to[2], from[2];
  REQUIRE(::pipe2(to, O_CLOEXEC) == 0);
  REQUIRE(::pipe2(from, O_CLOEXEC) == 0);
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  pid_ = ::fork();
  REQUIRE(pid_ >= 0);
  if (pid_ == 0) {
    ::dup2(to[0], 0);
    ::dup2(from[1], 1);
    ::dup2(from[1], 2);
    ::execvp(arguments[0], arguments.data());
    ::_exit(127);
  }
  ::close(to[0]);
  ::close(from[1]);
  in_ = to[1];
  out_ = from[0];
  ::fcntl(out_, F_SETFL, O_NONBLOCK);
}

Child::~Child() {
  ::close(in_);
  ::close(out_);
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

void Child::say(const std::string& text) {
  REQUIRE(::write(in_, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
}

const std::string& Child::printed() {
  char buffer[4096];
  for (;;) {
    ssize_t got = ::read(out_, buffer, sizeof buffer);
    if (got <= 0) return printed_;
    printed_.append(buffer, static_cast<std::size_t>(got));
  }
}

void run(const std::vector<std::string>& words) {
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  pid_t pid = ::fork();
  if (pid == 0) {
    int null = ::open("/dev/null", O_RDWR);
    for (int fd : {0, 1, 2}) ::dup2(null, fd);
    ::execvp(arguments[0], arguments.data());
    ::_exit(127);
  }
  int status = -1;
  REQUIRE(::waitpid(pid, &status, 0) == pid);
  REQUIRE(status == 0);
}

void make_certificates(const TempDir& dir, const std::string& name, int days) {
  std::string life = std::to_string(days);
  std::ofstream(dir / "leaf.cnf") << "subjectAltName=" << name << "\n";
  run({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
       "-keyout", dir / "ca.key", "-out", dir / "ca.pem", "-days", "2", "-subj", "/CN=test ca"});
  run({"openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
       "-keyout", dir / "server.key", "-out", dir / "server.csr", "-subj", "/CN=a server"});
  run({"openssl", "x509", "-req", "-in", dir / "server.csr", "-CA", dir / "ca.pem", "-CAkey",
       dir / "ca.key", "-CAcreateserial", "-out", dir / "server.pem", "-days", life, "-extfile",
       dir / "leaf.cnf"});
}

std::uint16_t free_port() {
  Loop loop;
  return (*Listener::open(loop, {"127.0.0.1"}, 0, {}, [](StreamPtr) {}))->port();
}

void wait_for_port(std::uint16_t port) {
  Address address = loopback(port);
  for (int tries = 0; tries < 2000; ++tries) {
    int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int status = ::connect(fd, address.raw(), address.raw_bytes());
    ::close(fd);
    if (status == 0) return;
    ::usleep(10'000);
  }
  FAIL("nobody listens on port " << port);
}

}  // namespace chaperone::net::test
