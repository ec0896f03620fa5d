#include "collector/json.h"

#include <fmt/format.h>
#include <charconv>
#include <ctime>

#include "audit/decoded.h"

namespace chaperone::collector {

void JsonOut::separate() {
  if (!first_) out_ += ',';
  first_ = false;
}

JsonOut& JsonOut::open(char bracket) {
  separate();
  out_ += bracket;
  first_ = true;
  return *this;
}

JsonOut& JsonOut::close(char bracket) {
  out_ += bracket;
  first_ = false;
  return *this;
}

JsonOut& JsonOut::key(std::string_view name) {
  separate();
  audit::append_json_string(out_, name);
  out_ += ':';
  first_ = true;
  return *this;
}

JsonOut& JsonOut::text(std::string_view value) {
  separate();
  audit::append_json_string(out_, utf8_lossy(value));
  return *this;
}

JsonOut& JsonOut::number(std::int64_t value) { return raw(std::to_string(value)); }
JsonOut& JsonOut::boolean(bool value) { return raw(value ? "true" : "false"); }

JsonOut& JsonOut::raw(std::string_view json) {
  separate();
  out_ += json;
  return *this;
}

namespace {
// Length of the UTF-8 character at the front (RFC 3629: shortest form, no surrogates), 0 if none.
std::size_t character_at(std::string_view text) {
  auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  std::size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < size) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  bool overlong = (lead == 0xE0 && byte(1) < 0xA0) || (lead == 0xF0 && byte(1) < 0x90);
  bool beyond = (lead == 0xED && byte(1) > 0x9F) || (lead == 0xF4 && byte(1) > 0x8F);
  return overlong || beyond ? 0 : size;
}

template <class Number>
bool take_number(std::string_view& text, std::size_t digits, Number& out) {
  if (text.size() < digits) return false;
  auto [end, error] = std::from_chars(text.data(), text.data() + digits, out);
  bool whole = error == std::errc() && end == text.data() + digits && text[0] != '-';
  text.remove_prefix(digits);
  return whole;
}

bool take_char(std::string_view& text, std::string_view any_of) {
  if (text.empty() || any_of.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

bool take_fraction(std::string_view& text, std::int64_t& ns) {
  if (!take_char(text, ".")) return true;
  std::int64_t scale = 100'000'000;
  std::size_t digits = 0;
  while (!text.empty() && text.front() >= '0' && text.front() <= '9' && ++digits <= 9) {
    ns += (text.front() - '0') * scale;
    scale /= 10;
    text.remove_prefix(1);
  }
  return digits >= 1 && digits <= 9;
}

bool take_zone(std::string_view& text, std::int64_t& offset_s) {
  if (take_char(text, "Zz")) return true;
  bool minus = !text.empty() && text.front() == '-';
  int hours = 0, minutes = 0;
  bool whole = take_char(text, "+-") && take_number(text, 2, hours) && take_char(text, ":") &&
               take_number(text, 2, minutes) && hours < 24 && minutes < 60;
  offset_s = (hours * 3600 + minutes * 60) * (minus ? -1 : 1);
  return whole;
}
}  // namespace

std::string utf8_lossy(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    std::size_t size = character_at(text);
    size != 0 ? out.append(text.substr(0, size)) : out.append("\xEF\xBF\xBD");
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
  return out;
}

std::string rfc3339(std::int64_t wall_ns) {
  std::int64_t ns = wall_ns % 1'000'000'000;
  if (ns < 0) ns += 1'000'000'000;
  time_t seconds = (wall_ns - ns) / 1'000'000'000;
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:09}Z", parts.tm_year + 1900,
                     parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                     ns);
}

std::optional<std::int64_t> parse_time(std::string_view text) {
  std::int64_t plain = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), plain);
  if (error == std::errc() && end == text.data() + text.size()) return plain;
  std::tm parts{};
  std::int64_t ns = 0, offset_s = 0;
  bool whole = take_number(text, 4, parts.tm_year) && take_char(text, "-") &&
               take_number(text, 2, parts.tm_mon) && take_char(text, "-") &&
               take_number(text, 2, parts.tm_mday) && take_char(text, "Tt ") &&
               take_number(text, 2, parts.tm_hour) && take_char(text, ":") &&
               take_number(text, 2, parts.tm_min) && take_char(text, ":") &&
               take_number(text, 2, parts.tm_sec) && take_fraction(text, ns) &&
               take_zone(text, offset_s) && text.empty();
  bool in_range = parts.tm_year >= 1970 && parts.tm_year <= 2200 && parts.tm_mon >= 1 &&
                  parts.tm_mon <= 12 && parts.tm_mday >= 1 && parts.tm_mday <= 31 &&
                  parts.tm_hour <= 23 && parts.tm_min <= 59 && parts.tm_sec <= 60;
  if (!whole || !in_range) return {};
  parts.tm_year -= 1900;
  parts.tm_mon -= 1;
  return (::timegm(&parts) - offset_s) * 1'000'000'000 + ns;
}

}  // namespace chaperone::collector
