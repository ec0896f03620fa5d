#include "proto-parsers/sql/tree.h"

#include <cstdlib>

#include "proto-parsers/sql/limits.h"
#include "proto-parsers/sql/nodes.h"

namespace chaperone::sql {
namespace {

int options_of(const Reading& reading, ParseMode mode) {
  int options = static_cast<int>(mode) | PG_QUERY_DISABLE_ESCAPE_STRING_WARNING;
  if (!reading.standard_conforming_strings) options |= PG_QUERY_DISABLE_STANDARD_CONFORMING_STRINGS;
  if (!reading.backslash_quote_safe) options |= PG_QUERY_DISABLE_BACKSLASH_QUOTE;
  return options;
}

// PostgreSQL's scanner takes a whole run of operator characters for each comment that opens in it
// and puts all but two back: time grows with the square of the run. Nobody opens that many at once.
bool opens_too_many_comments(std::string_view input) {
  constexpr std::string_view kOperators = "~!@#^&|`?+-*/%<>=";
  std::size_t at = input.find("/*");
  while (at != std::string_view::npos) {
    std::size_t end = input.find_first_not_of(kOperators, at);
    if (end == std::string_view::npos) end = input.size();
    std::size_t opened = 0;
    for (; at < end && at != std::string_view::npos; at = input.find("/*", at + 2)) ++opened;
    if (opened > kCommentsInRunMax) return true;
  }
  return false;
}

}  // namespace

Tree::Tree(std::string_view input, const Reading& reading, ParseMode mode) {
  if (input.size() > kTextBytesMax) {
    error_ = "the text is longer than " + std::to_string(kTextBytesMax) + " bytes";
    return;
  }
  if (input.find('\0') != std::string_view::npos) {
    error_ = "the text holds a zero byte";
    return;
  }
  if (opens_too_many_comments(input)) {
    error_ = "too many comments open without a blank between";
    return;
  }
  std::string terminated(input);
  context_ = pg_query_enter_memory_context();
  auto parsed = pg_query_raw_parse(terminated.c_str(), options_of(reading, mode));
  std::free(parsed.stderr_buffer);
  if (parsed.error) {
    error_ = parsed.error->message ? parsed.error->message : "syntax error";
    if (error_.empty()) error_ = "syntax error";
    pg_query_free_error(parsed.error);
    return;
  }
  statements_ = parsed.tree;
}

Tree::~Tree() {
  if (context_) pg_query_exit_memory_context(context_);
}

}  // namespace chaperone::sql
