#include "proto-parsers/sql/catalogue_rows.h"

#include <array>
#include <charconv>

#include "proto-parsers/base/check.h"
#include "proto-parsers/sql/builtins.h"

namespace chaperone::sql {
namespace {

using Row = CatalogueRow;

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
T* found(const std::unordered_map<Oid, std::shared_ptr<T>>& objects, Row row, std::size_t i = 0) {
  auto at = objects.find(oid_at(row, i));
  if (at == objects.end()) return nullptr;
  for (const auto& value : row) at->second->bytes += sizeof value + (value ? value->size() : 0);
  return at->second.get();
}

// A new object of the row's first three columns: its number, schema and name.
template <class T>
T& made(std::unordered_map<Oid, std::shared_ptr<T>>& objects, Row row) {
  auto object = std::make_shared<T>();
  object->oid = oid_at(row, 0);
  object->schema = copy_at(row, 1);
  object->name = copy_at(row, 2);
  object->qualified = qualified_name(object->schema, object->name);
  object->bytes = sizeof(T) + 2 * object->qualified.size();
  return *(objects[object->oid] = std::move(object));
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

void read_relation(FreshObjects& fresh, Row row) {
  auto& relation = made(fresh.relations, row);
  relation.kind = letter_at(row, 3);
  relation.row_security = flag_at(row, 4);
  relation.builtin = flag_at(row, 5);
  relation.table = oid_at(row, 6);
}

void read_column(FreshObjects& fresh, Row row) {
  if (auto* relation = found(fresh.relations, row)) {
    relation->columns.push_back(
        {copy_at(row, 1), oid_at(row, 2), flag_at(row, 3), static_cast<int>(oid_at(row, 4))});
  }
}

void read_view(FreshObjects& fresh, Row row) {
  if (auto* relation = found(fresh.relations, row)) relation->view = copy_at(row, 1);
}

void read_rule(FreshObjects& fresh, Row row) {
  if (auto* relation = found(fresh.relations, row)) {
    relation->rules.push_back({letter_at(row, 1), copy_at(row, 2)});
  }
}

void read_trigger(FreshObjects& fresh, Row row) {
  if (auto* relation = found(fresh.relations, row)) {
    relation->triggers.push_back(
        {copy_at(row, 1), static_cast<int>(oid_at(row, 2)), oid_at(row, 3), copy_at(row, 4)});
  }
}

void read_policy(FreshObjects& fresh, Row row) {
  if (auto* relation = found(fresh.relations, row)) {
    relation->policies.push_back({letter_at(row, 1), copy_at(row, 2)});
  }
}

void read_write_expression(FreshObjects& fresh, Row row) {
  auto* relation = found(fresh.relations, row);
  if (!relation) return;
  (flag_at(row, 1) ? relation->defaults : relation->write_expressions).push_back(copy_at(row, 2));
}

void read_reference(FreshObjects& fresh, Row row) {
  if (auto* relation = found(fresh.relations, row)) {
    relation->referenced_by.push_back({oid_at(row, 1), letter_at(row, 2), letter_at(row, 3)});
  }
}

void read_inheritance(FreshObjects& fresh, Row row) {
  if (auto* parent = found(fresh.relations, row, 0)) parent->children.push_back(oid_at(row, 1));
  if (auto* child = found(fresh.relations, row, 1)) child->parents.push_back(oid_at(row, 0));
}

void read_function(FreshObjects& fresh, Row row) {
  auto& function = made(fresh.functions, row);
  function.language = copy_at(row, 3);
  function.kind = letter_at(row, 4);
  function.volatility = letter_at(row, 5);
  // Only a superuser can make C functions, so nobody else can slip one into an extension.
  function.harmless = function.language == "c" && harmless_extension(text_at(row, 6));
  function.definition = copy_at(row, 7);
  function.search_path = path_of(text_at(row, 8));
  function.bytes += function.definition.size();
}

void read_operator(FreshObjects& fresh, Row row) {
  fresh.operators.push_back(std::make_shared<CatalogueOperator>(
      CatalogueOperator{copy_at(row, 0), copy_at(row, 1), oid_at(row, 2)}));
}

void read_type(FreshObjects& fresh, Row row) {
  auto& type = made(fresh.types, row);
  type.element = oid_at(row, 3);
  type.relation = oid_at(row, 4);
}

void read_type_function(FreshObjects& fresh, Row row) {
  if (auto* type = found(fresh.types, row)) type->functions.push_back(oid_at(row, 1));
}

void read_type_expression(FreshObjects& fresh, Row row) {
  if (auto* type = found(fresh.types, row)) type->checks.push_back(copy_at(row, 1));
}

void read_event_trigger(FreshObjects& fresh, Row row) {
  fresh.event_trigger_functions.push_back(oid_at(row, 0));
}

void read_everywhere(FreshObjects& fresh, Row row) {
  fresh.functions_everywhere.push_back(oid_at(row, 0));
}

void read_schema(FreshObjects& fresh, Row row) { fresh.schemas[oid_at(row, 0)] = copy_at(row, 1); }

using Reader = void (*)(FreshObjects&, Row);
constexpr std::array<Reader, 17> kReaders = {read_relation,
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
                                             read_schema,
                                             read_everywhere};

}  // namespace

void read_catalogue_row(FreshObjects& fresh, std::size_t section, CatalogueRow row) {
  CHECK(section < kReaders.size());
  kReaders[section](fresh, row);
}

}  // namespace chaperone::sql
