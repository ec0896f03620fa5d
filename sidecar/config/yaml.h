#pragma once
// A small, strict subset of YAML 1.2 as a tree with positions. yaml-cpp and its exceptions stay in
// yaml.cc. Refused, each with a finding: anchors, aliases and merge keys (no "billion laughs"),
// tags, several documents, keys twice in one map, keys that are not plain words, and files beyond
// the bounds of limits.h.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/config/finding.h"

namespace chaperone::config {

// A value; owns everything below it.
struct Node {
  enum class Kind { kNull, kScalar, kSequence, kMap };
  Kind kind = Kind::kNull;
  Position at;
  std::string text;         // kScalar: the value as written, quotes and escapes resolved
  bool quoted = false;      // kScalar: it stood in quotes, so it is text whatever it looks like
  std::vector<Node> keys;   // kMap: scalars, as many as items, in the order of the file
  std::vector<Node> items;  // kMap: the values; kSequence: the elements

  const Node* find(std::string_view key) const;  // in a map; null when absent
};

// The tree, or nothing when `findings` has grown. An empty file is a kNull node.
std::optional<Node> parse_yaml(std::string_view text, Findings& findings);

// The bytes of a regular file, at most `bytes_max` of them; the error names the path.
Result<std::string> read_file(const std::string& path, std::size_t bytes_max);

// The tree in one spelling: equal for files that differ in comments, layout, quoting style or the
// order of keys. What a policy's digest is made of.
std::string canonical_form(const Node& node);

}  // namespace chaperone::config
