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
