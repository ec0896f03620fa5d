// Two texts of one shape mean the same. From the input's text a second one is made by a random walk
// that keeps the key; then PostgreSQL's own parser must give trees that are equal but for constants
// and positions, and analyse() must give the same answer.

#include <rapidjson/document.h>

#include "pg_query.h"
#include "proto-parsers/base/check.h"
#include "proto-parsers/sql/analyse.h"
#include "proto-parsers/sql/shape.h"

using namespace chaperone;
using namespace chaperone::sql;

namespace {

bool is_position(std::string_view name) {
  return name.ends_with("location") || name == "stmt_len" || name.starts_with("list_start") ||
         name.starts_with("list_end") || name.starts_with("rexpr_list");
}

// The tree as text, constants by their kind alone.
void flatten(const rapidjson::Value& value, std::string& out) {
  if (value.IsArray()) {
    out += '[';
    for (const auto& element : value.GetArray()) flatten(element, out);
    out += ']';
  } else if (value.IsObject()) {
    out += '{';
    for (const auto& member : value.GetObject()) {
      std::string_view name = member.name.GetString();
      if (is_position(name)) continue;
      out.append(name).append(":");
      if (name == "A_Const") {
        const auto& constant = member.value;
        bool text = constant.HasMember("sval"),
             other = constant.HasMember("boolval") || constant.HasMember("isnull");
        out += text ? "text" : other ? "word" : constant.HasMember("bsval") ? "bits" : "number";
      } else {
        flatten(member.value, out);
      }
    }
    out += '}';
  } else if (value.IsString()) {
    out.append(value.GetString(), value.GetStringLength()).append(",");
  } else if (value.IsNumber()) {
    out.append(std::to_string(value.GetDouble())).append(",");
  } else {
    out += value.IsTrue() ? "t," : "f,";
  }
}

std::string tree_of(const std::string& text, const Reading& reading) {
  int options =
      reading.standard_conforming_strings ? 0 : PG_QUERY_DISABLE_STANDARD_CONFORMING_STRINGS;
  auto parsed = pg_query_parse_opts(text.c_str(), options | PG_QUERY_DISABLE_ESCAPE_STRING_WARNING);
  std::string flat = "error";
  if (!parsed.error) {
    rapidjson::Document document;
    document.Parse<rapidjson::kParseIterativeFlag>(parsed.parse_tree);
    CHECK(!document.HasParseError());
    flat.clear();
    flatten(document, flat);
  }
  pg_query_free_parse_result(parsed);
  return flat;
}

std::string meaning_of(const std::string& text, const Reading& reading) {
  auto analysis = analyse(text, reading, Names{nullptr, nullptr, {"public"}, "agent"});
  std::string out;
  for (const auto& s : analysis.meaning.statements) {
    out += s.verb + " " + names_of(s.effects) + " " +
           std::to_string(static_cast<int>(s.row_bound)) + " " +
           std::to_string(s.limit.value_or(-1)) + "\n";
    for (const auto& o : s.objects) out += o.name + ":" + names_of(o.effects) + "\n";
    for (const auto& c : s.columns)
      out += c.table + "." + c.name + ":" + names_of(c.effects) + "\n";
    for (const auto& f : s.functions) out += f + "\n";
  }
  for (bool flag : {analysis.may_change_reading, analysis.leaves_session_state,
                    analysis.changes_catalogue, analysis.transaction_control, analysis.copies_in,
                    analysis.copies_out, analysis.lifts_read_only, analysis.secrets.in_text()}) {
    out += flag ? '1' : '0';
  }
  return out;
}

// One random change of a few bytes, drawn towards those that matter to a lexer.
std::string changed(const std::string& text, std::uint64_t& random) {
  auto draw = [&](std::size_t below) {
    random = random * 6364136223846793005u + 1442695040888963407u;
    return static_cast<std::size_t>(random >> 33) % below;
  };
  constexpr std::string_view kBytes = "''\"\\$*/--;\nEe0159.xXuU&bn a(),:=_t\t";
  std::string made = text;
  std::size_t at = draw(made.size());
  char byte = kBytes[draw(kBytes.size())];
  switch (draw(4)) {
    case 0:
      made[at] = byte;
      break;
    case 1:
      made.insert(at, 1, byte);
      break;
    case 2:
      made.erase(at, 1);
      break;
    default:
      made.insert(at, made.substr(draw(made.size()), draw(6)));
      break;
  }
  return made;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2 || size > 400) return 0;
  Reading reading;
  reading.standard_conforming_strings = (data[0] & 1) == 0;
  std::uint64_t random = data[0] * 0x9e3779b97f4a7c15u;
  std::string text(reinterpret_cast<const char*>(data + 1), size - 1);
  auto key = shape_of(text, reading);
  if (!key) return 0;
  std::string other = text;
  for (int step = 0; step < 300; ++step) {
    std::string next = changed(other, random);
    if (!next.empty() && shape_of(next, reading) == key) other = std::move(next);
  }
  if (other == text) return 0;
  CHECK(tree_of(text, reading) == tree_of(other, reading));
  CHECK(meaning_of(text, reading) == meaning_of(other, reading));
  return 0;
}
