#pragma once
// SipHash-2-4 with 128 bits of output (Aumasson and Bernstein, 2012), fed piece by piece: a keyed
// hash for which nobody without the key can look for collisions.

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>

namespace chaperone::sql {

class SipHash {
 public:
  struct Result {
    std::uint64_t low, high;
  };

  SipHash(std::uint64_t k0, std::uint64_t k1)
      : v0_(0x736f6d6570736575u ^ k0),
        v1_(0x646f72616e646f6du ^ k1 ^ 0xee),
        v2_(0x6c7967656e657261u ^ k0),
        v3_(0x7465646279746573u ^ k1) {}

  void update(std::string_view bytes) {
    total_ += bytes.size();
    const char* at = bytes.data();
    std::size_t left = bytes.size();
    while (pending_ > 0 && left > 0) {
      word_ |= static_cast<std::uint64_t>(static_cast<unsigned char>(*at)) << (8 * pending_);
      ++at, --left;
      if (++pending_ == 8) compress(std::exchange(word_, 0)), pending_ = 0;
    }
    for (; left >= 8; at += 8, left -= 8) {
      std::uint64_t word;
      std::memcpy(&word, at, 8);
      compress(word);
    }
    for (; left > 0; ++at, --left, ++pending_) {
      word_ |= static_cast<std::uint64_t>(static_cast<unsigned char>(*at)) << (8 * pending_);
    }
  }

  Result finish() {
    compress(word_ | total_ << 56);
    v2_ ^= 0xee;
    for (int i = 0; i < 4; ++i) round();
    std::uint64_t low = v0_ ^ v1_ ^ v2_ ^ v3_;
    v1_ ^= 0xdd;
    for (int i = 0; i < 4; ++i) round();
    return {low, v0_ ^ v1_ ^ v2_ ^ v3_};
  }

 private:
  void compress(std::uint64_t word) {
    v3_ ^= word;
    round();
    round();
    v0_ ^= word;
  }
  void round() {
    v0_ += v1_;
    v1_ = std::rotl(v1_, 13);
    v1_ ^= v0_;
    v0_ = std::rotl(v0_, 32);
    v2_ += v3_;
    v3_ = std::rotl(v3_, 16);
    v3_ ^= v2_;
    v0_ += v3_;
    v3_ = std::rotl(v3_, 21);
    v3_ ^= v0_;
    v2_ += v1_;
    v1_ = std::rotl(v1_, 17);
    v1_ ^= v2_;
    v2_ = std::rotl(v2_, 32);
  }

  std::uint64_t v0_, v1_, v2_, v3_;
  std::uint64_t word_ = 0, total_ = 0;
  int pending_ = 0;
};

}  // namespace chaperone::sql
