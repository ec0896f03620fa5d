#include "sidecar/ship/place.h"

#include <catch2/catch.hpp>  // last: its CHECK is the test's

using namespace chaperone::ship;

TEST_CASE("a collector's address is a host and perhaps a port") {
  auto place = parse_place("https://collector.chaperone.svc:9443/");
  REQUIRE(place);
  CHECK(place->host == "collector.chaperone.svc");
  CHECK(place->port == "9443");
  CHECK(place->header == "collector.chaperone.svc:9443");
  place = parse_place("https://10.0.0.1");
  REQUIRE(place);
  CHECK(place->host == "10.0.0.1");
  CHECK(place->port == "8443");
  place = parse_place("https://[fd00::1]:443");
  REQUIRE(place);
  CHECK(place->host == "fd00::1");
  CHECK(place->header == "[fd00::1]:443");
}

TEST_CASE("anything else is refused, and the error shows what was given") {
  for (const char* url :
       {"", "http://a", "https://", "https://:443", "https://a:", "https://a:0", "https://a:65536",
        "https://a:x", "https://a:443/path", "https://a b", "https://fd00::1", "https://[fd00::1",
        "https://[a]", "https://user@a", "https://a\r\nX: y", "https://a:443:443"}) {
    INFO(url);
    auto place = parse_place(url);
    REQUIRE(!place);
    CHECK(place.error().message.find("https://host[:port]") != std::string::npos);
  }
}
