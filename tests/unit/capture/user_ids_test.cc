#include "sidecar/capture/user_ids.h"

#include <catch2/catch.hpp>

using namespace chaperone::capture;

TEST_CASE("the whole range, a pod's range, and ranges in pieces") {
  CHECK(last_uid("         0          0 4294967295\n") == 4294967294U);
  CHECK(last_uid("0 300000 65536\n") == 65535);
  CHECK(last_uid("1000 5 10\n0 1 1000\n") == 1009);
  CHECK(last_uid("0 1 10\n20 30 10\n") == 9);
  CHECK(last_uid("1 1 10\n") == 0);
  CHECK(last_uid("") == 0);
}
