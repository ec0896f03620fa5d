#pragma once
// Real peers for the TLS tests: the openssl program, and certificates made by it in a folder that
// goes with the test.

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace chaperone::net::test {

class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// A program with its input and output on pipes; ended when this goes.
class Child {
 public:
  explicit Child(const std::vector<std::string>& words);
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  void say(const std::string& text);
  // What it has printed so far (both outputs), without waiting.
  const std::string& printed();

 private:
  pid_t pid_ = -1;
  int in_ = -1, out_ = -1;
  std::string printed_;
};

// Runs to its end; fails the test where it fails.
void run(const std::vector<std::string>& words);

// ca.pem, ca.key and for `name` (SAN, e.g. "DNS:db.test") server.pem, server.key, in `dir`.
void make_certificates(const TempDir& dir, const std::string& name, int days = 1);

// A port that nobody listens on now.
std::uint16_t free_port();
// Waits until somebody accepts there.
void wait_for_port(std::uint16_t port);

}  // namespace chaperone::net::test
