#pragma once
// The client's side of SCRAM-SHA-256 (RFC 5802, RFC 7677) as PostgreSQL uses it (55.3.1): three
// messages, no I/O. It proves the password to the server and makes the server prove that it knows
// it too.

#include <cstdint>
#include <string>
#include <string_view>

#include "proto-parsers/base/result.h"
#include "sidecar/session/scram_cache.h"
#include "sidecar/session/secret.h"

namespace chaperone {

// RFC 7677 section 4: fewer make a proof that somebody recorded too cheap to guess from.
inline constexpr std::uint32_t kScramIterationsMin = 4096;
// Deriving keys holds up the loop: a million HMACs take about half a second, once for each salt.
inline constexpr std::uint32_t kScramIterationsMax = 1'000'000;
// PostgreSQL's salts have 16 bytes and its nonces 18; others' may be longer.
inline constexpr std::size_t kScramSaltBytesMax = 1024;
inline constexpr std::size_t kScramMessageBytesMax = 4096;

enum class ScramBinding : std::uint8_t {
  kNone,        // "n": we have no channel to bind to (no TLS)
  kNotOffered,  // "y": we could, but the server did not offer it; it notices if it had
  kEndPoint,    // "p=tls-server-end-point" (RFC 5929)
};

class Scram {
 public:
  struct Options {
    ScramBinding binding = ScramBinding::kNone;
    std::string end_point_hash;  // for kEndPoint
    std::string user;            // PostgreSQL takes the startup packet's and wants this empty
    std::string nonce;           // for test vectors; empty: 18 random bytes in base64
  };
  // `password` is what SASLprep gave; it is wiped as soon as the keys are known. `cache` may be
  // null.
  Scram(Secret password, Options options, ScramCache* cache);

  // client-first-message.
  std::string first_message();
  // client-final-message for the server-first-message. Error: it is malformed, has a nonce that is
  // not ours, or iterations out of bounds.
  Result<std::string> final_message(std::string_view server_first);
  // The server's signature in the server-final-message. Error: it is missing, wrong, or an error.
  Result<void> verify(std::string_view server_final);

  bool verified() const { return verified_; }

 private:
  std::string gs2_header() const;
  ScramKeys keys_for(std::string_view salt, std::uint32_t iterations);

  Secret password_;
  Options options_;
  ScramCache* cache_;
  std::string first_bare_;
  std::string server_signature_;  // what we expect; empty until final_message
  bool verified_ = false;
};

// Derives without a cache. REQUIRES: iterations > 0.
ScramKeys derive_scram_keys(std::string_view password, std::string_view salt,
                            std::uint32_t iterations);

}  // namespace chaperone
