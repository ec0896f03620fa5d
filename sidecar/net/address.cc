#include "sidecar/net/address.h"

#include <arpa/inet.h>

#include <cstring>

namespace chaperone::net {

namespace {

constexpr std::uint8_t kMapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

}  // namespace

Address::Address() {
  std::memset(&raw_, 0, sizeof raw_);
  raw_.any.sa_family = AF_UNSPEC;
}

Address Address::from(const sockaddr* raw) {
  Address address;
  if (raw->sa_family == AF_INET) {
    std::memcpy(&address.raw_.v4, raw, sizeof(sockaddr_in));
  } else if (raw->sa_family == AF_INET6) {
    std::memcpy(&address.raw_.v6, raw, sizeof(sockaddr_in6));
    if (IN6_IS_ADDR_V4MAPPED(&address.raw_.v6.sin6_addr)) {
      sockaddr_in v4{};
      v4.sin_family = AF_INET;
      v4.sin_port = address.raw_.v6.sin6_port;
      std::memcpy(&v4.sin_addr, address.raw_.v6.sin6_addr.s6_addr + 12, 4);
      address = Address();
      address.raw_.v4 = v4;
    }
  }
  return address;
}

Result<Address> Address::parse(std::string_view ip, std::uint16_t port) {
  std::string text(ip);
  sockaddr_in6 v6{};
  sockaddr_in v4{};
  if (inet_pton(AF_INET, text.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    return from(reinterpret_cast<const sockaddr*>(&v4));
  }
  if (inet_pton(AF_INET6, text.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    return from(reinterpret_cast<const sockaddr*>(&v6));
  }
  return Error{"'" + text + "' is not an IP address; write it like 10.0.0.5 or fd00::5"};
}

std::uint16_t Address::port() const {
  if (family() == AF_INET) return ntohs(raw_.v4.sin_port);
  return family() == AF_INET6 ? ntohs(raw_.v6.sin6_port) : std::uint16_t{0};
}

bool Address::loopback() const {
  if (family() == AF_INET) return (ntohl(raw_.v4.sin_addr.s_addr) >> 24) == 127;
  return family() == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&raw_.v6.sin6_addr);
}

std::array<std::uint8_t, 16> Address::bytes() const {
  std::array<std::uint8_t, 16> out{};
  if (family() == AF_INET6) {
    std::memcpy(out.data(), raw_.v6.sin6_addr.s6_addr, 16);
  } else if (family() == AF_INET) {
    std::memcpy(out.data(), kMapped, sizeof kMapped);
    std::memcpy(out.data() + sizeof kMapped, &raw_.v4.sin_addr, 4);
  }
  return out;
}

std::string Address::ip() const {
  char text[INET6_ADDRSTRLEN] = "";
  if (family() == AF_INET) inet_ntop(AF_INET, &raw_.v4.sin_addr, text, sizeof text);
  if (family() == AF_INET6) inet_ntop(AF_INET6, &raw_.v6.sin6_addr, text, sizeof text);
  return text;
}

std::string Address::to_string() const {
  if (!known()) return "unknown address";
  std::string port_text = std::to_string(port());
  return v4() ? ip() + ":" + port_text : "[" + ip() + "]:" + port_text;
}

socklen_t Address::raw_bytes() const { return v4() ? sizeof raw_.v4 : sizeof raw_.v6; }

bool Address::operator==(const Address& other) const {
  if (family() != other.family() || port() != other.port()) return false;
  return bytes() == other.bytes() &&
         (family() != AF_INET6 || raw_.v6.sin6_scope_id == other.raw_.v6.sin6_scope_id);
}

}  // namespace chaperone::net
