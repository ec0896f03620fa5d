#include "sidecar/dns/tunnel_guard.h"

#include <catch2/catch.hpp>

#include "sidecar/dns/limits.h"

using namespace chaperone;
using namespace chaperone::dns;

namespace {

std::string said(TunnelGuard& guard, const std::string& name, const std::string& zone = "z.example",
                 std::uint64_t now_ms = 0) {
  const char* reason = guard.ask(name, zone, now_ms);
  return reason ? reason : "";
}

}  // namespace

TEST_CASE("entropy in bits for each character") {
  CHECK(entropy_bits("aaaa") == Approx(0));
  CHECK(entropy_bits("abab") == Approx(1));
  CHECK(entropy_bits("0123456789abcdef") == Approx(4));
}

TEST_CASE("ordinary names below a wildcard pass") {
  TunnelGuard guard({});
  for (const char* name :
       {"www.z.example", "d111111abcdef8.z.example", "registry-1.z.example",
        "0123456789abcdef0123456789abcdef01234567.z.example", "my-long-bucket-name-for-backups.eu.z.example"}) {
    INFO(name);
    CHECK(said(guard, name).empty());
  }
}

TEST_CASE("what looks like data does not") {
  TunnelGuard guard({});
  CHECK(said(guard, std::string(41, 'a') + ".z.example") == "a label longer than the policy allows");
  CHECK(said(guard, "mzxw6ytboi2gk3tdnbxw4zlsmfxgiidq.z.example") == "a label that looks like encoded data");
  CHECK(said(guard, "a.b.c.d.e.f.g.h.i.j.k.z.example") == "more labels than the policy allows");
}

TEST_CASE("a name that the policy writes out is never questioned") {
  TunnelGuard guard({});
  CHECK(said(guard, std::string(60, 'q') + ".example", "").empty());
}

TEST_CASE("different names below one zone are counted by the minute") {
  policy::NameLimits limits;
  limits.names_per_minute = 3;
  TunnelGuard guard(limits);
  for (const char* name : {"a.z.example", "b.z.example", "a.z.example", "c.z.example"}) {
    CHECK(said(guard, name).empty());
  }
  CHECK_FALSE(said(guard, "d.z.example").empty());
  CHECK(said(guard, "a.z.example").empty());
  CHECK(said(guard, "d.y.example", "y.example").empty());
  CHECK(said(guard, "d.z.example", "z.example", 60000).empty());
}

TEST_CASE("zones are bounded; those at rest and those of an older policy make room") {
  TunnelGuard guard({});
  const auto zone = [](std::size_t i) { return "z" + std::to_string(i) + ".example"; };
  for (std::size_t i = 0; i < kZonesMax; ++i) CHECK(said(guard, "a." + zone(i), zone(i)).empty());
  CHECK_FALSE(said(guard, "a.more.example", "more.example").empty());
  CHECK(said(guard, "a.more.example", "more.example", kZoneWindowMs).empty());
  for (std::size_t i = 0; i + 1 < kZonesMax; ++i) said(guard, "a." + zone(i), zone(i), kZoneWindowMs);
  CHECK_FALSE(said(guard, "a.last.example", "last.example", kZoneWindowMs).empty());
  guard.set_limits({});
  CHECK(said(guard, "a.last.example", "last.example", kZoneWindowMs).empty());
}

TEST_CASE("what goes to a server is counted by the second") {
  policy::NameLimits limits;
  limits.queries_per_second = 2;
  TunnelGuard guard(limits);
  CHECK(guard.ask_rate(5000) == nullptr);
  CHECK(guard.ask_rate(5000) == nullptr);
  CHECK(guard.ask_rate(5000) != nullptr);
  CHECK(guard.ask_rate(5500) == nullptr);
  CHECK(guard.ask_rate(5500) != nullptr);
}
