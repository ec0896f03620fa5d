#include "sidecar/ship/response.h"

#include <algorithm>
#include <charconv>

#include "proto-parsers/base/ascii.h"

namespace chaperone::ship {

namespace {
Error bad(const char* why) {
  return Error{std::string("the collector's answer is not HTTP as expected: ") + why};
}

template <class Number>
bool read_number(std::string_view text, Number& out) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return !text.empty() && error == std::errc() && end == text.data() + text.size() &&
         text[0] != '-';
}

std::string_view take_line(std::string_view& rest) {
  std::string_view line = rest.substr(0, rest.find("\r\n"));
  rest.remove_prefix(std::min(line.size() + 2, rest.size()));
  return line;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7F);
  });
}

// RFC 9112, 4: HTTP/1.1 SP 3DIGIT SP [reason]
bool read_status(std::string_view line, int& status) {
  constexpr std::string_view kVersion = "HTTP/1.1 ";
  bool shaped = line.starts_with(kVersion) && line.size() >= kVersion.size() + 3 &&
                (line.size() == kVersion.size() + 3 || line[kVersion.size() + 3] == ' ');
  return shaped && read_number(line.substr(kVersion.size(), 3), status) && status >= 100;
}

class Fields {
 public:
  explicit Fields(Head& head) : head_(head) {}

  Result<void> take(std::string_view line) {
    auto colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0 || !printable(line))
      return bad("a header line");
    std::string_view name = line.substr(0, colon), value = trimmed(line.substr(colon + 1));
    if (name.find_first_of(" \t") != std::string_view::npos)
      return bad("a blank in a header's name");
    if (equal_ignoring_case(name, "Transfer-Encoding")) return bad("a transfer coding");
    if (equal_ignoring_case(name, "Content-Length")) {
      if (has_length_ || !read_number(value, head_.body_bytes)) return bad("Content-Length");
      has_length_ = true;
    } else if (equal_ignoring_case(name, "Connection")) {
      head_.closes = head_.closes || equal_ignoring_case(value, "close");
    } else if (equal_ignoring_case(name, "Chaperone-Acknowledged")) {
      if (!read_number(value, head_.acknowledged)) return bad("Chaperone-Acknowledged");
    } else if (equal_ignoring_case(name, "Chaperone-Expected")) {
      if (!read_number(value, head_.expected)) return bad("Chaperone-Expected");
    } else if (equal_ignoring_case(name, "Chaperone-Error")) {
      head_.error = value.substr(0, 64);
    }
    return {};
  }
  bool has_length() const { return has_length_; }

 private:
  Head& head_;
  bool has_length_ = false;
};
}  // namespace

std::optional<std::size_t> head_end(std::string_view received) {
  auto at = received.find("\r\n\r\n");
  if (at == std::string_view::npos) return {};
  return at + 4;
}

Result<Head> parse_head(std::string_view text) {
  Head head;
  if (!read_status(take_line(text), head.status)) return bad("the status line");
  Fields fields(head);
  std::size_t count = 0;
  for (std::string_view line = take_line(text); !line.empty(); line = take_line(text)) {
    if (++count > kHeadersMax) return bad("too many headers");
    if (auto taken = fields.take(line); !taken) return taken.error();
  }
  if (!fields.has_length()) return bad("no Content-Length");
  if (head.body_bytes > kBodyBytesMax) return bad("a body longer than any may be");
  return head;
}

}  // namespace chaperone::ship
