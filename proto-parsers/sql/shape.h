#pragma once
// The shape of a statement: what of its text its meaning can depend on, as a key for a cache.
//
// Two texts get equal keys only if PostgreSQL's own lexer cuts both into the same tokens but for
// the values of plain constants and the words of comments, and only where no constant can matter
// for analyse() (functions whose arguments it reads, LIMIT, DDL and so on: there the
// whole text is the key). The hash is keyed by this process's secret, so that nobody can look for
// two texts that collide; a key is worth nothing in another process. Never allocates.
//
// A cache must also be keyed by what analyse() was told: Reading, search_path, role and catalogue.

#include <cstdint>
#include <optional>
#include <string_view>

#include "proto-parsers/sql/analyse.h"

namespace chaperone::sql {

struct ShapeKey {
  std::uint64_t high = 0, low = 0;
  bool operator==(const ShapeKey&) const = default;
};

// nullopt: do not cache (NUL bytes, unterminated quotes or comments, longer than kShapeBytesMax, or
// EXECUTE, which means what the session prepared).
std::optional<ShapeKey> shape_of(std::string_view text, const Reading& reading);

// The same without the secret, for Meaning::shape: equal in every process, not safe against an
// adversary, 0 where shape_of says nullopt.
std::uint64_t shape_name(std::string_view text, const Reading& reading);

}  // namespace chaperone::sql
