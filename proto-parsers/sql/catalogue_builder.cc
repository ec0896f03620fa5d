#include <array>
#include <charconv>

#include "proto-parsers/sql/builtins.h"
#include "proto-parsers/sql/catalogue.h"
#include "proto-parsers/sql/catalogue_data.h"
#include "proto-parsers/sql/catalogue_queries.h"
#include "proto-parsers/sql/limits.h"
#include "proto-parsers/sql/siphash.h"

namespace chaperone::sql {
namespace {

using Row = std::span<const std::optional<std::string_view>>;

std::string_view text_at(Row row, std::size_t i) { return row[i].value_or(std::string_view()); }
std::string copy_at(Row row, std::size_t i) { return std::string(text_at(row, i)); }
char letter_at(Row row, std::size_t i) {
  return text_at(row, i).empty() ? '\0' : text_at(row, i)[0];
}
bool flag_at(Row row, std::size_t i) { return text_at(row, i) == "t"; }
Oid oid_at(Row row, std::size_t i) {
  Oid oid = 0;
  auto text = text_at(row, i);
  std::from_chars(text.data(), text.data() + text.size(), oid);
  return oid;
}

template <class T>
T* find(std::vector<T>& items, const std::unordered_map<Oid, std::uint32_t>& by_oid, Oid oid) {
  auto found = by_oid.find(oid);
  return found == by_oid.end() ? nullptr : &items[found->second];
}

CatalogueRelation* relation_at(CatalogueData& data, Row row, std::size_t i) {
  return find(data.relations, data.relation_by_oid, oid_at(row, i));
}

// A search_path as SET stores it: words and quoted names with commas between.
std::vector<std::string> path_of(std::string_view text) {
  std::vector<std::string> path;
  std::string name;
  bool quoted = false;
  auto end = [&] {
    if (!name.empty() && name != "$user") path.push_back(name);
    name.clear();
  };
  for (char c : text) {
    if (c == '"')
      quoted = !quoted;
    else if (c == ',' && !quoted)
      end();
    else if (c != ' ' || quoted)
      name += c;
  }
  end();
  return path;
}

void read_relation(CatalogueData& data, Row row) {
  CatalogueRelation relation;
  relation.oid = oid_at(row, 0);
  relation.schema = copy_at(row, 1);
  relation.name = copy_at(row, 2);
  relation.kind = letter_at(row, 3);
  relation.row_security = flag_at(row, 4);
  relation.builtin = flag_at(row, 5);
  data.relation_by_oid.emplace(relation.oid, static_cast<std::uint32_t>(data.relations.size()));
  data.relations.push_back(std::move(relation));
}

void read_column(CatalogueData& data, Row row) {
  if (auto* relation = relation_at(data, row, 0)) {
    relation->columns.push_back({copy_at(row, 1), oid_at(row, 2), flag_at(row, 3)});
  }
}

void read_view(CatalogueData& data, Row row) {
  if (auto* relation = relation_at(data, row, 0)) relation->view = copy_at(row, 1);
}

void read_rule(CatalogueData& data, Row row) {
  if (auto* relation = relation_at(data, row, 0)) {
    relation->rules.push_back({letter_at(row, 1), copy_at(row, 2)});
  }
}

void read_trigger(CatalogueData& data, Row row) {
  if (auto* relation = relation_at(data, row, 0)) {
    relation->triggers.push_back(
        {copy_at(row, 1), static_cast<int>(oid_at(row, 2)), oid_at(row, 3), copy_at(row, 4)});
  }
}

void read_policy(CatalogueData& data, Row row) {
  if (auto* relation = relation_at(data, row, 0)) {
    relation->policies.push_back({letter_at(row, 1), copy_at(row, 2)});
  }
}

void read_write_expression(CatalogueData& data, Row row) {
  auto* relation = relation_at(data, row, 0);
  if (!relation) return;
  (flag_at(row, 1) ? relation->defaults : relation->write_expressions).push_back(copy_at(row, 2));
}

void read_reference(CatalogueData& data, Row row) {
  if (auto* relation = relation_at(data, row, 0)) {
    relation->referenced_by.push_back({oid_at(row, 1), letter_at(row, 2), letter_at(row, 3)});
  }
}

void read_inheritance(CatalogueData& data, Row row) {
  auto* parent = relation_at(data, row, 0);
  auto* child = relation_at(data, row, 1);
  if (!parent || !child) return;
  parent->children.push_back(child->oid);
  child->parents.push_back(parent->oid);
}

void read_function(CatalogueData& data, Row row) {
  CatalogueFunction function;
  function.oid = oid_at(row, 0);
  function.schema = copy_at(row, 1);
  function.name = copy_at(row, 2);
  function.language = copy_at(row, 3);
  function.kind = letter_at(row, 4);
  function.volatility = letter_at(row, 5);
  // Only a superuser can make C functions, so nobody else can slip one into an extension.
  function.harmless = function.language == "c" && harmless_extension(text_at(row, 6));
  function.definition = copy_at(row, 7);
  function.search_path = path_of(text_at(row, 8));
  data.function_by_oid.emplace(function.oid, static_cast<std::uint32_t>(data.functions.size()));
  data.functions.push_back(std::move(function));
}

void read_operator(CatalogueData& data, Row row) {
  data.operators.push_back({copy_at(row, 0), copy_at(row, 1), oid_at(row, 2)});
}

void read_type(CatalogueData& data, Row row) {
  CatalogueType type;
  type.oid = oid_at(row, 0);
  type.schema = copy_at(row, 1);
  type.name = copy_at(row, 2);
  type.element = oid_at(row, 3);
  type.relation = oid_at(row, 4);
  data.type_by_oid.emplace(type.oid, static_cast<std::uint32_t>(data.types.size()));
  data.types.push_back(std::move(type));
}

void read_type_function(CatalogueData& data, Row row) {
  if (auto* type = find(data.types, data.type_by_oid, oid_at(row, 0)))
    type->functions.push_back(oid_at(row, 1));
}

void read_type_expression(CatalogueData& data, Row row) {
  if (auto* type = find(data.types, data.type_by_oid, oid_at(row, 0)))
    type->checks.push_back(copy_at(row, 1));
}

void read_event_trigger(CatalogueData& data, Row row) {
  data.event_trigger_functions.push_back(oid_at(row, 0));
}

void read_stamp(CatalogueData& data, Row row) { data.stamp = copy_at(row, 0); }

using Reader = void (*)(CatalogueData&, Row);
constexpr std::array<Reader, 16> kReaders = {read_relation,
                                             read_column,
                                             read_view,
                                             read_rule,
                                             read_trigger,
                                             read_policy,
                                             read_write_expression,
                                             read_reference,
                                             read_inheritance,
                                             read_function,
                                             read_operator,
                                             read_type,
                                             read_type_function,
                                             read_type_expression,
                                             read_event_trigger,
                                             read_stamp};

}  // namespace

CatalogueBuilder::CatalogueBuilder() : data_(std::make_unique<CatalogueData>()) {}
CatalogueBuilder::~CatalogueBuilder() = default;

Result<void> CatalogueBuilder::add(std::size_t query, Row row) {
  if (!data_ || query >= kReaders.size() || row.size() != catalogue_texts()[query].columns) {
    return Error{
        "catalogue: a row does not have the form of its query; is another program answering?"};
  }
  SipHash hash(data_->digest, query);
  for (const auto& value : row) {
    std::size_t size = value ? value->size() : 0;
    bytes_ += size + sizeof(std::string);
    hash.update({reinterpret_cast<const char*>(&size), sizeof size});
    if (value) hash.update(*value);
  }
  data_->digest = hash.finish().low;
  if (bytes_ > kCatalogueBytesMax || ++rows_ > kCatalogueRowsMax) {
    return Error{
        "catalogue: the database has too many objects to be held; it is served without one"};
  }
  kReaders[query](*data_, row);
  return {};
}

Result<std::shared_ptr<const Catalogue>> CatalogueBuilder::finish() {
  if (!data_) return Error{"catalogue: already built"};
  auto& data = *data_;
  data.bytes = bytes_;
  for (std::uint32_t i = 0; i < data.relations.size(); ++i) {
    data.relation_by_name.emplace(data.relations[i].full_name(), i);
  }
  for (std::uint32_t i = 0; i < data.functions.size(); ++i) {
    data.functions_by_name[data.functions[i].name].push_back(i);
  }
  for (std::uint32_t i = 0; i < data.operators.size(); ++i) {
    data.operators_by_name[data.operators[i].name].push_back(i);
  }
  for (std::uint32_t i = 0; i < data.types.size(); ++i) {
    data.type_by_name.emplace(data.types[i].schema + "." + data.types[i].name, i);
  }
  return std::make_shared<const Catalogue>(std::move(data_));
}

}  // namespace chaperone::sql
