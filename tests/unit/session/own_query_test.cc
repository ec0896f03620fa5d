#include "sidecar/session/own_query.h"

#include "proto-parsers/postgres/encode.h"
#include "proto-parsers/postgres/writer.h"

#include <catch2/catch.hpp>  // last: its CHECK is the one meant here

namespace chaperone::session {
namespace {

struct Heard {
  std::string rows, asides;
  OwnQuery query{{[this](const Row& row) {
                    for (const auto& value : row) rows += value ? std::string(*value) + "," : "null,";
                  },
                  [this](char type, Bytes message) {
                    asides += type + std::to_string(message.size()) + " ";
                  }}};
};

std::string answer() {
  std::string out;
  pg::append_parameter_status(out, "TimeZone", "UTC");
  {
    pg::MessageWriter row(out, pg::BackendType::kDataRow);
    row.count(2).u32(1).bytes(as_bytes("a")).u32(0xffffffff);
  }
  pg::append_command_complete(out, "SELECT 1");
  pg::append_ready_for_query(out, pg::TransactionStatus::kInBlock);
  return out;
}

TEST_CASE("own query: at every split, and it takes no byte of what follows") {
  const std::string replies = answer();
  for (std::size_t split = 0; split <= replies.size(); ++split) {
    Heard heard;
    std::string first = replies.substr(0, split), second = replies.substr(split) + "next";
    std::size_t taken = 0;
    auto state = heard.query.feed(as_bytes(first), taken);
    CHECK(taken == first.size());
    if (split == replies.size()) {
      CHECK(state == OwnQuery::State::kDone);
    } else {
      REQUIRE(state == OwnQuery::State::kReading);
      REQUIRE(heard.query.feed(as_bytes(second), taken) == OwnQuery::State::kDone);
      CHECK(second.substr(taken) == "next");
    }
    CHECK(heard.rows == "a,null,");
    CHECK(heard.asides == "S18 ");
    CHECK(heard.query.transaction_status() == 'T');
    CHECK(heard.query.sqlstate().empty());
  }
}

TEST_CASE("own query: an error is told, and is over with ReadyForQuery") {
  std::string out;
  pg::ErrorText error;
  error.sqlstate = "25P02";
  error.message = "no";
  pg::append_error(out, error);
  Heard heard;
  std::size_t taken = 0;
  CHECK(heard.query.feed(as_bytes(out), taken) == OwnQuery::State::kReading);
  out.clear();
  pg::append_ready_for_query(out, pg::TransactionStatus::kFailed);
  CHECK(heard.query.feed(as_bytes(out), taken) == OwnQuery::State::kDone);
  CHECK(heard.query.sqlstate() == "25P02");
}

TEST_CASE("own query: what cannot be its answer breaks it") {
  using namespace std::string_literals;
  for (const std::string& bytes : {"1\0\0\0\4"s, "C\0\0\0\3"s, "C\x7f\0\0\0"s, "Z\0\0\0\6II"s,
                                   "D\0\0\0\x0a\0\1\0\0\0\5"s, "D\0\0\0\7\0\0x"s}) {
    Heard heard;
    std::size_t taken = 0;
    CHECK(heard.query.feed(as_bytes(bytes), taken) == OwnQuery::State::kBroken);
    CHECK(heard.query.broken_because() != nullptr);
  }
}

}  // namespace
}  // namespace chaperone::session
