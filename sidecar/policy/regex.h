#pragma once
// A regular expression in RE2's syntax, searched anywhere in the text, in time linear in it. It
// works on bytes, '.' matches a line break too, so neither an odd encoding nor a newline slips by.
// RE2's header stays in regex.cc.

#include <memory>
#include <string>
#include <string_view>

#include "proto-parsers/base/result.h"

namespace re2 {
class RE2;
}

namespace chaperone::policy {

class Regex {
 public:
  static Result<Regex> compile(const std::string& pattern);
  Regex(Regex&&) noexcept;
  Regex& operator=(Regex&&) noexcept;
  ~Regex();

  // Thread-safe. Allocates only while the automaton learns a text of a new kind.
  bool found_in(std::string_view text) const;

 private:
  explicit Regex(std::unique_ptr<re2::RE2> compiled);
  std::unique_ptr<re2::RE2> compiled_;
};

}  // namespace chaperone::policy
