#include "sidecar/dns/cache.h"

#include <catch2/catch.hpp>

#include "proto-parsers/dns/name.h"
#include "sidecar/dns/limits.h"

using namespace chaperone::dns;

namespace {

std::shared_ptr<const Answer> address_for(std::uint32_t ttl_s) {
  Answer answer;
  answer.records.push_back({"a.b", Type::kA, ttl_s, {10, 0, 0, 1}, {}});
  return std::make_shared<const Answer>(answer);
}

Answer negative(std::uint32_t ttl_s, std::uint32_t minimum_s) {
  Record soa{"b", Type::kSoa, ttl_s, std::string(18, '\0'), {}};
  for (int shift : {24, 16, 8, 0}) soa.data.push_back(static_cast<char>(minimum_s >> shift));
  return {Rcode::kNxDomain, {}, soa};
}

}  // namespace

TEST_CASE("how long an answer holds") {
  CHECK(lifetime_s(*address_for(60)) == 60);
  CHECK(lifetime_s(*address_for(0)) == 0);
  CHECK(lifetime_s(*address_for(1000000)) == kTtlMax_s);
  CHECK(lifetime_s(negative(60, 30)) == 30);
  CHECK(lifetime_s(negative(20, 30)) == 20);
  CHECK(lifetime_s(negative(100000, 100000)) == kNegativeTtlMax_s);
  CHECK(lifetime_s({Rcode::kNxDomain, {}, {}}) == 0);
  CHECK(lifetime_s({Rcode::kServFail, {}, {}}) == kFailureTtl_s);
}

TEST_CASE("an answer is found until it runs out, with its age") {
  Cache cache;
  cache.add({"a.b", Type::kA}, address_for(60), 1000);
  CHECK(cache.find({"a.b", Type::kA}, 31999).age_s == 30);
  CHECK(cache.find({"a.b", Type::kA}, 60999).answer);
  CHECK_FALSE(cache.find({"a.b", Type::kAaaa}, 1000).answer);
  CHECK_FALSE(cache.find({"a.b", Type::kA}, 61000).answer);
  CHECK(cache.size() == 0);
  CHECK(cache.bytes() == 0);
}

TEST_CASE("what must not be kept is not, and takes the old answer with it") {
  Cache cache;
  cache.add({"a.b", Type::kA}, address_for(60), 0);
  cache.add({"a.b", Type::kA}, address_for(0), 0);
  CHECK(cache.size() == 0);
}

TEST_CASE("entries are bounded, the least recently used goes") {
  Cache cache;
  for (std::size_t i = 0; i < kCacheEntriesMax; ++i) {
    cache.add({"n" + std::to_string(i), Type::kA}, address_for(60), 0);
  }
  CHECK(cache.find({"n0", Type::kA}, 0).answer);
  cache.add({"new", Type::kA}, address_for(60), 0);
  CHECK(cache.size() == kCacheEntriesMax);
  CHECK(cache.find({"n0", Type::kA}, 0).answer);
  CHECK_FALSE(cache.find({"n1", Type::kA}, 0).answer);
}

TEST_CASE("bytes are bounded") {
  Cache cache;
  for (int i = 0; i < 200; ++i) {
    Answer answer;
    answer.records.push_back({"a.b", Type::kTxt, 60, std::string(60000, 'x'), {}});
    cache.add({"n" + std::to_string(i), Type::kTxt}, std::make_shared<const Answer>(answer), 0);
    CHECK(cache.bytes() <= kCacheBytesMax);
  }
  CHECK(cache.find({"n199", Type::kTxt}, 0).answer);
  cache.clear();
  CHECK(cache.bytes() == 0);
}
