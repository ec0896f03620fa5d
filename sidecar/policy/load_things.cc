#include <algorithm>
#include <array>

#include "sidecar/policy/limits.h"
#include "sidecar/policy/loading.h"

namespace chaperone::policy {
namespace {

using config::MapReader;
using config::Node;

constexpr auto kKindCount = static_cast<std::size_t>(ObjectKind::kOther) + 1;

bool wants_schema(const std::optional<ObjectKind>& kind) {
  if (!kind) return true;
  switch (*kind) {
    case ObjectKind::kTable:
    case ObjectKind::kView:
    case ObjectKind::kSequence:
    case ObjectKind::kIndex:
    case ObjectKind::kFunction:
    case ObjectKind::kType:
      return true;
    default:
      return false;
  }
}

// A refusing rule that names "customers" would never meet "public.customers": better said now.
void check_schema(const Node& node, Loading& loading, Reading reading, const std::string& name,
                  bool may_lack_schema) {
  bool fits = name.find('.') != std::string::npos || name.rfind('*', 0) == 0;
  if (fits || may_lack_schema || reading == Reading::kNarrow) return;
  loading.findings.add(node.at, config::quote(name) + " has no schema: write public." + name +
                                    ", *." + name + ", or the kind (role:" + name + ")");
}

// "table:public.customers"; without a kind any.
ObjectPattern load_object(const Node& node, const std::string& text, Loading& loading,
                          Reading reading) {
  std::size_t colon = text.find(':');
  if (colon == std::string::npos) {
    check_schema(node, loading, reading, text, false);
    return {std::nullopt, Glob(text)};
  }
  std::vector<std::string_view> kinds;
  for (std::size_t i = 0; i < kKindCount; ++i) kinds.push_back(name_of(static_cast<ObjectKind>(i)));
  Node word = node;
  word.text = text.substr(0, colon);
  auto kind = config::read_word(word, loading.findings, "an object's kind", kinds);
  std::optional<ObjectKind> read;
  if (kind) read = static_cast<ObjectKind>(*kind);
  std::string name = text.substr(colon + 1);
  check_schema(node, loading, reading, name, !wants_schema(read));
  return {read, Glob(name)};
}

ColumnPattern load_column(const Node& node, const std::string& text, Loading& loading,
                          Reading reading) {
  std::size_t dot = text.rfind('.');
  if (dot == std::string::npos || dot == 0 || dot + 1 == text.size()) {
    loading.findings.add(
        node.at, config::quote(text) + " is no column: write schema.table.column or *.column");
    return {};
  }
  std::string table = text.substr(0, dot);
  check_schema(node, loading, reading, table, false);
  return {Glob(table), Glob(text.substr(dot + 1))};
}

void each_text(MapReader& map, Loading& loading, std::string_view key,
               const std::function<void(const Node&, const std::string&)>& use) {
  const Node* node = map.find(key);
  if (!node) return;
  std::vector<Node> items = config::as_list(*node);
  if (items.empty() || items.size() > kPatternsMax) {
    loading.findings.add(node->at, std::string(key) + " must list from 1 to " +
                                       std::to_string(kPatternsMax) + " patterns");
  }
  for (const Node& item : items) {
    auto text = config::read_text(item, loading.findings, key);
    if (text) use(item, *text);
  }
}

}  // namespace

void load_things(MapReader& map, Loading& loading, Match& match) {
  Reading reading = match.reading;
  each_text(map, loading, "objects", [&](const Node& node, const std::string& text) {
    match.objects.push_back(load_object(node, text, loading, reading));
  });
  each_text(map, loading, "columns", [&](const Node& node, const std::string& text) {
    match.columns.push_back(load_column(node, text, loading, reading));
  });
  each_text(map, loading, "functions", [&](const Node& node, const std::string& text) {
    check_schema(node, loading, reading, text, false);
    match.functions.emplace_back(text);
  });
}

}  // namespace chaperone::policy
