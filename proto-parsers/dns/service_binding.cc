#include "proto-parsers/dns/service_binding.h"

#include <algorithm>

#include "proto-parsers/base/byte_reader.h"
#include "proto-parsers/dns/name.h"

namespace chaperone::dns {

namespace {

constexpr std::uint16_t kMandatory = 0;
constexpr std::uint16_t kRemoved[] = {4, 5, 6};  // ipv4hint, ech, ipv6hint

bool is_removed(std::uint16_t key) {
  return std::find(std::begin(kRemoved), std::end(kRemoved), key) != std::end(kRemoved);
}

bool asks_for_removed(Bytes mandatory) {
  ByteReader keys(mandatory);
  while (keys.size() >= 2) {
    if (is_removed(keys.take_u16())) return true;
  }
  return false;
}

}  // namespace

bool read_service_binding(Bytes data, std::string& cleaned, std::string& target) {
  if (data.size() < 3) return false;
  std::size_t position = 2;  // priority
  if (!read_name(data, position, false, target)) return false;
  cleaned = as_text(data.first(2));
  write_name(target, cleaned);
  ByteReader parameters(data.subspan(position));
  int last = -1;
  while (parameters.size() > 0) {
    const std::uint16_t key = parameters.take_u16();
    const std::uint16_t size = parameters.take_u16();
    const Bytes value = parameters.take(size);
    // RFC 9460 2.2: strictly increasing, or the record is malformed.
    if (!parameters.ok() || key <= last) return false;
    last = key;
    if (key == kMandatory && asks_for_removed(value)) return false;
    if (is_removed(key)) continue;
    for (const std::uint16_t word : {key, size}) {
      cleaned.push_back(static_cast<char>(word >> 8));
      cleaned.push_back(static_cast<char>(word));
    }
    cleaned += as_text(value);
  }
  return parameters.ok();
}

}  // namespace chaperone::dns
