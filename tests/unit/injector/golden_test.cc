// tests/golden/injector/NAME.json in, NAME.out: the patch, one operation a line, or the findings.
// CHAPERONE_GOLDEN_WRITE=1 writes what is missing or different, to be looked at before it is committed.
#include "injector/inject.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/unit/injector/apply_patch.h"

namespace chaperone::injector {

namespace {
std::string read(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

std::string outcome_of(const std::string& pod) {
  auto document = document_of(pod);
  Injection injection = inject(document, "agents", test_config());
  std::string out;
  for (const Finding& one : injection.findings)
    out += one.code + " " + one.field + ": " + one.reason + ". " + one.fix + "\n";
  if (!out.empty()) return out;
  auto operations = document_of(injection.patch);
  for (const auto& one : operations.GetArray()) {
    rapidjson::Document single;
    single.CopyFrom(one, single.GetAllocator());
    out += text_of(single) + "\n";
  }
  return out;
}
}  // namespace

TEST_CASE("pods in, patches and findings out") {
  std::filesystem::path folder = std::string(std::getenv("CHAPERONE_SOURCE_DIR")) +
                                 "/tests/golden/injector";
  int seen = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".json") continue;
    ++seen;
    auto expected_path = entry.path();
    expected_path.replace_extension(".out");
    std::string found = outcome_of(read(entry.path()));
    if (std::getenv("CHAPERONE_GOLDEN_WRITE")) std::ofstream(expected_path) << found;
    INFO(entry.path());
    CHECK(found == read(expected_path));
  }
  CHECK(seen >= 6);
}

}  // namespace chaperone::injector
