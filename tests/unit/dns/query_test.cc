#include "proto-parsers/dns/query.h"

#include <catch2/catch.hpp>

#include "tests/unit/dns/support.h"

using namespace chaperone;
using namespace chaperone::dns;

namespace {

std::string refused(const std::string& message) {
  Query query;
  const char* reason = read_query(as_bytes(message), query);
  return reason ? reason : "";
}

}  // namespace

TEST_CASE("one question is taken") {
  const std::string asked = question("DB.example.org", Type::kAaaa);
  const std::string message = head(kAsk | 0x10, 1) + asked;
  Query query;
  REQUIRE(read_query(as_bytes(message), query) == nullptr);
  CHECK(query.id == 0x1234);
  CHECK(query.recursion_desired);
  CHECK(query.checking_disabled);
  CHECK(query.question == Question{"db.example.org", Type::kAaaa});
  CHECK(as_text(query.question_bytes) == asked);
  CHECK_FALSE(query.edns);
  CHECK(query.udp_bytes == 512);
}

TEST_CASE("EDNS says how much the client can take, within bounds") {
  const auto size_of = [](unsigned offered) {
    const std::string message =
        head(kAsk, 1, 0, 0, 1) + question("a.b", Type::kA) + edns(offered, 0x8000, u16(10) + u16(1) + "x");
    Query query;
    REQUIRE(read_query(as_bytes(message), query) == nullptr);
    CHECK(query.edns);
    return query.udp_bytes;
  };
  CHECK(size_of(100) == 512);
  CHECK(size_of(1000) == 1000);
  CHECK(size_of(65535) == 1232);
}

TEST_CASE("anything that could carry more than a question is refused") {
  const std::string one = question("a.b", Type::kA);
  CHECK(refused(head(kAsk, 0)) == "query: not one question");
  CHECK(refused(head(kAsk, 2) + one + one) == "query: not one question");
  CHECK(refused(head(kAsk, 1, 1) + one + record(wire("a"), Type::kA, 0, "1234")) ==
        "query: records beside the question");
  CHECK(refused(head(kAsk, 1, 0, 0, 1) + one + record(wire("a"), Type::kA, 0, "1234")) ==
        "query: an additional record that is not EDNS");
  CHECK(refused(head(kAsk, 1) + one + "x") == "query: bytes behind its end");
  CHECK(refused(head(kAsk, 1, 0, 0, 1) + one + edns(512, 1 << 16)) ==
        "query: an EDNS version above 0");
  CHECK(refused(head(0x8000, 1) + one) == "query: flags that only answers have");
  CHECK(refused(head(0x2800, 1) + one) == "query: not a standard query");
  CHECK(refused(head(kAsk, 1) + question("a.b", Type::kA, 3)) == "question: a class other than IN");
  CHECK(refused(head(kAsk, 1) + pointer(4) + u16(1) + u16(1)) == "question: a broken name");
}

TEST_CASE("a query cut off anywhere is refused") {
  const std::string whole = head(kAsk, 1, 0, 0, 1) + question("a.b", Type::kA) + edns(1232);
  CHECK(refused(whole).empty());
  for (std::size_t size = 0; size < whole.size(); ++size) CHECK_FALSE(refused(whole.substr(0, size)).empty());
}

TEST_CASE("what cannot be read is refused with the client's own id, and never an answer") {
  const auto told = unreadable(as_bytes(head(kAsk, 0)));
  REQUIRE(told);
  CHECK(told->id == 0x1234);
  CHECK(told->rcode == Rcode::kFormErr);
  CHECK(unreadable(as_bytes(head(0x2800, 1)))->rcode == Rcode::kNotImp);
  CHECK_FALSE(unreadable(as_bytes(head(0x8000, 1))));
  CHECK_FALSE(unreadable(as_bytes("short")));
}
