#include "proto-parsers/dns/encode.h"

#include <catch2/catch.hpp>

#include "tests/unit/dns/support.h"

using namespace chaperone;
using namespace chaperone::dns;

namespace {

Query asked(const std::string& message) {
  Query query;
  REQUIRE(read_query(as_bytes(message), query) == nullptr);
  return query;
}

Answer addresses(std::size_t count) {
  Answer answer;
  for (std::size_t i = 0; i < count; ++i) {
    answer.records.push_back({"db.example.org", Type::kA, 60, {10, 0, 0, static_cast<char>(i)}, {}});
  }
  return answer;
}

}  // namespace

TEST_CASE("a query as servers expect it") {
  const std::string sent = encode_query(0x1234, {"db.example.org", Type::kA});
  CHECK(sent == head(kAsk, 1, 0, 0, 1) + question("db.example.org", Type::kA) + edns(1232));
}

TEST_CASE("an answer repeats the question as the client wrote it") {
  const std::string message = head(kAsk, 1) + question("dB.eXample.org", Type::kA);
  const Answer answer = addresses(2);
  const std::string sent = encode_reply(asked(message), {&answer, 20, {}}, 512);
  CHECK(sent == head(kAnswered, 1, 2) + question("dB.eXample.org", Type::kA) +
                    record(pointer(kQuestionAt), Type::kA, 40, answer.records[0].data) +
                    record(pointer(kQuestionAt), Type::kA, 40, answer.records[1].data));
}

TEST_CASE("what was read is what is sent") {
  const std::string message = head(kAsk, 1, 0, 0, 1) + question("db.example.org", Type::kA) + edns(1232);
  const Answer answer = addresses(30);
  const std::string sent = encode_reply(asked(message), {&answer, 0, {}}, 1232);
  Response response;
  REQUIRE(read_response(as_bytes(sent), response) == nullptr);
  CHECK(response.id == 0x1234);
  CHECK(response.answer == answer);
}

TEST_CASE("what does not fit is told to be truncated") {
  const std::string message = head(kAsk, 1) + question("db.example.org", Type::kA);
  const Answer answer = addresses(100);
  const std::string sent = encode_reply(asked(message), {&answer, 0, {}}, 512);
  CHECK(sent == head(kAnswered | 0x200, 1) + question("db.example.org", Type::kA));
  Response whole;
  REQUIRE(read_response(as_bytes(encode_reply(asked(message), {&answer, 0, {}}, 65535)), whole) == nullptr);
  CHECK(whole.answer.records.size() == 100);
}

TEST_CASE("a client that speaks EDNS is told why") {
  const std::string plain = head(kAsk, 1) + question("a.b", Type::kA);
  const std::string modern = head(kAsk, 1, 0, 0, 1) + question("a.b", Type::kA) + edns(1232);
  Answer none;
  none.rcode = Rcode::kNxDomain;
  CHECK(encode_reply(asked(modern), {&none, 0, Why::kBlocked}, 512) ==
        head(kAnswered | 3, 1, 0, 0, 1) + question("a.b", Type::kA) +
            edns(1232, 0, u16(15) + u16(2) + u16(15)));
  CHECK(encode_reply(asked(plain), {&none, 0, Why::kBlocked}, 512) ==
        head(kAnswered | 3, 1) + question("a.b", Type::kA));
}

TEST_CASE("a refusal of what could not be read is a head") {
  CHECK(encode_refusal({0x1234, Rcode::kFormErr}) == head(0x8001, 0));
}
