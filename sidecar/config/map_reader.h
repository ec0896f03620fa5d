#pragma once
// Takes the keys of one map, with their types checked. What was never asked for is unknown, so the
// list of valid words is the reading code itself and cannot grow stale:
//
//   MapReader map(node, findings, "listen");
//   map.number("port", config.port, 1, 65535);
//   map.finish();
//
// Every method leaves its target as it was when the key is absent or wrong; wrong is a finding.

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/config/yaml.h"

namespace chaperone::config {

class MapReader {
 public:
  // `what` names the map in findings ("listen", "rule"). A kNull node is an empty map. `node` and
  // `findings` must outlive the reader.
  MapReader(const Node& node, Findings& findings, std::string_view what);

  const Node* find(std::string_view key);     // null when absent
  const Node* require(std::string_view key);  // null when absent, which is a finding

  bool text(std::string_view key, std::string& out);  // true when it was there and right
  bool texts(std::string_view key, std::vector<std::string>& out);  // one scalar or a list
  bool flag(std::string_view key, bool& out);  // true or false and nothing else
  bool integer(std::string_view key, std::int64_t& out, std::int64_t min, std::int64_t max);
  bool word(std::string_view key, std::span<const std::string_view> words, std::size_t& index);
  bool duration_ms(std::string_view key, std::uint64_t& out, std::uint64_t min,
                   std::uint64_t max);  // "500ms", "30s", "5m", "1h"
  bool size_bytes(std::string_view key, std::uint64_t& out, std::uint64_t min,
                  std::uint64_t max);  // "512", "64KiB", "16MiB", "1GiB"

  template <class T>
  bool number(std::string_view key, T& out, std::int64_t min, std::int64_t max) {
    std::int64_t value = 0;
    if (!integer(key, value, min, max)) return false;
    out = static_cast<T>(value);
    return true;
  }

  // Calls `each` for every element of the list under `key`, if there is one.
  void sequence(std::string_view key, const std::function<void(const Node&)>& each);

  // Every key that nobody asked for becomes a finding.
  void finish();

  Position at() const { return node_.at; }
  void add(const Node& where, std::string message) { findings_.add(where.at, std::move(message)); }

 private:
  const Node& node_;
  Findings& findings_;
  std::string what_;
  std::vector<std::string_view> asked_;
};

// One scalar. `what` names it in the finding.
std::optional<std::string> read_text(const Node& node, Findings& findings, std::string_view what);
std::optional<std::int64_t> read_integer(const Node& node, Findings& findings,
                                         std::string_view what, std::int64_t min, std::int64_t max);
std::optional<std::size_t> read_word(const Node& node, Findings& findings, std::string_view what,
                                     std::span<const std::string_view> words);
std::vector<Node> as_list(const Node& node);  // a sequence's elements; any other node alone
// As as_list, for lists that must say something: to list nothing, or one thing twice, is a finding.
std::vector<Node> read_list(const Node& node, Findings& findings, std::string_view what);

// `text` for a finding: in quotes, shortened, without line breaks.
std::string quote(std::string_view text);

}  // namespace chaperone::config
