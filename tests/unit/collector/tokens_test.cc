#include "collector/tokens.h"

#include <fstream>

#include "audit/text.h"
#include "collector/rate.h"
#include "tests/unit/collector/folder.h"

#include <catch2/catch.hpp>  // last: its CHECK is the test's

using namespace chaperone;
using namespace chaperone::collector;

TEST_CASE("a minted token is found by its text alone, with its rights and claims") {
  auto writer = mint_token("agent-1", "write", {"pod=p1", "namespace=shop"});
  auto reader = mint_token("auditor", "read,export", {});
  REQUIRE(writer);
  REQUIRE(reader);
  CHECK(writer->token != reader->token);
  CHECK(writer->line.find(writer->token) == std::string::npos);
  auto table = TokenTable::parse("# tokens\n\n" + writer->line + "\n" + reader->line + "\r\n");
  REQUIRE(table);
  CHECK(table->size() == 2);
  const Token* found = table->find(writer->token);
  REQUIRE(found);
  CHECK(found->name == "agent-1");
  CHECK(found->claims.at("pod") == "p1");
  CHECK(found->may(Right::kWrite));
  CHECK(!found->may(Right::kRead));
  found = table->find(reader->token);
  REQUIRE(found);
  CHECK(found->may(Right::kExport));
  CHECK(!found->may(Right::kWrite));
  CHECK(!found->may(Right::kNone));
  CHECK(!table->find(""));
  CHECK(!table->find(writer->token + "x"));
  CHECK(!table->find(audit::hex(found->hash)));  // the hash is no token
}

TEST_CASE("a line that cannot be read names itself and shows no hash") {
  std::string hash(64, 'a');
  for (const std::string& line : std::vector<std::string>{
           "name", "name read", "name read abc", "name fly " + hash, "name , " + hash,
           "na me read " + hash, "n\xc3\xa4me read " + hash, "name read " + hash + " claim",
           "name read " + hash + " =x", "name read " + std::string(64, 'A')}) {
    INFO(line);
    auto table = TokenTable::parse("# first\n" + line);
    REQUIRE(!table);
    CHECK(table.error().message.find("line 2") != std::string::npos);
    CHECK(table.error().message.find(hash) == std::string::npos);
  }
  CHECK(!TokenTable::parse("a read " + hash + "\na write " + hash).ok());
}

TEST_CASE("a file that becomes wrong leaves the last good table in force") {
  TestFolder folder;
  std::string path = folder.path + "/tokens";
  auto minted = mint_token("a", "read", {});
  std::ofstream(path) << minted->line << "\n";
  auto file = TokenFile::open(path);
  REQUIRE(file);
  std::ofstream(path) << "nonsense\n";
  CHECK((*file)->refresh().ok());  // it may be on its way to something better
  CHECK(!(*file)->refresh().ok());
  CHECK((*file)->table()->find(minted->token));
  std::ofstream(path) << "# nobody any more\n";
  CHECK((*file)->refresh().ok());
  CHECK((*file)->refresh().ok());
  CHECK(!(*file)->table()->find(minted->token));
  CHECK(!TokenFile::open(folder.path + "/absent").ok());
}

TEST_CASE("a token file that is being rewritten locks nobody out") {
  TestFolder folder;
  std::string path = folder.path + "/tokens";
  auto first = mint_token("a", "read", {}), second = mint_token("b", "read", {});
  std::ofstream(path) << first->line << "\n" << second->line << "\n";
  auto file = TokenFile::open(path);
  REQUIRE(file);
  std::ofstream(path, std::ios::trunc).flush();
  for (int look = 0; look < 3; ++look) CHECK(!(*file)->refresh().ok());
  CHECK((*file)->table()->find(second->token));
  std::ofstream(path) << first->line << "\n";  // half of it
  REQUIRE((*file)->refresh());
  CHECK((*file)->table()->find(second->token));
  std::ofstream(path) << first->line << "\n" << second->line << "\n# done\n";
  REQUIRE((*file)->refresh());
  REQUIRE((*file)->refresh());
  CHECK((*file)->table()->find(second->token));
  std::ofstream(path) << first->line << "\n";
  REQUIRE((*file)->refresh());
  REQUIRE((*file)->refresh());
  CHECK(!(*file)->table()->find(second->token));
}

TEST_CASE("a rate is a burst and then so many per second, for each name") {
  RateLimit limit(2, 3, 10);
  std::int64_t now = 1'000'000'000;
  for (int i = 0; i < 3; ++i) CHECK(limit.take("a", now));
  CHECK(!limit.take("a", now));
  CHECK(limit.take("b", now));
  CHECK(limit.take("a", now + 500'000'000));
  CHECK(!limit.take("a", now + 500'000'000));
  CHECK(!limit.take("a", now - 5'000'000'000));  // a clock that went back gives nothing
  for (int i = 0; i < 100; ++i) CHECK(limit.take("name " + std::to_string(i), now));
}
