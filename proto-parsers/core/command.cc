#include "proto-parsers/core/command.h"

namespace chaperone {

std::string_view name_of(Protocol protocol) {
  switch (protocol) {
    case Protocol::kOpaque: return "opaque";
    case Protocol::kPostgres: return "postgres";
    case Protocol::kDns: return "dns";
  }
  return "unknown";
}

}  // namespace chaperone
