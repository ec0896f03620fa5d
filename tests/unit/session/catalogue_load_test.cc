// The load of a catalogue, fed by hand: what it asks, in which order, and what becomes of answers that
// are errors or nonsense.
#include "sidecar/session/catalogue_load.h"

#include "proto-parsers/postgres/encode.h"
#include "proto-parsers/postgres/frontend.h"
#include "proto-parsers/postgres/writer.h"

#include <catch2/catch.hpp>  // last: its CHECK is the one meant here

namespace chaperone::session {
namespace {

// The texts of a batch of Query messages.
std::vector<std::string> texts_of(const std::string& batch) {
  std::vector<std::string> texts;
  pg::FrontendParser parser;
  for (Bytes rest = as_bytes(batch); !rest.empty();) {
    Step step = parser.next(rest);
    REQUIRE(step.kind == StepKind::kEvent);
    texts.emplace_back(parser.event().text);
    rest = rest.subspan(step.consumed);
  }
  return texts;
}

bool says(const std::string& text, std::string_view words) {
  return text.find(words) != std::string::npos;
}

std::string ready(char status) {
  std::string out;
  pg::append_ready_for_query(out, static_cast<pg::TransactionStatus>(status));
  return out;
}

std::string done(char status = 'T') {
  std::string out;
  pg::append_command_complete(out, "SELECT 0");
  return out + ready(status);
}

std::string refused(char status = 'E') {
  pg::ErrorText error;
  error.sqlstate = "42501";
  error.message = "permission denied";
  std::string out;
  pg::append_error(out, error);
  return out + ready(status);
}

std::string row_of(std::string_view value) {
  std::string out;
  pg::MessageWriter(out, pg::BackendType::kDataRow)
      .count(1)
      .u32(static_cast<std::uint32_t>(value.size()))
      .bytes(as_bytes(value));
  return out;
}

// Feeds one answer whole; REQUIRES that it is one.
void answer(CatalogueLoad& load, const std::string& bytes) {
  std::size_t taken = 0;
  REQUIRE(load.feed(as_bytes(bytes), taken));
  REQUIRE(taken == bytes.size());
}

constexpr int kVersion = 150000;

TEST_CASE("catalogue load: within a transaction it stands in a savepoint, pg_temp last") {
  CatalogueLoad load(nullptr, kVersion, true);
  std::vector<std::string> asked = texts_of(load.next_queries());
  REQUIRE(asked.size() > 4);
  CHECK(says(asked.front(), "SAVEPOINT"));
  CHECK(says(asked.front(), "search_path = pg_catalog, pg_temp"));
  CHECK(says(asked.back(), "ROLLBACK TO SAVEPOINT"));
  for (const std::string& text : asked) CHECK(says(text, "/* chaperone:catalogue */"));
  std::string answers;
  for (std::size_t i = 0; i < asked.size(); ++i) answers += done();
  answer(load, answers);
  CHECK(load.done());
  CHECK_FALSE(load.failed());
  CHECK(load.catalogue() != nullptr);
  CHECK(load.transaction_status() == 'T');
  CHECK(load.next_queries().empty());
}

// Objects of that schema come first where it is not named, and anyone may make some.
TEST_CASE("catalogue load: pg_temp is last on a connection of its own too") {
  CatalogueLoad load(nullptr, kVersion, false);
  std::vector<std::string> asked = texts_of(load.next_queries());
  REQUIRE(!asked.empty());
  CHECK(says(asked.front(), "BEGIN"));
  CHECK(says(asked.front(), "search_path = pg_catalog, pg_temp"));
}

TEST_CASE("catalogue load: answers may be split anywhere") {
  for (std::size_t chunk : {std::size_t{1}, std::size_t{3}, std::size_t{64}}) {
    CatalogueLoad load(nullptr, kVersion, false);
    std::string answers;
    for (std::size_t left = texts_of(load.next_queries()).size(); left > 1; --left) answers += done();
    answers += done('I') + "what is behind it is not ours";
    std::size_t at = 0;
    for (bool whole = false; !whole;) {
      std::string_view piece = std::string_view(answers).substr(at, chunk);
      std::size_t taken = 0;
      whole = load.feed(as_bytes(piece), taken);
      REQUIRE((whole || taken == piece.size()));
      at += taken;
    }
    CHECK(answers.substr(at) == "what is behind it is not ours");
    CHECK(load.catalogue() != nullptr);
  }
}

TEST_CASE("catalogue load: a refusal fails it, and what it began is ended") {
  CatalogueLoad load(nullptr, kVersion, true);
  std::size_t asked = texts_of(load.next_queries()).size();
  std::string answers = done() + refused();
  for (std::size_t i = 2; i + 1 < asked; ++i) answers += refused();
  answer(load, answers + done('T'));  // the last is ROLLBACK TO
  CHECK(load.done());
  CHECK(load.failed());
  CHECK_FALSE(load.broken());
  CHECK(says(load.error(), "42501"));
  CHECK(load.catalogue() == nullptr);
  CHECK(load.transaction_status() == 'T');
}

TEST_CASE("catalogue load: a row that is none of ours fails it, and is not believed") {
  CatalogueLoad load(nullptr, kVersion, false);
  std::size_t asked = texts_of(load.next_queries()).size();
  std::string answers = done() + done() + row_of("no row of this query") + done();
  for (std::size_t i = 3; i < asked; ++i) answers += done('I');
  answer(load, answers);
  CHECK(load.failed());
  CHECK(load.catalogue() == nullptr);
}

TEST_CASE("catalogue load: bytes that are no answer break it at once") {
  for (std::string_view nonsense : {std::string_view("Q\0\0\0\4", 5), std::string_view("D\0\0\0\0", 5),
                                    std::string_view("Z\0\0\0\6II", 7)}) {
    CatalogueLoad load(nullptr, kVersion, true);
    load.next_queries();
    std::size_t taken = 0;
    CHECK(load.feed(as_bytes(nonsense), taken));
    CHECK(load.broken());
    CHECK(load.done());
    CHECK(load.failed());
    CHECK(load.next_queries().empty());
  }
}

TEST_CASE("catalogue load: what the server says of its own accord is handed out") {
  CatalogueLoad load(nullptr, kVersion, true);
  load.next_queries();
  std::string status;
  pg::append_parameter_status(status, "TimeZone", "UTC");
  std::size_t taken = 0;
  std::string bytes = status + done();
  CHECK_FALSE(load.feed(as_bytes(bytes), taken));
  CHECK(load.take_asides() == status);
  CHECK(load.take_asides().empty());
}

TEST_CASE("catalogue load: what it sets for itself is not told") {
  CatalogueLoad load(nullptr, kVersion, true);
  load.next_queries();
  std::string bytes;
  pg::append_parameter_status(bytes, "search_path", "pg_catalog, pg_temp");
  pg::append_parameter_status(bytes, "client_encoding", "UTF8");
  std::size_t taken = 0;
  bytes += done();
  CHECK_FALSE(load.feed(as_bytes(bytes), taken));
  CHECK(load.take_asides().empty());
}

}  // namespace
}  // namespace chaperone::session
