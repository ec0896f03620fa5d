#include "sidecar/config/finding.h"

#include <algorithm>

#include "sidecar/config/limits.h"

namespace chaperone::config {
namespace {

bool before(const Finding& a, const Finding& b) {
  return a.at.line != b.at.line ? a.at.line < b.at.line : a.at.column < b.at.column;
}

// Levenshtein's distance, with a swap of neighbours as one edit: the commonest slip of the hand.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> two_back(b.size() + 1), back(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) back[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      std::size_t cost = a[i - 1] == b[j - 1] ? 0 : 1;
      row[j] = std::min({back[j] + 1, row[j - 1] + 1, back[j - 1] + cost});
      bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], two_back[j - 2] + 1);
    }
    two_back.swap(back);
    back.swap(row);
  }
  return back[b.size()];
}

}  // namespace

void Findings::add(Position at, std::string message, std::string suggestion) {
  ++count_;
  if (findings_.size() >= kFindingsMax) return;
  findings_.push_back({at, std::move(message), std::move(suggestion)});
}

std::string Findings::text() const {
  std::vector<Finding> sorted = findings_;
  std::stable_sort(sorted.begin(), sorted.end(), before);
  std::string text;
  for (const Finding& finding : sorted) {
    if (!text.empty()) text += '\n';
    text += file_;
    if (finding.at.line != 0) {
      text += ':' + std::to_string(finding.at.line) + ':' + std::to_string(finding.at.column);
    }
    text += ": " + finding.message;
    if (!finding.suggestion.empty()) text += "; did you mean '" + finding.suggestion + "'?";
  }
  if (count_ > sorted.size()) {
    text += '\n' + file_ + ": " + std::to_string(count_ - sorted.size()) + " more findings";
  }
  return text;
}

std::string nearest_word(std::string_view typed, std::span<const std::string_view> words) {
  if (typed.size() > kWordBytesMax) return {};
  std::string_view best;
  std::size_t best_distance = std::max<std::size_t>(1, typed.size() / 3) + 1;
  for (std::string_view word : words) {
    std::size_t distance = edit_distance(typed, word);
    if (distance >= best_distance) continue;
    best = word;
    best_distance = distance;
  }
  return std::string(best);
}

}  // namespace chaperone::config
