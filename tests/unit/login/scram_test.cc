#include "sidecar/session/scram.h"

#include <catch2/catch.hpp>
#include <string>

#include "sidecar/session/scram_cache.h"

using namespace chaperone;

namespace {

// RFC 7677 section 3.
const std::string kNonce = "rOprNGfwEbeRWgbNEkqO";
const std::string kServerFirst =
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
const std::string kClientFinal =
    "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
    "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
const std::string kServerFinal = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

Scram::Options vector_options() {
  Scram::Options options;
  options.user = "user";
  options.nonce = kNonce;
  return options;
}

std::string error_of(const std::string& server_first) {
  Scram scram(Secret("pencil"), vector_options(), nullptr);
  scram.first_message();
  auto reply = scram.final_message(server_first);
  return reply ? "" : reply.error().message;
}

std::string first(std::string_view salt, std::string_view iterations) {
  return "r=" + kNonce + "more,s=" + std::string(salt) + ",i=" + std::string(iterations);
}

}  // namespace

TEST_CASE("scram: the vectors of RFC 7677") {
  Scram scram(Secret("pencil"), vector_options(), nullptr);
  CHECK(scram.first_message() == "n,,n=user,r=" + kNonce);
  auto reply = scram.final_message(kServerFirst);
  REQUIRE(reply);
  CHECK(*reply == kClientFinal);
  CHECK_FALSE(scram.verified());
  CHECK(scram.verify(kServerFinal).ok());
  CHECK(scram.verified());
}

TEST_CASE("scram: a server that cannot prove itself is refused") {
  for (std::string final_text :
       {"v=7rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=", "v=", "", "e=other-error", "v=AAAA",
        "x=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="}) {
    CAPTURE(final_text);
    Scram scram(Secret("pencil"), vector_options(), nullptr);
    scram.first_message();
    REQUIRE(scram.final_message(kServerFirst));
    CHECK_FALSE(scram.verify(final_text).ok());
    CHECK_FALSE(scram.verified());
  }
}

TEST_CASE("scram: a challenge must be well formed") {
  const std::string malformed = "the server's SCRAM challenge is malformed";
  CHECK(error_of("") == malformed);
  CHECK(error_of("r=" + kNonce + "more") == malformed);
  CHECK(error_of(first("W22Z", "4096x")) == malformed);
  CHECK(error_of(first("W22Z", "-4096")) == malformed);
  CHECK(error_of(first("W22Z", "99999999999999")) == malformed);
  CHECK(error_of(first("W22", "4096")) == malformed);
  CHECK(error_of(first("", "4096")) == malformed);
  CHECK(error_of("m=ext," + first("W22Z", "4096")) == malformed);
  CHECK(error_of(first("W22Z", "4096") + "," + std::string(kScramMessageBytesMax, 'x')) ==
        malformed);
  CHECK(error_of(first("W22Z", "4096") + ",x=ignored").empty());
}

TEST_CASE("scram: a nonce must continue ours") {
  CHECK(error_of("r=" + kNonce + ",s=W22Z,i=4096").find("nonce") != std::string::npos);
  CHECK(error_of("r=other,s=W22Z,i=4096").find("nonce") != std::string::npos);
}

TEST_CASE("scram: iterations are bounded on both sides") {
  CHECK(error_of(first("W22Z", std::to_string(kScramIterationsMin - 1))).find("below") !=
        std::string::npos);
  CHECK(error_of(first("W22Z", std::to_string(kScramIterationsMin))).empty());
  CHECK(error_of(first("W22Z", std::to_string(kScramIterationsMax + 1))).find("above") !=
        std::string::npos);
}

TEST_CASE("scram: channel binding is in both messages") {
  Scram::Options options = vector_options();
  options.binding = ScramBinding::kEndPoint;
  options.end_point_hash = "hash";
  Scram scram(Secret("pencil"), options, nullptr);
  CHECK(scram.first_message().starts_with("p=tls-server-end-point,,n="));
  auto reply = scram.final_message(kServerFirst);
  REQUIRE(reply);
  // base64 of "p=tls-server-end-point,,hash"
  CHECK(reply->starts_with("c=cD10bHMtc2VydmVyLWVuZC1wb2ludCwsaGFzaA==,r="));

  options.binding = ScramBinding::kNotOffered;
  Scram other(Secret("pencil"), options, nullptr);
  CHECK(other.first_message().starts_with("y,,n="));
  CHECK(other.final_message(kServerFirst)->starts_with("c=eSws,r="));
}

TEST_CASE("scram: nonces are fresh") {
  Scram a(Secret("pencil"), {}, nullptr);
  Scram b(Secret("pencil"), {}, nullptr);
  const std::string first_a = a.first_message();
  CHECK(first_a != b.first_message());
  CHECK(first_a.size() == std::string("n,,n=,r=").size() + 24);
}

TEST_CASE("scram: keys are derived once for a password, salt and count") {
  ScramCache cache;
  const ScramKeys one = cache.keys("pencil", "salt", 4096);
  CHECK(cache.keys("pencil", "salt", 4096).client_key == one.client_key);
  CHECK(cache.derivations() == 1);
  CHECK(derive_scram_keys("pencil", "salt", 4096).server_key == one.server_key);
  CHECK(cache.keys("pencils", "alt", 4096).client_key != one.client_key);
  CHECK(cache.keys("pencil", "salt", 4097).client_key != one.client_key);
  CHECK(cache.keys("pencil", "Salt", 4096).client_key != one.client_key);
  CHECK(cache.derivations() == 4);
  cache.clear();
  cache.keys("pencil", "salt", 4096);
  CHECK(cache.derivations() == 5);
}

TEST_CASE("scram: the cache is bounded, the oldest goes") {
  ScramCache cache;
  for (std::uint32_t i = 0; i <= kScramCacheEntriesMax; ++i) cache.keys("p", "salt", 1 + i);
  CHECK(cache.derivations() == kScramCacheEntriesMax + 1);
  cache.keys("p", "salt", 1 + kScramCacheEntriesMax);
  CHECK(cache.derivations() == kScramCacheEntriesMax + 1);
  cache.keys("p", "salt", 1);
  CHECK(cache.derivations() == kScramCacheEntriesMax + 2);
}
