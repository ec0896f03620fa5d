#pragma once
// A name pattern: '*' stands for any run of characters (dots and slashes too), '?' for one;
// everything else for itself, case and all. Linear in practice, at worst pattern times name.

#include <string>
#include <string_view>

namespace chaperone::policy {

class Glob {
 public:
  Glob() = default;
  explicit Glob(std::string pattern) : pattern_(std::move(pattern)) {}

  bool matches(std::string_view name) const;
  bool meets(const Glob& other) const;  // whether some name fits both
  bool matches_all() const { return pattern_ == "*"; }
  const std::string& pattern() const { return pattern_; }

 private:
  std::string pattern_;
};

}  // namespace chaperone::policy
