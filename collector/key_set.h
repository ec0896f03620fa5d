#pragma once
// Public keys of a JSON Web Key Set (RFC 7517), and what was signed with them: RS256 and ES256
// (RFC 7518), the two that API servers use.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "proto-parsers/base/result.h"

struct evp_pkey_st;

namespace chaperone::collector {

class KeySet {
 public:
  // Keys of other kinds, and RSA below 2048 bits, are left out. Error: no key set, or none is left.
  static Result<KeySet> parse(std::string_view json);

  bool has(std::string_view id) const { return find(id) != nullptr; }
  // By the key of that id alone, with the algorithm that is its own. `signature`: raw bytes.
  bool verify(std::string_view id, std::string_view algorithm, std::string_view message,
              std::string_view signature) const;
  std::size_t size() const { return keys_.size(); }

 private:
  struct Key {
    std::string id, algorithm;
    std::shared_ptr<evp_pkey_st> key;
  };
  const Key* find(std::string_view id) const;
  std::vector<Key> keys_;
};

// RFC 4648 section 5 without padding. Empty: not that, or nothing.
std::string from_base64url(std::string_view text);

}  // namespace chaperone::collector
