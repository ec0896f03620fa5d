#include "collector/store/where.h"

#include "collector/limits.h"

namespace chaperone::collector {

namespace {
bool is_word_byte(char c) {
  auto byte = static_cast<unsigned char>(c);
  return byte >= 0x80 || c == '_' || (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
         (byte >= 'a' && byte <= 'z');
}

std::string fts_quoted(std::string_view word) {
  std::string out = "\"";
  for (char c : word) out.append(c == '"' ? 2 : 1, c);
  return out += '"';
}

// A whole name among the objects: found by its words, then compared as a whole.
void add_object(Where& where, const std::string& object) {
  bool has_word = std::any_of(object.begin(), object.end(), is_word_byte);
  if (has_word) {
    where.add("r.id IN (SELECT rowid FROM words WHERE words MATCH ?)",
              "objects : " + fts_quoted(object));
  }
  where.add("instr(r.objects, ?) > 0", "\n" + object + "\n");
}

void add_labels(Where& where, const std::vector<Label>& labels, const std::string& column) {
  for (const Label& label : labels) {
    std::string wanted = kLabelMark + label.key + kLabelEquals;
    if (label.value) wanted += *label.value + kLabelMark;
    where.add(column + " IN (SELECT id FROM label_sets WHERE instr(text, ?) > 0)", wanted);
  }
}

Result<void> add_text(Where& where, const std::string& text) {
  if (text.empty()) return {};
  auto expression = words_expression(text);
  if (!expression) {
    return Error{"the search text has no word, or more than " + std::to_string(kSearchWordsMax)};
  }
  where.add("r.id IN (SELECT rowid FROM words WHERE words MATCH ?)", *expression);
  return {};
}

bool narrows_records(const Filter& filter) {
  return !filter.verb.empty() || !filter.object.empty() || !filter.text.empty() ||
         !filter.rule.empty() || filter.verdict || filter.status || filter.kinds;
}
}  // namespace

void Where::bind(Statement& statement) const {
  for (std::size_t i = 0; i < values_.size(); ++i) {
    int index = static_cast<int>(i) + 1;
    if (auto* number = std::get_if<std::int64_t>(&values_[i])) statement.bind(index, *number);
    if (auto* text = std::get_if<std::string>(&values_[i]))
      statement.bind(index, std::string_view(*text));
    if (auto* id = std::get_if<audit::Id>(&values_[i])) statement.bind(index, Bytes(*id));
  }
}

std::optional<std::string> words_expression(std::string_view text) {
  std::string expression;
  std::size_t words = 0;
  while (!text.empty()) {
    std::size_t blank = std::min(text.find_first_of(" \t\r\n"), text.size());
    std::string_view word = text.substr(0, blank);
    text.remove_prefix(std::min(blank + 1, text.size()));
    bool prefix = word.size() > 1 && word.ends_with('*');
    if (prefix) word.remove_suffix(1);
    if (std::none_of(word.begin(), word.end(), is_word_byte)) continue;
    if (++words > kSearchWordsMax) return {};
    if (!expression.empty()) expression += " AND ";
    expression += fts_quoted(word) + (prefix ? "*" : "");
  }
  if (words == 0) return {};
  return expression;
}

Result<Where> where_records(const Filter& filter) {
  Where where;
  where.add_if("r.wall_ns >= ?", filter.from_ns);
  where.add_if("r.wall_ns < ?", filter.to_ns);
  where.add_if("r.pod = ?", filter.pod);
  where.add_if("r.namespace = ?", filter.pod_namespace);
  where.add_if("r.service_account = ?", filter.service_account);
  where.add_if("r.resource = ?", filter.resource);
  where.add_if("r.rule = ?", filter.rule);
  if (!filter.verb.empty())
    where.add("instr(',' || r.verb || ',', ?) > 0", "," + filter.verb + ",");
  if (!filter.object.empty()) add_object(where, filter.object);
  if (!filter.effects.empty()) where.add("r.effects & ? <> 0", std::int64_t{filter.effects.bits()});
  if (filter.risk_min) where.add("r.risk >= ?", static_cast<std::int64_t>(*filter.risk_min));
  where.add_if("(? >> r.kind) & 1", filter.kinds);
  add_labels(where, filter.labels, "r.labels_id");
  where.add_if("r.verdict = ?", filter.verdict);
  where.add_if("r.status = ?", filter.status);
  where.add_if("r.operation = ?", filter.operation);
  if (filter.session)
    where.add("r.session_id IN (SELECT id FROM sessions WHERE session = ?)", *filter.session);
  if (filter.writer)
    where.add("r.writer_id = (SELECT id FROM writers WHERE writer = ?)", *filter.writer);
  if (auto added = add_text(where, filter.text); !added) return added.error();
  return where;
}

Result<Where> where_sessions(const Filter& filter) {
  Where where;
  where.add_if("s.last_ns >= ?", filter.from_ns);
  where.add_if("s.first_ns < ?", filter.to_ns);
  where.add_if("s.pod = ?", filter.pod);
  where.add_if("s.namespace = ?", filter.pod_namespace);
  where.add_if("s.service_account = ?", filter.service_account);
  where.add_if("s.resource = ?", filter.resource);
  add_labels(where, filter.labels, "s.labels_id");
  if (!filter.effects.empty()) where.add("s.effects & ? <> 0", std::int64_t{filter.effects.bits()});
  if (filter.risk_min) where.add("s.risk >= ?", static_cast<std::int64_t>(*filter.risk_min));
  if (filter.session) where.add("s.session = ?", *filter.session);
  if (filter.session_low) where.add("s.session >= ?", *filter.session_low);
  if (filter.session_high) where.add("s.session <= ?", *filter.session_high);
  if (filter.writer) where.add("w.writer = ?", *filter.writer);
  if (!narrows_records(filter)) return where;
  // Effects and the like already stand above for the session; the record's own filters go inside.
  Filter inner;
  inner.verb = filter.verb, inner.object = filter.object, inner.text = filter.text,
  inner.rule = filter.rule;
  inner.kinds = filter.kinds, inner.verdict = filter.verdict, inner.status = filter.status;
  auto records = where_records(inner);
  if (!records) return records.error();
  where.add_all("s.id IN (SELECT r.session_id FROM records r" + records->text() + ")", *records);
  return where;
}

}  // namespace chaperone::collector
