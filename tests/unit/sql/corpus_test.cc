// The corpus: tests/golden/sql/*.txt hold statements and what each means. A block is the
// statement's lines, each after "> ", and the rendering that is expected. CHAPERONE_GOLDEN_WRITE=1
// writes the present renderings, to be read before they are committed.

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "proto-parsers/core/verbs.h"
#include "tests/unit/sql/fixture.h"
#include "tests/unit/sql/render.h"
#include "tests/unit/sql/rows.h"

#include "tests/unit/sql/catch.h"

namespace chaperone::sql {
namespace {

struct Block {
  std::string comment, statement, expected;
};

std::vector<Block> blocks_of(const std::string& path) {
  std::ifstream file(path);
  REQUIRE(file.good());
  std::vector<Block> blocks;
  std::string line;
  bool in_statement = false;
  std::string comment;
  while (std::getline(file, line)) {
    if (line.starts_with("#") || line.empty()) {
      if (line.starts_with("#")) comment += line + "\n";
      in_statement = false;
    } else if (line.starts_with("> ")) {
      if (!in_statement)
        blocks.push_back({std::exchange(comment, {}), line.substr(2), {}});
      else
        blocks.back().statement += "\n" + line.substr(2);
      in_statement = true;
    } else if (!blocks.empty()) {
      blocks.back().expected += line + "\n";
      in_statement = false;
    }
  }
  return blocks;
}

bool is_verb(const std::string& word) {
  return std::find(verbs().begin(), verbs().end(), word) != verbs().end();
}

std::string written(const Block& block, const std::string& rendering) {
  std::string text = block.comment + "> ";
  for (char c : block.statement) {
    text += c;
    if (c == '\n') text += "> ";
  }
  return text + "\n" + rendering + "\n";
}

void check_corpus(const std::string& name, const Reading& reading, const Names& names) {
  std::string path = golden_folder() + "/" + name;
  std::string all;
  bool writes = std::getenv("CHAPERONE_GOLDEN_WRITE") != nullptr;
  auto blocks = blocks_of(path);
  CHECK(blocks.size() > 10);
  for (const auto& block : blocks) {
    auto analysis = analyse(block.statement, reading, names);
    for (const auto& statement : analysis.meaning.statements) {
      INFO("a policy knows no verb that core/verbs.cc does not have: " << statement.verb);
      CHECK((statement.verb.empty() || is_verb(statement.verb)));
    }
    std::string rendering = render(analysis);
    all += written(block, rendering);
    INFO(block.statement);
    if (!writes) CHECK(rendering == block.expected);
  }
  if (writes) std::ofstream(path) << all;
}

}  // namespace

TEST_CASE("statements without a catalogue") {
  check_corpus("statements.txt", Reading{}, Names{nullptr, nullptr, {"public"}, "agent"});
}

TEST_CASE("evasions without a catalogue") {
  check_corpus("evasions.txt", Reading{}, Names{nullptr, nullptr, {"public"}, "agent"});
}

TEST_CASE("statements with a catalogue") {
  std::ifstream file(golden_folder() + "/fixture.rows");
  std::stringstream rows;
  rows << file.rdbuf();
  auto catalogue = catalogue_from(rows.str());
  REQUIRE(catalogue.ok());
  CHECK((*catalogue)->relation_count() > 100);
  CHECK((*catalogue)->function_count() > 10);
  check_corpus("catalogue.txt", Reading{},
               Names{catalogue.value().get(), nullptr, {"public", "other"}, "agent"});
}

}  // namespace chaperone::sql
