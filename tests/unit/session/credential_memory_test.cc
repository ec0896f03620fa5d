// What is left of a credential in the process's memory, by looking through all of it.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <random>

#include "sidecar/session/credential.h"
#include "tests/unit/spool/fixture.h"

#include <catch2/catch.hpp>  // last: its CHECK is the one meant here

namespace chaperone::session {
namespace {

constexpr char kVeil = 0x55;  // the test itself holds the password only under this
constexpr std::size_t kPasswordBytes = 24;
// Larger mappings are not memory but reserved addresses (of a sanitizer).
constexpr std::size_t kMappingMax = std::size_t{256} << 20;
constexpr std::size_t kPiece = 1 << 20;

std::string veiled_password() {
  std::random_device random;
  std::string veiled;
  for (std::size_t i = 0; i < kPasswordBytes; ++i) {
    veiled += static_cast<char>(('a' + static_cast<char>(random() % 26)) ^ kVeil);
  }
  return veiled;
}

void write_password(const std::string& path, const std::string& veiled) {
  char plain[kPasswordBytes];
  for (std::size_t i = 0; i < kPasswordBytes; ++i) plain[i] = static_cast<char>(veiled[i] ^ kVeil);
  int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  REQUIRE(fd >= 0);
  CHECK(::write(fd, plain, kPasswordBytes) == static_cast<ssize_t>(kPasswordBytes));
  ::close(fd);
  wipe_bytes(plain, sizeof plain);
}

// Where its bytes are looked at: on pages of its own, which are not looked through.
class Window {
 public:
  Window() {
    void* place =
        ::mmap(nullptr, 2 * kPiece, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    REQUIRE(place != MAP_FAILED);
    data_ = static_cast<char*>(place);
  }
  ~Window() { ::munmap(data_, 2 * kPiece); }
  Window(const Window&) = delete;
  Window& operator=(const Window&) = delete;

  std::size_t count(int memory, std::size_t begin, std::size_t end,
                    const std::string& veiled) const {
    std::size_t found = 0;
    auto own = reinterpret_cast<std::size_t>(data_), own_end = own + 2 * kPiece;
    for (std::size_t at = begin; at < end;) {
      if (at >= own && at < own_end) {
        at = own_end;
        continue;
      }
      std::size_t left = (at < own && own < end ? own : end) - at;
      std::size_t wanted = std::min(kPiece + kPasswordBytes - 1, left);
      ssize_t got = ::pread(memory, data_, wanted, static_cast<off_t>(at));
      for (std::size_t i = 0; got > 0 && i + kPasswordBytes <= static_cast<std::size_t>(got); ++i) {
        found += holds(data_ + i, veiled);
      }
      at += std::min(kPiece, left);
    }
    return found;
  }

 private:
  static bool holds(const char* bytes, const std::string& veiled) {
    for (std::size_t i = 0; i < kPasswordBytes; ++i) {
      if ((bytes[i] ^ kVeil) != veiled[i]) return false;
    }
    return true;
  }
  char* data_ = nullptr;
};

std::size_t copies_in_memory(const std::string& veiled) {
  Window window;
  int memory = ::open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
  REQUIRE(memory >= 0);
  std::size_t found = 0;
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    std::size_t begin = 0, end = 0;
    char mode[5] = {};
    if (std::sscanf(line.c_str(), "%zx-%zx %4s", &begin, &end, mode) != 3) continue;
    if (mode[0] != 'r' || mode[1] != 'w' || end - begin > kMappingMax) continue;
    found += window.count(memory, begin, end, veiled);
  }
  ::close(memory);
  return found;
}

TEST_CASE("credential: nothing of it is left in memory when it is let go") {
  spool::TempDir dir(spool::On::kMemory);
  policy::Credential credential;
  credential.password_file = dir / "password";
  std::string veiled = veiled_password();
  write_password(credential.password_file, veiled);
  CHECK(copies_in_memory(veiled) == 0);
  {
    auto read = read_credential(credential);
    REQUIRE(read.ok());
    CHECK(copies_in_memory(veiled) == 1);
  }
  CHECK(copies_in_memory(veiled) == 0);
}

}  // namespace
}  // namespace chaperone::session
