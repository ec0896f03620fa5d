#include "injector/finding.h"

#include "injector/limits.h"

namespace chaperone::injector {

std::string words(const Findings& findings) {
  std::string out = "chaperone cannot make this pod safe (" + std::to_string(findings.size()) +
                    (findings.size() == 1 ? " finding)" : " findings)");
  std::size_t shown = 0;
  for (const Finding& finding : findings) {
    if (shown++ == kFindingsShownMax) return out + "; and more";
    out += (shown == 1 ? ": " : "; ") + finding.field + ": " + finding.reason + ". " + finding.fix;
  }
  return out;
}

}  // namespace chaperone::injector
