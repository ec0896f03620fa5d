#include "sidecar/capture/counter_watch.h"

#include <catch2/catch.hpp>

namespace chaperone::capture {
namespace {

TEST_CASE("counters are read from what nft lists") {
  auto counters = parse_counters(
      "table inet chaperone {\n\tcounter escaped_out {\n\t\tpackets 12 bytes 3456\n\t}\n"
      "\tcounter escaped_post {\n\t\tpackets 0 bytes 0\n\t}\n}\n");
  CHECK(counters == Counters{{"escaped_out", 12}, {"escaped_post", 0}});
  CHECK(parse_counters("").empty());
  CHECK(parse_counters("table inet x {\n}\n").empty());
  CHECK(parse_counters("counter a { packets many bytes 1 }").empty());
  CHECK(parse_counters("packets 3 bytes 4").empty());
}

TEST_CASE("the file says when, and each counter in a line") {
  CHECK(counters_file({{"escaped_out", 3}, {"escaped_l2", 0}}, 1'700'000'000) ==
        "chaperone-counters 1 1700000000\nescaped_l2 0\nescaped_out 3\n");
}

}  // namespace
}  // namespace chaperone::capture
