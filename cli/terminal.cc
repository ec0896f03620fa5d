#include "cli/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <fmt/format.h>
#include <algorithm>
#include <cstdlib>

namespace chaperone::cli {

namespace {
struct Character {
  std::uint32_t code = 0;
  std::size_t size = 0;  // 0: not UTF-8
};

Character character_at(std::string_view text) {
  auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  unsigned char lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  std::size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < size) return {};
  std::uint32_t code = lead & (0xFFu >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {};
    code = code << 6 | (byte(i) & 0x3Fu);
  }
  constexpr std::uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  bool valid = code >= kLeast[size] && code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF);
  return valid ? Character{code, size} : Character{};
}

// Characters that move, hide or reorder what stands around them.
bool treacherous(std::uint32_t code) {
  return code < 0x20 || (code >= 0x7F && code <= 0x9F) || code == 0xAD || code == 0x61C ||
         (code >= 0x200B && code <= 0x200F) || (code >= 0x2028 && code <= 0x202E) ||
         (code >= 0x2060 && code <= 0x206F) || code == 0xFEFF ||
         (code >= 0xFFF9 && code <= 0xFFFB) || (code >= 0xE0000 && code <= 0xE007F);
}

bool blank(std::uint32_t code) {
  return code == ' ' || code == '\t' || code == '\n' || code == '\r';
}
}  // namespace

Terminal standard_output() {
  Terminal terminal;
  if (::isatty(STDOUT_FILENO) == 0) return terminal;
  const char* no_colour = std::getenv("NO_COLOR");
  const char* kind = std::getenv("TERM");
  terminal.colour = !(no_colour && *no_colour) && !(kind && std::string_view(kind) == "dumb");
  winsize size{};
  terminal.width =
      ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col : 120;
  return terminal;
}

std::string tinted(const Terminal& terminal, Tint tint, std::string_view text) {
  constexpr const char* kCodes[] = {"", "2", "32", "31", "33", "1"};
  if (!terminal.colour || tint == Tint::kPlain || text.empty()) return std::string(text);
  return fmt::format("\x1b[{}m{}\x1b[0m", kCodes[static_cast<int>(tint)], text);
}

std::string one_line(std::string_view text) {
  std::string out;
  bool after_blank = true;
  while (!text.empty()) {
    Character next = character_at(text);
    bool is_blank = next.size != 0 && blank(next.code);
    if (is_blank && !after_blank) out += ' ';
    if (next.size == 0) out += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[0]));
    if (next.size != 0 && !is_blank) {
      if (!treacherous(next.code))
        out.append(text.substr(0, next.size));
      else
        out += next.code < 0x100 ? fmt::format("\\x{:02x}", next.code)
                                 : fmt::format("\\u{:04x}", next.code);
    }
    after_blank = is_blank;
    text.remove_prefix(std::max<std::size_t>(next.size, 1));
  }
  while (out.ends_with(' ')) out.pop_back();
  return out;
}

std::size_t columns(std::string_view text) {
  std::size_t count = 0;
  for (char c : text) count += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  return count;
}

std::string cut(std::string_view text, std::size_t width) {
  if (columns(text) <= width) return std::string(text);
  std::string out;
  for (std::size_t taken = 0; taken + 1 < width; ++taken) {
    std::size_t size = std::max<std::size_t>(character_at(text).size, 1);
    out.append(text.substr(0, size));
    text.remove_prefix(size);
  }
  return out + "…";
}

std::string Table::text(const Terminal& terminal, bool with_heads) const {
  std::vector<std::vector<Cell>> rows;
  if (with_heads) {
    rows.emplace_back();
    for (const std::string& head : heads_) rows.back().push_back({head, Tint::kHead});
  }
  rows.insert(rows.end(), rows_.begin(), rows_.end());
  std::vector<std::size_t> widths(heads_.size(), 0);
  for (auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      row[i].text = one_line(row[i].text);
      widths[i] = std::max(widths[i], columns(row[i].text));
    }
  }
  constexpr std::size_t kLastMin = 20;
  std::size_t before = 0;
  for (std::size_t i = 0; i + 1 < widths.size(); ++i) before += widths[i] + 2;
  if (terminal.width != 0)
    widths.back() = std::max(kLastMin, terminal.width - std::min(before, terminal.width));
  std::string out;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      bool last = i + 1 == row.size();
      std::string shown = last && terminal.width != 0 ? cut(row[i].text, widths[i]) : row[i].text;
      out += tinted(terminal, row[i].tint, shown);
      if (!last) out.append(widths[i] - columns(shown) + 2, ' ');
    }
    out += '\n';
  }
  return out;
}

}  // namespace chaperone::cli
