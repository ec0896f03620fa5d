#include "sidecar/ship/response.h"

#include <catch2/catch.hpp>  // last: its CHECK is the test's

using namespace chaperone::ship;

namespace {
const std::string kAnswer =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nchaperone-acknowledged: 42\r\n"
    "Content-Length: 17\r\n\r\n";
}

TEST_CASE("an answer's head is read, whatever the case of its names") {
  auto head = parse_head(kAnswer);
  REQUIRE(head);
  CHECK(head->status == 200);
  CHECK(head->body_bytes == 17);
  CHECK(head->acknowledged == 42);
  CHECK(!head->closes);
  head = parse_head(
      "HTTP/1.1 409\r\nConnection: close\r\nContent-Length: 0\r\nChaperone-Expected: 7\r\n"
      "Chaperone-Error: gap\r\n\r\n");
  REQUIRE(head);
  CHECK(head->status == 409);
  CHECK(head->expected == 7);
  CHECK(head->error == "gap");
  CHECK(head->closes);
}

TEST_CASE("a head ends at its empty line, at every split") {
  for (std::size_t size = 0; size < kAnswer.size(); ++size) {
    CHECK(!head_end(std::string_view(kAnswer).substr(0, size)));
  }
  CHECK(head_end(kAnswer + "body") == kAnswer.size());
}

TEST_CASE("what a collector never sends is an error") {
  for (const char* head :
       {"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551616\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n", "HTTP/1.1 200 OK\r\nnonsense\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX: a\nb\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nChaperone-Acknowledged: x\r\n\r\n", "\r\n\r\n",
        ""}) {
    INFO(head);
    CHECK(!parse_head(head).ok());
  }
  std::string many = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n";
  for (std::size_t i = 0; i <= kHeadersMax; ++i) many += "X: y\r\n";
  CHECK(!parse_head(many + "\r\n").ok());
}
