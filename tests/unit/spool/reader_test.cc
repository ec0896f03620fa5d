#include "audit/decoded.h"
#include "audit/frame.h"
#include "tests/unit/spool/fixture.h"

#include <catch2/catch.hpp>  // last: its CHECK is the test's

namespace chaperone::spool {
namespace {

TEST_CASE("only what is on the disk is given out") {
  TempDir dir;
  auto spool = must_open(options_in(dir));
  SpoolReader reader(*spool);
  REQUIRE(append_command(*spool, 1));
  CHECK(reader.next({}, 1000)->records == 0);
  REQUIRE(spool->sync());
  REQUIRE(append_command(*spool, 2));
  auto batch = reader.next({}, 100'000);
  CHECK(batch->first_sequence == 1);
  CHECK(batch->last_sequence == 2);
  CHECK(reader.next({2}, 100'000)->records == 0);
  REQUIRE(spool->sync());
  CHECK(reader.next({2}, 100'000)->last_sequence == 3);
}

TEST_CASE("reading may begin anywhere, in any order, with any size") {
  TempDir dir;
  auto spool = must_open(options_in(dir));
  for (std::uint64_t i = 1; i <= 400; ++i)
    REQUIRE(append_command(*spool, i, std::string(i * 37 % 9000, 'r')));
  REQUIRE(spool->sync());
  std::uint64_t end = spool->appended().sequence;
  SpoolReader reader(*spool);
  for (std::uint64_t from : {0u, 399u, 17u, 18u, 250u, 1u}) {
    for (std::size_t bytes : {1u, 3'000u, 5'000'000u}) {
      auto batch = reader.next({from}, bytes);
      REQUIRE(batch);
      CHECK(batch->first_sequence == from + 1);
      CHECK(batch->records == batch->last_sequence - from);
      CHECK((bytes == 1 ? batch->records == 1 : batch->last_sequence <= end));
    }
  }
  CHECK(reader.next({end}, 1000)->records == 0);
  CHECK(reader.next({end + 50}, 1000)->records == 0);
}

TEST_CASE("a hole in a closed segment is passed, the batch before it stays without a gap") {
  TempDir dir;
  SpoolOptions options = options_in(dir);
  {
    auto spool = must_open(options);
    for (std::uint64_t i = 1; i <= 30; ++i)
      REQUIRE(append_command(*spool, i, "q" + std::to_string(i) + "."));
  }
  std::string path = segment_files(options.dir).at(0), content = slurp(path);
  for (const char* victim : {"q10.", "q20."}) content[content.find(victim)] = 'X';
  spill(path, content);
  auto spool = must_open(options);
  REQUIRE(spool->sync());
  SpoolReader reader(*spool);
  auto first = reader.next({}, 1'000'000);
  CHECK(first->last_sequence == 10);
  auto second = reader.next({10}, 1'000'000);
  CHECK(second->first_sequence == 12);
  CHECK(second->last_sequence == 20);
  auto third = reader.next({20}, 1'000'000);
  CHECK(third->first_sequence == 22);
}

TEST_CASE("damage that comes while running is passed too") {
  TempDir dir;
  SpoolOptions options = options_in(dir);
  auto spool = must_open(options);
  std::string text(10'000, 'q');
  for (std::uint64_t i = 1; i <= 600; ++i) REQUIRE(append_command(*spool, i, text));
  REQUIRE(spool->sync());
  std::string path = segment_files(options.dir).at(0), content = slurp(path);
  std::fill(content.begin() + 100'000, content.end(), 'Z');  // most of the first segment is gone
  spill(path, content);
  auto records = all_records(*spool, 50'000);
  CHECK(audit::peek_head(as_bytes(records.back()))->sequence == spool->appended().sequence);
  CHECK(chain_breaks(records) == 1);
}

}  // namespace
}  // namespace chaperone::spool
