#include <array>
#include <charconv>

#include "sidecar/policy/limits.h"
#include "sidecar/policy/loading.h"

namespace chaperone::policy {
namespace {

using config::MapReader;
using config::Node;

constexpr std::array<std::string_view, 7> kWeekdays = {"mon", "tue", "wed", "thu",
                                                       "fri", "sat", "sun"};

std::optional<Regex> load_regex(const Node& node, Loading& loading) {
  auto text = config::read_text(node, loading.findings, "a pattern");
  if (!text) return std::nullopt;
  auto regex = Regex::compile(*text);
  if (regex) return std::move(*regex);
  loading.findings.add(node.at, "pattern " + config::quote(*text) + ": " + regex.error().message);
  return std::nullopt;
}

Literal literal_from(const Node& node) {
  return {node.text, node.quoted ? std::nullopt : number_from(node.text)};
}

void load_literals(const Node* node, Loading& loading, ParameterTest& test) {
  if (!node) return;
  for (const Node& item : config::as_list(*node)) {
    if (config::read_text(item, loading.findings, "a value")) test.in.push_back(literal_from(item));
  }
  if (test.in.empty()) loading.findings.add(node->at, "no value is listed");
}

// What asks for a value asks for one that is not null, and above must leave room below.
void check_parameter(MapReader& map, const ParameterTest& test) {
  bool asks_value = !test.in.empty() || !test.regex.empty() || test.above || test.below;
  if (map.find("equals") && map.find("in")) {
    map.add(*map.find("in"), "equals and in are one: list all values under in");
  }
  if (test.null.value_or(false) && asks_value) {
    map.add(*map.find("is_null"), "null has no value that could fit the rest of this");
  }
  if (test.above && test.below && compare(*test.above, *test.below) >= 0) {
    map.add(*map.find("above"),
            "no value is above this and below " + config::quote(map.find("below")->text));
  }
}

void load_bound(MapReader& map, Loading& loading, std::string_view key,
                std::optional<Number>& bound) {
  const Node* node = map.find(key);
  std::string text;
  if (!map.text(key, text)) return;
  bound = number_from(text);
  if (!bound) loading.findings.add(node->at, std::string(key) + " must be a number");
}

void load_position(MapReader& map, ParameterTest& test) {
  const Node* node = map.find("position");
  if (node && node->kind == Node::Kind::kScalar && node->text == "any") return;
  map.number("position", test.position, 1, 65535);
}

ParameterTest load_parameter(const Node& node, Loading& loading) {
  MapReader map(node, loading.findings, "parameter");
  ParameterTest test;
  load_position(map, test);
  load_literals(map.find("equals"), loading, test);
  load_literals(map.find("in"), loading, test);
  if (const Node* regex = map.find("regex")) {
    if (auto compiled = load_regex(*regex, loading)) test.regex.push_back(std::move(*compiled));
  }
  load_bound(map, loading, "above", test.above);
  load_bound(map, loading, "below", test.below);
  bool null = false;
  if (map.flag("is_null", null)) test.null = null;
  check_parameter(map, test);
  map.finish();
  return test;
}

// "08:00-18:30"; 24:00 may end a range.
std::optional<std::pair<int, int>> hours_from(std::string_view text) {
  auto number = [&](std::size_t at) {
    bool digits = text[at] >= '0' && text[at] <= '9' && text[at + 1] >= '0' && text[at + 1] <= '9';
    return digits ? (text[at] - '0') * 10 + text[at + 1] - '0' : 1000;
  };
  if (text.size() != 11 || text[2] != ':' || text[5] != '-' || text[8] != ':') return std::nullopt;
  int from = number(0) * 60 + number(3), to = number(6) * 60 + number(9);
  bool minutes_fit = number(3) < 60 && number(9) < 60;
  if (!minutes_fit || from >= 24 * 60 || to > 24 * 60 || from == to) return std::nullopt;
  return std::pair{from, to};
}

// IANA's own fixed offsets count westwards: "Etc/GMT+5" is five hours behind UTC.
std::optional<int> etc_zone_from(std::string_view text) {
  if (text.size() < 2 || (text[0] != '+' && text[0] != '-')) return std::nullopt;
  int hours = 0;
  const char* last = text.data() + text.size();
  auto [end, error] = std::from_chars(text.data() + 1, last, hours);
  if (error != std::errc{} || end != last || hours < 0 || hours > 14) return std::nullopt;
  return (text[0] == '+' ? -1 : 1) * hours * 60;
}

// "UTC", "+02:00" or "Etc/GMT-2".
std::optional<int> zone_from(std::string_view text) {
  constexpr std::string_view kEtc = "Etc/GMT";
  if (text == "UTC" || text == "Etc/UTC" || text == kEtc) return 0;
  if (text.substr(0, kEtc.size()) == kEtc) return etc_zone_from(text.substr(kEtc.size()));
  bool shaped = text.size() == 6 && (text[0] == '+' || text[0] == '-') && text[3] == ':';
  if (!shaped) return std::nullopt;
  int hours = 0, minutes = 0;
  auto first = std::from_chars(text.data() + 1, text.data() + 3, hours);
  auto second = std::from_chars(text.data() + 4, text.data() + 6, minutes);
  bool whole = first.ptr == text.data() + 3 && second.ptr == text.data() + 6;
  if (!whole || hours > 14 || minutes > 59) return std::nullopt;
  return (text[0] == '-' ? -1 : 1) * (hours * 60 + minutes);
}

// "mon" or "mon-fri"; a range may pass the week's end.
void load_weekdays(const Node& node, Loading& loading, std::uint8_t& days) {
  auto text = config::read_text(node, loading.findings, "a weekday");
  if (!text) return;
  std::size_t dash = text->find('-');
  Node first = node, last = node;
  first.text = text->substr(0, dash);
  last.text = dash == std::string::npos ? first.text : text->substr(dash + 1);
  auto from = config::read_word(first, loading.findings, "a weekday", kWeekdays);
  auto to = config::read_word(last, loading.findings, "a weekday", kWeekdays);
  if (!from || !to) return;
  for (std::size_t day = *from;; day = (day + 1) % 7) {
    days = static_cast<std::uint8_t>(days | 1u << day);
    if (day == *to) return;
  }
}

TimeWindow load_time(const Node& node, Loading& loading) {
  MapReader map(node, loading.findings, "time");
  TimeWindow window;
  if (const Node* hours = map.find("hours")) {
    for (const Node& item : config::read_list(*hours, loading.findings, "hours")) {
      auto text = config::read_text(item, loading.findings, "hours");
      auto range = text ? hours_from(*text) : std::nullopt;
      if (range) window.minutes.push_back(*range);
      if (text && !range) map.add(item, config::quote(*text) + " must be written as 08:00-18:00");
    }
  }
  if (const Node* days = map.find("weekdays")) {
    window.weekdays = 0;
    for (const Node& day : config::read_list(*days, loading.findings, "weekdays")) {
      load_weekdays(day, loading, window.weekdays);
    }
  }
  std::string zone = "UTC";
  map.text("zone", zone);
  auto offset = zone_from(zone);
  window.offset_min = offset.value_or(0);
  if (!offset) {
    map.add(*map.find("zone"), "zone is " + config::quote(zone) +
                                   ": write UTC or a fixed offset like +02:00 (named zones, whose "
                                   "offset changes over the year, are not known here)");
  }
  map.finish();
  return window;
}

}  // namespace

void load_guard(MapReader& map, Loading& loading, Match& match) {
  Guard guard;
  guard.reading = match.reading;
  if (const Node* texts = map.find("text")) {
    for (const Node& text : config::read_list(*texts, loading.findings, "text")) {
      if (auto regex = load_regex(text, loading)) guard.texts.push_back(std::move(*regex));
    }
  }
  if (const Node* list = map.find("parameters"); list && list->kind == Node::Kind::kSequence) {
    config::read_list(*list, loading.findings, "parameters");
  }
  map.sequence("parameters", [&](const Node& node) {
    guard.parameters.push_back(load_parameter(node, loading));
  });
  if (const Node* time = map.find("time")) guard.time = load_time(*time, loading);
  if (guard.texts.empty() && guard.parameters.empty() && !guard.time) return;
  auto& guards = loading.rules.guards;
  if (guards.size() == kGuardsMax) {
    loading.findings.add(map.at(), "more than " + std::to_string(kGuardsMax) +
                                       " matches ask about text, parameters or time");
    return;
  }
  match.guard = static_cast<std::int32_t>(guards.size());
  guards.push_back(std::move(guard));
}

}  // namespace chaperone::policy
