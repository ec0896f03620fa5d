#pragma once
// PostgreSQL's classes of bytes (scan.l); bytes above 127 are letters.

namespace chaperone::sql {

constexpr bool is_blank(unsigned char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}
constexpr bool is_digit(unsigned char c) { return c >= '0' && c <= '9'; }
constexpr bool starts_word(unsigned char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
}
constexpr bool continues_word(unsigned char c) { return starts_word(c) || is_digit(c) || c == '$'; }
// The tag of a dollar quote has no dollar in it.
constexpr bool continues_tag(unsigned char c) { return starts_word(c) || is_digit(c); }
constexpr char folded_byte(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace chaperone::sql
