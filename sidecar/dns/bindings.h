#pragma once
// Which names were handed out with which addresses, and until when (resource; any thread). It is
// what gives a connection's destination its name: an address that no allowed name gave has none.

#include <array>
#include <cstdint>
#include <list>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace chaperone::dns {

// IPv4 as ::ffff:a.b.c.d, network order, as net::Address::bytes().
using AddressBytes = std::array<std::uint8_t, 16>;

class Bindings {
 public:
  // `name` was answered with `address`, to be believed until `until_ms` (of the loop's clock, the
  // grace of limits.h included). The address that was bound longest ago goes when there are too
  // many, and of one address's names the one that ends first.
  void add(const AddressBytes& address, const std::string& name, std::uint64_t until_ms,
           std::uint64_t now_ms);
  // Those that still hold; empty: nobody was told this address.
  std::vector<std::string> names_of(const AddressBytes& address, std::uint64_t now_ms) const;
  std::size_t size() const;

 private:
  struct Name {
    std::string name;
    std::uint64_t until_ms = 0;
  };
  struct Entry {
    std::vector<Name> names;
    std::list<AddressBytes>::iterator age;
  };
  void make_room();

  mutable std::mutex mutex_;
  std::map<AddressBytes, Entry> entries_;
  std::list<AddressBytes> by_age_;  // the one bound longest ago first
};

}  // namespace chaperone::dns
