#pragma once
// What `chaperone policy check | test | explain` do, as functions: they read files, print nothing
// and end nothing. docs/policy.md shows them at work.
//
// There is no database here, so there is no catalogue: a name without a schema is read in `schema`,
// views are not followed to their tables, and functions that the classifier does not know are
// run_code. The sidecar, which sees the catalogue, may therefore judge differently; explain says
// so.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proto-parsers/core/subject.h"

namespace chaperone::policy_tool {

enum class Format : std::uint8_t { kText, kJson };

// What to print (ends in a newline) and how to exit.
struct Output {
  std::string text;
  int exit_code = 0;  // 0 as expected; 1 findings or failed cases; 2 the question cannot be asked
};

// Reads the policy and says what it holds, or every finding. What passes more than one may think
// (observe lines, unknown let through, ...) is noted and is no error.
Output check(const std::string& policy_path, Format format);

// Runs the cases of one file, of the file beside a policy (policy.yaml: policy.test.yaml), or of
// every *.test.yaml in a folder.
Output test(const std::string& path, Format format);

struct Question {
  std::string policy_path;
  std::string statement;
  std::string resource;  // may be empty where the policy has just one
  Subject subject;
  std::vector<std::string> parameters;  // bound values, in text
  std::string schema = "public";
  std::optional<std::int64_t> now_s;  // wall time to judge at; default: now
};

// Why the statement is judged as it is: effects and objects, which rules spoke, which stepped
// aside, which had nothing to say.
Output explain(const Question& question, Format format);

}  // namespace chaperone::policy_tool
