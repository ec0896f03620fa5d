#include "sidecar/net/loop.h"

#include <catch2/catch.hpp>
#include <csignal>
#include <thread>

#include "tests/unit/net/support.h"

using namespace chaperone;
using namespace chaperone::net;

TEST_CASE("work posted by other threads runs on the loop, in order") {
  Loop loop;
  std::vector<int> seen;
  std::thread other([&] {
    for (int i = 0; i < 100; ++i) loop.post([&seen, i] { seen.push_back(i); });
    loop.stop();
  });
  loop.run();
  other.join();
  REQUIRE(seen.size() == 100);
  CHECK(std::is_sorted(seen.begin(), seen.end()));
}

TEST_CASE("soon() runs after its caller has returned") {
  Loop loop;
  std::string order;
  loop.soon([&] {
    loop.soon([&] { order += 'b'; });
    order += 'a';
  });
  test::run_until(loop, [&] { return order.size() == 2; });
  CHECK(order == "ab");
}

TEST_CASE("what soon() was given and has not run does not leak") {
  Loop loop;
  loop.soon([owned = std::make_shared<int>(1)] {});
}

namespace {

struct Sleeper final : Swept {
  int* seen;
  std::unique_ptr<Sleeper>* self;
  std::unique_ptr<Sleeper>* other;
  Sleeper(Loop& loop, int& count, std::unique_ptr<Sleeper>* me, std::unique_ptr<Sleeper>* next)
      : Swept(loop), seen(&count), self(me), other(next) {}
  void on_sweep(std::uint64_t) override {
    ++*seen;
    if (other) other->reset();
    if (self) self->reset();
  }
};

}  // namespace

TEST_CASE("a sweep survives that its members destroy each other and themselves") {
  Loop loop;
  int seen = 0;
  std::unique_ptr<Sleeper> a, b, c;
  a = std::make_unique<Sleeper>(loop, seen, &a, &b);
  b = std::make_unique<Sleeper>(loop, seen, &b, &a);
  c = std::make_unique<Sleeper>(loop, seen, &c, nullptr);
  test::run_until(loop, [&] { return !a && !b && !c; });
  CHECK(seen == 2);
}

TEST_CASE("a signal arrives on the loop") {
  Loop loop;
  int got = 0;
  Signals signals(loop, {SIGUSR1, SIGUSR2}, [&](int number) { got = number; });
  ::raise(SIGUSR2);
  test::run_until(loop, [&] { return got != 0; });
  CHECK(got == SIGUSR2);
}
