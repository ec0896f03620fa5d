#include "sidecar/policy/regex.h"

#include <re2/re2.h>

#include "sidecar/policy/limits.h"

namespace chaperone::policy {

Result<Regex> Regex::compile(const std::string& pattern) {
  if (pattern.size() > kRegexBytesMax) {
    return Error{"longer than " + std::to_string(kRegexBytesMax) + " bytes"};
  }
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_encoding(re2::RE2::Options::EncodingLatin1);
  options.set_dot_nl(true);
  options.set_max_mem(kRegexMemoryBytesMax);
  auto compiled = std::make_unique<re2::RE2>(pattern, options);
  if (!compiled->ok()) return Error{compiled->error()};
  return Regex(std::move(compiled));
}

Regex::Regex(std::unique_ptr<re2::RE2> compiled) : compiled_(std::move(compiled)) {}
Regex::Regex(Regex&&) noexcept = default;
Regex& Regex::operator=(Regex&&) noexcept = default;
Regex::~Regex() = default;

bool Regex::found_in(std::string_view text) const {
  return compiled_->Match({text.data(), text.size()}, 0, text.size(), re2::RE2::UNANCHORED, nullptr,
                          0);
}

}  // namespace chaperone::policy
