#include "sidecar/config/subject_reader.h"

#include <algorithm>
#include <array>
#include <cstdlib>

namespace chaperone::config {
namespace {

constexpr std::size_t kLabelsFileBytesMax = 256 * 1024;  // the API server's bound on annotations

struct Field {
  std::string_view key;
  std::string_view variable;
  std::string Subject::*member;
};
constexpr std::array<Field, 5> kFields = {{
    {"pod", "CHAPERONE_POD", &Subject::pod},
    {"namespace", "CHAPERONE_NAMESPACE", &Subject::pod_namespace},
    {"service_account", "CHAPERONE_SERVICE_ACCOUNT", &Subject::service_account},
    {"node", "CHAPERONE_NODE", &Subject::node},
    {"principal", "CHAPERONE_PRINCIPAL", &Subject::principal},
}};

// Go's quoting, of which labels can need no more than \" and \\ .
std::string unquote(std::string_view text) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
    text = text.substr(1, text.size() - 2);
  }
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) ++i;
    out += text[i];
  }
  return out;
}

void take_labels(std::string_view text, const std::vector<std::string>& kept, Subject& subject) {
  while (!text.empty()) {
    std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) continue;
    std::string key(line.substr(0, equals));
    if (std::find(kept.begin(), kept.end(), key) == kept.end()) continue;
    subject.labels.emplace(std::move(key), unquote(line.substr(equals + 1)));
  }
}

void read_labels(MapReader& map, Findings& findings, Subject& subject) {
  if (const Node* node = map.find("labels")) {
    MapReader check(*node, findings, "labels");
    for (std::size_t i = 0; i < node->keys.size(); ++i) {
      auto value = read_text(node->items[i], findings, "a label");
      if (value) subject.labels[node->keys[i].text] = *value;
    }
  }
  std::string path;
  std::vector<std::string> kept;
  bool listed = map.texts("labels_kept", kept);
  if (!map.text("labels_file", path)) return;
  const Node* node = map.find("labels_file");
  if (!listed) {
    findings.add(node->at,
                 "labels_file needs labels_kept: the labels that rules and records may use");
  }
  auto text = read_file(path, kLabelsFileBytesMax);
  if (!text) return findings.add(node->at, "labels_file: " + text.error().message);
  take_labels(*text, kept, subject);
}

}  // namespace

std::string process_environment(std::string_view name) {
  const char* value = std::getenv(std::string(name).c_str());
  return value ? value : "";
}

void read_subject(const Node* node, Findings& findings, const Environment& environment,
                  Subject& subject) {
  for (const Field& field : kFields) subject.*field.member = environment(field.variable);
  if (!node) return;
  MapReader map(*node, findings, "subject");
  for (const Field& field : kFields) map.text(field.key, subject.*field.member);
  map.texts("groups", subject.groups);
  read_labels(map, findings, subject);
  map.finish();
}

}  // namespace chaperone::config
