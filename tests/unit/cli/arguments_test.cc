#include "cli/arguments.h"

#include <catch2/catch.hpp>

namespace chaperone::cli {
namespace {

Parsed parsed(std::vector<std::string> words) {
  words.insert(words.begin(), "chaperone");
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  return parse_arguments(static_cast<int>(argv.size()), argv.data());
}

TEST_CASE("arguments: explain takes the policy's file in either place, or policy.yaml") {
  struct Line {
    std::vector<std::string> words;
    std::string file, statement;
  };
  const Line kLines[] = {
      {{"SELECT 1"}, "policy.yaml", "SELECT 1"},
      {{"p.yaml", "SELECT 1"}, "p.yaml", "SELECT 1"},
      {{"--policy", "p.yaml", "SELECT 1"}, "p.yaml", "SELECT 1"},
      {{"SELECT", "1"}, "policy.yaml", "SELECT 1"},
      {{"p.yaml"}, "policy.yaml", "p.yaml"},
  };
  for (const Line& line : kLines) {
    std::vector<std::string> words = {"policy", "explain"};
    words.insert(words.end(), line.words.begin(), line.words.end());
    Parsed got = parsed(words);
    REQUIRE(got.arguments);
    CHECK(got.arguments->file == line.file);
    std::string statement;
    for (const std::string& word : got.arguments->words)
      statement += (statement.empty() ? "" : " ") + word;
    CHECK(statement == line.statement);
  }
}

TEST_CASE("arguments: a word that is no command is wrong usage, and so is none at all") {
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"sesions"}, {"policy", "chek"}, {"bogus"}, {}, {"policy"}}) {
    Parsed got = parsed(words);
    CHECK(!got.arguments);
    CHECK(got.exit_code == kExitUsage);
  }
  CHECK(parsed({"--version"}).exit_code == kExitOk);
  CHECK(!parsed({"--version"}).arguments);
}

}  // namespace
}  // namespace chaperone::cli
