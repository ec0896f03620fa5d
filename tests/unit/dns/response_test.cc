#include "proto-parsers/dns/response.h"

#include <catch2/catch.hpp>

#include "tests/unit/dns/support.h"

using namespace chaperone;
using namespace chaperone::dns;

namespace {

const std::string kFour = {10, 0, 0, 1};

Response read(const std::string& message) {
  Response response;
  const char* reason = read_response(as_bytes(message), response);
  INFO((reason ? reason : ""));
  REQUIRE(reason == nullptr);
  return response;
}

std::string refused(const std::string& message) {
  Response response;
  const char* reason = read_response(as_bytes(message), response);
  return reason ? reason : "";
}

std::string answer_to(std::string_view name, Type type, const std::vector<std::string>& records) {
  std::string message = head(kAnswered, 1, static_cast<unsigned>(records.size()));
  message += question(name, type);
  for (const std::string& one : records) message += one;
  return message;
}

}  // namespace

TEST_CASE("addresses of the name that was asked for") {
  const Response got = read(answer_to("db.example.org", Type::kA,
                                      {record(pointer(kQuestionAt), Type::kA, 60, kFour),
                                       record(wire("DB.example.org"), Type::kA, 30, kFour)}));
  REQUIRE(got.answer.records.size() == 2);
  CHECK(got.answer.records[0].owner == "db.example.org");
  CHECK(got.answer.records[0].data == kFour);
  CHECK(got.answer.records[1].ttl_s == 30);
}

TEST_CASE("aliases are followed, whatever their order") {
  const Response got =
      read(answer_to("www.a", Type::kA,
                     {record(wire("cdn.b"), Type::kA, 60, kFour),
                      record(wire("mid.a"), Type::kCname, 60, wire("cdn.b")),
                      record(pointer(kQuestionAt), Type::kCname, 60, '\3' + std::string("mid") +
                                                                        pointer(kQuestionAt + 4))}));
  REQUIRE(got.answer.records.size() == 3);
  CHECK(got.answer.records[0].target == "mid.a");
  CHECK(got.answer.records[0].data == wire("mid.a"));
  CHECK(got.answer.records[1].target == "cdn.b");
  CHECK(got.answer.records[2].data == kFour);
}

TEST_CASE("what nobody asked for is left out") {
  const Response got = read(answer_to(
      "a.b", Type::kA,
      {record(wire("bank.example"), Type::kA, 60, kFour), record(wire("a.b"), Type::kTxt, 60, "\1x"),
       record(wire("a.b"), Type{46}, 60, "signature"), record(wire("a.b"), Type::kA, 60, kFour)}));
  REQUIRE(got.answer.records.size() == 1);
  CHECK(got.answer.records[0].owner == "a.b");
}

TEST_CASE("a loop of aliases ends") {
  CHECK(refused(answer_to("a.b", Type::kA, {record(wire("a.b"), Type::kCname, 1, wire("c.d")),
                                            record(wire("c.d"), Type::kCname, 1, wire("a.b"))})) ==
        "response: too many aliases");
}

TEST_CASE("a negative answer keeps its authority, another zone's does not count") {
  const std::string times = u32(1) + u32(2) + u32(3) + u32(4) + u32(77);
  const std::string soa = wire("ns.b") + wire("root.b") + times;
  const auto message = [&](std::string_view zone) {
    return head(kAnswered | 3, 1, 0, 1) + question("a.b", Type::kA) +
           record(wire(zone), Type::kSoa, 300, soa);
  };
  const Response got = read(message("b"));
  CHECK(got.answer.rcode == Rcode::kNxDomain);
  REQUIRE(got.answer.authority);
  CHECK(got.answer.authority->data == soa);
  CHECK_FALSE(read(message("elsewhere")).answer.authority);
}

TEST_CASE("a truncated answer is only that") {
  const Response got = read(head(kAnswered | 0x200, 1, 9) + question("a.b", Type::kA));
  CHECK(got.truncated);
  CHECK(got.answer.records.empty());
}

TEST_CASE("names inside other types are written out whole") {
  const Response got = read(answer_to(
      "a.b", Type::kSrv,
      {record(pointer(kQuestionAt), Type::kSrv, 60, u16(1) + u16(2) + u16(5432) + "\2db" + pointer(kQuestionAt))}));
  REQUIRE(got.answer.records.size() == 1);
  CHECK(got.answer.records[0].target == "db.a.b");
  CHECK(got.answer.records[0].data == u16(1) + u16(2) + u16(5432) + wire("db.a.b"));
}

TEST_CASE("HTTPS records lose what hides names and what hands out addresses") {
  const auto parameter = [](unsigned key, const std::string& value) {
    return u16(key) + u16(static_cast<unsigned>(value.size())) + value;
  };
  const std::string kept = parameter(1, "\2h2") + parameter(3, u16(8443));
  const std::string data = u16(1) + wire("svc.b") + parameter(1, "\2h2") + parameter(3, u16(8443)) +
                           parameter(4, kFour) + parameter(5, "secret") + parameter(6, std::string(16, 'x'));
  const Response got = read(answer_to("a.b", Type::kHttps, {record(wire("a.b"), Type::kHttps, 60, data)}));
  REQUIRE(got.answer.records.size() == 1);
  CHECK(got.answer.records[0].data == u16(1) + wire("svc.b") + kept);
  CHECK(got.answer.records[0].target == "svc.b");

  const std::string must = u16(1) + wire("") + parameter(0, u16(5)) + parameter(5, "secret");
  CHECK(refused(answer_to("a.b", Type::kHttps, {record(wire("a.b"), Type::kHttps, 60, must)})) ==
        "response: a broken record");
  const std::string disordered = u16(1) + wire("") + parameter(3, u16(1)) + parameter(1, "\2h2");
  CHECK(refused(answer_to("a.b", Type::kHttps, {record(wire("a.b"), Type::kHttps, 60, disordered)})) ==
        "response: a broken record");
}

TEST_CASE("data of a wrong size is broken") {
  for (const auto& [type, data] : std::vector<std::pair<Type, std::string>>{
           {Type::kA, "123"}, {Type::kA, "12345"}, {Type::kAaaa, kFour}, {Type::kCname, wire("a") + "x"},
           {Type::kCname, "\5abc"}, {Type::kMx, "\1"}, {Type::kSoa, wire("a")}}) {
    CHECK(refused(answer_to("a.b", type, {record(wire("a.b"), type, 1, data)})) ==
          "response: a broken record");
  }
}

TEST_CASE("a response cut off anywhere is broken") {
  const std::string whole = answer_to("a.b", Type::kA, {record(wire("a.b"), Type::kA, 60, kFour)});
  CHECK(refused(whole).empty());
  for (std::size_t size = 0; size < whole.size(); ++size) CHECK_FALSE(refused(whole.substr(0, size)).empty());
}

TEST_CASE("a response to nothing, to two, or that is a query, is broken") {
  CHECK(refused(head(kAnswered, 0)) == "response: not one question");
  CHECK(refused(head(kAsk, 1) + question("a.b", Type::kA)) == "response: a query");
  CHECK(refused(head(kAnswered | 0x2800, 1) + question("a.b", Type::kA)) ==
        "response: not to a standard query");
}

TEST_CASE("times to live with the highest bit count as none") {
  const Response got = read(answer_to("a.b", Type::kA, {record(wire("a.b"), Type::kA, 0x80000000u, kFour)}));
  CHECK(got.answer.records[0].ttl_s == 0);
}
