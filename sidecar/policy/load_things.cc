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

// What no name of an object can be: better said now than never met.
void check_name(const Node& node, Loading& loading, const std::optional<ObjectKind>& kind,
                const std::string& name) {
  if (name.empty()) loading.findings.add(node.at, "an empty name fits nothing");
  bool written_out = name.find_first_of("*?\"") == std::string::npos;
  if (!written_out || !wants_schema(kind) || std::count(name.begin(), name.end(), '.') < 2) return;
  loading.findings.add(node.at, config::quote(name) +
                                    " has more than schema and name: a column goes under columns, "
                                    "another kind is written before it (setting:" +
                                    name + ")");
}

// Under columns and functions a kind says nothing that the key does not.
void check_no_kind(const Node& node, Loading& loading, std::string_view key,
                   const std::string& text) {
  std::string_view word = std::string_view(text).substr(0, text.find(':'));
  for (std::size_t i = 0; word.size() < text.size() && i < kKindCount; ++i) {
    if (name_of(static_cast<ObjectKind>(i)) != word) continue;
    loading.findings.add(node.at, std::string(key) + " take no kind: write " +
                                      config::quote(text.substr(word.size() + 1)));
  }
}

// "table:public.customers"; without a kind any.
ObjectPattern load_object(const Node& node, const std::string& text, Loading& loading,
                          Reading reading) {
  std::size_t colon = text.find(':');
  if (colon == std::string::npos) {
    check_schema(node, loading, reading, text, false);
    check_name(node, loading, std::nullopt, text);
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
  check_name(node, loading, read, name);
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
  std::vector<Node> items = config::read_list(*node, loading.findings, key);
  if (items.size() > kPatternsMax) {
    loading.findings.add(node->at, "more than " + std::to_string(kPatternsMax) + " patterns");
  }
  for (const Node& item : items) {
    auto text = config::read_text(item, loading.findings, key);
    if (text) use(item, *text);
  }
}

// A column is a table's or a view's.
bool names_table_of(const ObjectPattern& object, const ColumnPattern& column) {
  bool kind_fits =
      !object.kind || *object.kind == ObjectKind::kTable || *object.kind == ObjectKind::kView;
  return kind_fits && object.name.meets(column.table);
}

// Where both are listed a refusing match speaks of what is both, of columns therefore.
void check_columns(MapReader& map, const Match& match) {
  if (match.columns.empty() || match.reading == Reading::kNarrow) return;
  constexpr EffectSet kNeverByColumn = Effect::kDelete | Effect::kDefine | Effect::kDrop |
                                       Effect::kGrant | Effect::kLock | Effect::kMaintain;
  if (match.effects.within(kNeverByColumn)) {
    map.add(*map.find("columns"),
            "columns are only read and written: name the table under objects for these effects");
  }
  if (match.objects.empty() || match.objects.size() * match.columns.size() > kPatternsMax) return;
  bool both = std::any_of(match.objects.begin(), match.objects.end(), [&](const auto& object) {
    return std::any_of(match.columns.begin(), match.columns.end(),
                       [&](const auto& column) { return names_table_of(object, column); });
  });
  if (both) return;
  map.add(*map.find("columns"),
          "none of these is a column of what objects lists, and a match asks "
          "for both: write two rules");
}

}  // namespace

void load_things(MapReader& map, Loading& loading, Match& match) {
  Reading reading = match.reading;
  each_text(map, loading, "objects", [&](const Node& node, const std::string& text) {
    match.objects.push_back(load_object(node, text, loading, reading));
  });
  each_text(map, loading, "columns", [&](const Node& node, const std::string& text) {
    check_no_kind(node, loading, "columns", text);
    match.columns.push_back(load_column(node, text, loading, reading));
  });
  each_text(map, loading, "functions", [&](const Node& node, const std::string& text) {
    check_schema(node, loading, reading, text, false);
    check_no_kind(node, loading, "functions", text);
    if (text.find('(') != std::string::npos) {
      loading.findings.add(node.at, config::quote(text) + ": write the function without arguments");
    }
    match.functions.emplace_back(text);
  });
  check_columns(map, match);
}

}  // namespace chaperone::policy
