#include "sidecar/config/map_reader.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

#include "sidecar/config/limits.h"

namespace chaperone::config {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};
constexpr std::array<Unit, 4> kDurations = {{{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}}};
constexpr std::array<Unit, 4> kSizes = {
    {{"", 1}, {"KiB", 1024}, {"MiB", 1024 * 1024}, {"GiB", 1024 * 1024 * 1024}}};

std::optional<std::uint64_t> with_unit(std::string_view text, std::span<const Unit> units) {
  std::uint64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{}) return std::nullopt;
  std::string_view name = text.substr(static_cast<std::size_t>(end - text.data()));
  for (const Unit& unit : units) {
    if (unit.name != name) continue;
    if (value > std::numeric_limits<std::uint64_t>::max() / unit.factor) return std::nullopt;
    return value * unit.factor;
  }
  return std::nullopt;
}

// In the largest unit that leaves no rest.
std::string in_units(std::uint64_t value, std::span<const Unit> units) {
  const Unit* best = &units.front();
  for (const Unit& unit : units) {
    if (value % unit.factor == 0) best = &unit;
  }
  if (value == 0) best = &units.front();
  return std::to_string(value / best->factor).append(best->name);
}

bool read_with_unit(const Node* node, Findings& findings, std::string_view key,
                    std::span<const Unit> units, const char* example, std::uint64_t min,
                    std::uint64_t max, std::uint64_t& out) {
  if (!node) return false;
  auto text = read_text(*node, findings, key);
  if (!text) return false;
  auto value = with_unit(*text, units);
  if (!value || *value < min || *value > max) {
    std::string bounds =
        value ? ": out of range, from " + in_units(min, units) + " to " + in_units(max, units)
              : std::string(": write it as ") + example;
    findings.add(node->at, std::string(key) + " is " + quote(*text) + bounds);
    return false;
  }
  out = *value;
  return true;
}

}  // namespace

std::string quote(std::string_view text) {
  std::string out = "'";
  for (char c : text.substr(0, kQuoteBytesMax)) {
    out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  if (text.size() > kQuoteBytesMax) out += "...";
  return out + "'";
}

std::vector<Node> as_list(const Node& node) {
  if (node.kind == Node::Kind::kSequence) return node.items;
  return {node};
}

std::vector<Node> read_list(const Node& node, Findings& findings, std::string_view what) {
  std::vector<Node> items = as_list(node);
  if (items.empty()) {
    findings.add(node.at, std::string(what) + " lists nothing: leave it out to ask nothing");
  }
  std::set<std::string_view> seen;
  for (const Node& item : items) {
    if (item.kind != Node::Kind::kScalar || seen.insert(item.text).second) continue;
    findings.add(item.at, std::string(what) + " lists " + quote(item.text) + " twice");
  }
  return items;
}

std::optional<std::string> read_text(const Node& node, Findings& findings, std::string_view what) {
  if (node.kind == Node::Kind::kScalar) return node.text;
  bool null = node.kind == Node::Kind::kNull;
  findings.add(node.at, std::string(what) + (null ? " has no value" : " must be a single value"));
  return std::nullopt;
}

std::optional<std::int64_t> read_integer(const Node& node, Findings& findings,
                                         std::string_view what, std::int64_t min,
                                         std::int64_t max) {
  auto text = read_text(node, findings, what);
  if (!text) return std::nullopt;
  std::int64_t value = 0;
  const char* last = text->data() + text->size();
  auto [end, error] = std::from_chars(text->data(), last, value);
  if (node.quoted || error != std::errc{} || end != last) {
    findings.add(node.at, std::string(what) + " is " + quote(*text) + ": must be a whole number");
    return std::nullopt;
  }
  if (value < min || value > max) {
    findings.add(node.at, std::string(what) + " is " + *text + ": must be from " +
                              std::to_string(min) + " to " + std::to_string(max));
    return std::nullopt;
  }
  return value;
}

std::optional<std::size_t> read_word(const Node& node, Findings& findings, std::string_view what,
                                     std::span<const std::string_view> words) {
  auto text = read_text(node, findings, what);
  if (!text) return std::nullopt;
  auto found = std::find(words.begin(), words.end(), *text);
  if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
  std::string choice;
  for (std::string_view word : words) choice += (choice.empty() ? "" : ", ") + std::string(word);
  findings.add(node.at, std::string(what) + " is " + quote(*text) + ": must be one of " + choice,
               nearest_word(*text, words));
  return std::nullopt;
}

MapReader::MapReader(const Node& node, Findings& findings, std::string_view what)
    : node_(node), findings_(findings), what_(what) {
  if (node.kind == Node::Kind::kMap || node.kind == Node::Kind::kNull) return;
  findings.add(node.at, what_ + " must be a map of keys and values");
}

const Node* MapReader::find(std::string_view key) {
  asked_.push_back(key);
  return node_.kind == Node::Kind::kMap ? node_.find(key) : nullptr;
}

const Node* MapReader::require(std::string_view key) {
  const Node* node = find(key);
  bool could = node_.kind == Node::Kind::kMap || node_.kind == Node::Kind::kNull;
  if (!node && could) findings_.add(node_.at, what_ + " needs the key '" + std::string(key) + "'");
  return node;
}

bool MapReader::text(std::string_view key, std::string& out) {
  const Node* node = find(key);
  if (!node) return false;
  auto value = read_text(*node, findings_, key);
  if (!value) return false;
  out = std::move(*value);
  return true;
}

bool MapReader::texts(std::string_view key, std::vector<std::string>& out) {
  const Node* node = find(key);
  if (!node) return false;
  std::vector<std::string> values;
  for (const Node& item : as_list(*node)) {
    auto value = read_text(item, findings_, key);
    if (!value) return false;
    values.push_back(std::move(*value));
  }
  out = std::move(values);
  return true;
}

bool MapReader::flag(std::string_view key, bool& out) {
  static constexpr std::array<std::string_view, 2> kWords = {"false", "true"};
  std::size_t index = 0;
  if (!word(key, kWords, index)) return false;
  out = index == 1;
  return true;
}

bool MapReader::integer(std::string_view key, std::int64_t& out, std::int64_t min,
                        std::int64_t max) {
  const Node* node = find(key);
  if (!node) return false;
  auto value = read_integer(*node, findings_, key, min, max);
  if (value) out = *value;
  return value.has_value();
}

bool MapReader::word(std::string_view key, std::span<const std::string_view> words,
                     std::size_t& index) {
  const Node* node = find(key);
  if (!node) return false;
  auto value = read_word(*node, findings_, key, words);
  if (value) index = *value;
  return value.has_value();
}

bool MapReader::duration_ms(std::string_view key, std::uint64_t& out, std::uint64_t min,
                            std::uint64_t max) {
  return read_with_unit(find(key), findings_, key, kDurations, "500ms, 30s, 5m or 1h", min, max,
                        out);
}

bool MapReader::size_bytes(std::string_view key, std::uint64_t& out, std::uint64_t min,
                           std::uint64_t max) {
  return read_with_unit(find(key), findings_, key, kSizes, "512, 64KiB, 16MiB or 1GiB", min, max,
                        out);
}

void MapReader::sequence(std::string_view key, const std::function<void(const Node&)>& each) {
  const Node* node = find(key);
  if (!node || node->kind == Node::Kind::kNull) return;
  if (node->kind != Node::Kind::kSequence) {
    findings_.add(node->at, std::string(key) + " must be a list ('- ...')");
    return;
  }
  for (const Node& item : node->items) each(item);
}

void MapReader::finish() {
  if (node_.kind != Node::Kind::kMap) return;
  for (const Node& key : node_.keys) {
    if (std::find(asked_.begin(), asked_.end(), key.text) != asked_.end()) continue;
    findings_.add(key.at, "unknown key " + quote(key.text) + " in " + what_,
                  nearest_word(key.text, asked_));
  }
}

}  // namespace chaperone::config
