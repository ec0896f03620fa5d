#include "injector/quantity.h"

#include <charconv>
#include <cmath>

namespace chaperone::injector {

namespace {
struct Suffix {
  std::string_view text;
  double factor;
};
constexpr double kKi = 1024;
constexpr Suffix kSuffixes[] = {
    {"", 1},          {"n", 1e-9},      {"u", 1e-6},
    {"m", 1e-3},      {"k", 1e3},       {"M", 1e6},
    {"G", 1e9},       {"T", 1e12},      {"P", 1e15},
    {"E", 1e18},      {"Ki", kKi},      {"Mi", kKi * kKi},
    {"Gi", kKi * kKi * kKi},            {"Ti", kKi * kKi * kKi * kKi},
};
}  // namespace

std::optional<double> quantity(std::string_view text) {
  double number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return {};
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  for (const Suffix& suffix : kSuffixes) {
    if (suffix.text == text) return number * suffix.factor;
  }
  return {};
}

bool same_quantity(std::string_view left, std::string_view right) {
  if (left == right) return true;
  auto one = quantity(left), other = quantity(right);
  return one && other && std::abs(*one - *other) <= 1e-12 * std::abs(*one);
}

}  // namespace chaperone::injector
