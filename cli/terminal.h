#pragma once
// What people see: tables that fit their window, colours where there is a terminal (and NO_COLOR is
// not set). Text that agents wrote is shown with every control character spelled out, so that a
// record cannot speak to the terminal of whoever reads it.

#include <string>
#include <string_view>
#include <vector>

namespace chaperone::cli {

enum class Tint { kPlain, kDim, kGood, kBad, kWarn, kHead };

struct Terminal {
  bool colour = false;
  std::size_t width = 0;  // columns; 0: no limit (output goes to a file or a program)
};
// Looks at standard output and the environment.
Terminal standard_output();

std::string tinted(const Terminal& terminal, Tint tint, std::string_view text);

// One line: blanks and line breaks become one blank each, other control characters, invisible and
// direction-changing ones "\x1b", "\u202e"; what is not UTF-8 "\xff".
std::string one_line(std::string_view text);
// Columns that the text takes on a terminal; its characters, roughly.
std::size_t columns(std::string_view text);
// At most `width` columns, with an ellipsis where something is cut.
std::string cut(std::string_view text, std::size_t width);

struct Cell {
  std::string text;
  Tint tint = Tint::kPlain;
};

class Table {
 public:
  explicit Table(std::vector<std::string> heads) : heads_(std::move(heads)) {}
  void add(std::vector<Cell> row) { rows_.push_back(std::move(row)); }
  bool empty() const { return rows_.empty(); }
  // The last column takes what room is left. Every cell goes through one_line().
  std::string text(const Terminal& terminal, bool with_heads = true) const;

 private:
  std::vector<std::string> heads_;
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace chaperone::cli
