#include "tests/unit/sql/rows.h"

#include <sstream>

#include "proto-parsers/sql/catalogue_data.h"

namespace chaperone::sql {
namespace {

std::string unescaped(std::string_view text) {
  std::string made;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      made += text[i];
      continue;
    }
    char c = text[++i];
    made += c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c;
  }
  return made;
}

}  // namespace

Values values_of(const std::string& line) {
  Values values;
  std::size_t begin = 0;
  for (;;) {
    std::size_t end = line.find('\t', begin);
    std::string field = line.substr(begin, end == std::string::npos ? end : end - begin);
    if (field == "\\N")
      values.push_back(std::nullopt);
    else
      values.push_back(unescaped(field));
    if (end == std::string::npos) return values;
    begin = end + 1;
  }
}

Result<std::shared_ptr<const Catalogue>> catalogue_from(const std::string& rows) {
  CatalogueBuilder builder;
  std::istringstream lines(rows);
  for (std::string line; std::getline(lines, line);) {
    Values values = values_of(line);
    std::size_t query = std::stoul(values.at(0).value_or("999"));
    std::vector<std::optional<std::string_view>> row(values.begin() + 1, values.end());
    if (auto added = builder.add(query, row); !added) return added.error();
  }
  return builder.finish();
}

std::string described(const Catalogue& catalogue) {
  const CatalogueData& data = catalogue.data();
  std::ostringstream out;
  for (const auto& [oid, name] : data.schemas) out << oid << " " << name << "\n";
  for (const auto& one : data.relations) {
    out << one->oid << " " << one->qualified << " " << one->kind << one->row_security << one->view
        << " " << one->table;
    for (const auto& c : one->columns) out << " " << c.number << c.name << c.type << c.not_null;
    for (const auto& r : one->rules) out << "\n rule " << r.event << r.definition;
    for (const auto& t : one->triggers) out << "\n trigger " << t.events << t.definition;
    for (const auto& p : one->policies) out << "\n policy " << p.command << p.expression;
    for (const auto& text : one->defaults) out << "\n default " << text;
    for (const auto& text : one->write_expressions) out << "\n expression " << text;
    for (const auto& r : one->referenced_by) out << "\n by " << r.table << r.on_delete << r.on_update;
    for (Oid oid : one->children) out << "\n child " << oid;
    for (Oid oid : one->parents) out << "\n parent " << oid;
    out << "\n";
  }
  for (const auto& one : data.functions) {
    out << one->oid << " " << one->qualified << " " << one->language << one->kind << one->volatility;
    out << one->harmless << one->definition << "\n";
  }
  for (const auto& one : data.types) {
    out << one->oid << " " << one->qualified << " " << one->element << " " << one->relation;
    for (const auto& text : one->checks) out << " " << text;
    for (Oid oid : one->functions) out << " " << oid;
    out << "\n";
  }
  for (const auto& one : data.operators) out << one->schema << one->name << one->function << "\n";
  for (Oid oid : data.event_trigger_functions) out << "event " << oid << "\n";
  return out.str();
}

}  // namespace chaperone::sql
