#pragma once
// The part of a golden transcript behind the login, for benchmarks: no test framework in it.

#include <fstream>
#include <string>
#include <vector>

namespace chaperone::pg {

struct Turn {
  bool from_client = false;
  std::string bytes;
};

inline std::string unescape(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      out.push_back(text[i]);
    } else if (text[++i] == 's') {
      out.push_back(' ');
    } else {
      out.push_back(static_cast<char>(std::stoi(text.substr(i++, 2), nullptr, 16)));
    }
  }
  return out;
}

// From the first ReadyForQuery to the client's Terminate.
inline std::vector<Turn> read_conversation(const std::string& path) {
  std::vector<Turn> turns;
  bool ready = false;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const bool client = line.starts_with("F ") || line.starts_with("f ");
    if (!client && !line.starts_with("B ") && !line.starts_with("b ")) continue;
    if (line.starts_with("F X")) break;
    if (ready) {
      if (turns.empty() || turns.back().from_client != client) turns.push_back({client, ""});
      turns.back().bytes += unescape(line.substr(2));
    }
    if (line.starts_with("B Z")) ready = true;
  }
  return turns;
}

inline std::vector<std::string> bytes_of(const std::vector<Turn>& turns, bool from_client) {
  std::vector<std::string> out;
  for (const Turn& turn : turns) {
    if (turn.from_client == from_client) out.push_back(turn.bytes);
  }
  return out;
}

}  // namespace chaperone::pg
