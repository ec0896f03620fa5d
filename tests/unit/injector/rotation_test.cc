#include "injector/rotation.h"

#include <catch2/catch.hpp>

#include "injector/certificates.h"

namespace chaperone::injector {

namespace {
constexpr std::int64_t kStart = 1'800'000'000;
const RotationTerms kTerms{{"injector.chaperone.svc", "127.0.0.1"}, 3000, 10};

CertificateState step(const CertificateState& state, bool published, std::int64_t now_s) {
  auto next = next_state(state, published, kTerms, now_s);
  REQUIRE(next.ok());
  return next->value_or(state);
}

bool good(const CertificateState& state, std::int64_t now_s) {
  return verifies(state.authorities, state.certificate, "injector.chaperone.svc", now_s);
}
}  // namespace

TEST_CASE("a certificate is for its names, its time and its authority") {
  auto pair = make_pair({"a.svc", "10.0.0.1"}, kStart, 1000), other = make_pair({"a.svc"}, kStart, 1000);
  REQUIRE((pair.ok() && other.ok()));
  CHECK(verifies(pair->authority, pair->certificate, "a.svc", kStart));
  CHECK(verifies(pair->authority, pair->certificate, "10.0.0.1", kStart));
  CHECK(verifies(other->authority + pair->authority, pair->certificate, "a.svc", kStart));
  CHECK_FALSE(verifies(pair->authority, pair->certificate, "b.svc", kStart));
  CHECK_FALSE(verifies(pair->authority, pair->certificate, "a.svc", kStart + 1001));
  CHECK_FALSE(verifies(other->authority, pair->certificate, "a.svc", kStart));
  CHECK_FALSE(verifies("", pair->certificate, "a.svc", kStart));
  CHECK_FALSE(verifies("junk", "junk", "a.svc", kStart));
  CHECK(validity_of(pair->certificate)->until_s == kStart + 1000);
}

TEST_CASE("what is served is trusted at every step of a rotation") {
  CertificateState first = step({}, false, kStart);
  CHECK(good(first, kStart));
  CHECK(step(first, true, kStart + 1000) == first);

  std::int64_t now = kStart + 2500;
  CertificateState announced = step(first, true, now);
  CHECK(announced.certificate == first.certificate);
  CHECK(certificates_in(announced.authorities).size() == 2);
  CHECK(good(announced, now));
  CHECK(step(announced, false, now + 60) == announced);  // not published yet
  CHECK(step(announced, true, now + 5) == announced);    // not settled yet

  CertificateState switched = step(announced, true, now + 11);
  CHECK(switched.certificate == announced.next_certificate);
  CHECK(switched.authorities == announced.authorities);
  CHECK(good(switched, now + 11));
  CHECK(step(switched, true, now + 15) == switched);

  CertificateState ended = step(switched, true, now + 30);
  CHECK(certificates_in(ended.authorities).size() == 1);
  CHECK(good(ended, now + 30));
  CHECK_FALSE(verifies(ended.authorities, first.certificate, "injector.chaperone.svc", now + 30));
  CHECK(step(ended, true, now + 60) == ended);
}

TEST_CASE("what cannot be used is made anew at once") {
  CertificateState state = step({}, false, kStart);
  CHECK(good(step(state, true, kStart + 5000), kStart + 5000));  // slept through its life
  CertificateState keyless = state;
  keyless.key.clear();
  CHECK(step(keyless, true, kStart + 1).key != "");
  auto renamed = kTerms;
  renamed.names = {"other.svc"};
  auto next = next_state(state, true, renamed, kStart + 1);
  REQUIRE(next.ok());
  REQUIRE(next->has_value());
  CHECK(verifies((*next)->authorities, (*next)->certificate, "other.svc", kStart + 1));
}

}  // namespace chaperone::injector
