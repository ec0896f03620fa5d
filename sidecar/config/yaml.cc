#include "sidecar/config/yaml.h"

#include <yaml-cpp/anchor.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <sstream>
#include <unordered_set>

#include "proto-parsers/base/utf8.h"
#include "sidecar/config/limits.h"

namespace chaperone::config {
namespace {

struct Stop {};  // thrown by the handler through yaml-cpp, caught in parse_yaml

Position position_of(const YAML::Mark& mark) {
  if (mark.is_null()) return {};
  return {static_cast<std::uint32_t>(mark.line + 1), static_cast<std::uint32_t>(mark.column + 1)};
}

// Builds the tree from yaml-cpp's events. `open_` is the path from the root to the node that is
// being filled; a map waits for a value while it has one key more than items.
class Builder : public YAML::EventHandler {
 public:
  explicit Builder(Findings& findings) : findings_(findings) {}

  Node take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    place(make(mark, "", anchor, Node::Kind::kNull));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    findings_.add(position_of(mark), "aliases are not taken here: write the value out");
    place(make(mark, "", YAML::NullAnchor, Node::Kind::kNull));
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    Node node = make(mark, tag, anchor, Node::Kind::kScalar);
    node.text = value;
    node.quoted = tag == "!";
    place(std::move(node));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(make(mark, tag, anchor, Node::Kind::kSequence));
  }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(make(mark, tag, anchor, Node::Kind::kMap));
  }
  void OnSequenceEnd() override { close(); }
  void OnMapEnd() override { close(); }

 private:
  Node make(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
            Node::Kind kind) {
    Node node;
    node.kind = kind;
    node.at = position_of(mark);
    if (anchor != YAML::NullAnchor) {
      findings_.add(node.at, "anchors are not taken here: write the value out where it is used");
    }
    if (!tag.empty() && tag != "?" && tag != "!") {
      findings_.add(node.at, "tags are not taken here: write the plain value");
    }
    if (++count_ > kYamlNodesMax) {
      findings_.add(node.at, "more than " + std::to_string(kYamlNodesMax) + " values in one file");
      throw Stop{};
    }
    return node;
  }

  void open(Node node) {
    if (open_.size() >= kYamlDepthMax) {
      findings_.add(node.at, "nested deeper than " + std::to_string(kYamlDepthMax) + " levels");
      throw Stop{};
    }
    if (wants_key()) {
      findings_.add(node.at, "a key must be a plain word");
      throw Stop{};
    }
    open_.push_back(std::move(node));
    seen_.emplace_back();
  }

  void close() {
    Node node = std::move(open_.back());
    open_.pop_back();
    seen_.pop_back();
    place(std::move(node));
  }

  bool wants_key() const {
    return !open_.empty() && open_.back().kind == Node::Kind::kMap &&
           open_.back().keys.size() == open_.back().items.size();
  }

  void place(Node node) {
    if (open_.empty()) {
      root_ = std::move(node);
    } else if (wants_key()) {
      place_key(std::move(node));
    } else {
      open_.back().items.push_back(std::move(node));
    }
  }

  void place_key(Node key) {
    if (key.kind != Node::Kind::kScalar || key.text.empty()) {
      findings_.add(key.at, "a key must be a plain word");
    } else if (key.text == "<<" && !key.quoted) {
      findings_.add(key.at, "merge keys are not taken here: write the values out");
    } else if (!seen_.back().insert(key.text).second) {
      findings_.add(key.at, "the key '" + key.text + "' is here twice");
    }
    open_.back().keys.push_back(std::move(key));
  }

  Findings& findings_;
  Node root_;
  std::vector<Node> open_;
  std::vector<std::unordered_set<std::string>> seen_;  // keys of each open map
  std::size_t count_ = 0;
};

// yaml-cpp takes bytes that no editor shows; refused here, so that what one reads is what counts.
bool has_control_bytes(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && byte != '\n' && byte != '\r' && byte != '\t') || byte == 0x7f;
  });
}

// U+202A..202E and U+2066..2069 turn the direction of writing: a line could read otherwise than it
// counts.
bool has_direction_marks(std::string_view text) {
  for (std::size_t at = 0; at + 2 < text.size(); ++at) {
    if (text[at] != '\xe2') continue;
    auto second = static_cast<unsigned char>(text[at + 1]);
    auto third = static_cast<unsigned char>(text[at + 2]);
    if (second == 0x80 && third >= 0xaa && third <= 0xae) return true;
    if (second == 0x81 && third >= 0xa6 && third <= 0xa9) return true;
  }
  return false;
}

// Names and reasons go into records, metrics and errors, whose readers take nothing else.
bool check_utf8(std::string_view text, Findings& findings) {
  const std::size_t broken = utf8_prefix(text);
  if (broken == text.size()) return true;
  const std::string_view before = text.substr(0, broken);
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const std::size_t begin = before.rfind('\n') + 1;  // npos + 1 is 0
  findings.add({static_cast<std::uint32_t>(line), static_cast<std::uint32_t>(broken - begin + 1)},
               "a byte that is not UTF-8: save the file in that encoding");
  return false;
}

void run(const std::string& text, Builder& builder, Findings& findings) {
  std::istringstream input(text);
  YAML::Parser parser(input);
  if (!parser.HandleNextDocument(builder)) return;
  Findings ignored("");
  Builder second(ignored);
  if (parser.HandleNextDocument(second)) {
    findings.add({}, "more than one document: the file must hold one, without a further '---'");
  }
}

void put_text(std::string& out, char mark, std::string_view text) {
  out += mark;
  out += std::to_string(text.size());
  out += ':';
  out += text;
}

void put_node(std::string& out, const Node& node);

void put_map(std::string& out, const Node& node) {
  std::vector<std::size_t> order(node.keys.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return node.keys[a].text < node.keys[b].text; });
  out += '{';
  for (std::size_t i : order) {
    put_text(out, 'k', node.keys[i].text);
    put_node(out, node.items[i]);
  }
  out += '}';
}

void put_node(std::string& out, const Node& node) {
  switch (node.kind) {
    case Node::Kind::kNull:
      out += 'n';
      return;
    case Node::Kind::kScalar:
      put_text(out, node.quoted ? 'q' : 's', node.text);
      return;
    case Node::Kind::kMap:
      put_map(out, node);
      return;
    case Node::Kind::kSequence:
      break;
  }
  out += '[';
  for (const Node& item : node.items) put_node(out, item);
  out += ']';
}

}  // namespace

const Node* Node::find(std::string_view key) const {
  for (std::size_t i = 0; i < keys.size() && i < items.size(); ++i) {
    if (keys[i].text == key) return &items[i];
  }
  return nullptr;
}

std::optional<Node> parse_yaml(std::string_view text, Findings& findings) {
  std::size_t before = findings.count();
  if (text.size() > kYamlBytesMax) {
    findings.add({}, "larger than " + std::to_string(kYamlBytesMax) + " bytes");
  } else if (has_control_bytes(text)) {
    findings.add({}, "holds control characters: is it a text file?");
  } else if (has_direction_marks(text)) {
    findings.add({}, "holds marks that turn the direction of writing: take them out");
  } else if (!check_utf8(text, findings)) {
    return std::nullopt;
  }
  if (findings.count() != before) return std::nullopt;
  Builder builder(findings);
  try {
    run(std::string(text), builder, findings);
  } catch (const Stop&) {
  } catch (const YAML::Exception& error) {
    findings.add(position_of(error.mark), "not YAML: " + error.msg);
  } catch (const std::exception& error) {
    findings.add({}, std::string("not YAML: ") + error.what());
  }
  if (findings.count() != before) return std::nullopt;
  return builder.take();
}

std::string canonical_form(const Node& node) {
  std::string out;
  put_node(out, node);
  return out;
}

}  // namespace chaperone::config
