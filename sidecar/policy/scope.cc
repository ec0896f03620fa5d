#include <algorithm>

#include "sidecar/policy/match.h"

namespace chaperone::policy {
namespace {

bool any_matches(const std::vector<Glob>& patterns, std::string_view name) {
  return patterns.empty() || std::any_of(patterns.begin(), patterns.end(),
                                         [&](const Glob& glob) { return glob.matches(name); });
}

bool any_group(const std::vector<Glob>& patterns, const std::vector<std::string>& groups) {
  return patterns.empty() ||
         std::any_of(groups.begin(), groups.end(),
                     [&](const std::string& group) { return any_matches(patterns, group); });
}

bool has_label(const LabelTest& test, const Subject& subject) {
  auto found = subject.labels.find(test.key);
  return found != subject.labels.end() && any_matches(test.values, found->second);
}

bool is_subject(const SubjectTest& test, const Subject& subject) {
  return any_matches(test.pods, subject.pod) &&
         any_matches(test.namespaces, subject.pod_namespace) &&
         any_matches(test.service_accounts, subject.service_account) &&
         any_matches(test.principals, subject.principal) &&
         any_group(test.groups, subject.groups) &&
         std::all_of(test.labels.begin(), test.labels.end(),
                     [&](const LabelTest& label) { return has_label(label, subject); });
}

}  // namespace

bool in_scope(const Match& match, const Subject& subject, std::uint32_t resource) {
  const auto& resources = match.resources;
  bool here = resources.empty() ||
              std::find(resources.begin(), resources.end(), resource) != resources.end();
  if (!here) return false;
  return match.subjects.empty() ||
         std::any_of(match.subjects.begin(), match.subjects.end(),
                     [&](const SubjectTest& test) { return is_subject(test, subject); });
}

bool Match::is_blanket() const {
  return !asks_effects && verbs.empty() && !names_things() && row_bounds == 0 && !limit_above &&
         !limit_at_most && !statements_above;
}

}  // namespace chaperone::policy
