// Against the kernel's own REDIRECT, in a network namespace of this process's own: needs root, and
// says so where it has none.

#include "sidecar/net/socket_owner.h"
#include "tests/unit/net/child.h"
#include "tests/unit/net/support.h"

#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>

using namespace chaperone;
using namespace chaperone::net;
using test::Ear;
using test::run_until;

namespace {

constexpr uid_t kAgentUid = 10001;
constexpr std::uint16_t kListenPort = 15001;

constexpr char kRules[] = R"(
table inet chaperone_test {
  chain nat_out {
    type nat hook output priority -100; policy accept;
    meta skuid 10001 tcp dport 5432 redirect to :15001
  }
})";

// False where this user may not; the namespace goes with the process.
bool enter_namespace() {
  if (::geteuid() != 0 || ::unshare(CLONE_NEWNET) != 0) {
    WARN("skipped: a network namespace needs root");
    return false;
  }
  test::run({"ip", "link", "set", "lo", "up"});
  test::run({"ip", "link", "add", "out0", "type", "veth", "peer", "name", "out1"});
  test::run({"ip", "addr", "add", "192.0.2.2/24", "dev", "out0"});
  test::run({"ip", "addr", "add", "2001:db8::2/64", "dev", "out0", "nodad"});
  for (const char* end : {"out0", "out1"}) test::run({"ip", "link", "set", end, "up"});
  test::TempDir dir;
  std::ofstream(dir / "rules.nft") << kRules;
  test::run({"nft", "-f", dir / "rules.nft"});
  return true;
}

// The agent: another user, who dials and waits to be told to go.
class Agent {
 public:
  explicit Agent(const Address& target) {
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, wire_) == 0);
    pid_ = ::fork();
    REQUIRE(pid_ >= 0);
    if (pid_ == 0) {
      ::close(wire_[0]);
      bool dropped = ::setresuid(kAgentUid, kAgentUid, kAgentUid) == 0;
      int fd = ::socket(target.family(), SOCK_STREAM, 0);
      bool dialled = dropped && ::connect(fd, target.raw(), target.raw_bytes()) == 0;
      char byte;
      if (dialled && ::read(wire_[1], &byte, 1) < 0) ::_exit(1);
      ::_exit(0);
    }
    ::close(wire_[1]);
  }
  ~Agent() {
    ::close(wire_[0]);
    ::waitpid(pid_, nullptr, 0);
  }
  Agent(const Agent&) = delete;
  Agent& operator=(const Agent&) = delete;

 private:
  int wire_[2];
  pid_t pid_ = -1;
};

Address at(const char* ip, std::uint16_t port) { return Address::parse(ip, port).value(); }

}  // namespace

TEST_CASE("a redirected client's destination and owner are known, in both families") {
  static bool const entered = enter_namespace();
  if (!entered) return;
  std::vector<std::string> where = GENERATE(std::vector<std::string>{"127.0.0.1", "::1"},
                                            std::vector<std::string>{"0.0.0.0", "::"});
  Loop loop;
  Ear ear;
  auto listener = Listener::open(loop, where, kListenPort, {},
                                 [&](StreamPtr stream) { ear.take(std::move(stream)); });
  REQUIRE(listener.ok());
  SocketOwners owners;
  for (const Address& target : {at("192.0.2.77", 5432), at("2001:db8::77", 5432)}) {
    Agent agent(target);
    run_until(loop, [&] { return ear.stream != nullptr; });
    auto meant = ear.stream->original_destination();
    REQUIRE(meant.ok());
    CHECK(meant->address.to_string() == target.to_string());
    CHECK_FALSE(meant->direct);
    auto uid = owners.uid_of(ear.stream->peer(), meant->address);
    REQUIRE(uid.has_value());
    CHECK(*uid == kAgentUid);
    ear.stream.reset();
  }
  for (const Address& target : {at("127.0.0.1", kListenPort), at("::1", kListenPort)}) {
    Agent agent(target);
    run_until(loop, [&] { return ear.stream != nullptr; });
    auto meant = ear.stream->original_destination();
    REQUIRE(meant.ok());
    CHECK(meant->direct);
    CHECK(meant->address.to_string() == target.to_string());
    ear.stream.reset();
  }
}
