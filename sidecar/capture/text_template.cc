#include "sidecar/capture/text_template.h"

#include <algorithm>
#include <cctype>

#include "proto-parsers/base/check.h"

namespace chaperone::capture {
namespace {

std::size_t name_length(std::string_view text) {
  auto in_name = [](unsigned char c) { return std::isalnum(c) || c == '_'; };
  auto end = std::find_if_not(text.begin(), text.end(), in_name);
  return static_cast<std::size_t>(end - text.begin());
}

}  // namespace

std::string fill(std::string_view text, const std::vector<Filling>& fillings) {
  std::string filled;
  while (!text.empty()) {
    std::size_t dollar = std::min(text.find('$'), text.size());
    filled += text.substr(0, dollar);
    text.remove_prefix(dollar);
    if (text.empty()) break;
    std::string_view name = text.substr(1, name_length(text.substr(1)));
    auto same = [&](const Filling& filling) { return filling.name == name; };
    auto found = std::find_if(fillings.begin(), fillings.end(), same);
    CHECK(found != fillings.end());
    filled += found->value;
    text.remove_prefix(1 + name.size());
  }
  return filled;
}

std::string join(const std::vector<std::string>& words, std::string_view separator) {
  std::string joined;
  for (const std::string& word : words) {
    if (!joined.empty()) joined += separator;
    joined += word;
  }
  return joined;
}

}  // namespace chaperone::capture
