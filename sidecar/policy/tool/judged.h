#pragma once
// One statement judged, with all that the verdict stands on. For this folder alone.

#include <memory>
#include <string>
#include <vector>

#include "proto-parsers/base/result.h"
#include "proto-parsers/core/meaning.h"
#include "sidecar/policy/policy.h"
#include "sidecar/policy/rules.h"
#include "sidecar/policy/tool/tool.h"

namespace chaperone::policy_tool {

// What one rule had to say.
struct Saying {
  enum class Kind : std::uint8_t {
    kElsewhere,  // another resource or subject
    kSilent,     // nothing in the statement is its business
    kAside,      // an except stepped in
    kSpeaks,     // refuses, or covers every act
    kCovers,     // allows, but not every act
    kDepends,    // speaks if text, parameters or time say so; see `holds`
  };
  const policy::Rule* rule = nullptr;
  Kind kind = Kind::kSilent;
  bool holds = true;                // kDepends: they do here
  std::vector<std::string> acts;    // that it speaks about
  std::vector<std::string> missed;  // kCovers: that it does not cover
};
std::string_view name_of(Saying::Kind kind);

struct Judged {
  std::shared_ptr<const policy::Policy> policy;  // keeps the views below alive
  const policy::Resource* resource = nullptr;
  Meaning meaning;
  policy::Decision connect, decision;
  std::vector<Saying> sayings;
};

Result<Judged> judge(std::shared_ptr<const policy::Policy> policy, const Question& question);

std::vector<Saying> sayings_of(const policy::Policy& policy, const policy::Resource& resource,
                               const Subject& subject, const Command& command, std::int64_t now_s);

// "DELETE FROM t" means public.t to people: names without a schema are put into `schema`.
void qualify(Meaning& meaning, const std::string& schema);

}  // namespace chaperone::policy_tool
