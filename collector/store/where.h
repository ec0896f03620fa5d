#pragma once
// Conditions and their values, side by side: text of a reader never becomes part of a statement.

#include <algorithm>
#include <string>
#include <variant>
#include <vector>

#include "collector/store/query.h"

namespace chaperone::collector {

class Where {
 public:
  // `condition` holds one '?' for each value.
  void add(std::string_view condition) {
    text_.append(text_.empty() ? " WHERE " : " AND ").append(condition);
  }
  template <class Value>
  void add(std::string_view condition, Value value) {
    add(condition);
    values_.emplace_back(std::move(value));
  }
  void add_if(std::string_view condition, const std::string& value) {
    if (!value.empty()) add(condition, value);
  }
  void add_if(std::string_view condition, std::optional<std::int64_t> value) {
    if (value) add(condition, *value);
  }
  // A condition that holds all of another's values.
  void add_all(std::string_view condition, const Where& inner) {
    add(condition);
    values_.insert(values_.end(), inner.values_.begin(), inner.values_.end());
  }

  const std::string& text() const { return text_; }
  void bind(Statement& statement) const;
  int size() const { return static_cast<int>(values_.size()); }

 private:
  std::string text_;
  std::vector<std::variant<std::int64_t, std::string, audit::Id>> values_;
};

// Over records (r) joined with writers (w) and sessions (s). The error names the filter.
Result<Where> where_records(const Filter& filter);
// Over sessions (s) joined with writers (w): a filter on records selects the sessions that have
// one.
Result<Where> where_sessions(const Filter& filter);

}  // namespace chaperone::collector
