#include "proto-parsers/dns/name.h"

#include <algorithm>
#include <optional>

#include "proto-parsers/base/check.h"
#include "proto-parsers/dns/limits.h"

namespace chaperone::dns {

namespace {

constexpr std::uint8_t kPointer = 0xc0;

bool is_name_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

char lower(std::uint8_t byte) {
  return static_cast<char>(byte >= 'A' && byte <= 'Z' ? byte - 'A' + 'a' : byte);
}

bool append_label(Bytes label, std::string& name) {
  if (!name.empty()) name.push_back('.');
  for (std::uint8_t byte : label) {
    name.push_back(lower(byte));
    if (!is_name_byte(name.back())) return false;
  }
  return name.size() <= kNameBytesMax;
}

}  // namespace

bool read_name(Bytes message, std::size_t& position, bool pointers, std::string& name) {
  name.clear();
  std::size_t at = position;
  std::size_t segment = at;  // where the labels in hand began; the next pointer must go before it
  std::optional<std::size_t> behind;
  while (at < message.size()) {
    const std::uint8_t length = message[at];
    if (length == 0) {
      position = behind.value_or(at + 1);
      return true;
    }
    if ((length & kPointer) == kPointer) {
      if (!pointers || at + 2 > message.size()) return false;
      const std::size_t target = (length & 0x3fu) << 8 | message[at + 1];
      if (target >= segment) return false;
      if (!behind) behind = at + 2;
      at = segment = target;
      continue;
    }
    if (length > kLabelBytesMax || at + 1 + length > message.size()) return false;
    if (!append_label(message.subspan(at + 1, length), name)) return false;
    at += 1 + length;
  }
  return false;
}

void write_name(std::string_view name, std::string& out) {
  while (!name.empty()) {
    const std::string_view label = name.substr(0, name.find('.'));
    CHECK(!label.empty() && label.size() <= kLabelBytesMax);
    out.push_back(static_cast<char>(label.size()));
    out.append(label);
    name.remove_prefix(std::min(name.size(), label.size() + 1));
  }
  out.push_back('\0');
}

bool is_name(std::string_view name) {
  if (name.size() > kNameBytesMax) return false;
  std::size_t label = 0;
  for (char c : name) {
    if (c == '.' ? label == 0 : !is_name_byte(c)) return false;
    label = c == '.' ? 0 : label + 1;
    if (label > kLabelBytesMax) return false;
  }
  return name.empty() || label > 0;
}

bool is_within(std::string_view name, std::string_view zone) {
  if (zone.empty() || name == zone) return true;
  return name.size() > zone.size() && name.ends_with(zone) &&
         name[name.size() - zone.size() - 1] == '.';
}

}  // namespace chaperone::dns
