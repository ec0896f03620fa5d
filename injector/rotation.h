#pragma once
// How certificates change without one refused review: a new authority is published beside the old
// one, then the server's certificate changes, then the old authority goes. Pure; what a replica
// crashes at is what another goes on from.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "proto-parsers/base/result.h"

namespace chaperone::injector {

// What the Secret holds. Text is PEM; empty: not there.
struct CertificateState {
  std::string authorities;       // what the webhook configurations must carry
  std::string certificate, key;  // what replicas serve
  std::string next_certificate, next_key;
  std::int64_t since_s = 0;      // when this state was written

  bool operator==(const CertificateState&) const = default;
};

struct RotationTerms {
  std::vector<std::string> names;
  std::int64_t life_s = 30 * 24 * 3600;
  // After publishing and after switching: until every API server and every replica has noticed.
  std::int64_t settle_s = 120;
};

// The state that comes after `state`, or none if it is to stay. `published`: all configurations
// carry state.authorities.
Result<std::optional<CertificateState>> next_state(const CertificateState& state, bool published,
                                                   const RotationTerms& terms, std::int64_t now_s);

}  // namespace chaperone::injector
