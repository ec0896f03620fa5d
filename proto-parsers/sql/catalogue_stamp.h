#pragma once
// What tells whether a catalogue view still holds and, if not, which parts of it to read again. A
// few rows for any database: objects are counted in buckets of neighbouring OIDs, which hold what
// was made together.
//
// Exact, not a checksum that somebody could steer. A row version that a view has not seen was made
// by a transaction that was not finished when the view was taken, so it is not older than the
// *horizon*: the oldest transaction then unfinished. Row versions from the horizon on go into a
// bucket's digest one by one (place and transaction); those before it can only vanish, and are
// counted. A bucket of equal count and digest therefore holds the same rows as before.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include "proto-parsers/base/result.h"

namespace chaperone::sql {

// An object's bucket is its OID without so many low bits.
inline constexpr int kBucketBits = 8;
using Bucket = std::uint32_t;
using Buckets = std::set<Bucket>;

// What is to be read again. Where `all` is set, the rest says nothing.
struct CatalogueChange {
  bool all = false;
  Buckets relations, functions, types;
  bool all_functions = false, all_types = false;
  bool schemas = false, operators = false, event_triggers = false;
  bool operator==(const CatalogueChange&) const = default;
};
CatalogueChange everything();

class CatalogueStamp {
 public:
  // One row of catalogue_stamp_query().
  Result<void> add(std::span<const std::optional<std::string_view>> row);

  // False where the server did not tell: such a stamp equals none.
  bool known() const { return horizon_.has_value(); }
  // What this stamp has and `older`, taken with the same horizon, has not; everything if it differs.
  CatalogueChange since(const CatalogueStamp& older) const;
  std::optional<std::uint32_t> horizon() const { return horizon_; }
  // So many rows lie behind the horizon that a newer one would be cheaper.
  bool worn() const;

 private:
  std::optional<std::uint32_t> horizon_;
  std::size_t young_ = 0;
  std::map<std::uint64_t, std::string> buckets_;  // by part and bucket: count and digest
};

// Without a horizon the oldest transaction that is unfinished now, which the stamp then tells.
std::string catalogue_stamp_query(int server_version, std::optional<std::uint32_t> horizon);
inline constexpr std::size_t kStampColumns = 4;

}  // namespace chaperone::sql
