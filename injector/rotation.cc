#include "injector/rotation.h"

#include "injector/certificates.h"

namespace chaperone::injector {

namespace {
bool is_usable(const CertificateState& state, const RotationTerms& terms, std::int64_t now_s) {
  if (state.key.empty()) return false;
  for (const std::string& name : terms.names) {
    if (!verifies(state.authorities, state.certificate, name, now_s)) return false;
  }
  return true;
}

// At two thirds of its life.
bool is_due(const CertificateState& state, const RotationTerms& terms, std::int64_t now_s) {
  auto validity = validity_of(state.certificate);
  return !validity || now_s >= validity->until_s - terms.life_s / 3;
}

// The authorities without those that no longer sign what is served.
std::string still_needed(const CertificateState& state, const RotationTerms& terms,
                         std::int64_t now_s) {
  std::string needed;
  for (const std::string& one : certificates_in(state.authorities)) {
    if (verifies(one, state.certificate, terms.names.front(), now_s)) needed += one;
  }
  return needed;
}
}  // namespace

Result<std::optional<CertificateState>> next_state(const CertificateState& state, bool published,
                                                   const RotationTerms& terms,
                                                   std::int64_t now_s) {
  CertificateState next = state;
  next.since_s = now_s;
  bool settled = published && now_s - state.since_s >= terms.settle_s;
  if (!is_usable(state, terms, now_s)) {
    auto made = make_pair(terms.names, now_s, terms.life_s);
    if (!made) return made.error();
    return std::optional(
        CertificateState{made->authority, made->certificate, made->key, "", "", now_s});
  }
  if (!state.next_key.empty()) {
    if (!settled) return std::optional<CertificateState>();
    next.certificate = state.next_certificate;
    next.key = state.next_key;
    next.next_certificate.clear();
    next.next_key.clear();
    return std::optional(next);
  }
  if (certificates_in(state.authorities).size() > 1) {
    if (!settled) return std::optional<CertificateState>();
    next.authorities = still_needed(state, terms, now_s);
    return std::optional(next);
  }
  if (!is_due(state, terms, now_s)) return std::optional<CertificateState>();
  auto made = make_pair(terms.names, now_s, terms.life_s);
  if (!made) return made.error();
  next.authorities = state.authorities + made->authority;
  next.next_certificate = made->certificate;
  next.next_key = made->key;
  return std::optional(next);
}

}  // namespace chaperone::injector
