#include "proto-parsers/sql/secret_scan.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <span>

#include "proto-parsers/sql/characters.h"
#include "proto-parsers/sql/lexer.h"

namespace chaperone::sql {
namespace {

using Words = std::span<const std::string_view>;

// Lower case, at least three bytes. Every name of secret_names.h holds one of the words but those
// of three letters, which are looked for with what follows them in a value.
constexpr std::string_view kMarks[] = {
    "pass",    "secret",  "token",    "cred",      "pwd=",        "pwd:",   "pwd\"",   "pwd ",
    "otp=",    "otp:",    "otp\"",    "cvv=",      "cvv:",        "cvv\"",  "cvc=",    "cvc:",
    "cvc\"",   "jwt",     "authoriz", "ikey",      "_key",        "-key",   " key",    ".key",
    "tekey",   "sskey",   "ngkey",    "erkey",     "onkey",       "etkey",  "crypt",   "digest",
    "hmac",    "dearmor", "pgp_",     "bearer",    "://",         "akia",   "asia",    "ghp_",
    "gho_",    "ghu_",    "ghs_",     "ghr_",      "github_pat_", "glpat-", "xoxb-",   "xoxp-",
    "xoxa-",   "xoxr-",   "xoxs-",    "xoxe",      "sk-",         "sk_l",   "sk_t",    "rk_l",
    "eyj",     "aiza",    "hf_",      "npm_",      "-----begin",  " -u",    " --user", "pypi-",
    "dop_v1_", "curl",    "cookie",   "identified"};

// Three bytes, letters without their case; other bytes fall together too, alike on both sides.
constexpr std::uint32_t kFold = 0xdfdfdf;
constexpr std::uint32_t hash_of(std::uint32_t three) {
  return ((three & kFold) * 0x9E3779B1u) >> 18;
}
constexpr std::uint32_t three_of(char a, char b, char c) {
  return static_cast<std::uint32_t>(static_cast<unsigned char>(a)) |
         static_cast<std::uint32_t>(static_cast<unsigned char>(b)) << 8 |
         static_cast<std::uint32_t>(static_cast<unsigned char>(c)) << 16;
}

// Every name that names_secret() knows holds one of these.
constexpr std::string_view kNameMarks[] = {"pass", "secret", "token", "cred", "pwd",    "jwt",
                                           "otp",  "cvv",    "cvc",   "key",  "author", "bearer"};

// Every second place of a text is looked up by three of its bytes, so that each mark is here by its
// first three bytes, and by those from its second byte on.
using Table = std::array<std::uint64_t, (1u << 14) / 64>;
constexpr void add(Table& table, std::uint32_t hash) { table[hash / 64] |= 1ull << hash % 64; }
constexpr Table table_of(Words marks) {
  Table table{};
  for (std::string_view mark : marks) {
    add(table, hash_of(three_of(mark[0], mark[1], mark[2])));
    if (mark.size() > 3) {
      add(table, hash_of(three_of(mark[1], mark[2], mark[3])));
      continue;
    }
    for (char c = ' '; c < 127; ++c) add(table, hash_of(three_of(mark[1], mark[2], c)));
  }
  return table;
}

// Marks in order, with where those of each first byte begin.
template <std::size_t kCount>
struct Known {
  std::array<std::string_view, kCount> marks{};
  std::array<std::uint8_t, 257> begin{};
  Table table{};
};
template <std::size_t kCount>
constexpr Known<kCount> known_of(const std::string_view (&marks)[kCount]) {
  Known<kCount> known;
  std::copy(std::begin(marks), std::end(marks), known.marks.begin());
  std::sort(known.marks.begin(), known.marks.end());
  for (std::size_t byte = 0, at = 0; byte < 257; ++byte) {
    while (at < kCount && static_cast<unsigned char>(known.marks[at][0]) < byte) ++at;
    known.begin[byte] = static_cast<std::uint8_t>(at);
  }
  known.table = table_of(known.marks);
  return known;
}

template <std::size_t kCount>
bool begins_at(std::string_view text, std::size_t at, const Known<kCount>& known) {
  auto first = static_cast<unsigned char>(folded_byte(text[at]));
  for (std::size_t i = known.begin[first]; i < known.begin[first + 1u]; ++i) {
    if (same_word(text.substr(at, known.marks[i].size()), known.marks[i])) return true;
  }
  return false;
}

template <std::size_t kCount>
bool scan(std::string_view text, const Known<kCount>& known) {
  std::size_t i = 0;
  for (; i + 4 <= text.size(); i += 2) {
    std::uint32_t four;
    std::memcpy(&four, text.data() + i, sizeof four);
    std::uint32_t hash = hash_of(four);
    if (!(known.table[hash / 64] >> hash % 64 & 1)) continue;
    if ((i > 0 && begins_at(text, i - 1, known)) || begins_at(text, i, known)) return true;
  }
  for (i = i > 0 ? i - 1 : 0; i + 3 <= text.size(); ++i) {
    if (begins_at(text, i, known)) return true;
  }
  return false;
}

}  // namespace

bool may_hold_secret(std::string_view text) {
  static constexpr auto kKnown = known_of(kMarks);
  return scan(text, kKnown);
}

bool may_name_secret(std::string_view text) {
  static constexpr auto kKnown = known_of(kNameMarks);
  return scan(text, kKnown);
}

}  // namespace chaperone::sql
