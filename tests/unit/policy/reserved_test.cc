#include "sidecar/policy/reserved.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>
#include <string>

#include <catch2/catch.hpp>

using namespace chaperone::policy;

namespace {

Reserved of(const std::string& text) {
  std::array<std::uint8_t, 16> address{};
  if (text.find(':') != std::string::npos) {
    REQUIRE(inet_pton(AF_INET6, text.c_str(), address.data()) == 1);
    return reserved_of(address);
  }
  address[10] = address[11] = 0xff;
  REQUIRE(inet_pton(AF_INET, text.c_str(), address.data() + 12) == 1);
  return reserved_of(address);
}

}  // namespace

TEST_CASE("reserved: public addresses are not") {
  for (const char* text :
       {"1.1.1.1", "11.0.0.1", "100.63.255.255", "100.128.0.1", "172.15.0.1", "172.32.0.1",
        "192.167.1.1", "168.63.129.15", "168.63.129.17", "2606:4700::1", "2a00::1"}) {
    INFO(text);
    CHECK(of(text) == Reserved::kNo);
  }
}

TEST_CASE("reserved: networks of somebody's own") {
  for (const char* text : {"10.0.0.1", "100.64.0.1", "172.16.0.1", "172.31.255.255", "192.168.0.1",
                           "198.18.0.1", "198.19.255.255", "fd00::1", "fc12::1"}) {
    INFO(text);
    CHECK(of(text) == Reserved::kPrivate);
  }
}

TEST_CASE("reserved: never an answer") {
  for (const char* text : {"0.0.0.0",
                           "127.0.0.1",
                           "169.254.169.254",
                           "169.254.20.10",
                           "192.0.0.192",
                           "224.0.0.251",
                           "255.255.255.255",
                           "100.100.100.200",
                           "::",
                           "::1",
                           "::10.0.0.1",
                           "fe80::1",
                           "fec0::1",
                           "ff02::fb",
                           "168.63.129.16",
                           "fd00:c1::a9fe:a9fe",
                           "fd00:42::42",
                           "fd00:ec2::254",
                           "fd20:ce::254",
                           "64:ff9b::a00:1",
                           "64:ff9b:1::a00:1",
                           "2002:a00:1::",
                           "2001::1"}) {
    INFO(text);
    CHECK(of(text) == Reserved::kNever);
  }
}
