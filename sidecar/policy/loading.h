#pragma once
// What the parts of the loader share. For this room alone.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/config/map_reader.h"
#include "sidecar/policy/rules.h"

namespace chaperone::policy {

struct Loading {
  config::Findings& findings;
  Rules& rules;
  std::map<std::string, std::vector<SubjectTest>, std::less<>> subjects;  // named ones
};

// Each takes the node under its key, null when absent.
void load_resources(const config::Node* node, Loading& loading);
void load_subjects(const config::Node* node, Loading& loading);
void load_rules(const config::Node* node, Loading& loading);
void load_defaults(const config::Node* node, Loading& loading);
void load_names(const config::Node* node, Loading& loading);

Match load_match(const config::Node* node, Loading& loading, Reading reading,
                 std::string_view what);
std::vector<SubjectTest> load_subject_tests(const config::Node& node, Loading& loading);
void load_guard(config::MapReader& map, Loading& loading, Match& match);
void load_things(config::MapReader& map, Loading& loading, Match& match);

// Lower-cased; each a DNS name, or "*." and one.
std::vector<NamePattern> load_name_patterns(config::MapReader& map, Loading& loading,
                                            std::string_view key);
std::vector<Glob> load_globs(config::MapReader& map, Loading& loading, std::string_view key);
// "" (a finding then) unless it is a name for records and metrics: letters, digits, '_', '-', '.'.
std::string load_name(config::MapReader& map, Loading& loading, std::string_view what);
// For people: bounded, one line.
void load_words(config::MapReader& map, Loading& loading, std::string_view key, std::string& out);

}  // namespace chaperone::policy
