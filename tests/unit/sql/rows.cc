#include "tests/unit/sql/rows.h"

#include <sstream>

namespace chaperone::sql {
namespace {

using Values = std::vector<std::optional<std::string>>;

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

}  // namespace

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

}  // namespace chaperone::sql
