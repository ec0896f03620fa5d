#include "proto-parsers/sql/secret_places.h"

#include <algorithm>

#include "proto-parsers/sql/lexer.h"
#include "proto-parsers/sql/limits.h"
#include "proto-parsers/sql/place_finder.h"
#include "proto-parsers/sql/secret_names.h"

namespace chaperone::sql {
namespace {

template <class T>
void sort_unique(std::vector<T>& values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
}

bool is_literal(const Token& token) {
  return token.kind == TokenKind::kString || token.kind == TokenKind::kNumber;
}

// Offsets become the numbers of tokens, which are alike for all texts of a shape. Punctuation is
// not counted: .5 and 0.5 are one shape.
std::vector<std::uint32_t> token_numbers(FoundPlaces& found, std::string_view text,
                                         const Reading& reading) {
  sort_unique(found.constants);
  sort_unique(found.announced);
  std::vector<std::uint32_t> numbers;
  Lexer lexer(text, reading);
  std::uint32_t number = 0;
  auto constant = found.constants.begin(), announced = found.announced.begin();
  bool waiting = false;
  for (Token token = lexer.next(); token.kind != TokenKind::kEnd; token = lexer.next()) {
    if (token.kind == TokenKind::kOther) continue;
    std::size_t end = token.begin + token.text.size();
    bool taken = false;
    for (; constant != found.constants.end() && *constant < end; ++constant) taken = true;
    for (; announced != found.announced.end() && *announced < end; ++announced) waiting = true;
    if (waiting && is_literal(token)) {
      taken = true;
      waiting = false;
    }
    if (taken) numbers.push_back(number);
    ++number;
  }
  return numbers;
}

}  // namespace

bool SecretPlaces::has_parameter(std::size_t number, bool named) const {
  if (all_parameters) return true;
  auto among = [&](const std::vector<std::uint16_t>& numbers) {
    return std::binary_search(numbers.begin(), numbers.end(), static_cast<std::uint16_t>(number));
  };
  return number <= 65535 && (among(parameters) || (named && among(keyed)));
}

SecretPlaces secret_places(const Tree& tree, std::string_view text, const Reading& reading,
                           const Resolver& resolver, const PreparedTexts* prepared) {
  SecretPlaces places;
  if (!tree.ok()) {
    places.unreadable = true;
    places.all_parameters = announces_secret(text);
    return places;
  }
  PlaceFinder finder(resolver, reading, prepared);
  for (const Node* node : Nodes(tree.statements())) finder.statement(node);
  FoundPlaces& found = finder.found();
  places.parameters = std::move(found.parameters);
  places.keyed = std::move(found.keyed);
  sort_unique(places.parameters);
  sort_unique(places.keyed);
  bool many = std::max({found.constants.size(), places.parameters.size(), places.keyed.size()}) >
              kSecretPlacesMax;
  if (many || (found.too_deep && announces_secret(text))) {
    places.parameters.clear();
    places.keyed.clear();
    places.all_literals = places.all_parameters = true;
    return places;
  }
  if (!found.constants.empty() || !found.announced.empty()) {
    places.tokens = token_numbers(found, text, reading);
  }
  return places;
}

}  // namespace chaperone::sql
