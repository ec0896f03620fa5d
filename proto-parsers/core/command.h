#pragma once
// One thing that the client asked for: what it means, how it was spelled, with which values.

#include <cstdint>
#include <span>
#include <string_view>

#include "proto-parsers/base/bytes.h"
#include "proto-parsers/core/meaning.h"

namespace chaperone {

// The order is part of the record format: append, never renumber.
enum class Protocol : std::uint8_t { kOpaque, kPostgres, kDns };
std::string_view name_of(Protocol protocol);

// A bound value as it came over the wire.
struct Parameter {
  Bytes value;               // valid until the parser's next feed; empty when null
  std::uint32_t type = 0;    // the protocol's type number (PostgreSQL: OID), 0 unknown
  bool binary = false;
  bool null = false;
};

// A borrowed view: valid until the next bytes are fed to the parser it came from.
struct Command {
  Protocol protocol = Protocol::kOpaque;
  const Meaning* meaning = nullptr;  // never null once judged
  std::string_view text;             // the statement as sent; empty where there is none
  std::span<const Parameter> parameters;
};

}  // namespace chaperone
