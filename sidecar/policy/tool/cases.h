#pragma once
// A file of cases, kept beside the policy that they try. For this folder alone.
//
//   version: 1
//   policy: policy.yaml            # from this file's folder
//   subject: {namespace: agents}   # of every case that names none
//   cases:
//   - {statement: DROP TABLE t, expect: deny, rule: no-drop}

#include <cstdint>
#include <string>
#include <vector>

#include "proto-parsers/base/result.h"
#include "sidecar/policy/decision.h"
#include "sidecar/policy/tool/tool.h"

namespace chaperone::policy_tool {

struct Case {
  std::string name;  // default: the statement
  std::uint32_t line = 0;
  Question question;
  policy::Verdict expect = policy::Verdict::kDeny;
  std::string rule;  // that must speak; empty: any
};

struct Cases {
  std::string policy_path;
  std::vector<Case> cases;
};

// The error holds every finding of the file.
Result<Cases> load_cases(const std::string& path);

}  // namespace chaperone::policy_tool
