#include "tests/unit/dns/support.h"

namespace chaperone::dns {

std::string u16(unsigned value) {
  return {static_cast<char>(value >> 8 & 0xff), static_cast<char>(value & 0xff)};
}

std::string u32(std::uint32_t value) { return u16(value >> 16) + u16(value & 0xffff); }

std::string wire(std::string_view name) {
  std::string out;
  while (!name.empty()) {
    const std::string_view label = name.substr(0, name.find('.'));
    out += static_cast<char>(label.size());
    out += label;
    name.remove_prefix(label.size() == name.size() ? name.size() : label.size() + 1);
  }
  return out + '\0';
}

std::string pointer(unsigned offset) { return u16(0xc000 | offset); }

std::string head(unsigned flags, unsigned questions, unsigned answers, unsigned authorities,
                 unsigned additional) {
  return u16(0x1234) + u16(flags) + u16(questions) + u16(answers) + u16(authorities) +
         u16(additional);
}

std::string question(std::string_view name, Type type, unsigned of_class) {
  return wire(name) + u16(static_cast<unsigned>(type)) + u16(of_class);
}

std::string record(const std::string& owner, Type type, std::uint32_t ttl_s,
                   const std::string& data) {
  return owner + u16(static_cast<unsigned>(type)) + u16(kClassIn) + u32(ttl_s) +
         u16(static_cast<unsigned>(data.size())) + data;
}

std::string edns(unsigned udp_bytes, std::uint32_t flags, const std::string& options) {
  return std::string(1, '\0') + u16(41) + u16(udp_bytes) + u32(flags) +
         u16(static_cast<unsigned>(options.size())) + options;
}

}  // namespace chaperone::dns
