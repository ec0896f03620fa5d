#include "sidecar/dns/bindings.h"

#include <catch2/catch.hpp>

#include "sidecar/dns/limits.h"

using namespace chaperone::dns;

namespace {

AddressBytes address(std::uint32_t number) {
  AddressBytes bytes{};
  for (std::size_t i = 0; i < 4; ++i) bytes[12 + i] = static_cast<std::uint8_t>(number >> (8 * i));
  return bytes;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("an address has the names that it was handed out with, while they hold") {
  Bindings bindings;
  CHECK(bindings.names_of(address(1), 0).empty());
  bindings.add(address(1), "a.example", 1000, 0);
  bindings.add(address(1), "b.example", 2000, 0);
  bindings.add(address(1), "a.example", 500, 0);  // never shortened
  CHECK(bindings.names_of(address(1), 999) == Names{"a.example", "b.example"});
  CHECK(bindings.names_of(address(1), 1000) == Names{"b.example"});
  CHECK(bindings.names_of(address(1), 2000).empty());
  CHECK(bindings.names_of(address(2), 0).empty());
}

TEST_CASE("addresses are bounded, the oldest goes; a new answer makes one young again") {
  Bindings bindings;
  for (std::uint32_t i = 0; i < kBindingsMax; ++i) bindings.add(address(i), "a", 1000, 0);
  bindings.add(address(0), "a", 1000, 0);
  bindings.add(address(kBindingsMax), "a", 1000, 0);
  CHECK(bindings.size() == kBindingsMax);
  CHECK_FALSE(bindings.names_of(address(0), 0).empty());
  CHECK(bindings.names_of(address(1), 0).empty());
}

TEST_CASE("names of one address are bounded, the one that ends first goes") {
  Bindings bindings;
  for (std::size_t i = 0; i < kBindingNamesMax; ++i) {
    bindings.add(address(1), "n" + std::to_string(i), 1000 + i, 0);
  }
  bindings.add(address(1), "new", 5000, 0);
  const Names names = bindings.names_of(address(1), 0);
  CHECK(names.size() == kBindingNamesMax);
  CHECK(names.front() == "n1");
  CHECK(names.back() == "new");
}
