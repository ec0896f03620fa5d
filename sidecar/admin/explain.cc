#include "sidecar/admin/explain.h"

#include <rapidjson/document.h>
#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>

#include <algorithm>
#include <cstdio>
#include <vector>

#include "proto-parsers/base/json_depth.h"
#include "sidecar/admin/admin_server.h"
#include "sidecar/admin/json.h"
#include "sidecar/admin/limits.h"

namespace chaperone::admin {

namespace {

using rapidjson::Value;

// A wider cell is cut: statements belong to --json and to the record.
constexpr std::size_t kCellCharactersMax = 60;
constexpr std::size_t kIndent = 2;

// Starts of UTF-8 characters; close enough to columns for aligning.
std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

std::string printable(std::string_view text) {
  std::string out;
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7f) {
      out += c;
    } else {
      char escaped[8];
      std::snprintf(escaped, sizeof escaped, "\\x%02x", byte);
      out += escaped;
    }
  }
  // C1 controls (U+0080 to U+009F) steer terminals too.
  for (std::size_t at = 0; (at = out.find('\xc2', at)) != std::string::npos; ++at) {
    if (at + 1 < out.size() && static_cast<unsigned char>(out[at + 1]) < 0xa0)
      out.replace(at, 2, "?");
  }
  return out;
}

std::string scalar(const Value& value) {
  if (value.IsString()) return printable({value.GetString(), value.GetStringLength()});
  if (value.IsBool()) return value.GetBool() ? "yes" : "no";
  if (value.IsNull()) return "-";
  if (value.IsUint64()) return std::to_string(value.GetUint64());
  if (value.IsInt64()) return std::to_string(value.GetInt64());
  char number[32];
  if (value.IsNumber()) {
    std::snprintf(number, sizeof number, "%.6g", value.GetDouble());
    return number;
  }
  std::string joined;
  if (value.IsArray()) {
    for (const Value& item : value.GetArray())
      joined += (joined.empty() ? "" : ", ") + scalar(item);
  } else {
    for (const auto& member : value.GetObject()) {
      joined += (joined.empty() ? "" : ", ") + scalar(member.name) + "=" + scalar(member.value);
    }
  }
  return joined;
}

std::string cell(const Value& value) {
  std::string text = scalar(value);
  if (width_of(text) <= kCellCharactersMax) return text;
  std::size_t end = kCellCharactersMax - 1;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return text.substr(0, end) + "…";
}

bool rows_of_objects(const Value& value) {
  return value.IsArray() && !value.Empty() && value[0].IsObject();
}

void pad(std::string& out, const std::string& text, std::size_t width) {
  out += text;
  out.append(width - std::min(width, width_of(text)) + kIndent, ' ');
}

void end_line(std::string& out) {
  out.erase(out.find_last_not_of(' ') + 1);
  out += '\n';
}

void write_table(const Value& rows, std::size_t indent, std::string& out) {
  std::vector<std::vector<std::string>> table(1);
  for (const auto& member : rows[0].GetObject()) table[0].push_back(scalar(member.name));
  for (const Value& row : rows.GetArray()) {
    if (!row.IsObject()) continue;
    auto& cells = table.emplace_back();
    for (const auto& column : rows[0].GetObject()) {
      auto found = row.FindMember(column.name);
      cells.push_back(found == row.MemberEnd() ? "" : cell(found->value));
    }
  }
  std::vector<std::size_t> widths(table[0].size(), 0);
  for (const auto& row : table) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  for (const auto& row : table) {
    out.append(indent, ' ');
    for (std::size_t i = 0; i < row.size(); ++i) pad(out, row[i], widths[i]);
    end_line(out);
  }
}

void write_value(const Value& value, std::size_t indent, std::string& out);

void write_object(const Value& object, std::size_t indent, std::string& out) {
  std::size_t width = 0;
  for (const auto& member : object.GetObject())
    width = std::max(width, width_of(scalar(member.name)));
  for (const auto& member : object.GetObject()) {
    out.append(indent, ' ');
    if (rows_of_objects(member.value) || (member.value.IsObject() && !member.value.ObjectEmpty())) {
      out += scalar(member.name) + ":\n";
      write_value(member.value, indent + kIndent, out);
    } else {
      pad(out, scalar(member.name), width);
      out += scalar(member.value);
      end_line(out);
    }
  }
}

void write_value(const Value& value, std::size_t indent, std::string& out) {
  if (rows_of_objects(value)) return write_table(value, indent, out);
  if (value.IsObject()) return write_object(value, indent, out);
  out.append(indent, ' ');
  out += value.IsArray() && value.Empty() ? "(none)" : scalar(value);
  out += '\n';
}

std::string pretty(const std::string& json) {
  rapidjson::Document document;
  document.Parse(json.data(), json.size());
  rapidjson::StringBuffer buffer;
  rapidjson::PrettyWriter<rapidjson::StringBuffer> writer(buffer);
  writer.SetIndent(' ', kIndent);
  document.Accept(writer);
  return std::string(buffer.GetString(), buffer.GetSize()) + '\n';
}

}  // namespace

Result<std::string> as_tables(const std::string& json) {
  rapidjson::Document document;
  bool shallow = json_nests_within(json, kJsonDepthMax);
  if (shallow) document.Parse(json.data(), json.size());
  if (!shallow || document.HasParseError())
    return Error{"the sidecar's answer is no JSON"};
  std::string out;
  write_value(document, 0, out);
  return out;
}

int explain(const std::string& socket_path, const std::string& command,
            const std::string& arguments, bool json) {
  Result<std::string> answer = ask(socket_path, command, arguments);
  if (answer.ok()) answer = json ? Result<std::string>(pretty(*answer)) : as_tables(*answer);
  if (!answer.ok()) {
    std::fprintf(stderr, "chaperone-sidecar: %s\n", answer.error().message.c_str());
    return 1;
  }
  std::fwrite(answer->data(), 1, answer->size(), stdout);
  return 0;
}

}  // namespace chaperone::admin
