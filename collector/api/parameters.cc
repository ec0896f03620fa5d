#include "collector/api/parameters.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "audit/record.h"
#include "audit/text.h"
#include "collector/json.h"
#include "collector/limits.h"

namespace chaperone::collector {

namespace {
constexpr std::size_t kLabelFiltersMax = 16;
constexpr std::string_view kLabelControls = "\x1E\x1F";

constexpr std::array<std::string_view, 19> kFilters = {
    "from", "to",       "pod",    "namespace", "service_account", "resource",
    "rule", "verb",     "object", "text",      "effect",          "risk_min",
    "kind", "decision", "status", "session",   "operation",       "writer",
    "label"};

Error unreadable(std::string_view name, std::string_view value, std::string_view wanted) {
  return Error{std::string(name) + "=" + std::string(value) + ": not " + std::string(wanted)};
}

// A zero byte would end the text for SQLite, and nothing that is kept holds one.
Result<void> check_value(const std::string& name, const std::string& value) {
  if (value.size() > kParameterBytesMax) return Error{name + " is too long"};
  if (value.find('\0') != std::string::npos) return Error{name + " holds a zero byte"};
  return {};
}

std::string effect_words() {
  std::string words;
  for (int i = 0; i < kEffectCount; ++i) {
    words += (i == 0 ? "" : ", ") + std::string(name_of(static_cast<Effect>(i)));
  }
  return words;
}

// Reads one parameter, if present, by `read`, which gives none for what it does not understand.
template <class Value, class Read>
Result<void> take(const HttpRequest& request, const char* name, std::optional<Value>& out,
                  std::string_view wanted, Read read) {
  std::string text = parameter(request, name);
  if (text.empty()) return {};
  auto value = read(text);
  if (!value) return unreadable(name, text, wanted);
  out = static_cast<Value>(*value);
  return {};
}

std::optional<audit::Id> read_id(const std::string& text) {
  audit::Id id{};
  if (!audit::from_hex(text, id)) return {};
  return id;
}

std::optional<std::int64_t> read_number(std::string_view text) {
  std::int64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) return {};
  return value;
}

std::optional<std::int64_t> read_verdict(std::string_view text) {
  for (auto verdict : {audit::Verdict::kAllow, audit::Verdict::kHold, audit::Verdict::kDeny}) {
    if (audit::name_of(verdict) == text) return static_cast<std::int64_t>(verdict);
  }
  return {};
}

std::optional<std::int64_t> read_status(std::string_view text) {
  for (int i = 0; i <= static_cast<int>(audit::OutcomeStatus::kUnknown); ++i) {
    if (audit::name_of(static_cast<audit::OutcomeStatus>(i)) == text) return i;
  }
  return {};
}

std::optional<EffectSet> read_effects(std::string_view text) {
  EffectSet effects;
  while (!text.empty()) {
    std::string_view word = text.substr(0, text.find(','));
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    auto effect = effect_from(word);
    if (!effect) return {};
    effects |= *effect;
  }
  return effects;
}

std::optional<std::int64_t> read_kinds(std::string_view text) {
  std::int64_t kinds = 0;
  while (!text.empty()) {
    std::string_view word = text.substr(0, text.find(','));
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    auto kind = audit::record_kind_from(word);
    if (!kind) return {};
    kinds |= std::int64_t{1} << static_cast<int>(*kind);
  }
  return kinds;
}

// "key=value", or "key" for any value. May be given more than once: then all must hold.
Result<void> take_labels(const HttpRequest& request, Filter& filter) {
  auto [from, to] = request.query.equal_range("label");
  for (auto label = from; label != to; ++label) {
    const std::string& text = label->second;
    auto equals = text.find('=');
    bool plain = text.find_first_of(kLabelControls) == std::string::npos;
    if (text.empty() || equals == 0 || !plain || filter.labels.size() == kLabelFiltersMax) {
      return unreadable("label", text, "key=value, or key, and at most 16 of them");
    }
    Label& wanted = filter.labels.emplace_back();
    wanted.key = text.substr(0, equals);
    if (equals != std::string::npos) wanted.value = text.substr(equals + 1);
  }
  return {};
}

Result<void> take_numbers(const HttpRequest& request, Filter& filter) {
  if (auto r =
          take(request, "from", filter.from_ns, "a time (RFC 3339, or ns since 1970)", parse_time);
      !r)
    return r;
  if (auto r = take(request, "to", filter.to_ns, "a time (RFC 3339, or ns since 1970)", parse_time);
      !r)
    return r;
  if (auto r = take(request, "risk_min", filter.risk_min, "none, low, medium, high or critical",
                    risk_from);
      !r)
    return r;
  if (auto r = take(request, "kind", filter.kinds, "kinds of records, with commas", read_kinds); !r)
    return r;
  if (auto r = take(request, "decision", filter.verdict, "allow, hold or deny", read_verdict); !r)
    return r;
  if (auto r = take(request, "status", filter.status, "ok, error, refused, skipped or unknown",
                    read_status);
      !r)
    return r;
  if (auto r = take(request, "operation", filter.operation, "a number", read_number); !r) return r;
  if (auto r = take(request, "session", filter.session, "32 hexadecimal digits", read_id); !r)
    return r;
  if (auto r = take(request, "writer", filter.writer, "32 hexadecimal digits", read_id); !r)
    return r;
  std::optional<EffectSet> effects;
  static const std::string kWords = "one or more, with commas, of " + effect_words();
  auto r = take(request, "effect", effects, kWords, read_effects);
  filter.effects = effects.value_or(EffectSet());
  return r;
}
}  // namespace

std::string parameter(const HttpRequest& request, const char* name) {
  auto found = request.query.find(name);
  return found == request.query.end() ? std::string() : found->second;
}

Result<std::optional<std::int64_t>> number_parameter(const HttpRequest& request, const char* name) {
  std::optional<std::int64_t> number;
  auto taken = take(request, name, number, "a number", read_number);
  if (!taken) return taken.error();
  return number;
}

Result<void> check_parameters(const HttpRequest& request,
                              std::initializer_list<std::string_view> known) {
  for (const auto& [name, value] : request.query) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      return Error{"no parameter \"" + name.substr(0, 64) + "\" here; see /v1/openapi.json"};
    }
    if (request.query.count(name) > 1) return Error{name + " is given twice"};
    if (auto plain = check_value(name, value); !plain) return plain.error();
  }
  return {};
}

Result<Filter> parse_filter(const HttpRequest& request,
                            std::initializer_list<std::string_view> others) {
  for (const auto& [name, value] : request.query) {
    bool known = std::find(kFilters.begin(), kFilters.end(), name) != kFilters.end() ||
                 std::find(others.begin(), others.end(), name) != others.end();
    if (!known)
      return Error{"no parameter \"" + name.substr(0, 64) + "\" here; see /v1/openapi.json"};
    if (name != "label" && request.query.count(name) > 1) return Error{name + " is given twice"};
    if (auto plain = check_value(name, value); !plain) return plain.error();
  }
  Filter filter;
  filter.pod = parameter(request, "pod");
  filter.pod_namespace = parameter(request, "namespace");
  filter.service_account = parameter(request, "service_account");
  filter.resource = parameter(request, "resource");
  filter.rule = parameter(request, "rule");
  filter.verb = parameter(request, "verb");
  filter.object = parameter(request, "object");
  filter.text = parameter(request, "text");
  if (!filter.text.empty() && !words_expression(filter.text)) {
    return Error{"text: no word in it, or more than " + std::to_string(kSearchWordsMax)};
  }
  if (auto taken = take_labels(request, filter); !taken) return taken.error();
  if (auto taken = take_numbers(request, filter); !taken) return taken.error();
  return filter;
}

std::string cursor_text(std::int64_t id) { return "r" + std::to_string(id); }

Result<Page> parse_page(const HttpRequest& request) {
  Page page;
  auto limit = number_parameter(request, "limit");
  if (!limit) return limit.error();
  page.limit = limit->value_or(kPageDefault);
  if (page.limit < 1 || page.limit > static_cast<std::int64_t>(kPageMax)) {
    return Error{"limit must lie between 1 and " + std::to_string(kPageMax)};
  }
  auto read_cursor = [](const std::string& text) {
    return read_number(text[0] == 'r' ? text.substr(1) : "x");
  };
  if (auto r = take(request, "cursor", page.cursor, "a cursor that this API gave", read_cursor); !r)
    return r.error();
  std::string order = parameter(request, "order");
  if (!order.empty() && order != "asc" && order != "desc")
    return unreadable("order", order, "asc or desc");
  page.ascending = order == "asc";
  return page;
}

}  // namespace chaperone::collector
