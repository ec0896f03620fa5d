#pragma once
// What is wrong with a file that a person wrote, said so that the person can mend it:
//   policy.yaml:12:5: unknown key "efects"; did you mean "effects"?
// A reader collects every finding of a file, so that one attempt shows all of them.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "proto-parsers/base/result.h"

namespace chaperone::config {

// Both count from 1; 0 where the finding concerns the file as a whole.
struct Position {
  std::uint32_t line = 0;
  std::uint32_t column = 0;
};

struct Finding {
  Position at;
  std::string message;
  std::string suggestion;  // a word that would have been valid and is spelled alike; may be empty
};

class Findings {
 public:
  // `file` is how the reader of the text knows the file; it is not opened.
  explicit Findings(std::string file) : file_(std::move(file)) {}

  // Past kFindingsMax further ones are only counted.
  void add(Position at, std::string message, std::string suggestion = {});

  bool empty() const { return count_ == 0; }
  std::size_t count() const { return count_; }
  const std::string& file() const { return file_; }
  const std::vector<Finding>& all() const { return findings_; }

  // One line per finding in the order of the file, each ending in a newline but the last.
  std::string text() const;
  Error to_error() const { return Error{text()}; }

 private:
  std::string file_;
  std::vector<Finding> findings_;
  std::size_t count_ = 0;
};

// The word of `words` nearest to `typed`, empty if none is near enough to be what was meant (a
// third of its letters may differ, one at least).
std::string nearest_word(std::string_view typed, std::span<const std::string_view> words);

}  // namespace chaperone::config
