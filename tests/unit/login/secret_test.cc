#include "sidecar/session/secret.h"

#include <sys/resource.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "sidecar/session/saslprep.h"
#include "sidecar/session/secret_memory.h"

using namespace chaperone;

// The run-time of a sanitizer keeps mlock() from the kernel.
#ifdef CHAPERONE_SANITIZED
constexpr bool kLocks = false;
#else
constexpr bool kLocks = true;
#endif

TEST_CASE("secret: it moves, it is cloned on purpose, it is wiped") {
  Secret one("password");
  Secret two = std::move(one);
  CHECK(one.empty());  // NOLINT: moved from, on purpose
  CHECK(two.view() == "password");
  Secret copy = two.clone();
  two.wipe();
  CHECK(two.empty());
  CHECK(copy.view() == "password");
  copy = Secret("other");
  CHECK(copy.view() == "other");
  CHECK(Secret("").empty());
}

// The flags that the kernel shows for the mapping that holds an address: "lo" locked, "dd" not
// dumped.
std::string flags_of(const char* memory) {
  std::ifstream maps("/proc/self/smaps");
  auto address = reinterpret_cast<std::uintptr_t>(memory);
  bool inside = false;
  for (std::string line; std::getline(maps, line);) {
    std::uintptr_t from = 0, to = 0;
    if (std::sscanf(line.c_str(), "%lx-%lx ", &from, &to) == 2)
      inside = from <= address && address < to;
    if (inside && line.starts_with("VmFlags:")) return line + " ";
  }
  return {};
}

TEST_CASE("secret: it lies where nothing is swapped or dumped") {
  Secret secret("password");
  CHECK(in_secret_region(secret.view().data()));
  std::string flags = flags_of(secret.view().data());
  INFO(flags);
  CHECK(flags.find(" dd ") != std::string::npos);
  rlimit locked{};
  REQUIRE(::getrlimit(RLIMIT_MEMLOCK, &locked) == 0);
  if (kLocks && (::geteuid() == 0 || locked.rlim_cur >= 64 * 1024)) {
    CHECK(flags.find(" lo ") != std::string::npos);
  }
}

TEST_CASE("secret: its memory is zeroed and used again; beyond the region the heap serves") {
  const char* place = nullptr;
  {
    Secret secret("password");
    place = secret.view().data();
  }
  CHECK(std::string(place, 8) == std::string(8, '\0'));
  std::vector<Secret> many;
  for (int i = 0; i < 2000; ++i) many.emplace_back(std::string(100, static_cast<char>('a' + i % 26)));
  CHECK_FALSE(in_secret_region(many.back().view().data()));
  for (int i = 0; i < 2000; ++i)
    CHECK(many[static_cast<std::size_t>(i)].view() == std::string(100, static_cast<char>('a' + i % 26)));
  many.clear();
  CHECK(in_secret_region(Secret(std::string(4096, 'x')).view().data()));
  CHECK_FALSE(in_secret_region(Secret(std::string(70'000, 'x')).view().data()));
}

TEST_CASE("secret: wiping zeroes the memory") {
  std::string memory = "password";
  wipe_bytes(memory.data(), memory.size());
  CHECK(memory == std::string(8, '\0'));
}

TEST_CASE("saslprep: what changes and what does not") {
  const auto prepared = [](std::string_view text) { return std::string(saslprep(text).view()); };
  CHECK(prepared("pencil") == "pencil");
  CHECK(prepared(" tab\t ") == " tab\t ");
  CHECK(prepared("p\xc3\xa4ss") == "p\xc3\xa4ss");
  CHECK(prepared("I\xc2\xadX") == "IX");  // soft hyphen
  CHECK(prepared("a\xc2\xa0"
                 "b") == "a b");  // no-break space
  CHECK(prepared("a\xe3\x80\x80"
                 "b") == "a b");  // ideographic space
  CHECK(prepared("\xf0\x9f\x94\x91") == "\xf0\x9f\x94\x91");
  for (std::string_view raw :
       {"\xff", "a\xc2", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe0\x80\x80\xc2\xad"}) {
    CHECK(prepared(raw) == raw);
  }
  CHECK(prepared("\xc2\xad") == "\xc2\xad");  // nothing would be left
}
