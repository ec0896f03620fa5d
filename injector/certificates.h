#pragma once
// X.509 for the webhook: an authority that signs once and is then forgotten, and the server
// certificate by it. All text is PEM.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "proto-parsers/base/result.h"

namespace chaperone::injector {

struct CertificatePair {
  std::string authority;    // the CA's certificate; its key was never written anywhere
  std::string certificate;  // the server's
  std::string key;
};

// `names` are DNS names or addresses; the first is the subject. ECDSA P-256.
Result<CertificatePair> make_pair(const std::vector<std::string>& names, std::int64_t now_s,
                                  std::int64_t life_s);

struct Validity {
  std::int64_t from_s, until_s;
};
// Of the first certificate in the text; none where there is none.
std::optional<Validity> validity_of(const std::string& certificate);

// Whether one of the authorities in `bundle` signed the certificate, and it is for `name`, now.
bool verifies(const std::string& bundle, const std::string& certificate, const std::string& name,
              std::int64_t now_s);

// How many certificates are in the text, and each by itself.
std::vector<std::string> certificates_in(const std::string& bundle);

}  // namespace chaperone::injector
