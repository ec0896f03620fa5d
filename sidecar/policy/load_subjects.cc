#include "sidecar/policy/limits.h"
#include "sidecar/policy/loading.h"

namespace chaperone::policy {
namespace {

using config::MapReader;
using config::Node;

void load_labels(const Node* node, Loading& loading, SubjectTest& test) {
  if (!node) return;
  MapReader map(*node, loading.findings, "labels");
  if (node->kind != Node::Kind::kMap || node->keys.empty()) {
    return loading.findings.add(node->at, "labels lists nothing: leave it out to ask nothing");
  }
  for (const Node& key : node->keys) {
    test.labels.push_back({key.text, load_globs(map, loading, key.text)});
  }
}

SubjectTest load_subject_test(const Node& node, Loading& loading) {
  MapReader map(node, loading.findings, "subject");
  SubjectTest test;
  test.pods = load_globs(map, loading, "pods");
  test.namespaces = load_globs(map, loading, "namespaces");
  test.service_accounts = load_globs(map, loading, "service_accounts");
  test.principals = load_globs(map, loading, "principals");
  test.groups = load_globs(map, loading, "groups");
  load_labels(map.find("labels"), loading, test);
  map.finish();
  if (node.kind == Node::Kind::kNull || (node.kind == Node::Kind::kMap && node.keys.empty())) {
    map.add(node, "subject asks nothing: leave it out for anybody");
  }
  return test;
}

void add_named(const Node& node, Loading& loading, std::vector<SubjectTest>& tests) {
  auto found = loading.subjects.find(node.text);
  if (found != loading.subjects.end()) {
    tests.insert(tests.end(), found->second.begin(), found->second.end());
    return;
  }
  std::vector<std::string_view> names;
  for (const auto& [name, unused] : loading.subjects) names.push_back(name);
  loading.findings.add(node.at, config::quote(node.text) + " is no name under subjects",
                       config::nearest_word(node.text, names));
  tests.emplace_back();  // keeps the list from reading as "anybody"
}

}  // namespace

// A name, a map, or a list of either, one of which must fit.
std::vector<SubjectTest> load_subject_tests(const Node& node, Loading& loading) {
  std::vector<SubjectTest> tests;
  for (const Node& item : config::as_list(node)) {
    if (item.kind == Node::Kind::kScalar) {
      add_named(item, loading, tests);
    } else {
      tests.push_back(load_subject_test(item, loading));
    }
  }
  if (tests.empty())
    loading.findings.add(node.at, "subject names nobody: leave it out for anybody");
  return tests;
}

void load_subjects(const Node* node, Loading& loading) {
  if (!node || node->kind == Node::Kind::kNull) return;
  MapReader map(*node, loading.findings, "subjects");
  if (node->kind != Node::Kind::kMap) return;
  std::map<std::string, std::vector<SubjectTest>, std::less<>> named;
  for (std::size_t i = 0; i < node->keys.size(); ++i) {
    named[node->keys[i].text] = load_subject_tests(node->items[i], loading);
  }
  loading.subjects = std::move(named);
}

}  // namespace chaperone::policy
