#include "sidecar/escapes.h"

#include <algorithm>
#include <charconv>

#include "sidecar/config/yaml.h"

namespace chaperone {
namespace {

constexpr std::size_t kFileBytesMax = 4096;
// The rules have three; each is a series of its own.
constexpr std::size_t kCountersMax = 16, kNameBytesMax = 32;
constexpr std::string_view kHead = "chaperone-counters 1 ";

template <class Number>
bool read_number(std::string_view text, Number& out) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return !text.empty() && error == std::errc() && end == text.data() + text.size();
}

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= kNameBytesMax &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
         });
}

std::string_view take_line(std::string_view& text) {
  std::string_view line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(line.size() + 1, text.size()));
  return line;
}

}  // namespace

Result<Escapes> parse_escapes(std::string_view text) {
  Error wrong{"not a file of chaperone-init --counters"};
  Escapes escapes;
  std::string_view head = take_line(text);
  if (!head.starts_with(kHead) || !read_number(head.substr(kHead.size()), escapes.wall_s)) {
    return wrong;
  }
  while (!text.empty()) {
    std::string_view line = take_line(text);
    std::string_view name = line.substr(0, line.find(' '));
    std::uint64_t packets = 0;
    bool sound = name.size() < line.size() && is_name(name) &&
                 read_number(line.substr(name.size() + 1), packets) &&
                 escapes.counters.size() < kCountersMax;
    if (!sound) return wrong;
    escapes.counters.emplace(name, packets);
  }
  escapes.readable = true;
  return escapes;
}

Escapes read_escapes(const std::string& path) {
  Escapes none;
  none.configured = !path.empty();
  if (path.empty()) return none;
  auto text = config::read_file(path, kFileBytesMax);
  auto escapes = text ? parse_escapes(*text) : Result<Escapes>(text.error());
  if (!escapes) return none;
  escapes->configured = true;
  return std::move(*escapes);
}

}  // namespace chaperone
