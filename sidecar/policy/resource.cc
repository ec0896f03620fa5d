#include "sidecar/policy/resource.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace chaperone::policy {
namespace {

constexpr std::array<std::uint8_t, 12> kMappedPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

bool is_mapped(const Cidr& range) {
  return range.prefix >= 96 &&
         std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), range.address.begin());
}

bool parse_address(const std::string& text, std::array<std::uint8_t, 16>& address, int& bits) {
  in_addr v4{};
  if (inet_pton(AF_INET, text.c_str(), &v4) == 1) {
    std::copy(kMappedPrefix.begin(), kMappedPrefix.end(), address.begin());
    std::memcpy(address.data() + 12, &v4, 4);
    bits = 32;
    return true;
  }
  bits = 128;
  return inet_pton(AF_INET6, text.c_str(), address.data()) == 1;
}

bool matches(const std::string& pattern, std::string_view word) {
  return pattern == "*" || pattern == word;
}

}  // namespace

std::optional<Cidr> cidr_from(std::string_view text) {
  std::size_t slash = text.find('/');
  Cidr range;
  int bits = 0;
  if (!parse_address(std::string(text.substr(0, slash)), range.address, bits)) return std::nullopt;
  int length = bits;
  if (slash != std::string_view::npos) {
    const char* last = text.data() + text.size();
    auto [end, error] = std::from_chars(text.data() + slash + 1, last, length);
    if (error != std::errc{} || end != last || length < 0 || length > bits) return std::nullopt;
  }
  range.prefix = length + 128 - bits;
  for (int bit = range.prefix; bit < 128; ++bit) {
    if (range.address[static_cast<std::size_t>(bit / 8)] >> (7 - bit % 8) & 1) return std::nullopt;
  }
  return range;
}

// "::/0" is every IPv6 address and no IPv4 one.
bool contains(const Cidr& range, const std::array<std::uint8_t, 16>& address) {
  bool v4 = std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), address.begin());
  if (v4 && range.prefix < 96) return false;
  auto whole = static_cast<std::ptrdiff_t>(range.prefix / 8);
  if (!std::equal(address.begin(), address.begin() + whole, range.address.begin())) return false;
  if (range.prefix % 8 == 0) return true;
  auto at = static_cast<std::size_t>(whole);
  return (address[at] ^ range.address[at]) >> (8 - range.prefix % 8) == 0;
}

std::string to_string(const Cidr& range) {
  char text[INET6_ADDRSTRLEN] = "";
  bool v4 = is_mapped(range);
  inet_ntop(v4 ? AF_INET : AF_INET6, range.address.data() + (v4 ? 12 : 0), text, sizeof text);
  return std::string(text) + "/" + std::to_string(v4 ? range.prefix - 96 : range.prefix);
}

std::optional<Login> login_for(const Resource& resource, std::string_view user,
                               std::string_view database) {
  for (const LoginMapping& mapping : resource.logins) {
    if (!matches(mapping.client_user, user) || !matches(mapping.client_database, database))
      continue;
    return Login{mapping.role == "*" ? std::string(user) : mapping.role,
                 mapping.database == "*" ? std::string(database) : mapping.database};
  }
  return std::nullopt;
}

}  // namespace chaperone::policy
